// SysFlow: records of the SysFlow collector (github.com/sysflow-telemetry), turned from Avro into JSON Lines:
// an object a line whose "_" says what it is. A flow sums up what a process did with one file or connection
// from open to close; here it becomes an event a direction, from the flow's beginning to its end.
//
// SysFlow knows a file by its container and path. Here the file behind a path is another one after a rename
// or an unlink, so that what was written follows the file and not its name.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "import/format.h"
#include "import/ids.h"
#include "import/json.h"
#include "import/processes.h"
#include "import/sysflow_files.h"

namespace catena::import {
namespace {

using base::ErrorCode;
using event::EntityId;
using event::Op;

enum Field : std::size_t {
    kKind,
    kState,
    kOid,
    kPoid,
    kTs,
    kExe,
    kExeArgs,
    kUid,
    kUserName,
    kGid,
    kContainerId,
    kResType,
    kPath,
    kProcOid,
    kTid,
    kOpFlags,
    kOpenFlags,
    kEndTs,
    kFileOid,
    kNewFileOid,
    kFd,
    kReadOps,
    kWriteOps,
    kReadBytes,
    kWriteBytes,
    kSip,
    kSport,
    kDip,
    kDport,
    kProto,
    kRet,
    kId,
    kType,
    kVersion,
    kExporter,
    kName,
    kImage,
    kImageId,
    kPrivileged,
    kGroupName,
    kTty,
    kArgs
};
constexpr std::array<std::string_view, 42> kFields = {
    "_",           "state",       "oid",         "poid",          "ts",
    "exe",         "exeArgs",     "uid",         "userName",      "gid",
    "containerId", "restype",     "path",        "procOID",       "tid",
    "opFlags",     "openFlags",   "endTs",       "fileOID",       "newFileOID",
    "fd",          "numRRecvOps", "numWSendOps", "numRRecvBytes", "numWSendBytes",
    "sip",         "sport",       "dip",         "dport",         "proto",
    "ret",         "id",          "type",        "version",       "exporter",
    "name",        "image",       "imageid",     "privileged",    "groupName",
    "tty",         "args"};

enum OidField : std::size_t { kCreateTs, kHpid, kOidKind };
constexpr std::array<std::string_view, 3> kOidFields = {"createTS", "hpid", "_"};

// opFlags, by SysFlow's specification.
enum Flag : std::int64_t {
    kClone = 1 << 0,
    kExec = 1 << 1,
    kExit = 1 << 2,
    kSetuid = 1 << 3,
    kSetns = 1 << 4,
    kAccept = 1 << 5,
    kConnect = 1 << 6,
    kOpen = 1 << 7,
    kRead = 1 << 8,
    kWrite = 1 << 9,
    kTruncate = 1 << 11,
    kMmap = 1 << 13,
    kMkdir = 1 << 15,
    kRmdir = 1 << 16,
    kLink = 1 << 17,
    kUnlink = 1 << 18,
    kSymlink = 1 << 19,
    kRename = 1 << 20
};
// openFlags, as sysdig's drivers number them, and Linux's.
struct OpenFlag {
    std::int64_t theirs;
    std::int64_t ours;
};
constexpr OpenFlag kOpenFlagTable[] = {{0x4, 0x40},      {0x8, 0x400},     {0x10, 0x1000},   {0x20, 0x80},
                                       {0x40, 0x800},    {0x80, 0x101000}, {0x100, 0x200},   {0x200, 0x4000},
                                       {0x400, 0x10000}, {0x800, 0x8000},  {0x1000, 0x80000}};

std::int64_t linux_open_flags(std::int64_t theirs) {
    std::int64_t ours = std::max<std::int64_t>((theirs & 3) - 1, 0);  // 1 reads, 2 writes, 3 does both
    for (const OpenFlag& flag : kOpenFlagTable) ours |= (theirs & flag.theirs) != 0 ? flag.ours : 0;
    return ours;
}

// An address as SysFlow has it: the four bytes in the order of the network, read by a little-endian machine.
std::string address_of(std::int64_t ip, std::int64_t port) {
    return fmt::format("{}.{}.{}.{}:{}", ip & 0xff, ip >> 8 & 0xff, ip >> 16 & 0xff, ip >> 24 & 0xff, port);
}

std::string protocol_of(std::int64_t number) {
    return number == 6 ? "tcp" : number == 17 ? "udp" : fmt::format("inet/{}", number);
}

class SysflowParser final : public Parser {
  public:
    explicit SysflowParser(Sink& sink)
        : sink_(sink),
          files_(sink),
          fields_(kFields),
          oid_(kOidFields),
          by_pid_(kMany),
          images_(kMany),
          ends_(kMany) {}

    base::Status line(const Line& line) override;

  private:
    static constexpr std::size_t kMany = std::size_t{1} << 17;
    struct Oid {
        EntityId id;
        std::int32_t pid = 0;
        std::int64_t start_ns = 0;
    };

    std::optional<Oid> oid(Field field);
    base::Status read(std::string_view kind);
    base::Status read_process();
    base::Status read_file();
    base::Status read_process_event();
    base::Status read_file_event();
    base::Status read_file_flow();
    base::Status read_network_flow();
    base::Status begin();
    void emit(Op op, std::string_view syscall);
    void emit_flow(Op op, std::string_view syscall, Field ops, Field bytes);
    void describe_connection(bool serves);

    Sink& sink_;
    SysflowFiles files_;
    JsonParser json_;
    JsonFields fields_;
    JsonFields oid_;
    Oid actor_;
    event::Event event_;
    std::string container_;
    std::string container_runtime_;
    base::GenerationMap<std::int32_t, EntityId> by_pid_;         // who has that pid now
    base::GenerationMap<EntityId, event::ProcessImage> images_;  // as last told
    base::GenerationMap<EntityId, bool> ends_;                   // ends of connections that were met
};

// A collector that starts calls every process that it finds "0:pid". One that an earlier part of the log
// knows under its full name, and did not see end, is that one.
std::optional<SysflowParser::Oid> SysflowParser::oid(Field field) {
    const auto object = fields_.object(field);
    if (!object) return std::nullopt;
    oid_.read(object, json_.repaired(), sink_.unknown_fields());
    for (const OidField part : {kCreateTs, kHpid}) oid_.require(part);
    Oid found{.pid = static_cast<std::int32_t>(oid_.integer(kHpid)), .start_ns = oid_.integer(kCreateTs)};
    if (!oid_.status()) return std::nullopt;
    const EntityId* known = by_pid_.find(found.pid);
    found.id = found.start_ns == 0 && known != nullptr
                   ? *known
                   : id_of("sysflow process", fmt::format("{}:{}", found.start_ns, found.pid));
    by_pid_.insert(found.pid, found.id);
    return found;
}

base::Status SysflowParser::line(const Line& line) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    const auto object = json_.parse(line.text);
    if (!object) return std::unexpected(object.error());
    fields_.read(*object, json_.repaired(), sink_.unknown_fields());
    fields_.require(kKind);
    const std::string_view kind = fields_.view(kKind);
    if (auto status = fields_.status(); !status) return status;
    return read(kind);
}

base::Status SysflowParser::read(std::string_view kind) {
    if (kind == "FileFlow") return read_file_flow();
    if (kind == "NetworkFlow") return read_network_flow();
    if (kind == "ProcessEvent") return read_process_event();
    if (kind == "FileEvent") return read_file_event();
    if (kind == "Process") return read_process();
    if (kind == "File") return read_file();
    if (kind == "Container") {
        container_ = fields_.text(kId);
        const std::string_view type = fields_.view(kType);
        container_runtime_ = type == "CT_DOCKER"       ? "docker"
                             : type == "CT_CRIO"       ? "crio"
                             : type == "CT_CONTAINERD" ? "containerd"
                                                       : "";
        return fields_.status();
    }
    if (kind == "SFHeader") {
        sink_.meta("import_exporter", fields_.text(kExporter));
        return fields_.status();
    }
    sink_.pass_unknown(kind);
    return {};
}

base::Status SysflowParser::read_process() {
    fields_.require(kTs);
    const auto self = oid(kOid);
    const auto parent = oid(kPoid);
    const std::string exe = fields_.text(kExe);
    const std::string arguments = fields_.text(kExeArgs);
    event::ProcessImage image{.since_ns = fields_.integer(kTs),
                              .uid = static_cast<std::uint32_t>(fields_.integer(kUid)),
                              .gid = static_cast<std::uint32_t>(fields_.integer(kGid)),
                              .exe = exe == "<NA>" ? "" : exe};
    event::Attribution whose{.user = fields_.text(kUserName)};
    whose.cgroup.container = fields_.text(kContainerId);
    if (auto status = fields_.status(); !status) return status;
    if (!self) return base::fail(ErrorCode::BadInput, "\"oid\" is missing, or no process");
    image.id = self->id;
    image.pid = self->pid;
    image.euid = image.uid;
    image.comm = base_name(image.exe);
    image.cmdline = arguments.empty() ? image.exe : image.exe + " " + arguments;
    if (parent) image.parent = parent->id;
    const event::ProcessImage* known = images_.find(image.id);
    image.start_ns = known != nullptr ? known->start_ns : self->start_ns;
    if (!whose.cgroup.container.empty() && whose.cgroup.container == container_)
        whose.cgroup.runtime = container_runtime_;
    const bool same = known != nullptr && known->exe == image.exe && known->cmdline == image.cmdline &&
                      known->uid == image.uid && attribution_of(*known) == whose;
    if (same) return {};
    image.attribution = known != nullptr && attribution_of(*known) == whose
                            ? known->attribution
                            : std::make_shared<const event::Attribution>(std::move(whose));
    sink_.add(image);
    images_.insert(image.id, std::move(image));
    return {};
}

base::Status SysflowParser::read_file() {
    for (const Field field : {kOid, kResType}) fields_.require(field);
    const SysflowFiles::Record record{.oid = fields_.text(kOid),
                                      .container = fields_.text(kContainerId),
                                      .path = fields_.text(kPath),
                                      .type = static_cast<char>(fields_.integer(kResType))};
    if (auto status = fields_.status(); !status) return status;
    files_.add(record);
    return {};
}

// What all events and flows have. Looks at every field that they use, so that a line is taken or left as a
// whole.
base::Status SysflowParser::begin() {
    for (const Field field : {kProcOid, kTs, kOpFlags}) fields_.require(field);
    const auto actor = oid(kProcOid);
    event_ = {.ts_ns = fields_.integer(kTs), .tid = static_cast<std::int32_t>(fields_.integer(kTid))};
    event_.last_ns = std::max(event_.ts_ns, fields_.integer(kEndTs));
    for (const Field field : {kOpFlags, kOpenFlags, kFd, kReadOps, kWriteOps, kReadBytes, kWriteBytes, kSip,
                              kSport, kDip, kDport, kProto, kRet})
        fields_.integer(field);
    for (const Field field : {kFileOid, kNewFileOid}) fields_.view(field);
    if (auto status = fields_.status(); !status) return status;
    if (!actor) return base::fail(ErrorCode::BadInput, "\"procOID\" is no process");
    actor_ = *actor;
    event_.process = actor->id;
    event_.fd = static_cast<std::int32_t>(fields_.integer(kFd, -1));
    return {};
}

void SysflowParser::emit(Op op, std::string_view syscall) {
    event::Event event = event_;
    event.op = op;
    event.syscall = syscall;
    event.last_ns = event.ts_ns;
    event.ret = fields_.integer(kRet);
    sink_.add(std::move(event));
}

void SysflowParser::emit_flow(Op op, std::string_view syscall, Field ops, Field bytes) {
    event::Event event = event_;
    event.op = op;
    event.syscall = syscall;
    event.bytes = event.ret = fields_.integer(bytes);
    event.count = static_cast<std::uint64_t>(std::max<std::int64_t>(fields_.integer(ops), 1));
    sink_.add(std::move(event));
}

base::Status SysflowParser::read_process_event() {
    if (auto status = begin(); !status) return status;
    const std::int64_t flags = fields_.integer(kOpFlags);
    const event::ProcessImage* image = images_.find(actor_.id);
    if (flags == kClone && fields_.integer(kRet) == 0) {
        // Told by the child; by a thread of its own process where it has no new one.
        event_.object = actor_.id;
        if (event_.tid != actor_.pid) {
            emit(Op::Thread, "clone");
        } else if (image != nullptr && image->parent) {
            event_.process = image->parent;
            event_.tid = 0;
            emit(Op::Fork, "clone");
        } else {
            sink_.pass();
        }
    } else if (flags == kExec) {
        if (image != nullptr && !image->exe.empty()) {
            event_.object = files_.by_path(attribution_of(*image).cgroup.container, image->exe, event_.ts_ns);
            event_.path2 = image->exe;
        }
        emit(Op::Exec, "execve");
    } else if (flags == kExit && event_.tid == actor_.pid) {
        by_pid_.erase(actor_.pid);
        emit(Op::Exit, "");
    } else if (flags == kSetuid) {
        emit(Op::Setuid, "setuid");
    } else if (flags == kSetns) {
        emit(Op::Setns, "setns");
    } else {
        sink_.pass();  // the parent's side of a clone, the end of a thread
    }
    return {};
}

base::Status SysflowParser::read_file_event() {
    struct Row {
        Flag flag;
        Op op;
        std::string_view syscall;
    };
    static constexpr Row kRows[] = {{kMkdir, Op::Mkdir, "mkdir"},       {kRmdir, Op::Rmdir, "rmdir"},
                                    {kLink, Op::Link, "link"},          {kUnlink, Op::Unlink, "unlink"},
                                    {kSymlink, Op::Symlink, "symlink"}, {kRename, Op::Rename, "rename"}};
    if (auto status = begin(); !status) return status;
    const std::int64_t flags = fields_.integer(kOpFlags);
    const Row* row = std::ranges::find(kRows, flags, [](const Row& each) { return std::int64_t{each.flag}; });
    const std::string oid = fields_.text(kFileOid);
    if (row == std::end(kRows) || oid.empty()) {
        sink_.pass();
        return {};
    }
    const std::string new_oid = fields_.text(kNewFileOid);
    event_.object = files_.at(oid, event_.ts_ns);
    event_.path = files_.path(oid);
    event_.path2 = files_.path(new_oid);
    emit(row->op, row->syscall);
    if (fields_.integer(kRet) < 0) return {};
    if (flags == kRename) files_.rename(oid, new_oid, event_.ts_ns);
    if (flags == kLink) files_.link(oid, new_oid, event_.ts_ns);
    if (flags == kUnlink || flags == kRmdir) files_.unlink(oid, event_.ts_ns);
    return {};
}

base::Status SysflowParser::read_file_flow() {
    if (auto status = begin(); !status) return status;
    const std::int64_t flags = fields_.integer(kOpFlags);
    const std::string oid = fields_.text(kFileOid);
    event_.object =
        files_.is_nameless(oid)
            ? files_.nameless(oid, fmt::format("{}:{}", event_.process.value, event_.fd), event_.ts_ns)
            : files_.at(oid, event_.ts_ns);
    if ((flags & kOpen) != 0) {
        event_.arg = linux_open_flags(fields_.integer(kOpenFlags));
        constexpr std::int64_t kTruncates = 0x200;
        const bool truncates = (event_.arg & kTruncates) != 0;
        if (truncates) event_.arg = 0;
        emit(truncates ? Op::Truncate : Op::Open, "openat");
        event_.arg = 0;
    } else if ((flags & kTruncate) != 0) {
        emit(Op::Truncate, "ftruncate");
    }
    if ((flags & kMmap) != 0) emit(Op::Mmap, "mmap");
    if ((flags & kRead) != 0) emit_flow(Op::Read, "read", kReadOps, kReadBytes);
    if ((flags & kWrite) != 0) emit_flow(Op::Write, "write", kWriteOps, kWriteBytes);
    if ((flags & (kOpen | kTruncate | kMmap | kRead | kWrite)) == 0) sink_.pass();
    return {};
}

// The end of a connection that a process holds. Where both ends are on this host they are peers.
void SysflowParser::describe_connection(bool serves) {
    const std::string source = address_of(fields_.integer(kSip), fields_.integer(kSport));
    const std::string target = address_of(fields_.integer(kDip), fields_.integer(kDport));
    const std::string protocol = protocol_of(fields_.integer(kProto));
    // An end without addresses is like no other.
    const bool nowhere = fields_.integer(kSip) == 0 && fields_.integer(kDip) == 0;
    const std::string holder = nowhere ? fmt::format(" {}:{}", event_.process.value, event_.fd) : "";
    const std::string tuple = fmt::format("{} {} {}{}", source, target, protocol, holder);
    const auto end = [&](bool of_server) {
        return event::Socket{.id = id_of(of_server ? "sysflow server" : "sysflow client", tuple),
                             .since_ns = event_.ts_ns,
                             .protocol = protocol,
                             .local = of_server ? target : source,
                             .remote = of_server ? source : target};
    };
    event::Socket mine = end(serves);
    event::Socket other = end(!serves);
    if (ends_.find(other.id) != nullptr) {
        mine.peer = other.id;
        other.peer = mine.id;
        sink_.add(other);
    }
    ends_.insert(mine.id, true);
    event_.object = mine.id;
    sink_.add(mine);
}

base::Status SysflowParser::read_network_flow() {
    if (auto status = begin(); !status) return status;
    const std::int64_t flags = fields_.integer(kOpFlags);
    describe_connection((flags & kAccept) != 0);
    if ((flags & kConnect) != 0) emit(Op::Connect, "connect");
    if ((flags & kAccept) != 0) emit(Op::Accept, "accept");
    if ((flags & kRead) != 0) emit_flow(Op::Recv, "recvfrom", kReadOps, kReadBytes);
    if ((flags & kWrite) != 0) emit_flow(Op::Send, "sendto", kWriteOps, kWriteBytes);
    if ((flags & (kConnect | kAccept | kRead | kWrite)) == 0) sink_.pass();
    return {};
}

}  // namespace

bool looks_like_sysflow(std::string_view line) {
    return line.find("\"procOID\"") != std::string_view::npos ||
           line.find("\"SFHeader\"") != std::string_view::npos;
}

std::unique_ptr<Parser> make_sysflow(Sink& sink) { return std::make_unique<SysflowParser>(sink); }

}  // namespace catena::import
