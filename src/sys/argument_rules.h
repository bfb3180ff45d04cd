// Arguments that say what a system call does: which of many operations, or how far its rights go. Their
// values are worth knowing, and allowing one by one. Constant data; safe from any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace catena::sys {

struct ArgumentRule {
    std::uint32_t number = 0;  // of the call, in the table of x86-64
    std::string_view call;
    std::uint8_t argument = 0;   // of the call; 0 is the first
    std::uint8_t parameter = 0;  // of the C function of this name
    // The bits that are looked at. The kernel takes no more than the lower half of these arguments: programs
    // leave anything in the upper.
    std::uint32_t mask = 0xffffffff;
};

// In order of number and argument.
std::span<const ArgumentRule> argument_rules();
std::span<const ArgumentRule> argument_rules(std::uint32_t number);  // of one call; none for most

}  // namespace catena::sys
