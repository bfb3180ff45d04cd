// CADETS: FreeBSD's audit events as the CADETS team of DARPA's Transparent Computing published them: a JSON
// array with one object a line. Processes, files, sockets and pipes have UUIDs; times are nanoseconds.
//
// The trace does not tell the protection of mmap (taken as reading), what protocol a socket speaks, the
// local end of a connection, or which two sockets of the host are connected to each other.
#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "import/format.h"
#include "import/ids.h"
#include "import/json.h"
#include "import/processes.h"

namespace catena::import {
namespace {

using event::EntityId;
using event::Op;

enum Field : std::size_t {
    EventKey,
    TimeKey,
    PidKey,
    TidKey,
    UidKey,
    ExecKey,
    ProcessKey,
    Object1Key,
    Object2Key,
    New1Key,
    New2Key,
    FdKey,
    RetvalKey,
    FdPathKey,
    Path1Key,
    Path2Key,
    ModeKey,
    FlagsKey,
    AddressKey,
    PortKey,
    CmdlineKey,
    ArgPidKey,
    ArgUidKey,
    ArgGidKey,
    ArgEuidKey,
    ArgEgidKey,
    ArgRuidKey,
    ArgRgidKey,
    ArgSuidKey,
    ArgSgidKey,
    PpidKey,
    ThreadKey
};
constexpr std::array<std::string_view, 32> kFields = {
    "event",        "time",         "pid",          "tid",          "uid",      "exec",     "subjprocuuid",
    "arg_objuuid1", "arg_objuuid2", "ret_objuuid1", "ret_objuuid2", "fd",       "retval",   "fdpath",
    "upath1",       "upath2",       "mode",         "flags",        "address",  "port",     "cmdline",
    "arg_pid",      "arg_uid",      "arg_gid",      "arg_euid",     "arg_egid", "arg_ruid", "arg_rgid",
    "arg_suid",     "arg_sgid",     "ppid",         "subjthruuid"};

// Which part of CadetsParser reads an event.
enum class Reader : std::uint8_t {
    Nothing,
    Data,
    Descriptor,
    Open,
    Path,
    Rename,
    Exec,
    Fork,
    Exit,
    Socket,
    Connect,
    Accept,
    Pipe,
    User
};

struct Row {
    std::string_view name;  // in "audit:event:aue_NAME:"
    std::string_view syscall;
    Op op;
    Reader reader;
};

constexpr Row kRows[] = {
    {"accept", "accept", Op::Accept, Reader::Accept},
    {"bind", "bind", Op::Bind, Reader::Connect},
    {"chmod", "chmod", Op::Chmod, Reader::Path},
    {"chown", "chown", Op::Chown, Reader::Path},
    {"close", "close", Op::Close, Reader::Descriptor},
    {"connect", "connect", Op::Connect, Reader::Connect},
    {"dup", "dup", Op::Dup, Reader::Descriptor},
    {"dup2", "dup2", Op::Dup, Reader::Descriptor},
    {"execve", "execve", Op::Exec, Reader::Exec},
    {"exit", "", Op::Exit, Reader::Exit},
    {"fchmod", "fchmod", Op::Chmod, Reader::Path},
    {"fchown", "fchown", Op::Chown, Reader::Path},
    {"fexecve", "execveat", Op::Exec, Reader::Exec},
    {"fork", "fork", Op::Fork, Reader::Fork},
    {"ftruncate", "ftruncate", Op::Truncate, Reader::Path},
    {"lchown", "lchown", Op::Chown, Reader::Path},
    {"link", "link", Op::Link, Reader::Rename},
    {"linkat", "linkat", Op::Link, Reader::Rename},
    {"mkdir", "mkdir", Op::Mkdir, Reader::Path},
    {"mkdirat", "mkdirat", Op::Mkdir, Reader::Path},
    {"mmap", "mmap", Op::Mmap, Reader::Data},
    {"open_rwtc", "open", Op::Open, Reader::Open},
    {"openat_rwtc", "openat", Op::Open, Reader::Open},
    {"pipe", "pipe", Op::Pipe, Reader::Pipe},
    {"pread", "pread64", Op::Read, Reader::Data},
    {"preadv", "preadv", Op::Read, Reader::Data},
    {"pwrite", "pwrite64", Op::Write, Reader::Data},
    {"pwritev", "pwritev", Op::Write, Reader::Data},
    {"read", "read", Op::Read, Reader::Data},
    {"readv", "readv", Op::Read, Reader::Data},
    {"recvfrom", "recvfrom", Op::Recv, Reader::Data},
    {"recvmsg", "recvmsg", Op::Recv, Reader::Data},
    {"rename", "rename", Op::Rename, Reader::Rename},
    {"renameat", "renameat", Op::Rename, Reader::Rename},
    {"rfork", "clone", Op::Fork, Reader::Fork},
    {"rmdir", "rmdir", Op::Rmdir, Reader::Path},
    {"sendmsg", "sendmsg", Op::Send, Reader::Data},
    {"sendto", "sendto", Op::Send, Reader::Data},
    {"setegid", "setregid", Op::Setgid, Reader::User},
    {"seteuid", "setreuid", Op::Setuid, Reader::User},
    {"setgid", "setgid", Op::Setgid, Reader::User},
    {"setresgid", "setresgid", Op::Setgid, Reader::User},
    {"setresuid", "setresuid", Op::Setuid, Reader::User},
    {"setuid", "setuid", Op::Setuid, Reader::User},
    {"socket", "socket", Op::Socket, Reader::Socket},
    {"socketpair", "socketpair", Op::Socketpair, Reader::Socket},
    {"symlink", "symlink", Op::Symlink, Reader::Path},
    {"truncate", "truncate", Op::Truncate, Reader::Path},
    {"unlink", "unlink", Op::Unlink, Reader::Path},
    {"unlinkat", "unlinkat", Op::Unlink, Reader::Path},
    {"vfork", "vfork", Op::Fork, Reader::Fork},
    {"write", "write", Op::Write, Reader::Data},
    {"writev", "writev", Op::Write, Reader::Data},
    // Known to carry nothing that is recorded.
    {"chdir", "", Op::None, Reader::Nothing},
    {"closefrom", "", Op::None, Reader::Nothing},
    {"fchdir", "", Op::None, Reader::Nothing},
    {"fcntl", "", Op::None, Reader::Nothing},
    {"lseek", "", Op::None, Reader::Nothing},
    {"umask", "", Op::None, Reader::Nothing},
    {"utimes", "", Op::None, Reader::Nothing},
};

// FreeBSD's flags of open and Linux's.
struct Flag {
    std::int64_t theirs;
    std::int64_t ours;
};
constexpr Flag kOpenFlags[] = {{0x3, 0x3},         {0x4, 0x800},     {0x8, 0x400},      {0x40, 0x2000},
                               {0x80, 0x101000},   {0x100, 0x20000}, {0x200, 0x40},     {0x400, 0x200},
                               {0x800, 0x80},      {0x8000, 0x100},  {0x10000, 0x4000}, {0x20000, 0x10000},
                               {0x100000, 0x80000}};
constexpr std::int64_t kCreate = 0x200;
constexpr std::int64_t kTruncate = 0x400;

std::int64_t linux_flags(std::int64_t theirs) {
    std::int64_t ours = 0;
    for (const Flag& flag : kOpenFlags)
        ours |= flag.theirs == 3 ? theirs & 3 : (theirs & flag.theirs) ? flag.ours : 0;
    return ours;
}

// The NAME of "audit:event:aue_NAME:"; empty where it is none.
std::string_view audit_name(std::string_view event) {
    constexpr std::string_view kPrefix = "audit:event:aue_";
    if (!event.starts_with(kPrefix) || !event.ends_with(':')) return {};
    event.remove_prefix(kPrefix.size());
    event.remove_suffix(1);
    return event;
}

const Row* find_row(std::string_view name) {
    for (const Row& row : kRows) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

constexpr std::size_t kSockets = std::size_t{1} << 16;
constexpr std::int64_t kModeBits = 07777;
constexpr std::int64_t kUnsaid = -1;  // also how setresuid says "as it is"

std::int64_t pair_of(std::int64_t upper, std::int64_t lower) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(upper) << 32U |
                                     static_cast<std::uint32_t>(lower));
}

class CadetsParser final : public Parser {
  public:
    explicit CadetsParser(Sink& sink) : sink_(sink), processes_(sink), sockets_(kSockets), fields_(kFields) {}

    base::Status line(const Line& line) override;
    void finish() override { processes_.finish(); }

  private:
    static EntityId id(std::string_view uuid) { return uuid.empty() ? EntityId{} : id_of("cadets", uuid); }
    EntityId id(Field field) { return id(fields_.view(field)); }

    base::Status begin(const Row& row);
    void read(const Row& row);
    void read_data();
    void read_open();
    void read_path();
    void read_rename();
    void read_exec();
    void read_fork();
    void read_socket();
    void read_user();
    void describe_file(EntityId file, std::string path);
    void describe_socket(EntityId id, Op op);

    Sink& sink_;
    Processes processes_;
    base::GenerationMap<EntityId, event::Socket> sockets_;  // as last described
    JsonParser json_;
    JsonFields fields_;
    event::Event event_;
};

base::Status CadetsParser::line(const Line& line) {
    std::string_view text = line.text;
    // The array's brackets and commas.
    const std::size_t first = text.find_first_not_of(" \t\r,[]");
    if (first == std::string_view::npos) return {};
    text.remove_prefix(first);
    text = text.substr(0, text.find_last_not_of(" \t\r,]") + 1);

    const auto object = json_.parse(text);
    if (!object) return std::unexpected(object.error());
    fields_.read(*object, json_.repaired(), sink_.unknown_fields());
    for (const Field field : {EventKey, TimeKey, PidKey, ProcessKey}) fields_.require(field);
    const std::string_view name = fields_.view(EventKey);
    if (auto status = fields_.status(); !status) return status;
    const Row* row = find_row(audit_name(name));
    if (row == nullptr || row->reader == Reader::Nothing) {
        if (row == nullptr)
            sink_.pass_unknown(name);
        else
            sink_.pass();
        return {};
    }
    if (auto status = begin(*row); !status) return status;
    read(*row);
    return {};
}

// What all events have. Looks at every field that any reader asks for, so that a line is taken or left as a
// whole.
base::Status CadetsParser::begin(const Row& row) {
    event_ = {.ts_ns = fields_.integer(TimeKey),
              .op = row.op,
              .syscall = row.syscall,
              .process = id(ProcessKey),
              .tid = static_cast<std::int32_t>(fields_.integer(TidKey)),
              .ret = fields_.integer(RetvalKey),
              .fd = static_cast<std::int32_t>(fields_.integer(FdKey, -1))};
    for (const Field field : {ModeKey, FlagsKey, PortKey, ArgPidKey, ArgUidKey, ArgGidKey, ArgEuidKey,
                              ArgEgidKey, ArgRuidKey, ArgRgidKey})
        fields_.integer(field);
    for (const Field field :
         {Object1Key, Object2Key, New1Key, FdPathKey, Path1Key, Path2Key, AddressKey, CmdlineKey, ExecKey})
        fields_.view(field);
    const Actor actor{.id = event_.process,
                      .ts_ns = event_.ts_ns,
                      .pid = static_cast<std::int32_t>(fields_.integer(PidKey)),
                      .uid = static_cast<std::uint32_t>(fields_.integer(UidKey)),
                      .comm = fields_.view(ExecKey)};
    if (auto status = fields_.status(); !status) return status;
    processes_.acted(actor);
    return {};
}

void CadetsParser::read(const Row& row) {
    switch (row.reader) {
        case Reader::Data:
            read_data();
            break;
        case Reader::Open:
            read_open();
            break;
        case Reader::Path:
            read_path();
            break;
        case Reader::Rename:
            read_rename();
            break;
        case Reader::Exec:
            read_exec();
            break;
        case Reader::Fork:
            read_fork();
            break;
        case Reader::Socket:
        case Reader::Connect:
        case Reader::Accept:
            read_socket();
            break;
        case Reader::Pipe:
            event_.object = id(New1Key);
            sink_.add(event::Object{.id = event_.object,
                                    .since_ns = event_.ts_ns,
                                    .label = fmt::format("pipe:[{}]", fields_.view(New1Key).substr(0, 8))});
            break;
        case Reader::User:
            read_user();
            break;
        case Reader::Descriptor:
            event_.object = id(Object1Key);
            if (event_.op == Op::Dup)
                event_.arg = std::exchange(event_.fd, static_cast<std::int32_t>(event_.ret));
            break;
        case Reader::Exit:
        case Reader::Nothing:
            break;
    }
    sink_.add(std::move(event_));
}

void CadetsParser::describe_file(EntityId file, std::string path) {
    if (!file || path.empty() || path == "<unknown>") return;
    sink_.add(event::FileName{.id = file, .since_ns = event_.ts_ns, .path = std::move(path)});
}

void CadetsParser::read_data() {
    event_.object = id(Object1Key);
    if (event_.op != Op::Mmap) event_.bytes = event_.ret;
    if (fields_.has(AddressKey)) describe_socket(event_.object, event_.op);
    // Relative where the kernel did not remember more; a name from open or exec is better.
    std::string path = plain_path(fields_.text(FdPathKey));
    if (path.starts_with('/') || !sink_.knows(event_.object)) describe_file(event_.object, std::move(path));
}

void CadetsParser::read_open() {
    const std::int64_t flags = fields_.integer(FlagsKey);
    event_.object = id(New1Key);
    event_.path = plain_path(fields_.text(Path1Key));
    event_.fd = static_cast<std::int32_t>(event_.ret);
    event_.arg = linux_flags(flags);
    if ((flags & kCreate) != 0) event_.arg |= (fields_.integer(ModeKey) & kModeBits) << 32;
    // What was there before the call stands as its argument.
    const bool made = (flags & kCreate) != 0 && !fields_.has(Object1Key);
    if (made) {
        event_.op = Op::Create;
    } else if ((flags & kTruncate) != 0) {
        event_.op = Op::Truncate;
        event_.arg = 0;
    }
    describe_file(event_.object, event_.path);
}

void CadetsParser::read_path() {
    event_.path = plain_path(fields_.text(Path1Key));
    event_.object = id(Object1Key);
    // The trace does not name what mkdir made.
    if (!event_.object && !event_.path.empty()) event_.object = id_of("cadets path", event_.path);
    if (event_.op == Op::Chmod || event_.op == Op::Mkdir) event_.arg = fields_.integer(ModeKey) & kModeBits;
    if (event_.op == Op::Chown) event_.arg = pair_of(fields_.integer(ArgGidKey), fields_.integer(ArgUidKey));
    describe_file(event_.object, event_.path);
}

void CadetsParser::read_rename() {
    event_.object = id(Object1Key);
    event_.path = plain_path(fields_.text(Path1Key));
    event_.path2 = plain_path(fields_.text(Path2Key));
    if (!sink_.knows(event_.object)) describe_file(event_.object, event_.path);
    describe_file(event_.object, event_.path2);
}

void CadetsParser::read_exec() {
    event_.object = id(Object1Key);
    event_.path2 = fields_.text(Path1Key);
    std::string path = plain_path(event_.path2);
    describe_file(event_.object, path);
    if (event_.ret == 0)
        processes_.executed(event_.process, event_.ts_ns, std::move(path), fields_.text(CmdlineKey));
}

void CadetsParser::read_fork() {
    event_.object = id(New1Key);
    if (event_.object) {
        const auto pid = static_cast<std::int32_t>(fields_.integer(ArgPidKey));
        processes_.forked(event_.process, event_.object, pid, event_.ts_ns);
    }
}

void CadetsParser::read_socket() {
    switch (event_.op) {
        case Op::Accept:
            event_.object = id(Object2Key);
            event_.fd = static_cast<std::int32_t>(event_.ret);
            break;
        case Op::Connect:
        case Op::Bind:
            event_.object = id(Object1Key);
            break;
        default:
            event_.object = id(New1Key);
            event_.fd = static_cast<std::int32_t>(event_.ret);
    }
    describe_socket(event_.object, event_.op);
}

// An address of accept, connect and bind holds; one that came with data is better than none.
void CadetsParser::describe_socket(EntityId id, Op op) {
    if (!id) return;
    const event::Socket* before = sockets_.find(id);
    event::Socket socket = before != nullptr ? *before : event::Socket{.id = id, .since_ns = event_.ts_ns};
    const std::string address = fields_.text(AddressKey);
    const std::int64_t port = fields_.integer(PortKey);
    const bool settles = op == Op::Accept || op == Op::Connect || op == Op::Bind;
    if (fields_.has(PortKey) && (settles || socket.remote.empty())) {
        const bool six = address.find(':') != std::string::npos;
        (op == Op::Bind ? socket.local : socket.remote) =
            six ? fmt::format("[{}]:{}", address, port) : fmt::format("{}:{}", address, port);
        // What accepts speaks TCP; of others the trace does not say.
        socket.protocol = op == Op::Accept ? "tcp" : six ? "inet6" : "inet";
    } else if (fields_.has(AddressKey) && !fields_.has(PortKey) && socket.protocol.empty()) {
        socket.protocol = "unix";
        const std::string path = fields_.text(Path1Key);
        if (settles) (op == Op::Connect ? socket.remote : socket.local) = path.empty() ? address : path;
    }
    sink_.add(socket);
    sockets_.insert(id, std::move(socket));
}

void CadetsParser::read_user() {
    const bool user = event_.op == Op::Setuid;
    const std::int64_t same = fields_.integer(UidKey);
    std::int64_t real = fields_.integer(user ? ArgRuidKey : ArgRgidKey,
                                        fields_.integer(user ? ArgUidKey : ArgGidKey, kUnsaid));
    std::int64_t effective = fields_.integer(user ? ArgEuidKey : ArgEgidKey, real);
    if (real == kUnsaid) real = user ? same : effective;
    if (effective == kUnsaid) effective = real;
    event_.arg = pair_of(effective, real);
    if (!user) return;
    const std::string name = fmt::format("{}", effective);
    event_.object = id_of("cadets user", name);
    sink_.add(event::Object{
        .id = event_.object, .type = event::EntityType::User, .since_ns = event_.ts_ns, .label = name});
}

}  // namespace

bool looks_like_cadets(std::string_view line) {
    return line.find("\"audit:event:aue_") != std::string_view::npos;
}

std::unique_ptr<Parser> make_cadets(Sink& sink) { return std::make_unique<CadetsParser>(sink); }

}  // namespace catena::import
