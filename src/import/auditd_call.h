// One system call of Linux audit's log, with what its records say about it; and the tables that outlive
// calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/generation_map.h"
#include "event/entity.h"
#include "import/auditd_joiner.h"
#include "import/sink.h"
#include "sys/syscalls.h"

namespace catena::import {

// A PATH record.
struct AuditPath {
    std::string name;  // absolute where that can be told
    std::uint64_t inode = 0;
    std::uint32_t dev = 0;
    event::FileKind kind = event::FileKind::Unknown;
    std::string_view nametype;  // NORMAL, PARENT, CREATE, DELETE, UNKNOWN
};

// What the records of one event say. Refers to them.
struct AuditCall {
    const AuditJoiner::Event& records;
    const AuditRecord& syscall;
    std::string_view name;  // of the system call; static storage, empty where it is not known
    sys::Abi abi = sys::Abi::X64;
    std::int64_t ret = 0;

    [[nodiscard]] std::uint64_t arg(std::size_t i) const;  // of the first four
    [[nodiscard]] std::int32_t fd_arg(std::size_t i) const { return static_cast<std::int32_t>(arg(i)); }
    [[nodiscard]] bool failed() const { return ret < 0; }
    [[nodiscard]] const AuditRecord* record(std::string_view type) const;
    [[nodiscard]] std::string cwd() const;
    [[nodiscard]] std::string command_line() const;
};

// Nothing where there is no SYSCALL record.
std::optional<AuditCall> audit_call(const AuditJoiner::Event& records);

// `name` as seen from folder `base`; as it is where neither is absolute. ".." is taken for the folder above,
// which is wrong behind a symbolic link.
std::string absolute_path(const std::string& base, const std::string& name);

// Which entity an inode is: another one after its number was given to a new file. Bounded; a number that is
// forgotten means its first file again.
class AuditFiles {
  public:
    explicit AuditFiles(Sink& sink) : sink_(sink), generations_(std::size_t{1} << 18) {}

    // The file of a PATH record, described. `made`: the call made it.
    event::EntityId file(const std::string& node, const AuditPath& path, std::int64_t ts_ns, bool made);

  private:
    Sink& sink_;
    base::GenerationMap<event::EntityId, std::uint32_t> generations_;
};

struct AuditDescriptor {
    event::EntityId id;
    bool socket = false;
    std::string path;  // of a folder: what other paths may be relative to
};

// What the descriptors of each process stand for, as far as the log told. Bounded in processes and in each.
class AuditDescriptors {
  public:
    AuditDescriptors() : tables_(std::size_t{1} << 14) {}

    void open(event::EntityId process, std::int64_t fd, AuditDescriptor descriptor);
    void close(event::EntityId process, std::int64_t fd);
    void copy(event::EntityId process, std::int64_t from, std::int64_t to);
    void inherit(event::EntityId parent, event::EntityId child);
    [[nodiscard]] const AuditDescriptor* find(event::EntityId process, std::int64_t fd);

  private:
    static constexpr std::size_t kMaxDescriptors = 1024;
    base::GenerationMap<event::EntityId, std::map<std::int64_t, AuditDescriptor>> tables_;
};

}  // namespace catena::import
