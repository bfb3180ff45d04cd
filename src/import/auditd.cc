// auditd: Linux audit's raw log (audit.log), as auditd writes it with log_format RAW or ENRICHED.
//
// What is in such a log depends on the rules of its host. Most do not log reads and writes, so that opening a
// file for reading counts as reading from it, and opening it for writing as writing to it. Without rules for
// fork and clone, a process comes from the one that it has for a parent when it is first met; without rules
// for exit_group, a pid that is used again looks like the same process.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>

#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "import/auditd_call.h"
#include "import/auditd_calls_table.h"
#include "import/format.h"
#include "import/ids.h"
#include "import/processes.h"

namespace catena::import {
namespace {

using event::EntityId;
using event::Op;

constexpr std::uint64_t kAtFdcwd = 0xffffff9c;  // AT_FDCWD as a register of 32 bits

std::int64_t pair_of(std::uint64_t upper, std::uint64_t lower) {
    return static_cast<std::int64_t>(upper << 32U | (lower & 0xffffffffU));
}

// "fd:00", hexadecimal, → the kernel's number.
std::uint32_t device_of(std::string_view text) {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    const char* end = text.data() + text.size();
    const auto [colon, first] = std::from_chars(text.data(), end, major, 16);
    if (first != std::errc{} || colon == end || *colon != ':') return 0;
    std::from_chars(colon + 1, end, minor, 16);
    return major << 20U | (minor & 0xfffffU);
}

class AuditdParser final : public Parser {
  public:
    explicit AuditdParser(Sink& sink)
        : sink_(sink),
          processes_(sink),
          files_(sink),
          joiner_([this](const AuditJoiner::Event& event) { read(event); }),
          by_pid_(kMany) {}

    base::Status line(const Line& line) override;
    void finish() override {
        joiner_.finish();
        processes_.finish();
    }

  private:
    static constexpr std::size_t kMany = std::size_t{1} << 17;
    struct Life {
        EntityId id;
        std::int64_t since_ns = 0;
        bool forked = false;
    };

    void read(const AuditJoiner::Event& records);
    void read_call(const AuditCall& call, AuditReader reader);
    EntityId process(const AuditCall& call);
    EntityId process_of(std::int64_t pid, std::int64_t ts_ns);
    std::vector<AuditPath> paths(const AuditCall& call);
    std::string base_of(const AuditCall& call, std::size_t argument);
    EntityId file(const AuditPath& path, bool made) { return files_.file(node_, path, event_.ts_ns, made); }
    void emit(Op op) {
        event_.op = op;
        sink_.add(event_);
    }

    void read_open(const AuditCall& call);
    void read_data(const AuditCall& call);
    void read_map(const AuditCall& call);
    void read_transfer(const AuditCall& call);
    void read_descriptor(const AuditCall& call);
    void read_exec(const AuditCall& call);
    void read_fork(const AuditCall& call);
    void read_exit(const AuditCall& call);
    void read_path(const AuditCall& call);
    void read_rename(const AuditCall& call);
    void read_socket(const AuditCall& call);
    void read_pipe(const AuditCall& call);
    void read_user(const AuditCall& call);
    void read_process(const AuditCall& call);
    EntityId new_socket(const AuditCall& call, std::int64_t fd);
    void describe_socket(const AuditCall& call, EntityId id, bool local);

    Sink& sink_;
    Processes processes_;
    AuditFiles files_;
    AuditDescriptors descriptors_;
    AuditJoiner joiner_;
    base::GenerationMap<std::string, Life> by_pid_;  // "node pid" → who has it now
    std::string node_;
    event::Event event_;
};

base::Status AuditdParser::line(const Line& line) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    auto record = AuditRecord::parse(line.text);
    if (!record) return std::unexpected(std::move(record).error());
    joiner_.add(*std::move(record));
    return {};
}

void AuditdParser::read(const AuditJoiner::Event& records) {
    const auto call = audit_call(records);
    if (!call) {
        const std::string_view type = records.front().type();
        if (type != "EOE" && type != "PROCTITLE") sink_.pass_unknown(type);
        return;
    }
    const AuditCallRow* row = find_audit_call(call->name);
    if (row == nullptr) {
        sink_.pass_unknown(call->name.empty() ? "system call of another machine" : call->name);
        return;
    }
    node_ = call->syscall.node();
    event_ = {.ts_ns = call->syscall.ts_ns(),
              .op = row->op,
              .syscall = call->name,
              .tid = static_cast<std::int32_t>(call->syscall.decimal("pid")),
              .ret = call->ret,
              .abi = call->abi};
    event_.process = process(*call);
    read_call(*call, row->reader);
}

void AuditdParser::read_call(const AuditCall& call, AuditReader reader) {
    switch (reader) {
        case AuditReader::Open:
            return read_open(call);
        case AuditReader::Data:
            return read_data(call);
        case AuditReader::Map:
            return read_map(call);
        case AuditReader::Transfer:
            return read_transfer(call);
        case AuditReader::Descriptor:
            return read_descriptor(call);
        case AuditReader::Exec:
            return read_exec(call);
        case AuditReader::Fork:
            return read_fork(call);
        case AuditReader::Exit:
            return read_exit(call);
        case AuditReader::Path:
            return read_path(call);
        case AuditReader::Rename:
            return read_rename(call);
        case AuditReader::Socket:
            return read_socket(call);
        case AuditReader::Pipe:
            return read_pipe(call);
        case AuditReader::User:
            return read_user(call);
        case AuditReader::Process:
            return read_process(call);
    }
}

EntityId AuditdParser::process_of(std::int64_t pid, std::int64_t ts_ns) {
    const std::string key = fmt::format("{} {}", node_, pid);
    if (const Life* life = by_pid_.find(key)) return life->id;
    const EntityId id = id_of("audit process", fmt::format("{} {}", key, ts_ns));
    by_pid_.insert(key, {.id = id, .since_ns = ts_ns});
    return id;
}

// The process that made the call, described.
EntityId AuditdParser::process(const AuditCall& call) {
    const AuditRecord& record = call.syscall;
    const std::int64_t pid = record.decimal("pid");
    const std::int64_t parent = record.decimal("ppid");
    const std::int64_t ts_ns = record.ts_ns();
    const EntityId id = process_of(pid, ts_ns);
    const bool execs = (call.name == "execve" || call.name == "execveat") && !call.failed();
    const std::string comm = record.text("comm").value_or("");
    const std::string exe = record.text("exe").value_or("");
    Actor actor{.id = id,
                .ts_ns = ts_ns,
                .pid = static_cast<std::int32_t>(pid),
                .uid = static_cast<std::uint32_t>(record.decimal("uid")),
                .comm = execs ? "" : std::string_view(comm),
                .exe = execs ? "" : std::string_view(exe)};
    // Orphans are given to process 1, which did not make them; but what begins with an exec is no orphan.
    constexpr std::int64_t kKthreadd = 2;
    if (parent > kKthreadd || (parent > 0 && execs)) {
        actor.presumed_parent = process_of(parent, ts_ns);
        processes_.acted(
            {.id = actor.presumed_parent, .ts_ns = ts_ns, .pid = static_cast<std::int32_t>(parent)});
    }
    processes_.acted(actor);
    return id;
}

// The folder that the descriptor in this argument stands for, else the working directory.
std::string AuditdParser::base_of(const AuditCall& call, std::size_t argument) {
    const std::uint64_t fd = call.arg(argument) & 0xffffffffU;
    if (fd != kAtFdcwd) {
        const AuditDescriptor* folder = descriptors_.find(event_.process, static_cast<std::int64_t>(fd));
        if (folder != nullptr && folder->path.starts_with('/')) return folder->path;
    }
    return call.cwd();
}

std::vector<AuditPath> AuditdParser::paths(const AuditCall& call) {
    const bool at = call.name.ends_with("at") || call.name.ends_with("at2");
    const std::string base = at && call.name != "symlinkat" ? base_of(call, 0) : call.cwd();
    std::vector<AuditPath> found;
    for (const AuditRecord& record : call.records) {
        if (record.type() != "PATH") continue;
        const auto name = record.text("name");
        found.push_back({.name = name ? absolute_path(base, *name) : "",
                         .inode = static_cast<std::uint64_t>(record.decimal("inode")),
                         .dev = device_of(record.raw("dev")),
                         .kind = event::kind_of_mode(static_cast<std::uint32_t>(
                             std::strtoul(std::string(record.raw("mode")).c_str(), nullptr, 8))),
                         .nametype = record.raw("nametype")});
    }
    return found;
}

const AuditPath* last_that_is_no_parent(const std::vector<AuditPath>& paths) {
    for (auto path = paths.rbegin(); path != paths.rend(); ++path) {
        if (path->nametype != "PARENT" && !path->name.empty()) return &*path;
    }
    return nullptr;
}

void AuditdParser::read_open(const AuditCall& call) {
    const std::vector<AuditPath> found = paths(call);
    const AuditPath* path = last_that_is_no_parent(found);
    const AuditRecord* how = call.record("OPENAT2");
    const std::uint64_t flags = call.name == "creat"     ? O_WRONLY | O_CREAT | O_TRUNC
                                : call.name == "open"    ? call.arg(1)
                                : call.name == "openat2" ? (how != nullptr ? how->decimal("oflag", 0) : 0)
                                                         : call.arg(2);
    const bool made = !call.failed() && path != nullptr && path->nametype == "CREATE";
    event_.fd = static_cast<std::int32_t>(call.ret);
    event_.arg = static_cast<std::int64_t>(flags & 0xffffffffU);
    if (path != nullptr) {
        event_.object = file(*path, made);
        event_.path = path->name;
    }
    if (call.failed()) return emit(Op::Open);
    descriptors_.open(event_.process, call.ret, {.id = event_.object, .path = event_.path});
    emit(made ? Op::Create : Op::Open);
    event_.arg = 0;
    if ((flags & O_TRUNC) != 0 && !made) emit(Op::Truncate);
    // What goes through a descriptor is seldom logged. 1: it carries, whatever its number.
    event_.ret = std::max<std::int64_t>(call.ret, 1);
    if ((flags & O_ACCMODE) != O_WRONLY && (flags & O_PATH) == 0 && (flags & O_DIRECTORY) == 0)
        emit(Op::Read);
    if ((flags & O_ACCMODE) != O_RDONLY) emit(Op::Write);
}

void AuditdParser::read_data(const AuditCall& call) {
    event_.fd = call.fd_arg(0);
    const AuditDescriptor* object = descriptors_.find(event_.process, event_.fd);
    if (object != nullptr) {
        event_.object = object->id;
        if (object->socket && event_.op == Op::Read) event_.op = Op::Recv;
        if (object->socket && event_.op == Op::Write) event_.op = Op::Send;
    } else if (call.record("SOCKADDR") != nullptr) {
        event_.object = new_socket(call, event_.fd);
    }
    if (event_.object && call.record("SOCKADDR") != nullptr) describe_socket(call, event_.object, false);
    event_.bytes = std::max<std::int64_t>(call.ret, 0);
    emit(event_.op);
}

void AuditdParser::read_map(const AuditCall& call) {
    const AuditRecord* record = call.record("MMAP");
    if (record == nullptr) return sink_.pass();  // anonymous memory
    event_.fd = static_cast<std::int32_t>(record->decimal("fd", -1));
    const std::uint64_t flags = record->hexadecimal("flags");
    const std::uint64_t prot = call.arg(2);
    const AuditDescriptor* object = descriptors_.find(event_.process, event_.fd);
    if (object != nullptr) event_.object = object->id;
    event_.arg = pair_of(flags, prot);
    const bool shared_write = (flags & MAP_SHARED) != 0 && (prot & PROT_WRITE) != 0;
    emit(shared_write ? Op::MmapWrite : (prot & PROT_EXEC) != 0 ? Op::Load : Op::Mmap);
}

// sendfile(out, in), splice(in, …, out) and copy_file_range(in, …, out): a read and a write.
void AuditdParser::read_transfer(const AuditCall& call) {
    const bool out_first = call.name.starts_with("sendfile");
    event_.bytes = std::max<std::int64_t>(call.ret, 0);
    for (const Op op : {Op::Read, Op::Write}) {
        event_.fd = call.fd_arg((op == Op::Write) == out_first ? 0 : out_first ? 1 : 2);
        if (out_first && op == Op::Read) event_.fd = call.fd_arg(1);
        const AuditDescriptor* object = descriptors_.find(event_.process, event_.fd);
        event_.object = object != nullptr ? object->id : EntityId{};
        emit(op);
    }
}

void AuditdParser::read_descriptor(const AuditCall& call) {
    constexpr std::uint64_t kDupFd = 0;
    constexpr std::uint64_t kDupFdCloexec = 1030;
    const bool fcntl = call.name.starts_with("fcntl");
    if (fcntl && call.arg(1) != kDupFd && call.arg(1) != kDupFdCloexec) return sink_.pass();
    const std::int64_t fd = call.fd_arg(0);
    if (const AuditDescriptor* object = descriptors_.find(event_.process, fd)) event_.object = object->id;
    event_.fd = static_cast<std::int32_t>(fd);
    if (event_.op == Op::Dup) {
        event_.arg = fd;
        event_.fd = static_cast<std::int32_t>(call.ret);
        if (!call.failed()) descriptors_.copy(event_.process, fd, call.ret);
    } else if (!call.failed()) {
        descriptors_.close(event_.process, fd);
    }
    emit(event_.op);
}

void AuditdParser::read_exec(const AuditCall& call) {
    std::vector<AuditPath> found = paths(call);
    const std::string exe = call.syscall.text("exe").value_or("");
    if (!found.empty()) {
        event_.object = file(found.front(), false);
        event_.path2 = found.front().name;
    }
    if (!call.failed()) processes_.executed(event_.process, event_.ts_ns, exe, call.command_line());
    emit(Op::Exec);
    event_.path2.clear();
    // The interpreter of a script, and the loader.
    for (std::size_t i = 1; i < found.size() && !call.failed(); ++i) {
        if (found[i].name.empty() || found[i].nametype == "PARENT") continue;
        event_.object = file(found[i], false);
        emit(Op::Load);
    }
}

// The stamp of a call is that of its beginning: the child cannot have been met before, unless as another
// process.
void AuditdParser::read_fork(const AuditCall& call) {
    constexpr std::uint64_t kCloneThread = 0x10000;
    if (call.failed() || call.ret == 0) return sink_.pass();
    if (call.name == "clone") event_.arg = static_cast<std::int64_t>(call.arg(0));
    if (call.name == "clone" && (call.arg(0) & kCloneThread) != 0) {
        event_.object = event_.process;
        return emit(Op::Thread);
    }
    const std::string key = fmt::format("{} {}", node_, call.ret);
    const Life* life = by_pid_.find(key);
    if (life != nullptr && (life->forked || life->since_ns < event_.ts_ns)) by_pid_.erase(key);
    event_.object = process_of(call.ret, event_.ts_ns);
    by_pid_.find(key)->forked = true;
    processes_.forked(event_.process, event_.object, static_cast<std::int32_t>(call.ret), event_.ts_ns);
    descriptors_.inherit(event_.process, event_.object);
    emit(Op::Fork);
}

void AuditdParser::read_exit(const AuditCall& call) {
    if (call.name == "exit") return sink_.pass();  // of one thread
    event_.ret = static_cast<std::int64_t>((call.arg(0) & 0xffU) << 8U);
    by_pid_.erase(fmt::format("{} {}", node_, call.syscall.decimal("pid")));
    emit(Op::Exit);
}

void AuditdParser::read_path(const AuditCall& call) {
    const std::vector<AuditPath> found = paths(call);
    const AuditPath* path = last_that_is_no_parent(found);
    const bool made = !call.failed() &&
                      (event_.op == Op::Mkdir || event_.op == Op::Create || event_.op == Op::Symlink) &&
                      path != nullptr && path->nametype == "CREATE";
    if (path != nullptr) {
        event_.object = file(*path, made);
        event_.path = path->name;
    } else if (const AuditDescriptor* object = descriptors_.find(event_.process, call.fd_arg(0))) {
        event_.object = object->id;
        event_.fd = call.fd_arg(0);
    }
    const std::size_t at = call.name.ends_with("at") ? 1 : 0;
    if (event_.op == Op::Mkdir || event_.op == Op::Chmod)
        event_.arg = static_cast<std::int64_t>(call.arg(at + 1) & 07777U);
    if (event_.op == Op::Chown) event_.arg = pair_of(call.arg(at + 2), call.arg(at + 1));
    if (event_.op == Op::Truncate) event_.arg = static_cast<std::int64_t>(call.arg(1));
    emit(event_.op);
}

// rename: DELETE (or NORMAL) of the old name, maybe DELETE of what is replaced, CREATE of the new name. link:
// NORMAL, CREATE.
void AuditdParser::read_rename(const AuditCall& call) {
    const std::vector<AuditPath> found = paths(call);
    const AuditPath* from = nullptr;
    const AuditPath* to = nullptr;
    for (const AuditPath& path : found) {
        if (path.nametype == "PARENT" || path.name.empty()) continue;
        if (from == nullptr) from = &path;
        if (path.nametype == "CREATE") to = &path;
    }
    if (from != nullptr) {
        event_.path = from->name;
        event_.object = file(*from, false);
    }
    if (to != nullptr && from != to) {
        AuditPath renamed = *to;
        const AuditRecord* last = nullptr;
        for (const AuditRecord& record : call.records)
            last = record.raw("nametype") == "CREATE" ? &record : last;
        if (call.name.starts_with("renameat") || call.name == "linkat")
            renamed.name = absolute_path(base_of(call, 2), last->text("name").value_or(""));
        event_.path2 = renamed.name;
        if (renamed.inode == 0 && from->inode != 0) {
            renamed.inode = from->inode;
            renamed.dev = from->dev;
        }
        event_.object = file(renamed, false);
    }
    emit(event_.op);
}

EntityId AuditdParser::new_socket(const AuditCall& call, std::int64_t fd) {
    const EntityId id = id_of("audit socket " + node_,
                              fmt::format("{} {} {}", call.syscall.ts_ns(), call.syscall.serial(), fd));
    descriptors_.open(event_.process, fd, {.id = id, .socket = true});
    return id;
}

void AuditdParser::describe_socket(const AuditCall& call, EntityId id, bool local) {
    const AuditRecord* record = call.record("SOCKADDR");
    const auto bytes = record != nullptr ? bytes_from_hex(record->raw("saddr")) : std::nullopt;
    const auto address = bytes ? socket_address(*bytes) : std::nullopt;
    if (!address) return;
    event::Socket socket{.id = id, .since_ns = event_.ts_ns, .protocol = address->protocol};
    (local ? socket.local : socket.remote) = address->address;
    if (event_.op == Op::Accept && socket.protocol != "unix") socket.protocol = "tcp";
    sink_.add(socket);
}

void AuditdParser::read_socket(const AuditCall& call) {
    const bool makes = event_.op == Op::Socket || event_.op == Op::Accept;
    const std::int64_t fd = makes ? call.ret : call.fd_arg(0);
    event_.fd = static_cast<std::int32_t>(fd);
    const AuditDescriptor* known = makes ? nullptr : descriptors_.find(event_.process, fd);
    if (!makes || !call.failed()) event_.object = known != nullptr ? known->id : new_socket(call, fd);
    if (event_.op == Op::Socket) {
        event_.arg = pair_of(call.arg(1), call.arg(0));
    } else if (event_.op == Op::Listen) {
        event_.arg = static_cast<std::int64_t>(call.arg(1));
    }
    if (event_.object) describe_socket(call, event_.object, event_.op == Op::Bind);
    emit(event_.op);
}

void AuditdParser::read_pipe(const AuditCall& call) {
    const AuditRecord* pair = call.record("FD_PAIR");
    const bool sockets = event_.op == Op::Socketpair;
    if (pair != nullptr && !call.failed()) {
        event_.object =
            id_of("audit pipe " + node_, fmt::format("{} {}", event_.ts_ns, call.syscall.serial()));
        for (const char* end : {"fd0", "fd1"})
            descriptors_.open(event_.process, pair->decimal(end, -1),
                              {.id = event_.object, .socket = sockets});
        if (sockets) {
            sink_.add(event::Socket{.id = event_.object, .since_ns = event_.ts_ns, .protocol = "unix"});
        } else {
            sink_.add(event::Object{.id = event_.object, .since_ns = event_.ts_ns, .label = "pipe"});
        }
    }
    emit(event_.op);
}

void AuditdParser::read_user(const AuditCall& call) {
    const bool three =
        call.name.starts_with("setre");  // setreuid, setresuid: the effective one is the second
    event_.arg = pair_of(call.arg(three ? 1 : 0), call.arg(0));
    if (event_.op == Op::Setuid) {
        const std::string name = fmt::format("{}", static_cast<std::uint32_t>(call.arg(three ? 1 : 0)));
        event_.object = id_of("audit user " + node_, name);
        sink_.add(event::Object{
            .id = event_.object, .type = event::EntityType::User, .since_ns = event_.ts_ns, .label = name});
    }
    emit(event_.op);
}

// kill, ptrace and their kind: the other process, which OBJ_PID describes, or else an argument numbers.
void AuditdParser::read_process(const AuditCall& call) {
    const AuditRecord* other = call.record("OBJ_PID");
    const std::int64_t numbered = call.fd_arg(event_.op == Op::Ptrace ? 1 : 0);
    const std::int64_t pid = other != nullptr ? other->decimal("opid") : numbered;
    event_.arg = static_cast<std::int64_t>(call.arg(event_.op == Op::Ptrace ? 0
                                                    : call.name == "tgkill" ? 2
                                                                            : 1));
    if (event_.op == Op::VmRead || event_.op == Op::VmWrite) {
        event_.arg = 0;
        event_.bytes = std::max<std::int64_t>(call.ret, 0);
    }
    if (pid > 0) {
        event_.object = process_of(pid, event_.ts_ns);
        const std::string comm = other != nullptr ? other->text("ocomm").value_or("") : "";
        processes_.acted({.id = event_.object,
                          .ts_ns = event_.ts_ns,
                          .pid = static_cast<std::int32_t>(pid),
                          .uid = static_cast<std::uint32_t>(other != nullptr ? other->decimal("ouid") : 0),
                          .comm = comm});
    }
    emit(event_.op);
}

}  // namespace

bool looks_like_auditd(std::string_view line) {
    return line.find("msg=audit(") != std::string_view::npos && line.find("type=") != std::string_view::npos;
}

std::unique_ptr<Parser> make_auditd(Sink& sink) { return std::make_unique<AuditdParser>(sink); }

}  // namespace catena::import
