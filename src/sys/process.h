// What procfs says of processes. Thread-safe. Everything may be stale the moment it is returned.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace catena::sys {

// All process ids, in the order of /proc.
std::vector<std::int32_t> all_pids();

// The arguments joined by single spaces; empty for kernel threads and processes that are gone.
std::string process_cmdline(std::int32_t pid);

// The path of the executable, empty where it is not to be had.
std::string process_exe(std::int32_t pid);

// The pid and all processes that descend from it now, the pid first. NotFound where there is no such process.
base::Result<std::vector<std::int32_t>> process_tree(std::int32_t pid);

// Turns the NULs between arguments into single spaces, and drops the last.
std::string join_arguments(std::string raw);

}  // namespace catena::sys
