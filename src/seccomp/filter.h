// Filters: a profile as a program of classic BPF for seccomp(2), made by libseccomp.
//
// libseccomp decides by a binary tree over the numbers. In front of its program come a few instructions of
// our own, which answer ENOSYS to numbers that no table has (docs/decisions/0036).
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "seccomp/profile.h"

namespace catena::seccomp {

enum class FilterUse : std::uint8_t {
    // To stand by itself: every call of the profile, whatever its phase; others get their error, or are
    // logged.
    Alone,
    // For a supervisor: what the profile has passes by itself, everything else asks.
    Supervised,
    // The same, and what is needed for start-up alone asks, too.
    SupervisedPhases,
};

using Filter = std::vector<sock_filter>;

// Every filter is proved before it is handed out (proof.h). NotSupported: libseccomp cannot express it (a
// 32-bit call that it does not know), or makes a wrong filter of it.
base::Result<Filter> compile(const Profile& profile, FilterUse use);

// The same as text, in libseccomp's pseudo filter code.
base::Result<std::string> compile_to_text(const Profile& profile);

enum class Listener : bool { No, Yes };

// Whether set-user-ID bits count in what is executed. Yes takes CAP_SYS_ADMIN; No sets no_new_privs.
enum class NewPrivileges : bool { No, Yes };

// Installs the filter: for all threads, or, with a listener, for the calling one, which
// must be the only one. The listener is close-on-exec; none without one. NotSupported where the kernel has no
// seccomp filters, or no user notification.
base::Result<base::Fd> install(std::span<const sock_filter> filter, Listener listener,
                               NewPrivileges privileges = NewPrivileges::No);

// Whether this kernel has what a filter of this kind needs; says what is missing.
base::Status check_kernel(Listener listener);

}  // namespace catena::seccomp
