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
    KindKey,
    StateKey,
    OidKey,
    PoidKey,
    TsKey,
    ExeKey,
    ExeArgsKey,
    UidKey,
    UserNameKey,
    GidKey,
    ContainerIdKey,
    ResTypeKey,
    PathKey,
    ProcOidKey,
    TidKey,
    OpFlagsKey,
    OpenFlagsKey,
    EndTsKey,
    FileOidKey,
    NewFileOidKey,
    FdKey,
    ReadOpsKey,
    WriteOpsKey,
    ReadBytesKey,
    WriteBytesKey,
    SipKey,
    SportKey,
    DipKey,
    DportKey,
    ProtoKey,
    RetKey,
    IdKey,
    TypeKey,
    VersionKey,
    ExporterKey,
    NameKey,
    ImageKey,
    ImageIdKey,
    PrivilegedKey,
    GroupNameKey,
    TtyKey,
    ArgsKey
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

enum OidField : std::size_t { CreateTsKey, HpidKey, OidKindKey };
constexpr std::array<std::string_view, 3> kOidFields = {"createTS", "hpid", "_"};

// opFlags, by SysFlow's specification.
enum Flag : std::int64_t {
    CloneBit = 1 << 0,
    ExecBit = 1 << 1,
    ExitBit = 1 << 2,
    SetuidBit = 1 << 3,
    SetnsBit = 1 << 4,
    AcceptBit = 1 << 5,
    ConnectBit = 1 << 6,
    OpenBit = 1 << 7,
    ReadBit = 1 << 8,
    WriteBit = 1 << 9,
    TruncateBit = 1 << 11,
    MmapBit = 1 << 13,
    MkdirBit = 1 << 15,
    RmdirBit = 1 << 16,
    LinkBit = 1 << 17,
    UnlinkBit = 1 << 18,
    SymlinkBit = 1 << 19,
    RenameBit = 1 << 20
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
    std::uint64_t parts_ = 0;  // each begins with a header, when a collector starts
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
    for (const OidField part : {CreateTsKey, HpidKey}) oid_.require(part);
    Oid found{.pid = static_cast<std::int32_t>(oid_.integer(HpidKey)), .start_ns = oid_.integer(CreateTsKey)};
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
    fields_.require(KindKey);
    const std::string_view kind = fields_.view(KindKey);
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
        container_ = fields_.text(IdKey);
        const std::string_view type = fields_.view(TypeKey);
        container_runtime_ = type == "CT_DOCKER"       ? "docker"
                             : type == "CT_CRIO"       ? "crio"
                             : type == "CT_CONTAINERD" ? "containerd"
                                                       : "";
        return fields_.status();
    }
    if (kind == "SFHeader") {
        sink_.meta("import_exporter", fields_.text(ExporterKey));
        ++parts_;
        return fields_.status();
    }
    sink_.pass_unknown(kind);
    return {};
}

base::Status SysflowParser::read_process() {
    fields_.require(TsKey);
    const auto self = oid(OidKey);
    const auto parent = oid(PoidKey);
    const std::string exe = fields_.text(ExeKey);
    const std::string arguments = fields_.text(ExeArgsKey);
    event::ProcessImage image{.since_ns = fields_.integer(TsKey),
                              .uid = static_cast<std::uint32_t>(fields_.integer(UidKey)),
                              .gid = static_cast<std::uint32_t>(fields_.integer(GidKey)),
                              .exe = exe == "<NA>" ? "" : exe};
    event::Attribution whose{.user = fields_.text(UserNameKey)};
    whose.cgroup.container = fields_.text(ContainerIdKey);
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
    // Unknown to an earlier part of the log: it began since.
    if (known == nullptr && image.start_ns == 0 && parts_ > 1) image.start_ns = image.since_ns;
    if (!whose.cgroup.container.empty() && whose.cgroup.container == container_)
        whose.cgroup.runtime = container_runtime_;
    const bool same = known != nullptr && known->exe == image.exe && known->cmdline == image.cmdline &&
                      known->uid == image.uid && attribution_of(*known) == whose;
    if (same) return {};
    image.attribution = known != nullptr && attribution_of(*known) == whose
                            ? known->attribution
                            : std::make_shared<const event::Attribution>(std::move(whose));
    sink_.add(image);
    const event::EntityId id = image.id;
    images_.insert(id, std::move(image));
    return {};
}

base::Status SysflowParser::read_file() {
    for (const Field field : {OidKey, ResTypeKey}) fields_.require(field);
    const SysflowFiles::Record record{.oid = fields_.text(OidKey),
                                      .container = fields_.text(ContainerIdKey),
                                      .path = fields_.text(PathKey),
                                      .type = static_cast<char>(fields_.integer(ResTypeKey))};
    if (auto status = fields_.status(); !status) return status;
    files_.add(record);
    return {};
}

// What all events and flows have. Looks at every field that they use, so that a line is taken or left as a
// whole.
base::Status SysflowParser::begin() {
    for (const Field field : {ProcOidKey, TsKey, OpFlagsKey}) fields_.require(field);
    const auto actor = oid(ProcOidKey);
    event_ = {.ts_ns = fields_.integer(TsKey), .tid = static_cast<std::int32_t>(fields_.integer(TidKey))};
    event_.last_ns = std::max(event_.ts_ns, fields_.integer(EndTsKey));
    for (const Field field : {OpFlagsKey, OpenFlagsKey, FdKey, ReadOpsKey, WriteOpsKey, ReadBytesKey,
                              WriteBytesKey, SipKey, SportKey, DipKey, DportKey, ProtoKey, RetKey})
        fields_.integer(field);
    for (const Field field : {FileOidKey, NewFileOidKey}) fields_.view(field);
    if (auto status = fields_.status(); !status) return status;
    if (!actor) return base::fail(ErrorCode::BadInput, "\"procOID\" is no process");
    actor_ = *actor;
    event_.process = actor->id;
    event_.fd = static_cast<std::int32_t>(fields_.integer(FdKey, -1));
    return {};
}

void SysflowParser::emit(Op op, std::string_view syscall) {
    event::Event event = event_;
    event.op = op;
    event.syscall = syscall;
    event.last_ns = event.ts_ns;
    event.ret = fields_.integer(RetKey);
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
    const std::int64_t flags = fields_.integer(OpFlagsKey);
    const event::ProcessImage* image = images_.find(actor_.id);
    if (flags == CloneBit && fields_.integer(RetKey) == 0) {
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
    } else if (flags == ExecBit) {
        if (image != nullptr && !image->exe.empty()) {
            event_.object = files_.by_path(attribution_of(*image).cgroup.container, image->exe, event_.ts_ns);
            event_.path2 = image->exe;
        }
        emit(Op::Exec, "execve");
    } else if (flags == ExitBit && event_.tid == actor_.pid) {
        by_pid_.erase(actor_.pid);
        emit(Op::Exit, "");
    } else if (flags == SetuidBit) {
        emit(Op::Setuid, "setuid");
    } else if (flags == SetnsBit) {
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
    static constexpr Row kRows[] = {{MkdirBit, Op::Mkdir, "mkdir"},       {RmdirBit, Op::Rmdir, "rmdir"},
                                    {LinkBit, Op::Link, "link"},          {UnlinkBit, Op::Unlink, "unlink"},
                                    {SymlinkBit, Op::Symlink, "symlink"}, {RenameBit, Op::Rename, "rename"}};
    if (auto status = begin(); !status) return status;
    const std::int64_t flags = fields_.integer(OpFlagsKey);
    const Row* row = std::ranges::find(kRows, flags, [](const Row& each) { return std::int64_t{each.flag}; });
    const std::string oid = fields_.text(FileOidKey);
    if (row == std::end(kRows) || oid.empty()) {
        sink_.pass();
        return {};
    }
    const std::string new_oid = fields_.text(NewFileOidKey);
    event_.object = files_.at(oid, event_.ts_ns);
    event_.path = files_.path(oid);
    event_.path2 = files_.path(new_oid);
    emit(row->op, row->syscall);
    if (fields_.integer(RetKey) < 0) return {};
    if (flags == RenameBit) files_.rename(oid, new_oid, event_.ts_ns);
    if (flags == LinkBit) files_.link(oid, new_oid, event_.ts_ns);
    if (flags == UnlinkBit || flags == RmdirBit) files_.unlink(oid, event_.ts_ns);
    return {};
}

base::Status SysflowParser::read_file_flow() {
    if (auto status = begin(); !status) return status;
    const std::int64_t flags = fields_.integer(OpFlagsKey);
    const std::string oid = fields_.text(FileOidKey);
    event_.object =
        files_.is_nameless(oid)
            ? files_.nameless(oid, fmt::format("{}:{}", event_.process.value, event_.fd), event_.ts_ns)
            : files_.at(oid, event_.ts_ns);
    if ((flags & OpenBit) != 0) {
        event_.arg = linux_open_flags(fields_.integer(OpenFlagsKey));
        constexpr std::int64_t kTruncates = 0x200;
        const bool truncates = (event_.arg & kTruncates) != 0 && files_.is_file(oid);
        if (truncates) event_.arg = 0;
        emit(truncates ? Op::Truncate : Op::Open, "openat");
        event_.arg = 0;
    } else if ((flags & TruncateBit) != 0) {
        emit(Op::Truncate, "ftruncate");
    }
    if ((flags & MmapBit) != 0) emit(Op::Mmap, "mmap");
    if ((flags & ReadBit) != 0) emit_flow(Op::Read, "read", ReadOpsKey, ReadBytesKey);
    if ((flags & WriteBit) != 0) emit_flow(Op::Write, "write", WriteOpsKey, WriteBytesKey);
    if ((flags & (OpenBit | TruncateBit | MmapBit | ReadBit | WriteBit)) == 0) sink_.pass();
    return {};
}

// The end of a connection that a process holds. Where both ends are on this host they are peers.
void SysflowParser::describe_connection(bool serves) {
    const std::string source = address_of(fields_.integer(SipKey), fields_.integer(SportKey));
    const std::string target = address_of(fields_.integer(DipKey), fields_.integer(DportKey));
    const std::string protocol = protocol_of(fields_.integer(ProtoKey));
    // An end without addresses is like no other.
    const bool nowhere = fields_.integer(SipKey) == 0 && fields_.integer(DipKey) == 0;
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
    const std::int64_t flags = fields_.integer(OpFlagsKey);
    describe_connection((flags & AcceptBit) != 0);
    if ((flags & ConnectBit) != 0) emit(Op::Connect, "connect");
    if ((flags & AcceptBit) != 0) emit(Op::Accept, "accept");
    if ((flags & ReadBit) != 0) emit_flow(Op::Recv, "recvfrom", ReadOpsKey, ReadBytesKey);
    if ((flags & WriteBit) != 0) emit_flow(Op::Send, "sendto", WriteOpsKey, WriteBytesKey);
    if ((flags & (ConnectBit | AcceptBit | ReadBit | WriteBit)) == 0) sink_.pass();
    return {};
}

}  // namespace

bool looks_like_sysflow(std::string_view line) {
    return line.find("\"procOID\"") != std::string_view::npos ||
           line.find("\"SFHeader\"") != std::string_view::npos;
}

std::unique_ptr<Parser> make_sysflow(Sink& sink) { return std::make_unique<SysflowParser>(sink); }

}  // namespace catena::import
