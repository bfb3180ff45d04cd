// What a profile says of one call: the plain reading of it, which compiled filters have to agree with.
#pragma once

#include <array>
#include <cstdint>

#include "seccomp/profile.h"

namespace catena::seccomp {

enum class Verdict : std::uint8_t {
    Allowed,
    Denied,   // EPERM
    Unknown,  // ENOSYS: a call that no table has, or of an architecture that the profile has none of
};

using Arguments = std::array<std::uint64_t, 6>;

bool holds(const Comparison& comparison, const Arguments& arguments);

// Whatever the phase. `number` is without x32's bit 30.
Verdict judge(const Profile& profile, sys::Abi abi, std::uint32_t number, const Arguments& arguments);

// Whether the call can be made with this value in this argument, whatever the others are.
bool can_be_made(const ProfileCall& call, std::uint32_t argument, std::uint64_t value);

}  // namespace catena::seccomp
