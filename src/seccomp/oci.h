// Profiles as runc, Docker and Podman read them: "linux.seccomp" of the OCI runtime specification.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "base/result.h"
#include "seccomp/profile.h"

namespace catena::seccomp {

// Phases are lost: whoever starts a container sets one filter.
std::string to_oci(const Profile& profile);

bool is_oci(const nlohmann::json& json);

// Also Docker's own variant (archMap; rules with "includes" or "excludes" depend on the container, are left
// out and become doubts, as do names that no table has). NotSupported: a profile that allows what it does not
// name.
base::Result<Profile> profile_from_oci(const nlohmann::json& json);

}  // namespace catena::seccomp
