// Value flow: what registers can hold where a function enters the kernel, and where it calls.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "callgraph/abstract_value.h"
#include "callgraph/data_pointers.h"
#include "callgraph/instruction.h"
#include "callgraph/value_step.h"
#include "elf/image.h"

namespace catena::callgraph {

// A function as the value flow is asked about it. Addresses are in order.
struct FlowQuestion {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool entered_by_calls = true;                      // false: nothing is known where it begins
    std::span<const std::uint64_t> inner_entries;      // where it is entered from elsewhere
    std::span<const std::uint64_t> table_targets;      // where its jumps through registers lead
    std::function<bool(std::uint64_t)> never_returns;  // of a function that is called
    // Of one that is called, directly or through a slot: it can return again later, as setjmp does.
    std::function<bool(std::uint64_t target, std::uint64_t slot)> returns_twice;
    // Addresses whose way is followed, and the registers (a bit each) that can hold one at the beginning.
    // Where the function is entered in a way that is not known, any register can.
    std::vector<DataRange> followed;
    std::uint32_t marked_entry = 0;
    // With this, branches go only where what is compared lets them, and what is then not come by has no
    // points. What is entered in ways that are not known is so still.
    const Assumed* assumed = nullptr;
    bool stored_parameters = false;  // their points are wanted
};

// An instruction that enters the kernel, or that calls or jumps out of the function, and what is known there.
struct FlowPoint {
    std::uint64_t address = 0;
    Door door = Door::None;
    std::uint64_t target = 0;  // of direct calls and jumps
    std::uint64_t slot = 0;    // of calls and jumps through memory at a fixed address
    bool jump = false;
    bool indirect = false;        // through a register or memory
    std::uint64_t stored_to = 0;  // it writes a word to this fixed address
    AbstractValue stored;
    bool through_mark = false;       // it calls or jumps through a marked value
    bool lets_mark_out = false;      // a marked value goes where marks are not followed
    std::uint64_t caller_bytes = 0;  // with marks: of the caller's stack, that it can read
    std::optional<Step::StoredParameter> stored_parameter;
    AbstractState state;
};

// In order of address. What cannot be reached from any entry is looked at as if it were entered with nothing
// known.
[[nodiscard]] std::vector<FlowPoint> follow_values(const elf::Image& image, const FlowQuestion& question);

}  // namespace catena::callgraph
