// Links inside another root are followed by hand, component by component: the kernel would take an absolute
// one for a path of this machine.
#include "callgraph/root.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>

#include "base/fd.h"

namespace catena::callgraph {
namespace {

constexpr int kMaxLinks = 40;  // as the kernel
constexpr std::size_t kMaxTextBytes = std::size_t{16} << 20U;
constexpr std::size_t kMaxNames = 65536;

// Puts the components of a path in front of those that are still to be walked.
void push_front(std::string_view path, std::deque<std::string>& components) {
    std::vector<std::string> parts;
    while (!path.empty()) {
        const std::size_t slash = std::min(path.find('/'), path.size());
        if (slash != 0) parts.emplace_back(path.substr(0, slash));
        path.remove_prefix(std::min(slash + 1, path.size()));
    }
    components.insert(components.begin(), std::make_move_iterator(parts.begin()),
                      std::make_move_iterator(parts.end()));
}

// Where a symbolic link leads; nothing for what is none. Empty errno-less failures do not occur here.
std::optional<std::string> link_target(const std::string& path) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    if (length < 0) return std::nullopt;
    return std::string(target.data(), static_cast<std::size_t>(length));
}

std::optional<std::string> real_path_of_host(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    if (!real) return std::nullopt;
    return std::string(real.get());
}

}  // namespace

Root::Root(std::string folder) : folder_(std::move(folder)) {
    if (!folder_.empty()) folder_ = real_path_of_host(folder_).value_or(folder_);
    while (folder_.ends_with('/')) folder_.pop_back();
}

std::optional<std::string> Root::real_path(const std::string& path) const {
    if (folder_.empty()) return real_path_of_host(path);
    std::deque<std::string> components;
    push_front(path, components);
    std::string done;
    int links = 0;
    while (!components.empty()) {
        const std::string next = std::move(components.front());
        components.pop_front();
        if (next == ".") continue;
        if (next == "..") {
            done.erase(std::min(done.rfind('/'), done.size()));
            continue;
        }
        const std::string there = done + "/" + next;
        if (there.size() >= PATH_MAX) return std::nullopt;
        const auto target = link_target(folder_ + there);
        if (!target) {
            done = there;
            continue;
        }
        if (++links > kMaxLinks) return std::nullopt;
        if (target->starts_with('/')) done.clear();
        push_front(*target, components);
    }
    struct ::stat status = {};
    if (::stat((folder_ + done).c_str(), &status) != 0) return std::nullopt;
    return done.empty() ? "/" : done;
}

std::optional<std::string> Root::host_path(const std::string& path) const {
    const auto real = real_path(path);
    if (!real) return std::nullopt;
    return folder_ + *real;
}

std::string Root::inside(const std::string& host_path) const {
    if (folder_.empty()) return host_path;
    const auto real = real_path_of_host(host_path);
    if (!real || !real->starts_with(folder_ + "/")) return host_path;
    return real->substr(folder_.size());
}

std::optional<std::string> Root::read(const std::string& path) const {
    const auto host = host_path(path);
    if (!host) return std::nullopt;
    const base::Fd fd(::open(host->c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    struct ::stat status = {};
    if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    std::string text(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), kMaxTextBytes), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t got =
            ::pread(fd.get(), text.data() + done, text.size() - done, static_cast<off_t>(done));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::nullopt;
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    text.resize(done);
    return text;
}

std::vector<std::string> Root::list(const std::string& path) const {
    std::vector<std::string> names;
    const auto host = host_path(path);
    if (!host) return names;
    std::error_code error;
    for (std::filesystem::directory_iterator each(*host, error), end; !error && each != end;
         each.increment(error)) {
        if (names.size() >= kMaxNames) break;
        names.push_back(each->path().filename().string());
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace catena::callgraph
