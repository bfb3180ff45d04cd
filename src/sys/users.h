// Names of users from /etc/passwd itself: no NSS module and so no daemon (sssd, nscd, systemd-userdbd) is
// asked. The file is read when a name is first wanted, and again once it has changed and a user is not known.
// At most 65,536 users are kept, the file's first. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>

namespace catena::sys {

class UserNames {
  public:
    explicit UserNames(std::string passwd = "/etc/passwd") : path_(std::move(passwd)) {}

    // The name; empty where the file has none for this user.
    std::string find(std::uint32_t uid);
    // The name, or else the number.
    std::string name(std::uint32_t uid);

  private:
    struct Version {
        std::uint64_t inode = 0;
        std::int64_t size = -1;
        std::int64_t changed_ns = 0;
        bool operator==(const Version&) const = default;
    };
    void read_if_changed();

    std::string path_;
    Version version_;
    std::unordered_map<std::uint32_t, std::string> names_;
};

}  // namespace catena::sys
