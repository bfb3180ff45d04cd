// Profiles as a drop-in for a systemd service.
#pragma once

#include <string>

#include "seccomp/profile.h"

namespace catena::seccomp {

// "[Service]" with SystemCallFilter= and its kind. systemd knows neither phases nor arguments: what can be
// made at all is allowed, and a comment says so.
std::string to_systemd(const Profile& profile);

}  // namespace catena::seccomp
