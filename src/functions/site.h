// Site: where in a function a probe goes, and what it costs there.
#pragma once

#include <cstdint>
#include <string>

namespace catena::functions {

// How the kernel gets past the instruction that the probe replaces. In order of what it costs.
enum class SiteKind : std::uint8_t {
    OptimisedNop,   // a NOP that the running kernel turns into a call (about 240 ns)
    Emulated,       // done by the kernel in place of the thread (about 490 ns)
    SingleStepped,  // run out of line with a trap after it (9 µs and more in a virtual machine)
    Refused,        // the kernel does not accept a probe there
};

struct Site {
    SiteKind kind = SiteKind::Refused;
    std::uint64_t file_offset = 0;    // of the instruction that is replaced
    std::uint32_t into_function = 0;  // bytes from the function's entry
    // What has been taken off the stack pointer between the entry and the site (pushes, sub rsp): the stack
    // pointer at the entry is the one at the site plus this.
    std::int32_t stack_bytes = 0;
    std::string reason;  // in words: why this one and none better
};

}  // namespace catena::functions
