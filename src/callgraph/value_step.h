// Step: one instruction as a change of what is known of registers and of the stack.
#pragma once

#include <Zydis/Zydis.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "callgraph/abstract_value.h"
#include "callgraph/conditions.h"
#include "callgraph/data_pointers.h"
#include "callgraph/instruction.h"

namespace catena::callgraph {

// What is known of values beside what the code of a function says.
struct Assumed {
    // Words of 4 bytes that lie so far behind an address that is not one of the stack.
    struct Field {
        std::int64_t displacement = 0;
        std::vector<std::uint64_t> values;
    };
    std::optional<Field> field;
    std::map<unsigned, AbstractValue> parameters;  // by register
    // What memory that nothing writes holds.
    std::function<std::optional<std::uint64_t>(std::uint64_t address, unsigned bytes)> constant;
};

struct Step {
    std::uint64_t address = 0;
    Flow flow = Flow::Next;
    Door door = Door::None;
    ZydisDecodedInstruction instruction{};
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands{};

    // Whether there is an instruction at the beginning of the bytes.
    bool decode(const ZydisDecoder& decoder, std::uint64_t at, std::span<const std::byte> bytes);
    // What is known after it, from what is known before it. Values that can be addresses in the `followed`
    // ranges, or come from there, are marked.
    void apply(AbstractState& state, std::span<const DataRange> followed = {},
               const Assumed* assumed = nullptr) const;
    // Whether it changes the flags, and what of the comparison that it makes is known before it.
    [[nodiscard]] bool sets_flags() const;
    [[nodiscard]] std::optional<Compared> compared(const AbstractState& state, const Assumed* assumed) const;
    // Where a jump through a register can lead, if that is known.
    [[nodiscard]] std::vector<std::uint64_t> jump_targets(const AbstractState& state) const;
    // The parameter that it stores in 4 bytes behind an address that is not one of the stack.
    struct StoredParameter {
        unsigned parameter = 0;
        std::int64_t displacement = 0;
    };
    [[nodiscard]] std::optional<StoredParameter> stored_parameter(const AbstractState& state) const;
    // Whether it calls or jumps through a marked value.
    [[nodiscard]] bool goes_through_mark(const AbstractState& state,
                                         std::span<const DataRange> followed) const;
    // Whether it puts a marked value where marks are not followed: memory other than the stack, other kinds
    // of registers, the kernel, what it returns.
    [[nodiscard]] bool lets_mark_out(const AbstractState& state, std::span<const DataRange> followed) const;
    // What a branch says of a register after a comparison with a number right before it: on one of its ways
    // the register is that number, or its lower half is at most that.
    struct Limit {
        bool known = false;
        bool where_taken = false;  // on the way that jumps; else on the other
        bool equal = false;
        unsigned register_index = 0;
        std::uint64_t value = 0;
    };
    [[nodiscard]] Limit limit_after(const Step& comparison) const;

    // How many bytes above the return address it can read: arguments that are on the stack.
    [[nodiscard]] std::uint64_t caller_bytes(const AbstractState& state) const;

    [[nodiscard]] std::uint64_t next() const { return address + instruction.length; }
    [[nodiscard]] bool falls_through() const;
    [[nodiscard]] bool ends_block() const { return flow != Flow::Next; }
    // Where a direct call or jump leads.
    [[nodiscard]] std::optional<std::uint64_t> target() const;
    // The fixed address of memory through which it calls or jumps.
    [[nodiscard]] std::optional<std::uint64_t> slot() const;
    // The fixed address that it writes to, and what it writes there.
    [[nodiscard]] std::optional<std::uint64_t> stored_word() const;
    [[nodiscard]] AbstractValue stored_value(const AbstractState& state) const;
};

}  // namespace catena::callgraph
