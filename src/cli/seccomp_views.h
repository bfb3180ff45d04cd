// What catena seccomp shows of profiles: explain, diff and audit, as text or JSON on standard output.
#pragma once

#include <string>

#include "seccomp/profile.h"

namespace catena::cli {

void print_explanation(const seccomp::Profile& profile, const std::string& format);

// Returns whether they differ.
bool print_differences(const seccomp::Profile& first, const seccomp::Profile& second,
                       const std::string& format);

void print_audit(const seccomp::Profile& profile, const std::string& format);

}  // namespace catena::cli
