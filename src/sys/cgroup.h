// Control groups of the v2 tree: between paths, ids and systemd units, without asking any daemon.
// Thread-safe.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace catena::sys {

struct Cgroup {
    std::string path;         // below the root of the tree, "/" for the root itself
    std::uint64_t id = 0;     // as the kernel has it: the inode number of its directory
    std::uint32_t level = 0;  // depth below the root, which is 0
};

// Where the v2 tree is mounted ("/sys/fs/cgroup" or, beside v1, "/sys/fs/cgroup/unified"); NotSupported where
// it is not.
base::Result<std::string> cgroup_root();

// The cgroup at a path: absolute below the tree's mount point, or relative to its root.
base::Result<Cgroup> find_cgroup(const std::string& path);

// The cgroup of a systemd unit: the directory of that name nearest to the root. A name without a suffix is a
// .service.
base::Result<Cgroup> find_unit(const std::string& name);

// The path of the cgroup with an id, empty where it is gone or the kernel does not say
// (name_to_handle_at(2)).
std::string cgroup_path(std::uint64_t id);

}  // namespace catena::sys
