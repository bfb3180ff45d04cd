// Profiles as JSON of our own (docs/formats/profile.md).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "seccomp/profile.h"

namespace catena::seccomp {

inline constexpr std::size_t kMaxProfileBytes = std::size_t{16} << 20U;

std::string to_json(const Profile& profile);

// Everything is checked. BadInput says what is wrong and where: not JSON, another version, a call that no
// table has, one that is there twice, no calls at all.
base::Result<Profile> profile_from_json(std::string_view text);

// Reads a file with a profile of ours, or with one of OCI.
base::Result<Profile> read_profile(const std::string& path);

// Replaces the file at once: a reader sees all of the old one or all of the new one.
base::Status write_file(const std::string& path, std::string_view text);

}  // namespace catena::seccomp
