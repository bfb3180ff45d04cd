// Proof: whether a compiled filter says what the profile says. libseccomp is asked to make filters, and this
// does not take its word for it: it makes wrong ones of some rules on 64-bit arguments.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "seccomp/filter.h"
#include "seccomp/profile.h"

namespace catena::seccomp {

// What the filter returns for the data, as the kernel runs it; nothing where it does what the kernel would
// not have loaded.
std::optional<std::uint32_t> evaluate(std::span<const sock_filter> filter, const seccomp_data& data);

// Runs the filter for every call of every architecture, and at both sides of every value that the profile
// compares with. NotSupported names the call for which it is wrong.
base::Status prove(const Profile& profile, FilterUse use, std::span<const sock_filter> filter);

}  // namespace catena::seccomp
