#include "sys/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>

#include "base/fd.h"

namespace catena::sys {
namespace {

namespace fs = std::filesystem;

// What could be read. (Not by a stream: where the process goes away in the middle, that throws.)
std::string read_all(const std::string& path) {
    const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> part{};
    for (;;) {
        const ssize_t got = ::read(file.get(), part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(part.data(), static_cast<std::size_t>(got));
    }
}

// The fields of /proc/PID/stat behind the name, which is in parentheses and may hold anything: "S 1 ...".
// Empty where the process is gone.
std::string fields_behind_name(std::int32_t pid) {
    const std::string stat = read_all(fmt::format("/proc/{}/stat", pid));
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 4 >= stat.size()) return {};
    return stat.substr(name_end + 2);
}

std::optional<std::int32_t> parent_of(std::int32_t pid) {
    const std::string fields = fields_behind_name(pid);
    std::int32_t parent = 0;
    if (fields.empty() ||
        std::from_chars(fields.data() + 2, fields.data() + fields.size(), parent).ec != std::errc()) {
        return std::nullopt;
    }
    return parent;
}

}  // namespace

std::vector<std::int32_t> all_pids() {
    std::vector<std::int32_t> pids;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const std::string name = entry.path().filename().string();
        std::int32_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
    }
    return pids;
}

std::string join_arguments(std::string raw) {
    if (!raw.empty() && raw.back() == '\0') raw.pop_back();
    std::ranges::replace(raw, '\0', ' ');
    return raw;
}

char process_state(std::int32_t pid) {
    const std::string fields = fields_behind_name(pid);
    return fields.empty() ? '\0' : fields.front();
}

std::string process_cmdline(std::int32_t pid) {
    std::string raw = read_all(fmt::format("/proc/{}/cmdline", pid));
    // A process that changed its title leaves NULs behind.
    while (raw.ends_with(std::string_view("\0\0", 2))) raw.pop_back();
    return join_arguments(std::move(raw));
}

std::string process_exe(std::int32_t pid) {
    std::error_code failed;
    const fs::path exe = fs::read_symlink(fmt::format("/proc/{}/exe", pid), failed);
    return failed ? std::string() : exe.string();
}

std::optional<ProcessOwner> process_owner(std::int32_t pid) {
    const std::string directory = fmt::format("/proc/{}/", pid);
    const auto namespace_of = [&](const char* kind) {
        struct stat status{};
        const std::string path = directory + "ns/" + kind;
        return ::stat(path.c_str(), &status) == 0 ? static_cast<std::uint32_t>(status.st_ino) : 0;
    };
    ProcessOwner owner;
    std::uint32_t egid = 0;
    std::istringstream lines(read_all(directory + "status"));
    bool found = false;
    for (std::string key, rest; lines >> key; std::getline(lines, rest)) {
        if (key == "Uid:") found = static_cast<bool>(lines >> owner.uid >> owner.euid);
        if (key == "Gid:") lines >> owner.gid >> egid;
    }
    if (!found) return std::nullopt;
    // Both files are missing where the kernel has no audit.
    std::istringstream(read_all(directory + "loginuid")) >> owner.login_uid;
    std::istringstream(read_all(directory + "sessionid")) >> owner.session;
    owner.pid_ns = namespace_of("pid");
    owner.mount_ns = namespace_of("mnt");
    owner.user_ns = namespace_of("user");
    owner.cgroups = read_all(directory + "cgroup");
    return owner;
}

base::Result<std::vector<std::int32_t>> process_tree(std::int32_t pid) {
    if (!parent_of(pid)) {
        return base::fail(base::ErrorCode::NotFound,
                          fmt::format("there is no process {}: it may have ended", pid));
    }
    std::multimap<std::int32_t, std::int32_t> children;
    for (const std::int32_t each : all_pids()) {
        if (const auto parent = parent_of(each)) children.emplace(*parent, each);
    }
    std::vector<std::int32_t> tree{pid};
    for (std::size_t i = 0; i < tree.size(); ++i) {
        const auto [begin, end] = children.equal_range(tree[i]);
        for (auto it = begin; it != end; ++it) tree.push_back(it->second);
    }
    return tree;
}

}  // namespace catena::sys
