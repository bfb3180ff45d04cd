#include "event/json_lines.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string_view>
#include <variant>

#include "event/arguments.h"
#include "event/attribution_json.h"
#include "event/escape.h"
#include "sys/errno_names.h"

namespace catena::event {
namespace {

using Json = nlohmann::ordered_json;  // keeps the order of the documentation

void put_text(Json& json, const char* key, std::string_view bytes) {
    if (!bytes.empty()) json[key] = escape(bytes);
}

void put_program(Json& json, const ProcessImage& image) {
    put_text(json, "exe", image.exe);
    if (image.exe.empty()) put_text(json, "comm", image.comm);
}

Json process_json(EntityId id, std::int64_t at_ns, const EntityTable& entities) {
    Json json{{"id", json_id(id, EntityType::Process)}};
    const ProcessImage* image = entities.process(id, at_ns);
    if (image == nullptr) return json;
    json["pid"] = image->pid;
    put_program(json, *image);
    put_text(json, "cmdline", image->cmdline);
    json["uid"] = image->uid;
    if (image->parent) json["parent"] = json_id(image->parent, EntityType::Process);
    if (image->start_ns != 0) json["start_ns"] = image->start_ns;
    put_attribution(json, attribution_of(*image));
    return json;
}

void describe_process(Json& json, const ProcessImage& image) {
    json["pid"] = image.pid;
    put_program(json, image);
}

void describe_file(Json& json, const FileName& name) {
    put_text(json, "path", name.path);
    if (name.inode == 0) return;
    json["inode"] = name.inode;
    json["dev"] = fmt::format("{}:{}", name.dev >> 20, name.dev & 0xfffff);
    if (name.kind != FileKind::Unknown) json["kind"] = to_string(name.kind);
}

void describe_socket(Json& json, const Socket& socket) {
    put_text(json, "protocol", socket.protocol);
    put_text(json, "local", socket.local);
    put_text(json, "remote", socket.remote);
    if (socket.inode != 0) json["inode"] = socket.inode;
    if (socket.peer) json["peer"] = json_id(socket.peer, EntityType::Socket);
}

Json object_json(EntityId id, std::int64_t at_ns, const EntityTable& entities) {
    const auto type = entities.type(id);
    if (!type) return Json{{"id", fmt::format("x{:x}", id.value)}};
    Json json{{"type", to_string(*type)}, {"id", json_id(id, *type)}};
    switch (*type) {
        case EntityType::Process:
            describe_process(json, *entities.process(id, at_ns));
            break;
        case EntityType::File:
            describe_file(json, *entities.file(id, at_ns));
            break;
        case EntityType::Socket:
            describe_socket(json, *entities.socket(id));
            break;
        case EntityType::Pipe:
        case EntityType::Memory:
        case EntityType::User:
            put_text(json, "label", entities.object(id)->label);
            break;
    }
    return json;
}

void put_arguments(Json& json, const Event& event) {
    for (const Argument& argument : arguments(event)) {
        std::visit([&](const auto& value) { json[std::string(argument.name)] = value; }, argument.value);
    }
}

}  // namespace

std::string json_id(EntityId id, EntityType type) {
    const char letter = type == EntityType::Process  ? 'p'
                        : type == EntityType::File   ? 'f'
                        : type == EntityType::Socket ? 's'
                                                     : 'o';
    return fmt::format("{}{:x}", letter, id.value);
}

std::string to_json_line(const Event& event, const EntityTable& entities) {
    Json json{{"id", event.id}, {"ts_ns", event.ts_ns}};
    if (event.last_ns != 0 && event.last_ns != event.ts_ns) json["last_ns"] = event.last_ns;
    json["op"] = to_string(event.op);
    put_text(json, "syscall", event.syscall);
    if (event.abi != sys::Abi::X64) json["abi"] = to_string(event.abi);
    if (event.process) json["process"] = process_json(event.process, event.ts_ns, entities);
    json["tid"] = event.tid;
    if (event.object) json["object"] = object_json(event.object, event.ts_ns, entities);
    if (event.bytes != 0 || carries_bytes(event.op)) json["bytes"] = event.bytes;
    json["ret"] = event.ret;
    if (event.ret < 0)
        json["error"] =
            sys::errno_name(-static_cast<int>(std::max<std::int64_t>(event.ret, -sys::kMaxErrno)));
    json["count"] = event.count;
    if (event.fd >= 0) json["fd"] = event.fd;
    put_text(json, "path", event.path);
    put_text(json, "path2", event.path2);
    put_arguments(json, event);
    if (const FunctionPath* functions = entities.functions(event.context)) {
        json["function"] = escape(functions->name);
        json["functions"] = escape(functions->path);
    }
    json["source"] = event.source == Source::Kernel ? "kernel" : "user";
    return json.dump();
}

}  // namespace catena::event
