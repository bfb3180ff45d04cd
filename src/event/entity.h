// Entities: the nodes of a recording. One struct a kind, passive data.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "sys/attribution.h"

namespace catena::event {

// 63-bit id, a hash of the entity's identity in the kernel (see wire/records.h), so that it needs no table to
// be stable within a recording. 0 means none.
struct EntityId {
    std::uint64_t value = 0;
    auto operator<=>(const EntityId&) const = default;
    explicit operator bool() const { return value != 0; }
};

enum class EntityType : std::uint8_t { Process, File, Socket, Pipe, Memory, User };

// "process", "file", …: the names used in JSON, SQL and on the command line.
std::string_view to_string(EntityType type);

inline constexpr std::uint32_t kUnset = 0xffffffff;  // no login user, no session

// On whose behalf and where a process runs. Whatever is not known is empty, kUnset or 0.
struct Attribution {
    std::string user;                    // name of its uid, or the number
    std::uint32_t login_uid = kUnset;    // of audit: who logged in, whatever the process became since
    std::string login_user;              // name of login_uid, or the number
    std::uint32_t session = kUnset;      // of audit: number of that login
    sys::CgroupAttribution cgroup = {};  // what its cgroup says
    std::uint32_t pid_ns = 0;            // inode numbers of its namespaces
    std::uint32_t mount_ns = 0;
    std::uint32_t user_ns = 0;
    bool operator==(const Attribution&) const = default;
};

// One program image of a process: a process has one when it forks (its parent's) and one more for each exec.
struct ProcessImage {
    EntityId id;                // of the process: hash of pid and start time; the same for all its images
    std::int64_t since_ns = 0;  // when this image began, nanoseconds since 1970
    std::int64_t start_ns = 0;  // when the process began, nanoseconds since 1970
    std::int32_t pid = 0;       // thread group id in the initial pid namespace
    EntityId parent;            // process that forked it; none where it was before recording and is not known
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string exe;      // real path from the kernel
    std::string cmdline;  // arguments joined by single spaces; bytes as they were
    std::string comm;
    std::string cgroup;  // path in the cgroup v2 tree, may be empty
    std::uint32_t euid = 0;
    // As it was when the image began. Shared, since there are few of them and many images; none where nothing
    // is known.
    std::shared_ptr<const Attribution> attribution = nullptr;
};

// The image's attribution; an empty one where it has none.
const Attribution& attribution_of(const ProcessImage& image);

enum class FileKind : std::uint8_t { Unknown, Regular, Directory, Symlink, CharDevice, BlockDevice, Fifo };
std::string_view to_string(FileKind kind);
FileKind kind_of_mode(std::uint32_t mode);  // st_mode of inode(7)

// A file under one of its names. A file that is renamed or has several links has several of these.
struct FileName {
    EntityId id;
    std::int64_t since_ns = 0;  // when this name was first seen, nanoseconds since 1970
    std::string path;           // absolute; bytes as the kernel has them
    std::uint64_t inode = 0;    // 0 where only the path is known (named by a system call, never opened)
    std::uint32_t dev = 0;      // kernel encoding: major << 20 | minor
    std::uint32_t generation = 0;
    FileKind kind = FileKind::Unknown;
};

// A socket towards one peer address.
struct Socket {
    EntityId id;
    std::int64_t since_ns = 0;
    std::string protocol;  // "tcp", "udp", "unix", or "family/type" in numbers for others
    // "127.0.0.1:80", "[::1]:80", unix path ("@name" when abstract), empty where not bound
    std::string local;
    std::string remote;  // the same of the peer
    EntityId peer;       // the socket at the other end, where it is on this host and known
    std::uint64_t inode = 0;
};

// Pipe, memory object or user: only a label ("pipe:[123]", "memfd:name", "root").
struct Object {
    EntityId id;
    EntityType type = EntityType::Pipe;
    std::int64_t since_ns = 0;
    std::string label;
};

}  // namespace catena::event

template <>
struct std::hash<catena::event::Attribution> {
    std::size_t operator()(const catena::event::Attribution& attribution) const noexcept;
};

template <>
struct std::hash<catena::event::EntityId> {
    std::size_t operator()(const catena::event::EntityId& id) const noexcept { return id.value; }
};
