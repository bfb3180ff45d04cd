#include "sensor/process_table.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "sys/process.h"

namespace catena::sensor {
namespace {

// What these tables may hold in all: two generations of each, some 20 MB.
constexpr std::size_t kAlive = 16384;
constexpr std::size_t kAliveBytes = std::size_t{4} << 20U;
constexpr std::size_t kDead = 8192;
constexpr std::size_t kExecutables = 4096;
constexpr std::size_t kNamesBytes = std::size_t{256} << 10U;

}  // namespace

ProcessTable::ProcessTable(std::int64_t boot_to_real_ns)
    : boot_to_real_ns_(boot_to_real_ns),
      alive_(kAlive, kAliveBytes),
      by_pid_(kAlive),
      by_dead_pid_(kDead),
      executables_(kExecutables, 2 * kNamesBytes) {}

void ProcessTable::name_file(event::EntityId id, const std::string& path) {
    executables_.insert(id, path, path.size());
}

void ProcessTable::keep(Alive process) {
    const event::ProcessImage& image = process.image;
    const std::size_t bytes =
        image.exe.size() + image.cmdline.size() + image.cgroup.size() + process.arguments.size();
    const event::EntityId id = image.id;
    by_pid_.insert(image.pid, id);
    by_dead_pid_.erase(image.pid);
    alive_.insert(id, std::move(process), bytes);
}

void ProcessTable::describe(const cat_process& record, std::vector<event::ProcessImage>& out) {
    const event::EntityId id{record.id};
    const Alive* known = alive_.find(id);
    // A snapshot must not undo what a fork or an exec has told since.
    if (record.reason == CAT_PROCESS_SNAPSHOT && known) return;
    Alive process;
    if (known) process = *known;
    event::ProcessImage& image = process.image;
    image.id = id;
    image.since_ns = static_cast<std::int64_t>(record.header.ts_ns) + boot_to_real_ns_;
    image.start_ns = static_cast<std::int64_t>(record.start_ns) + boot_to_real_ns_;
    image.pid = static_cast<std::int32_t>(record.tgid);
    if (record.parent_tgid != 0) image.parent = {record.parent};
    image.uid = record.uid;
    image.gid = record.gid;
    image.comm.assign(record.comm, ::strnlen(record.comm, sizeof(record.comm)));
    image.cgroup = attributions_.cgroup_path(record.cgroup);
    image.euid = record.euid;
    image.attribution = attributions_.of(record);
    const std::string* exe = executables_.find(event::EntityId{record.exe});
    if (exe) image.exe = *exe;
    switch (record.reason) {
        case CAT_PROCESS_FORK:
            if (const Alive* parent = alive_.find(image.parent)) {
                image.exe = parent->image.exe;
                image.cmdline = parent->image.cmdline;
            }
            break;
        case CAT_PROCESS_EXEC:
            if (!exe) image.exe = sys::process_exe(image.pid);
            process.arguments.clear();
            process.arguments_expected = record.args_len;
            process.exec_pending = true;
            keep(std::move(process));
            return;
        default:
            image.cmdline = sys::process_cmdline(image.pid);
    }
    out.push_back(image);
    keep(std::move(process));
}

void ProcessTable::add_arguments(const cat_args& record, std::size_t len,
                                 std::vector<event::ProcessImage>& out) {
    const Alive* known = alive_.find(event::EntityId{record.process});
    if (!known || !known->exec_pending) return;
    Alive process = *known;
    process.arguments.append(record.data, len);
    if (record.offset + len >= process.arguments_expected) {
        finish_exec(std::move(process), out);
    } else {
        keep(std::move(process));
    }
}

void ProcessTable::finish_exec(event::EntityId id, std::vector<event::ProcessImage>& out) {
    if (const Alive* known = alive_.find(id); known && known->exec_pending) finish_exec(*known, out);
}

void ProcessTable::finish_exec(Alive process, std::vector<event::ProcessImage>& out) {
    process.exec_pending = false;
    process.image.cmdline = sys::join_arguments(std::exchange(process.arguments, {}));
    out.push_back(process.image);
    keep(std::move(process));
}

void ProcessTable::meet(event::EntityId id, std::int32_t pid, std::uint64_t start_ns, std::int64_t now_ns,
                        std::vector<event::ProcessImage>& out) {
    if (alive_.find(id)) return;
    // Threads that end together: one tells the end, and another what it had done before.
    if (const event::EntityId* dead = by_dead_pid_.find(pid); dead && *dead == id) return;
    Alive process;
    event::ProcessImage& image = process.image;
    image.id = id;
    image.pid = pid;
    image.since_ns = now_ns;
    image.start_ns = static_cast<std::int64_t>(start_ns) + boot_to_real_ns_;
    image.exe = sys::process_exe(pid);
    image.cmdline = sys::process_cmdline(pid);
    if (const auto owner = sys::process_owner(pid)) {
        image.uid = owner->uid;
        image.euid = owner->euid;
        image.gid = owner->gid;
        image.attribution = attributions_.of(*owner);
    }
    out.push_back(image);
    keep(std::move(process));
}

void ProcessTable::ended(event::EntityId id) {
    const Alive* known = alive_.find(id);
    if (!known) return;
    const std::int32_t pid = known->image.pid;
    alive_.erase(id);
    if (const event::EntityId* latest = by_pid_.find(pid); latest && *latest == id) {
        by_pid_.erase(pid);
        by_dead_pid_.insert(pid, id);
    }
}

event::EntityId ProcessTable::with_pid(std::int32_t pid) {
    if (const event::EntityId* living = by_pid_.find(pid)) return *living;
    const event::EntityId* dead = by_dead_pid_.find(pid);
    return dead ? *dead : event::EntityId{};
}

}  // namespace catena::sensor
