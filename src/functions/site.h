// Site: where in a function a probe goes, and what it costs there.
#pragma once

#include <array>
#include <cstddef>
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

[[nodiscard]] constexpr bool is_quick(SiteKind kind) {
    return kind == SiteKind::OptimisedNop || kind == SiteKind::Emulated;
}

// Instructions that some kernel gets past without stepping (arch/x86/kernel/uprobes.c: branch_setup_xol_ops,
// push_setup_xol_ops, can_optimize).
enum class SiteInstruction : std::uint8_t {
    Nop,             // 90
    Nop5,            // 0f 1f 44 00 00
    Push,            // of a register that has been there since 8086
    PushRex,         // of r8 to r15
    Call,            // direct
    Jump,            // direct
    ConditionalJump  // direct
};
constexpr std::size_t kSiteInstructions = 7;

// What a kernel does with a probe on each of them, found by trying (sensor/site_ability.h). All others are
// stepped.
struct Ability {
    std::array<SiteKind, kSiteInstructions> kinds{};

    [[nodiscard]] SiteKind of(SiteInstruction instruction) const {
        return kinds.at(static_cast<std::size_t>(instruction));
    }
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
