#include "sensor/attribution_table.h"

#include <sys/stat.h>

#include <utility>

#include "sys/cgroup.h"

namespace catena::sensor {
namespace {

constexpr std::size_t kCgroups = 4096;
constexpr std::size_t kAttributions = 16384;

}  // namespace

AttributionTable::AttributionTable() : cgroups_(kCgroups), known_(kAttributions) {
    struct stat status{};
    if (::stat("/proc/self/ns/user", &status) == 0) own_user_ns_ = static_cast<std::uint32_t>(status.st_ino);
}

std::size_t AttributionTable::HashKey::operator()(const Key& key) const noexcept {
    return cat_hash(cat_hash(cat_hash(key.cgroup, key.session), std::uint64_t{key.uid} << 32 | key.login_uid),
                    cat_hash(std::uint64_t{key.pid_ns} << 32 | key.mount_ns, key.user_ns));
}

void AttributionTable::name_cgroup(std::uint64_t id, std::string_view path) {
    if (path.empty()) return;
    cgroups_.insert(id, {.path = std::string(path), .attribution = sys::attribute_cgroup(path)});
}

const AttributionTable::Cgroup& AttributionTable::cgroup(std::uint64_t id) {
    if (const Cgroup* known = cgroups_.find(id)) return *known;
    Cgroup found{.path = sys::cgroup_path(id), .attribution = {}};
    found.attribution = sys::attribute_cgroup(found.path);
    return cgroups_.insert(id, std::move(found));
}

std::string AttributionTable::cgroup_path(std::uint64_t id) { return cgroup(id).path; }

std::shared_ptr<const event::Attribution> AttributionTable::with_names(std::uint32_t uid,
                                                                       event::Attribution who) {
    // In another user namespace a number stands for another user than the host's file says.
    who.user = who.user_ns == own_user_ns_ ? users_.name(uid) : std::to_string(uid);
    if (who.login_uid != event::kUnset) who.login_user = users_.name(who.login_uid);
    return std::make_shared<const event::Attribution>(std::move(who));
}

std::shared_ptr<const event::Attribution> AttributionTable::of(const cat_process& record) {
    const Key key{.cgroup = record.cgroup,
                  .uid = record.uid,
                  .login_uid = record.login_uid,
                  .session = record.session,
                  .pid_ns = record.pid_ns,
                  .mount_ns = record.mount_ns,
                  .user_ns = record.user_ns};
    if (const auto* known = known_.find(key)) return *known;
    return known_.insert(key, with_names(record.uid, {.user = {},
                                                      .login_uid = record.login_uid,
                                                      .login_user = {},
                                                      .session = record.session,
                                                      .cgroup = cgroup(record.cgroup).attribution,
                                                      .pid_ns = record.pid_ns,
                                                      .mount_ns = record.mount_ns,
                                                      .user_ns = record.user_ns}));
}

std::shared_ptr<const event::Attribution> AttributionTable::of(const sys::ProcessOwner& owner) {
    return with_names(owner.uid, {.user = {},
                                  .login_uid = owner.login_uid,
                                  .login_user = {},
                                  .session = owner.session,
                                  .cgroup = sys::attribute_proc_cgroup(owner.cgroups),
                                  .pid_ns = owner.pid_ns,
                                  .mount_ns = owner.mount_ns,
                                  .user_ns = owner.user_ns});
}

}  // namespace catena::sensor
