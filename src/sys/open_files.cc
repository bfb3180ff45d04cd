#include "sys/open_files.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace catena::sys {
namespace {

constexpr std::size_t kOthers = 64;  // that may be opened meanwhile

std::size_t open_files() {
    std::error_code error;
    const std::filesystem::directory_iterator files("/proc/self/fd", error);
    return error ? 0 : static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

}  // namespace

base::Status allow_open_files(std::size_t more) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return base::fail_errno("reading the limit of open files");
    const rlim_t wanted = open_files() + more + kOthers;
    if (limit.rlim_cur >= wanted) return {};
    const rlimit raised{.rlim_cur = wanted, .rlim_max = std::max(wanted, limit.rlim_max)};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) return {};
    return base::fail(
        errno == EPERM ? base::ErrorCode::NotPermitted : base::ErrorCode::System,
        fmt::format("this process may have {} open files: raise that with ulimit -n {}, or LimitNOFILE= of "
                    "systemd, or as root with CAP_SYS_RESOURCE",
                    limit.rlim_max, wanted));
}

}  // namespace catena::sys
