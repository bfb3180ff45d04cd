// What a profile takes away from whoever has taken over a program.
#pragma once

#include <cstddef>
#include <vector>

#include "seccomp/cve_table.h"
#include "seccomp/profile.h"

namespace catena::seccomp {

struct CveVerdict {
    const KernelCve* cve = nullptr;  // static
    bool reachable = false;          // with the calls of the profile
};

struct Audit {
    std::size_t allowed = 0;      // native calls of the profile that the table has
    std::size_t conditional = 0;  // of these, with some arguments only
    std::size_t start_up = 0;     // of these, needed for start-up alone
    std::size_t all = 0;          // native calls of the table
    std::vector<CveVerdict> cves;
};

Audit audit(const Profile& profile);

}  // namespace catena::seccomp
