// What procfs says of processes. Thread-safe. Everything may be stale the moment it is returned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace catena::sys {

// All process ids, in the order of /proc.
std::vector<std::int32_t> all_pids();

// 'R', 'S', 'D'... as in /proc/PID/stat (proc_pid_stat(5)); 0 where the process is gone.
char process_state(std::int32_t pid);

// The arguments joined by single spaces; empty for kernel threads and processes that are gone.
std::string process_cmdline(std::int32_t pid);

// The path of the executable, empty where it is not to be had.
std::string process_exe(std::int32_t pid);

// On whose behalf a process runs. Ids are those of the reader's user namespace; 0xffffffff is no login and no
// session, 0 a namespace that is not to be had.
struct ProcessOwner {
    std::uint32_t uid = 0, euid = 0, gid = 0;
    std::uint32_t login_uid = 0xffffffff, session = 0xffffffff;
    std::uint32_t pid_ns = 0, mount_ns = 0, user_ns = 0;
    std::string cgroups;  // the contents of /proc/PID/cgroup
};

// Nothing where the process is gone.
std::optional<ProcessOwner> process_owner(std::int32_t pid);

// The pid and all processes that descend from it now, the pid first. NotFound where there is no such process.
base::Result<std::vector<std::int32_t>> process_tree(std::int32_t pid);

// Turns the NULs between arguments into single spaces, and drops the last.
std::string join_arguments(std::string raw);

}  // namespace catena::sys
