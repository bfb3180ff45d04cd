#include "sensor/process_table.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

#include "sys/process.h"

namespace catena::sensor {
namespace {

constexpr std::size_t kExecutables = 65536;

}  // namespace

ProcessTable::ProcessTable(std::int64_t boot_to_real_ns)
    : boot_to_real_ns_(boot_to_real_ns), executables_(kExecutables) {}

void ProcessTable::name_file(event::EntityId id, const std::string& path) { executables_.insert(id, path); }

void ProcessTable::describe(const cat_process& record, std::vector<event::ProcessImage>& out) {
    const event::EntityId id{record.id};
    by_pid_[static_cast<std::int32_t>(record.tgid)] = id;
    // A snapshot must not undo what a fork or an exec has told since.
    if (record.reason == CAT_PROCESS_SNAPSHOT && alive_.contains(id)) return;
    Alive& process = alive_[id];
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
    if (const std::string* exe = executables_.find(event::EntityId{record.exe})) image.exe = *exe;
    switch (record.reason) {
        case CAT_PROCESS_FORK:
            if (const auto parent = alive_.find(image.parent); parent != alive_.end()) {
                image.exe = parent->second.image.exe;
                image.cmdline = parent->second.image.cmdline;
            }
            break;
        case CAT_PROCESS_EXEC:
            process.arguments.clear();
            process.arguments_expected = record.args_len;
            process.exec_pending = true;
            return;
        default:
            image.cmdline = sys::process_cmdline(image.pid);
    }
    out.push_back(image);
}

void ProcessTable::add_arguments(const cat_args& record, std::size_t len,
                                 std::vector<event::ProcessImage>& out) {
    const auto it = alive_.find(event::EntityId{record.process});
    if (it == alive_.end() || !it->second.exec_pending) return;
    Alive& process = it->second;
    process.arguments.append(record.data, len);
    if (record.offset + len >= process.arguments_expected) finish_exec(process, out);
}

void ProcessTable::finish_exec(event::EntityId id, std::vector<event::ProcessImage>& out) {
    if (const auto it = alive_.find(id); it != alive_.end()) finish_exec(it->second, out);
}

void ProcessTable::finish_exec(Alive& process, std::vector<event::ProcessImage>& out) {
    if (!process.exec_pending) return;
    process.exec_pending = false;
    process.image.cmdline = sys::join_arguments(std::exchange(process.arguments, {}));
    out.push_back(process.image);
}

void ProcessTable::meet(event::EntityId id, std::int32_t pid, std::uint64_t start_ns, std::int64_t now_ns,
                        std::vector<event::ProcessImage>& out) {
    if (alive_.contains(id)) return;
    event::ProcessImage& image = alive_[id].image;
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
    by_pid_[pid] = id;
    out.push_back(image);
}

void ProcessTable::ended(event::EntityId id) { alive_.erase(id); }

event::EntityId ProcessTable::with_pid(std::int32_t pid) {
    const auto it = by_pid_.find(pid);
    return it == by_pid_.end() ? event::EntityId{} : it->second;
}

}  // namespace catena::sensor
