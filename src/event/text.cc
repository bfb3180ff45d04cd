#include "event/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <iterator>
#include <string_view>
#include <variant>

#include "event/arguments.h"
#include "event/escape.h"
#include "sys/errno_names.h"

namespace catena::event {
namespace {

std::string_view base_name(std::string_view path) {
    return path.substr(path.find_last_of('/') + 1);  // npos + 1 is 0
}

// Ids are shortened as the runtimes' own tools shorten them.
std::string container_text(const sys::CgroupAttribution& cgroup) {
    constexpr std::size_t kIdLength = 64;
    constexpr std::size_t kShortLength = 12;
    const std::string_view container = cgroup.container;
    return fmt::format(
        "{} {}", escape_for_terminal(cgroup.runtime),
        escape_for_terminal(container.size() == kIdLength ? container.substr(0, kShortLength) : container));
}

std::string socket_text(const Socket& socket) {
    std::string text = escape_for_terminal(socket.protocol);
    if (!socket.local.empty()) text += ' ' + escape_for_terminal(socket.local);
    if (!socket.remote.empty()) text += " → " + escape_for_terminal(socket.remote);
    return text;
}

// What the operation is about: its paths where it has some, the object otherwise.
std::string subject(const Event& event, const EntityTable& entities) {
    if (event.path.empty()) return event.object ? object_text(event.object, event.ts_ns, entities) : "";
    std::string text = escape_for_terminal(event.path);
    if (!event.path2.empty()) text += " → " + escape_for_terminal(event.path2);
    return text;
}

void append_details(std::string& line, const Event& event) {
    const auto out = std::back_inserter(line);
    if (event.bytes != 0 || carries_bytes(event.op)) fmt::format_to(out, "  {} bytes", event.bytes);
    if (event.fd >= 0) fmt::format_to(out, "  fd {}", event.fd);
    for (const Argument& argument : arguments(event)) {
        std::visit([&](const auto& value) { fmt::format_to(out, "  {} {}", argument.name, value); },
                   argument.value);
    }
    if (event.op == Op::Exec && !event.path2.empty()) {
        fmt::format_to(out, "  as {}", escape_for_terminal(event.path2));
    }
    if (event.op == Op::Thread) fmt::format_to(out, "  thread {}", event.ret);
    if (event.ret < 0)
        fmt::format_to(
            out, "  failed {}",
            sys::errno_name(-static_cast<int>(std::max<std::int64_t>(event.ret, -sys::kMaxErrno))));
    if (event.count > 1) fmt::format_to(out, "  {} times", event.count);
}

}  // namespace

std::string time_of_day(std::int64_t ts_ns) {
    const std::time_t seconds = ts_ns / 1'000'000'000;
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return fmt::format("{:02}:{:02}:{:02}.{:06}", local.tm_hour, local.tm_min, local.tm_sec,
                       ts_ns % 1'000'000'000 / 1000);
}

std::string process_name(const ProcessImage& image) {
    return escape_for_terminal(image.exe.empty() ? std::string_view(image.comm) : base_name(image.exe));
}

std::string object_text(EntityId id, std::int64_t at_ns, const EntityTable& entities) {
    if (const ProcessImage* image = entities.process(id, at_ns)) {
        return fmt::format("{} ({})", image->pid, process_name(*image));
    }
    if (const FileName* name = entities.file(id, at_ns)) return escape_for_terminal(name->path);
    if (const Socket* socket = entities.socket(id)) return socket_text(*socket);
    if (const Object* object = entities.object(id)) return escape_for_terminal(object->label);
    return fmt::format("unknown {:x}", id.value);
}

std::string to_text_line(const Event& event, const EntityTable& entities) {
    const ProcessImage* image = entities.process(event.process, event.ts_ns);
    std::string line = fmt::format("{} {:>7} {:<15} {:<12} {}", time_of_day(event.ts_ns),
                                   image != nullptr ? std::to_string(image->pid) : "?",
                                   image != nullptr ? process_name(*image) : "?", to_string(event.op),
                                   subject(event, entities));
    append_details(line, event);
    if (image != nullptr && !attribution_of(*image).cgroup.container.empty())
        line += "  in " + container_text(attribution_of(*image).cgroup);
    if (const FunctionPath* functions = entities.functions(event.context))
        line += "  by " + escape_for_terminal(functions->path);
    line.erase(line.find_last_not_of(' ') + 1);
    return line;
}

}  // namespace catena::event
