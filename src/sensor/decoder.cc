#include "sensor/decoder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sys/syscalls.h"
#include "wire/functions.h"

namespace catena::sensor {
namespace {

constexpr std::int64_t kRenameExchange = 2;  // RENAME_EXCHANGE of include/uapi/linux/fs.h

// Copies the fixed part of a record out of the ring, or nothing where the record is shorter.
template <class Record>
bool copy_record(std::span<const std::byte> bytes, Record& out) {
    if (bytes.size() < sizeof(Record)) return false;
    std::memcpy(&out, bytes.data(), sizeof(Record));
    return true;
}

std::string_view text_at(std::span<const std::byte> bytes, std::size_t offset, std::size_t len) {
    return {reinterpret_cast<const char*>(bytes.data()) + offset, len};
}

// "leaf\0dir\0" → "/dir/leaf".
std::string path_from_names(std::string_view names) {
    std::string path;
    path.reserve(names.size() + 1);
    while (!names.empty()) {
        names.remove_suffix(1);  // the NUL behind the outermost name that is left
        const auto before = names.rfind('\0');
        const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
        path.append("/").append(names.substr(begin));
        names = names.substr(0, begin);
    }
    return path.empty() ? "/" : path;
}

bool is_path_operation(event::Op op) {
    switch (op) {
        case event::Op::Rename:
        case event::Op::Link:
        case event::Op::Symlink:
        case event::Op::Unlink:
        case event::Op::Mkdir:
        case event::Op::Rmdir:
        case event::Op::Truncate:
        case event::Op::Chmod:
        case event::Op::Chown:
        case event::Op::Open:
        case event::Op::Exec:
        case event::Op::Chroot:
        case event::Op::PivotRoot:
        case event::Op::Mount:
        case event::Op::Umount:
            return true;
        default:
            return false;
    }
}

// What mount mounts is a path only where it binds or moves; otherwise it is a device or any word.
bool is_source_of_mount(const event::Event& event) {
    return event.op == event::Op::Mount && event.syscall == "mount" && (event.arg & (MS_BIND | MS_MOVE)) == 0;
}

// /proc/self is another one for the recorder. The kernel's programs name the working directory as the start
// of what begins with /proc/self/cwd/, and the process's root as that of all else that is absolute; what is
// left is read in /proc, where the process still lives.
std::string own_proc(std::string_view path, const cat_event& event) {
    for (const std::string_view known : {"/proc/self/cwd/", "/proc/self/root/"}) {
        if (path.starts_with(known)) return std::string(path.substr(known.size()));
    }
    for (const std::string_view self : {"/proc/self/", "/proc/thread-self/"}) {
        if (path.starts_with(self)) {
            return fmt::format("/proc/{}/task/{}/{}", event.tgid, event.tid, path.substr(self.size()));
        }
    }
    return std::string(path);
}

}  // namespace

Decoder::Decoder(std::int64_t boot_to_real_ns)
    : boot_to_real_ns_(boot_to_real_ns), calls_(boot_to_real_ns), processes_(boot_to_real_ns) {}

bool Decoder::decode(std::span<const std::byte> record, event::Batch& out) {
    cat_header header{};
    if (copy_record(record, header) && header.size <= record.size() && header.size >= sizeof(header) &&
        decode_known(header, record.first(header.size), out)) {
        return true;
    }
    ++malformed_;
    return false;
}

bool Decoder::decode_known(const cat_header& header, std::span<const std::byte> record, event::Batch& out) {
    switch (header.type) {
        case CAT_EVENT:
            return decode_event(record, out);
        case CAT_EVENTS:
            return decode_events(record, out);
        case CAT_CALLS:
            return decode_calls(record, out);
        case CAT_FUNCTION_CALLS:
            return decode_function_calls(record, out);
        case CAT_PATH_EVENT:
            return decode_path_event(record, out);
        case CAT_FILE:
            return decode_file(record, out);
        case CAT_PROCESS: {
            cat_process process{};
            if (!copy_record(record, process)) return false;
            processes_.describe(process, out.processes);
            return true;
        }
        case CAT_ARGS: {
            cat_args args{};
            const std::size_t room = record.size() - std::min(record.size(), offsetof(cat_args, data));
            std::memcpy(&args, record.data(), std::min(record.size(), sizeof(args)));
            if (args.len > room || args.len > sizeof(args.data)) return false;
            processes_.add_arguments(args, args.len, out.processes);
            return true;
        }
        case CAT_SOCKET: {
            cat_socket socket{};
            if (!copy_record(record, socket)) return false;
            sockets_.describe(socket, real_time(header), out.sockets);
            return true;
        }
        case CAT_CGROUP: {
            cat_cgroup group{};
            if (!copy_record(record, group) || group.path_len > sizeof(group.path)) return false;
            processes_.name_cgroup(group.id, {group.path, group.path_len});
            return true;
        }
        default:
            return false;
    }
}

bool Decoder::decode_function_calls(std::span<const std::byte> record, event::Batch& out) {
    cat_function_calls calls{};
    constexpr std::size_t kHead = offsetof(cat_function_calls, call);
    if (record.size() < kHead) return false;
    std::memcpy(&calls, record.data(), std::min(record.size(), sizeof(calls)));
    if (calls.count > CAT_FUNCTION_BLOCK || calls.count > (record.size() - kHead) / sizeof(cat_function_call))
        return false;
    const std::int64_t ts_ns = real_time(calls.header);
    processes_.meet({calls.process}, static_cast<std::int32_t>(calls.tgid), calls.process_start, ts_ns,
                    out.processes);
    for (const cat_function_call& call : std::span(calls.call).first(calls.count)) {
        const auto tid = static_cast<std::int32_t>(calls.tid);
        if (call.is_return != 0) {
            out.function_returns.push_back({.ts_ns = ts_ns + call.after_ns,
                                            .process = {calls.process},
                                            .tid = tid,
                                            .function = call.function,
                                            .stack = call.stack});
        } else {
            out.function_calls.push_back({.ts_ns = ts_ns + call.after_ns,
                                          .process = {calls.process},
                                          .tid = tid,
                                          .function = call.function,
                                          .stack = call.stack,
                                          .returned = call.returned});
        }
    }
    return true;
}

// Calls, and the events of those that carry their own.
bool Decoder::decode_calls(std::span<const std::byte> record, event::Batch& out) {
    return calls_.decode(record, out.calls,
                         [&](const cat_calls& head, const cat_one_call& one, const event::Call& call) {
                             const std::int64_t ts_ns = call.exit_ns != 0 ? call.exit_ns : call.enter_ns;
                             processes_.meet(call.process, static_cast<std::int32_t>(head.tgid),
                                             head.process_start, ts_ns, out.processes);
                             if ((one.flags & CAT_CALL_EVENT) == 0 || one.op >= CAT_OP_COUNT) return;
                             event::Event event;
                             event.id = next_event_++;
                             count_stored(head.header.cpu);
                             event.ts_ns = event.last_ns = ts_ns;
                             event.op = static_cast<event::Op>(one.op);
                             event.abi = call.abi;
                             event.syscall = sys::syscall_name(static_cast<int>(one.nr), call.abi);
                             event.process = call.process;
                             event.tid = call.tid;
                             event.object = paths_.resolve({one.object});
                             event.bytes = event.ret = one.ret;
                             event.fd = static_cast<std::int32_t>(one.args[0]);
                             event.call = call.id;
                             event.context = call.context;
                             out.events.push_back(std::move(event));
                         });
}

bool Decoder::decode_event(std::span<const std::byte> record, event::Batch& out) {
    cat_event fixed{};
    if (!copy_record(record, fixed) || fixed.op >= CAT_OP_COUNT) return false;
    event::Event event = to_event(fixed, out);
    name_object(event);
    out.events.push_back(std::move(event));
    return true;
}

bool Decoder::decode_events(std::span<const std::byte> record, event::Batch& out) {
    bool good = true;
    for (auto rest = record.subspan(sizeof(cat_header)); !rest.empty();) {
        const std::size_t size = std::min(rest.size(), sizeof(cat_event));
        good = decode_event(rest.first(size), out) && good;
        rest = rest.subspan(size);
    }
    return good;
}

bool Decoder::decode_file(std::span<const std::byte> record, event::Batch& out) {
    cat_file file{};
    if (!copy_record(record, file) || file.names_len > record.size() - sizeof(file)) return false;
    const event::EntityId id{file.id};
    const std::int64_t ts_ns = real_time(file.header);
    if (file.file_class == CAT_CLASS_PIPE) {
        out.objects.push_back({id, event::EntityType::Pipe, ts_ns, fmt::format("pipe:[{}]", file.inode)});
        return true;
    }
    if (file.file_class == CAT_CLASS_USER) {
        out.objects.push_back({id, event::EntityType::User, ts_ns,
                               processes_.user_name(static_cast<std::uint32_t>(file.inode))});
        return true;
    }
    std::string path = path_from_names(text_at(record, sizeof(file), file.names_len));
    if (file.file_class == CAT_CLASS_MEMFD) {
        processes_.name_file(id, path);
        out.objects.push_back({id, event::EntityType::Memory, ts_ns, path.substr(1)});
        return true;
    }
    event::FileName name;
    name.kind = event::kind_of_mode(file.mode);
    name.id = id;
    name.since_ns = ts_ns;
    name.inode = file.inode;
    name.dev = file.dev;
    name.generation = file.generation;
    name.path = std::move(path);
    name.id = paths_.describe(name);
    if (S_ISREG(file.mode) && (file.mode & (S_IXUSR | S_IXGRP | S_IXOTH)))
        processes_.name_file(id, name.path);
    out.files.push_back(std::move(name));
    return true;
}

void Decoder::count_stored(std::uint16_t cpu) {
    if (stored_.size() <= cpu) stored_.resize(cpu + std::size_t{1});
    ++stored_[cpu];
}

event::Event Decoder::to_event(const cat_event& record, event::Batch& out) {
    event::Event event;
    event.id = next_event_++;
    event.ts_ns = real_time(record.header);
    event.last_ns = static_cast<std::int64_t>(record.last_ns) + boot_to_real_ns_;
    event.count = record.count;
    if (record.flags & CAT_FLAG_MERGED) {
        merged_ += record.count;
    } else {
        count_stored(record.header.cpu);
    }
    event.op = static_cast<event::Op>(record.op);
    event.abi = static_cast<sys::Abi>(std::min<std::uint8_t>(record.abi, CAT_ABI_X32));
    if (record.syscall != 0xffff) event.syscall = sys::syscall_name(record.syscall, event.abi);
    event.process = {record.process};
    event.tid = static_cast<std::int32_t>(record.tid);
    event.object = {record.object};
    event.bytes = record.bytes;
    event.ret = record.ret;
    event.fd = record.fd;
    event.arg = record.arg;
    event.call = calls_.call_of(record);
    event.context = record.context;
    event.source = record.flags & CAT_FLAG_USER_SOURCE ? event::Source::User : event::Source::Kernel;
    if (record.flags & CAT_FLAG_TARGET_PID) {
        event.object =
            record.object ? processes_.with_pid(static_cast<std::int32_t>(record.object)) : event::EntityId{};
    }
    processes_.meet(event.process, static_cast<std::int32_t>(record.tgid), record.process_start, event.ts_ns,
                    out.processes);
    return event;
}

void Decoder::name_object(event::Event& event) {
    event.object = paths_.resolve(event.object);
    if (event.op != event::Op::Exit) return;
    processes_.ended(event.process);
    calls_.forget(static_cast<std::uint32_t>(event.tid));
}

bool Decoder::decode_path_event(std::span<const std::byte> record, event::Batch& out) {
    cat_path_event fixed{};
    if (!copy_record(record, fixed) || fixed.event.op >= CAT_OP_COUNT) return false;
    const std::size_t room = record.size() - sizeof(fixed);
    if (fixed.room > room / 2 || fixed.path_len > fixed.room || fixed.path2_len > fixed.room) return false;
    const std::string_view path = text_at(record, sizeof(fixed), fixed.path_len);
    const std::string_view path2 = text_at(record, sizeof(fixed) + fixed.room, fixed.path2_len);

    event::Event event = to_event(fixed.event, out);
    if (event.op == event::Op::Exec && event.ret >= 0) {
        processes_.finish_exec(event.process, out.processes);
        event.path2 = path;
        name_object(event);
    } else if (is_path_operation(event.op)) {
        if (event.op == event::Op::Unlink && (event.arg & AT_REMOVEDIR)) event.op = event::Op::Rmdir;
        const bool from_kernel =
            event.source == event::Source::Kernel && !(fixed.event.flags & CAT_FLAG_COPIED);
        const auto full = [&, &caller = fixed.event](std::uint64_t dir, std::string_view text) {
            return from_kernel ? paths_.entry({dir}, text) : paths_.absolute({dir}, own_proc(text, caller));
        };
        event.path = full(fixed.dir, path);
        if (event.op == event::Op::Symlink || is_source_of_mount(event)) {
            event.path2 = path2;
        } else if (!path2.empty()) {
            event.path2 = full(fixed.dir2, path2);
        }
        apply_path_operation(event, paths_.resolve({fixed.object2}), out);
    }
    out.events.push_back(std::move(event));
    return true;
}

// The file at a path: the one that the kernel says (`id`), or the one that the path leads to as far as we
// know.
PathTable::Named Decoder::file_at(const std::string& path, event::EntityId id, event::FileKind kind) {
    return id == event::EntityId{} ? paths_.at(path, kind) : paths_.is(path, id, kind);
}

// Finds or makes the entity that a path operation is about, and follows what the operation does to names.
// `second` is what the kernel found at the second path, 0 where it did not say or there was nothing.
void Decoder::apply_path_operation(event::Event& event, event::EntityId second, event::Batch& out) {
    const bool directory = event.op == event::Op::Mkdir || event.op == event::Op::Rmdir;
    const auto kind = directory                        ? event::FileKind::Directory
                      : event.op == event::Op::Symlink ? event::FileKind::Symlink
                                                       : event::FileKind::Unknown;
    event.object = paths_.resolve(event.object);
    // An object of no directory (memory, a pipe by /proc/self/fd) has no path to follow.
    if (event.object != event::EntityId{} && !event.path.starts_with('/')) return;
    const auto [file, is_new] = file_at(event.path, event.object, kind);
    event.object = file.id;
    if (is_new) add_name(file, event.path, event.ts_ns, out);
    if (event.ret < 0) return;
    switch (event.op) {
        case event::Op::Rename:
            apply_rename(event, file, second, out);
            break;
        case event::Op::Link:
            paths_.link(event.path2, file);
            add_name(file, event.path2, event.ts_ns, out);
            break;
        case event::Op::Unlink:
        case event::Op::Rmdir:
            paths_.remove(event.path);
            break;
        default:
            break;
    }
}

void Decoder::apply_rename(event::Event& event, const event::FileName& file, event::EntityId second,
                           event::Batch& out) {
    if (event.arg & kRenameExchange) {
        const event::FileName other = file_at(event.path2, second, event::FileKind::Unknown).file;
        paths_.exchange(event.path, event.path2);
        add_name(other, event.path, event.ts_ns, out);
    } else if (second != event::EntityId{} && second == file.id) {
        return;  // two names of one file: the kernel leaves both
    } else {
        // What is below a directory has a new name as well.
        for (event::FileName& below : paths_.rename(event.path, event.path2)) {
            below.since_ns = event.ts_ns;
            out.files.push_back(std::move(below));
        }
    }
    add_name(file, event.path2, event.ts_ns, out);
}

void Decoder::add_name(event::FileName file, const std::string& path, std::int64_t ts_ns, event::Batch& out) {
    file.since_ns = ts_ns;
    file.path = path;
    out.files.push_back(std::move(file));
}

}  // namespace catena::sensor
