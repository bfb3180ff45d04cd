// Launcher: starts a program under a supervised filter.
//
// The child installs the filter and execs; it cannot hand its listener over, since the filter may forbid
// every call that could, so the parent takes it out of the child with pidfd_getfd.
#pragma once

#include <linux/filter.h>
#include <sys/types.h>

#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "seccomp/filter.h"

namespace catena::seccomp {

// Owned by whoever supervises it. Until the exec has succeeded the child makes launch calls (execve, and
// exit_group where it failed), which the supervisor has to let pass.
struct Launched {
    pid_t pid = -1;
    base::Fd pidfd;
    base::Fd listener;
    // Ends (POLLHUP) once the exec has succeeded or the child is gone; carries errno where it failed.
    base::Fd launching;
};

// NotSupported where the kernel lacks what it takes (Linux 5.6); NotFound where there is no such program.
base::Result<Launched> launch(const std::vector<std::string>& command, std::span<const sock_filter> filter,
                              NewPrivileges privileges);

}  // namespace catena::seccomp
