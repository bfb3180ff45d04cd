// What one profile allows that another does not.
#pragma once

#include <cstdint>
#include <vector>

#include "seccomp/profile.h"

namespace catena::seccomp {

struct Difference {
    enum class Kind : std::uint8_t { OnlyFirst, OnlySecond, Phase, Arguments };
    Kind kind = Kind::OnlyFirst;
    const ProfileCall* first = nullptr;  // in the first profile; nullptr where it is not there
    const ProfileCall* second = nullptr;
};

// In order of (abi, number). Borrows from both. Origins, counts and evidence do not matter.
std::vector<Difference> differences(const Profile& first, const Profile& second);

}  // namespace catena::seccomp
