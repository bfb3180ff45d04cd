// JSON Lines of Catena: what `catena events --format json` prints (docs/formats/events.md), and the shorter
// form that other programs may write (docs/formats/import.md): an event a line, with the entities that it
// names.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>

#include "event/escape.h"
#include "import/format.h"
#include "import/id_set.h"
#include "import/ids.h"
#include "import/json.h"
#include "import/jsonl_arguments.h"
#include "import/processes.h"

namespace catena::import {
namespace {

using base::ErrorCode;
using event::EntityId;
using event::EntityType;
using event::Op;

enum EventField : std::size_t {
    IdKey,
    TsNsKey,
    OpKey,
    SyscallKey,
    ProcessKey,
    TidKey,
    ObjectKey,
    BytesKey,
    RetKey,
    CountKey,
    FdKey,
    PathKey,
    SourceKey,
    LastNsKey,
    AbiKey,
    Path2Key,
    ErrorKey,
    ArgumentsKey
};
constexpr auto kEventFields = [] {
    std::array<std::string_view, ArgumentsKey + kArgumentNames.size()> names = {
        "id",    "ts_ns", "op",   "syscall", "process", "tid", "object", "bytes", "ret",
        "count", "fd",    "path", "source",  "last_ns", "abi", "path2",  "error"};
    std::ranges::copy(kArgumentNames, names.begin() + ArgumentsKey);
    return names;
}();

enum ProcessField : std::size_t {
    ProcessIdKey,
    PidKey,
    ExeKey,
    CmdlineKey,
    UidKey,
    ParentKey,
    StartNsKey,
    UserKey,
    LoginUidKey,
    LoginUserKey,
    SessionKey,
    UnitKey,
    UserUnitKey,
    ContainerKey,
    RuntimeKey,
    PodKey,
    ProcessTypeKey,
    CommKey
};
constexpr std::array<std::string_view, 18> kProcessFields = {
    "id",         "pid",     "exe",  "cmdline",   "uid",       "parent",  "start_ns", "user", "login_uid",
    "login_user", "session", "unit", "user_unit", "container", "runtime", "pod",      "type", "comm"};

enum ObjectField : std::size_t {
    TypeKey,
    ObjectIdKey,
    ObjectPathKey,
    InodeKey,
    DevKey,
    KindKey,
    ProtocolKey,
    LocalKey,
    RemoteKey,
    PeerKey,
    LabelKey,
    ObjectPidKey,
    ObjectExeKey,
    ObjectCommKey
};
constexpr std::array<std::string_view, 14> kObjectFields = {"type",  "id",       "path",  "inode",  "dev",
                                                            "kind",  "protocol", "local", "remote", "peer",
                                                            "label", "pid",      "exe",   "comm"};

std::optional<EntityType> type_from(std::string_view name) {
    for (const EntityType type : {EntityType::Process, EntityType::File, EntityType::Socket, EntityType::Pipe,
                                  EntityType::Memory, EntityType::User}) {
        if (event::to_string(type) == name) return type;
    }
    return std::nullopt;
}

event::FileKind kind_from(std::string_view name) {
    for (int i = 0; i <= static_cast<int>(event::FileKind::Fifo); ++i) {
        if (event::to_string(static_cast<event::FileKind>(i)) == name) return static_cast<event::FileKind>(i);
    }
    return event::FileKind::Unknown;
}

// "254:0" → the kernel's number; 0 where it is something else.
std::uint32_t device_from(std::string_view text) {
    std::uint32_t major = 0;
    std::uint32_t minor = 0;
    const char* end = text.data() + text.size();
    const auto [colon, first] = std::from_chars(text.data(), end, major);
    if (first != std::errc{} || colon == end || *colon != ':') return 0;
    const auto [stop, second] = std::from_chars(colon + 1, end, minor);
    return second == std::errc{} && stop == end ? major << 20U | (minor & 0xfffffU) : 0;
}

// The name in static storage, as event::Event wants it; empty where no table has it.
std::string_view static_call_name(std::string_view name) {
    static const std::unordered_set<std::string_view> kNames = [] {
        std::unordered_set<std::string_view> names;
        for (const sys::Abi abi : {sys::Abi::X64, sys::Abi::I386, sys::Abi::X32}) {
            for (const sys::SyscallRow& row : sys::syscalls(abi)) names.insert(row.name);
        }
        return names;
    }();
    const auto found = kNames.find(name);
    return found != kNames.end() ? *found : std::string_view{};
}

EntityId id(std::string_view name) { return name.empty() ? EntityId{} : id_of("jsonl", name); }

class JsonlParser final : public Parser {
  public:
    explicit JsonlParser(Sink& sink)
        : sink_(sink),
          fields_(kEventFields),
          process_(kProcessFields),
          object_(kObjectFields),
          images_(kImages) {}

    base::Status line(const Line& line) override;

  private:
    static constexpr std::size_t kImages = std::size_t{1} << 17;

    base::Status read_event();
    base::Status read_process();
    base::Status read_object();
    void describe_process();
    void describe_child();
    void describe_object(EntityType type);
    void add_image(event::ProcessImage image);
    std::string text(JsonFields& fields, std::size_t field) { return event::unescape(fields.text(field)); }

    Sink& sink_;
    JsonParser json_;
    JsonFields fields_;
    JsonFields process_;
    JsonFields object_;
    event::Event event_;
    IdSet ids_;
    base::GenerationMap<EntityId, event::ProcessImage> images_;  // as last described
};

base::Status JsonlParser::line(const Line& line) {
    if (line.text.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    const auto object = json_.parse(line.text);
    if (!object) return std::unexpected(object.error());
    fields_.read(*object, json_.repaired(), sink_.unknown_fields());
    fields_.require(TsNsKey);
    fields_.require(OpKey);
    const std::string_view name = fields_.view(OpKey);
    if (auto status = fields_.status(); !status) return status;
    const auto op = event::op_from_string(name);
    if (!op || *op == Op::None) {
        sink_.pass_unknown(name);
        return {};
    }
    event_ = {.op = *op};
    for (const auto read :
         {&JsonlParser::read_event, &JsonlParser::read_process, &JsonlParser::read_object}) {
        if (auto status = (this->*read)(); !status) return status;
    }
    if (event_.id != 0 && !ids_.insert(event_.id))
        return base::fail(ErrorCode::BadInput, fmt::format("event {} is there already", event_.id));
    if (process_.has(ProcessIdKey)) describe_process();
    if (object_.has(TypeKey)) describe_object(*type_from(object_.view(TypeKey)));
    sink_.add(std::move(event_));
    return {};
}

base::Status JsonlParser::read_event() {
    event_.id = std::max<std::int64_t>(fields_.integer(IdKey), 0);
    event_.ts_ns = fields_.integer(TsNsKey);
    event_.last_ns = fields_.integer(LastNsKey, event_.ts_ns);
    event_.syscall = static_call_name(fields_.view(SyscallKey));
    event_.tid = static_cast<std::int32_t>(fields_.integer(TidKey));
    event_.bytes = fields_.integer(BytesKey);
    event_.ret = fields_.integer(RetKey, event_.bytes);
    const std::int64_t count = fields_.integer(CountKey, 1);
    event_.fd = static_cast<std::int32_t>(fields_.integer(FdKey, -1));
    event_.path = text(fields_, PathKey);
    event_.path2 = text(fields_, Path2Key);
    event_.source = fields_.view(SourceKey) == "user" ? event::Source::User : event::Source::Kernel;
    event_.abi = sys::abi_from_string(fields_.view(AbiKey));
    fields_.object(ProcessKey);
    fields_.object(ObjectKey);
    if (auto status = fields_.status(); !status) return status;
    if (count < 1) return base::fail(ErrorCode::BadInput, "\"count\" is less than 1");
    if (event_.last_ns < event_.ts_ns)
        return base::fail(ErrorCode::BadInput, "\"last_ns\" is before \"ts_ns\"");
    event_.count = static_cast<std::uint64_t>(count);
    if (const auto unread = read_arguments(event_, fields_, ArgumentsKey); !unread.empty())
        sink_.unknown_fields().count(unread);
    return {};
}

base::Status JsonlParser::read_process() {
    const auto object = fields_.object(ProcessKey);
    process_.read(object, json_.repaired(), sink_.unknown_fields());
    if (!object) return {};
    process_.require(ProcessIdKey);
    event_.process = id(process_.view(ProcessIdKey));
    for (const ProcessField number : {PidKey, UidKey, StartNsKey, LoginUidKey, SessionKey})
        process_.integer(number);
    for (const ProcessField name : {ExeKey, CommKey, CmdlineKey, ParentKey, UserKey, LoginUserKey, UnitKey,
                                    UserUnitKey, ContainerKey, RuntimeKey, PodKey})
        process_.view(name);
    return process_.status();
}

base::Status JsonlParser::read_object() {
    const auto object = fields_.object(ObjectKey);
    object_.read(object, json_.repaired(), sink_.unknown_fields());
    if (!object) return {};
    object_.require(ObjectIdKey);
    event_.object = id(object_.view(ObjectIdKey));
    for (const ObjectField number : {InodeKey, ObjectPidKey}) object_.integer(number);
    for (const ObjectField name : {TypeKey, ObjectPathKey, DevKey, KindKey, ProtocolKey, LocalKey, RemoteKey,
                                   PeerKey, LabelKey, ObjectExeKey, ObjectCommKey})
        object_.view(name);
    if (auto status = object_.status(); !status) return status;
    if (object_.has(TypeKey) && !type_from(object_.view(TypeKey)))
        return base::fail(ErrorCode::BadInput, "\"type\" of the object is none that Catena knows");
    return {};
}

void JsonlParser::add_image(event::ProcessImage image) {
    const event::ProcessImage* known = images_.find(image.id);
    if (known != nullptr) {
        const auto same = [&](auto field) { return image.*field == known->*field; };
        if (same(&event::ProcessImage::exe) && same(&event::ProcessImage::comm) &&
            same(&event::ProcessImage::cmdline) && same(&event::ProcessImage::uid) &&
            same(&event::ProcessImage::parent) && attribution_of(image) == attribution_of(*known)) {
            return;
        }
        if (image.start_ns == 0) image.start_ns = known->start_ns;
        if (event::attribution_of(image) == event::attribution_of(*known))
            image.attribution = known->attribution;
    } else if (image.start_ns == 0 && image.parent && !fields_.has(SourceKey)) {
        // A log without forks: its processes began when they were first met. Catena's own lines, which always
        // have "source", tell the start wherever it is known.
        image.start_ns = image.since_ns;
    }
    sink_.add(image);
    const event::EntityId id = image.id;
    images_.insert(id, std::move(image));
}

void JsonlParser::describe_process() {
    event::ProcessImage image{.id = event_.process,
                              .since_ns = event_.ts_ns,
                              .start_ns = process_.integer(StartNsKey),
                              .pid = static_cast<std::int32_t>(process_.integer(PidKey)),
                              .parent = id(process_.view(ParentKey)),
                              .uid = static_cast<std::uint32_t>(process_.integer(UidKey)),
                              .exe = text(process_, ExeKey),
                              .cmdline = text(process_, CmdlineKey)};
    image.comm = image.exe.empty() ? text(process_, CommKey) : std::string(base_name(image.exe));
    image.euid = image.uid;
    event::Attribution whose;
    whose.user = text(process_, UserKey);
    whose.login_uid = static_cast<std::uint32_t>(process_.integer(LoginUidKey, event::kUnset));
    whose.login_user = text(process_, LoginUserKey);
    whose.session = static_cast<std::uint32_t>(process_.integer(SessionKey, event::kUnset));
    whose.cgroup.unit = text(process_, UnitKey);
    whose.cgroup.user_unit = text(process_, UserUnitKey);
    whose.cgroup.container = text(process_, ContainerKey);
    whose.cgroup.runtime = text(process_, RuntimeKey);
    whose.cgroup.pod = text(process_, PodKey);
    if (whose != event::Attribution{})
        image.attribution = std::make_shared<const event::Attribution>(std::move(whose));
    add_image(std::move(image));
}

// A process as an object: little is said of it, and a child is what its parent was.
void JsonlParser::describe_child() {
    if (images_.find(event_.object) != nullptr) return;
    event::ProcessImage image{.id = event_.object, .since_ns = event_.ts_ns};
    if (event_.op == Op::Fork) {
        if (const event::ProcessImage* parent = images_.find(event_.process)) image = *parent;
        image.id = event_.object;
        image.parent = event_.process;
        image.since_ns = image.start_ns = event_.ts_ns;
    }
    image.pid = static_cast<std::int32_t>(object_.integer(ObjectPidKey));
    image.exe = text(object_, ObjectExeKey);
    image.comm = image.exe.empty() ? text(object_, ObjectCommKey) : std::string(base_name(image.exe));
    add_image(std::move(image));
}

void JsonlParser::describe_object(EntityType type) {
    switch (type) {
        case EntityType::Process:
            describe_child();
            break;
        case EntityType::File:
            sink_.add(event::FileName{.id = event_.object,
                                      .since_ns = event_.ts_ns,
                                      .path = text(object_, ObjectPathKey),
                                      .inode = static_cast<std::uint64_t>(object_.integer(InodeKey)),
                                      .dev = device_from(object_.view(DevKey)),
                                      .kind = kind_from(object_.view(KindKey))});
            break;
        case EntityType::Socket:
            sink_.add(event::Socket{.id = event_.object,
                                    .since_ns = event_.ts_ns,
                                    .protocol = text(object_, ProtocolKey),
                                    .local = text(object_, LocalKey),
                                    .remote = text(object_, RemoteKey),
                                    .peer = id(object_.view(PeerKey)),
                                    .inode = static_cast<std::uint64_t>(object_.integer(InodeKey))});
            break;
        case EntityType::Pipe:
        case EntityType::Memory:
        case EntityType::User:
            sink_.add(event::Object{.id = event_.object,
                                    .type = type,
                                    .since_ns = event_.ts_ns,
                                    .label = text(object_, LabelKey)});
    }
}

}  // namespace

bool looks_like_jsonl(std::string_view line) {
    return line.find("\"ts_ns\"") != std::string_view::npos && line.find("\"op\"") != std::string_view::npos;
}

std::unique_ptr<Parser> make_jsonl(Sink& sink) { return std::make_unique<JsonlParser>(sink); }

}  // namespace catena::import
