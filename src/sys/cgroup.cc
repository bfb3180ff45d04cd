#include "sys/cgroup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/fd.h"

namespace catena::sys {
namespace {

namespace fs = std::filesystem;

base::Result<Cgroup> cgroup_at(const std::string& root, const fs::path& directory) {
    struct stat status{};
    if (::stat(directory.c_str(), &status) != 0) return base::fail_errno("cgroup " + directory.string());
    Cgroup found;
    const std::string relative = fs::relative(directory, root).string();
    found.path = relative == "." ? "/" : "/" + relative;
    found.id = status.st_ino;
    found.level = found.path == "/" ? 0 : static_cast<std::uint32_t>(std::ranges::count(found.path, '/'));
    return found;
}

}  // namespace

base::Result<std::string> cgroup_root() {
    std::ifstream mounts("/proc/self/mounts");
    std::string line;
    while (std::getline(mounts, line)) {
        std::istringstream fields(line);
        std::string device;
        std::string where;
        std::string type;
        if (fields >> device >> where >> type && type == "cgroup2") return where;
    }
    return base::fail(base::ErrorCode::NotSupported,
                      "no cgroup v2 tree is mounted here: mount -t cgroup2 none /sys/fs/cgroup");
}

base::Result<Cgroup> find_cgroup(const std::string& path) {
    auto root = cgroup_root();
    if (!root) return std::unexpected(root.error());
    std::error_code ignored;
    const bool below = path.starts_with(*root + "/") || path == *root;
    const fs::path directory = below ? fs::path(path) : fs::path(*root) / fs::path(path).relative_path();
    if (!fs::is_directory(directory, ignored)) {
        return base::fail(base::ErrorCode::NotFound,
                          fmt::format("there is no cgroup {} in {}: see /proc/PID/cgroup for a process's own",
                                      path, *root));
    }
    return cgroup_at(*root, directory.lexically_normal());
}

base::Result<Cgroup> find_unit(const std::string& name) {
    auto root = cgroup_root();
    if (!root) return std::unexpected(root.error());
    const std::string wanted = name.contains('.') ? name : name + ".service";
    std::deque<fs::path> queue{*root};
    while (!queue.empty()) {
        const fs::path directory = std::move(queue.front());
        queue.pop_front();
        if (directory.filename() == wanted) return cgroup_at(*root, directory);
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(directory, ignored)) {
            if (entry.is_directory(ignored)) queue.push_back(entry.path());
        }
    }
    return base::fail(base::ErrorCode::NotFound,
                      fmt::format("no unit {} is running: no cgroup in {} has its name", wanted, *root));
}

std::string cgroup_path(std::uint64_t id) {
    constexpr int kFileIdKernfs = 0xfe;  // include/linux/exportfs.h
    auto root = cgroup_root();
    if (!root) return {};
    const base::Fd mount(::open(root->c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof(id)> buffer{};
    auto* handle = reinterpret_cast<file_handle*>(buffer.data());
    handle->handle_bytes = sizeof(id);
    handle->handle_type = kFileIdKernfs;
    std::memcpy(buffer.data() + offsetof(file_handle, f_handle), &id, sizeof(id));
    const base::Fd directory(::open_by_handle_at(mount.get(), handle, O_PATH | O_CLOEXEC));
    if (!directory) return {};
    std::error_code failed;
    const std::string path =
        fs::read_symlink(fmt::format("/proc/self/fd/{}", directory.get()), failed).string();
    if (failed || !path.starts_with(*root)) return {};
    return path.size() == root->size() ? "/" : path.substr(root->size());
}

}  // namespace catena::sys
