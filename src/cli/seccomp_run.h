// catena seccomp run: a program under a profile, and what is told of it.
#pragma once

#include <string>
#include <vector>

namespace catena::cli {

struct SeccompRunOptions {
    std::string profile;
    std::vector<std::string> command;
    bool learn = false;
    bool log_only = false;
    bool phases = false;
    bool new_privileges = false;
};

// The exit code: the command's own, where it ran.
int run_under_profile(const SeccompRunOptions& options);

}  // namespace catena::cli
