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

// The content of a regular file, cut to kMaxTextBytes.
std::optional<std::string> content_of(const std::string& path) {
    const base::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
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

}  // namespace

Root::Root(std::string folder, FileAnswers* noted) : folder_(std::move(folder)), noted_(noted) {
    if (!folder_.empty()) folder_ = real_path_of_host(folder_).value_or(folder_);
    while (folder_.ends_with('/')) folder_.pop_back();
}

std::optional<std::string> Root::real_path_of_host(const std::string& path) const {
    const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
    std::optional<std::string> found;
    if (real) found = real.get();
    if (noted_ != nullptr) noted_->host_path(path, found);
    return found;
}

void Root::note_file(const std::string& host_path) const {
    if (noted_ != nullptr) noted_->file(host_path, FileState::of(host_path));
}

std::optional<std::string> Root::real_path(const std::string& path) const {
    if (folder_.empty()) return real_path_of_host(path);
    auto real = follow(path);
    if (noted_ != nullptr) noted_->path(path, real);
    return real;
}

// Where a path leads inside the folder.
std::optional<std::string> Root::follow(const std::string& path) const {
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
    note_file(*host);
    auto content = content_of(*host);
    note_file(*host);
    return content;
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
    if (noted_ != nullptr) noted_->folder(path, names);
    return names;
}

base::Result<elf::Image> Root::open(const std::string& host_path) const {
    note_file(host_path);
    auto image = elf::Image::open(host_path);
    note_file(host_path);
    return image;
}

bool Root::is_set_user_id(const std::string& host_path) const {
    const auto state = FileState::of(host_path);
    if (noted_ != nullptr) noted_->file(host_path, state);
    return state && (state->mode & (S_ISUID | S_ISGID)) != 0;
}

}  // namespace catena::callgraph
