#include "sys/users.h"

#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

namespace catena::sys {
namespace {

constexpr std::size_t kMaxUsers = 65536;
constexpr std::size_t kMaxLine = std::size_t{1} << 20;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string UserNames::find(std::uint32_t uid) {
    auto found = names_.find(uid);
    if (found == names_.end()) {
        read_if_changed();
        found = names_.find(uid);
    }
    return found == names_.end() ? std::string() : found->second;
}

std::string UserNames::name(std::uint32_t uid) {
    std::string known = find(uid);
    return known.empty() ? std::to_string(uid) : known;
}

void UserNames::read_if_changed() {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path_.c_str(), "re"));
    struct stat status{};
    if (!file || ::fstat(::fileno(file.get()), &status) != 0) return;
    const Version version{.inode = status.st_ino,
                          .size = status.st_size,
                          .changed_ns = status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec};
    if (version == version_) return;
    version_ = version;
    names_.clear();
    std::vector<char> buffer(4096);
    while (names_.size() < kMaxUsers) {
        passwd entry{};
        passwd* found = nullptr;
        const int error = ::fgetpwent_r(file.get(), &entry, buffer.data(), buffer.size(), &found);
        if (error == ERANGE && buffer.size() < kMaxLine) {
            buffer.resize(buffer.size() * 2);  // the line is read again
            continue;
        }
        if (error != 0 || found == nullptr) return;
        // "+" and "-" lines refer to NIS. The first line of a user counts, as for getpwuid.
        const char first = found->pw_name[0];
        if (first != '\0' && first != '+' && first != '-') names_.try_emplace(found->pw_uid, found->pw_name);
    }
}

}  // namespace catena::sys
