// The signatures of system calls, and what memory their arguments point to. Constant data; safe from any
// thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sys/call_kinds.h"
#include "sys/syscalls.h"

namespace catena::sys {

// The signature of a call by name, as the ABI has it; nullptr where there is none.
const Signature* signature_of(std::string_view name, Abi abi);

// Bytes of a structure (of one element, where the argument is an array); 0 for what is no memory, has no size
// of its own, or is not decoded.
std::uint32_t memory_bytes(Kind kind, Abi abi);

// Bytes of a pointer and of a long in the program's memory.
constexpr std::uint32_t pointer_bytes(Abi abi) { return abi == Abi::X64 ? 8 : 4; }
constexpr std::uint32_t long_bytes(Abi abi) { return abi == Abi::I386 ? 4 : 8; }

// How memory is found when a call is recorded; the kernel's side is wire/capture.h.
enum class Capture : std::uint8_t { None, String, Fixed, Counted, Returned, Sized, Message, Strings, Bits };

struct CaptureRule {
    Capture how = Capture::None;
    std::uint8_t argument = 0;
    bool at_exit = false;
    std::uint8_t count_argument = 0;
    std::uint16_t bytes = 0;  // of an element
    std::uint16_t most = 0;

    bool operator==(const CaptureRule&) const = default;
};

inline constexpr std::size_t kMaxCaptureRules = 4;  // as CAT_CAPTURES

// The rules for a call; where it would have more than there may be, those of its first arguments.
std::vector<CaptureRule> capture_rules(const Signature& signature, Abi abi);

// Both tables, for documentation and tests.
std::span<const Signature> signatures(Abi abi);

}  // namespace catena::sys
