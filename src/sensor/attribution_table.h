// AttributionTable: on whose behalf a described process runs: what its cgroup, its user and its login mean.
// Asks the cgroup tree and /etc/passwd, never a daemon. What was worked out is kept, within bounds. One
// thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/generation_map.h"
#include "event/entity.h"
#include "sys/process.h"
#include "sys/users.h"
#include "wire/records.h"

namespace catena::sensor {

class AttributionTable {
  public:
    AttributionTable();

    // A cgroup of the v2 tree was made. An empty path says nothing.
    void name_cgroup(std::uint64_t id, std::string_view path);

    // The path of a cgroup of the v2 tree, empty where it is gone. A cgroup's id is never used again.
    std::string cgroup_path(std::uint64_t id);

    std::shared_ptr<const event::Attribution> of(const cat_process& record);
    // From what /proc says, for a process that nobody described.
    std::shared_ptr<const event::Attribution> of(const sys::ProcessOwner& owner);

    // The user's name on this host, or its number.
    std::string user_name(std::uint32_t uid) { return users_.name(uid); }

  private:
    struct Cgroup {
        std::string path;
        sys::CgroupAttribution attribution;
    };
    struct Key {
        std::uint64_t cgroup;
        std::uint32_t uid, login_uid, session, pid_ns, mount_ns, user_ns;
        bool operator==(const Key&) const = default;
    };
    struct HashKey {
        std::size_t operator()(const Key& key) const noexcept;
    };
    const Cgroup& cgroup(std::uint64_t id);
    // Of `who`, the numbers; the names are put in.
    std::shared_ptr<const event::Attribution> with_names(std::uint32_t uid, event::Attribution who);

    std::uint32_t own_user_ns_ = 0;
    sys::UserNames users_;
    base::GenerationMap<std::uint64_t, Cgroup> cgroups_;
    base::GenerationMap<Key, std::shared_ptr<const event::Attribution>, HashKey> known_;
};

}  // namespace catena::sensor
