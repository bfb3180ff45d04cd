#include "event/call_lines.h"

#include <fmt/format.h>

#include <cstddef>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "event/escape.h"
#include "event/json_lines.h"
#include "event/text.h"
#include "sys/call_text.h"

namespace catena::event {
namespace {

sys::RawCall raw(const Call& call) {
    return {.abi = call.abi,
            .nr = call.nr,
            .args = call.args,
            .ret = call.ret,
            .returned = call.returned,
            .data = std::as_bytes(std::span(call.data))};
}

std::int64_t begin_ns(const Call& call) { return call.enter_ns != 0 ? call.enter_ns : call.exit_ns; }

// Seconds from entry to exit, nothing where one of them is not known.
std::string duration_text(const Call& call) {
    if (call.enter_ns == 0 || !call.returned || call.exit_ns < call.enter_ns) return "";
    const std::int64_t ns = call.exit_ns - call.enter_ns;
    return fmt::format("{}.{:06}", ns / 1'000'000'000, ns % 1'000'000'000 / 1000);
}

}  // namespace

std::string to_text_line(const Call& call, const EntityTable& entities) {
    const ProcessImage* image = entities.process(call.process, begin_ns(call));
    const FunctionPath* functions = entities.functions(call.context);
    // The call's text is printable by itself: what comes from memory is quoted.
    return fmt::format("{} {:>7} {:<15} {:>9}{} {}{}", time_of_day(begin_ns(call)), call.tid,
                       image != nullptr ? process_name(*image) : "?", duration_text(call),
                       call.abi == sys::Abi::X64 ? "" : fmt::format(" [{}]", sys::to_string(call.abi)),
                       sys::call_text(raw(call)),
                       functions != nullptr ? "  by " + escape_for_terminal(functions->path) : "");
}

std::string to_json_line(const Call& call, const EntityTable& entities) {
    const sys::RawCall source = raw(call);
    nlohmann::ordered_json json{{"call", call.id}};
    if (call.enter_ns != 0) json["enter_ns"] = call.enter_ns;
    if (call.returned) json["exit_ns"] = call.exit_ns;
    json["abi"] = sys::to_string(call.abi);
    json["nr"] = call.nr;
    json["syscall"] = sys::call_name(call.abi, call.nr);
    nlohmann::ordered_json process{{"id", json_id(call.process, EntityType::Process)}};
    if (const ProcessImage* image = entities.process(call.process, begin_ns(call))) {
        process["pid"] = image->pid;
        if (!image->exe.empty()) process["exe"] = escape(image->exe);
    }
    json["process"] = std::move(process);
    json["tid"] = call.tid;
    nlohmann::ordered_json arguments = nlohmann::ordered_json::object();
    for (const sys::NamedText& argument : sys::call_arguments(source))
        arguments[argument.name] = argument.text;
    json["arguments"] = std::move(arguments);
    json["registers"] = call.args;
    if (call.returned) json["ret"] = call.ret;
    if (const FunctionPath* functions = entities.functions(call.context)) {
        json["function"] = escape(functions->name);
        json["functions"] = escape(functions->path);
    }
    json["text"] = sys::call_text(source);
    return json.dump();
}

}  // namespace catena::event
