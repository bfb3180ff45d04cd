#include "cli/analyze_libraries.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "cli/command.h"
#include "cli/table_printer.h"
#include "event/escape.h"
#include "graph/json_text.h"

namespace catena::cli {
namespace {

using callgraph::Loaded;
using callgraph::Object;
using callgraph::ObjectId;
using callgraph::Request;

std::string_view kind_name(callgraph::ProgramKind kind) {
    switch (kind) {
        case callgraph::ProgramKind::Dynamic:
            return "dynamic";
        case callgraph::ProgramKind::Static:
            return "static";
        case callgraph::ProgramKind::StaticPie:
            return "static-pie";
        case callgraph::ProgramKind::Library:
            return "library";
    }
    return "";
}

std::string asked_by(const Loaded& loaded, const Request& request) {
    return request.by ? loaded.object(*request.by).path : request.why;
}

nlohmann::ordered_json as_json(const Loaded& loaded, const std::vector<Request>& requests) {
    auto list = nlohmann::ordered_json::array();
    for (const Request& each : requests) {
        nlohmann::ordered_json json = {{"reason", callgraph::to_string(each.reason)},
                                       {"name", event::escape(each.name)}};
        if (each.by) json["by"] = event::escape(loaded.object(*each.by).path);
        if (!each.why.empty()) json["why"] = event::escape(each.why);
        list.push_back(std::move(json));
    }
    return list;
}

nlohmann::ordered_json as_json(const Loaded& loaded, const Object& object) {
    nlohmann::ordered_json json = {{"path", event::escape(object.path)},
                                   {"file", event::escape(object.file)},
                                   {"build_id", object.image.build_id_text()},
                                   {"found_by", callgraph::to_string(object.found_by)}};
    if (!object.hwcaps.empty()) json["hwcaps"] = event::escape(object.hwcaps);
    if (object.additional()) json["opened_with"] = event::escape(loaded.object(object.opened_with).path);
    json["requests"] = as_json(loaded, object.requests);
    return json;
}

void print_json(const Loaded& loaded, const AnalyzeLibrariesOptions& options) {
    nlohmann::ordered_json json = {
        {"file", event::escape(options.binary)},
        {"build_id", loaded.program().image.build_id_text()},
        {"what", "libraries"},
        {"kind", kind_name(loaded.kind())},
        {"loader", loaded.loader_kind() == callgraph::LoaderKind::Musl ? "musl" : "glibc"},
        {"isa_level", loaded.isa_level()}};
    for (const char* list : {"objects", "missing", "variants", "doubts"})
        json[list] = nlohmann::ordered_json::array();
    for (const ObjectId id : loaded.ids()) json["objects"].push_back(as_json(loaded, loaded.object(id)));
    for (const callgraph::Missing& each : loaded.missing())
        json["missing"].push_back({{"name", event::escape(each.name)},
                                   {"detail", event::escape(each.detail)},
                                   {"requests", as_json(loaded, each.requests)}});
    for (const std::string& each : loaded.variants()) json["variants"].push_back(event::escape(each));
    for (const std::string& each : loaded.doubts()) json["doubts"].push_back(event::escape(each));
    fmt::print("{}\n", graph::json_for_terminal(json.dump()));
}

void print_text(const Loaded& loaded) {
    const auto printer = make_table_printer("text");
    printer->begin({.columns = {"path", "reason", "found by", "asked for by"},
                    .types = {"VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"}});
    for (const ObjectId id : loaded.ids()) {
        const Object& object = loaded.object(id);
        const Request& first = object.requests.front();
        printer->row({object.path, std::string(callgraph::to_string(first.reason)),
                      std::string(callgraph::to_string(object.found_by)), asked_by(loaded, first)});
    }
    for (const callgraph::Missing& each : loaded.missing()) {
        const Request& first = each.requests.front();
        printer->row(
            {each.name, std::string(callgraph::to_string(first.reason)), "MISSING", asked_by(loaded, first)});
    }
    printer->end();
    for (const std::string& each : loaded.doubts())
        fmt::print(stderr, "catena: {}\n", event::escape_for_terminal(each));
    if (!loaded.variants().empty())
        fmt::print(stderr,
                   "catena: chosen for x86-64-v{}; other processors load {} other files (--format json names "
                   "them)\n",
                   loaded.isa_level(), loaded.variants().size());
}

// What one word of --later means.
base::Result<std::vector<callgraph::Later>> later(const callgraph::Root& root, std::string_view word) {
    constexpr std::string_view kPam = "pam:";
    if (word == "nss") return callgraph::nss_modules(root);
    if (word == "gconv") return callgraph::gconv_modules(root);
    if (word == "openssl") return callgraph::openssl_modules(root);
    if (word.starts_with(kPam)) return callgraph::pam_modules(root, word.substr(kPam.size()));
    return base::fail(base::ErrorCode::Usage,
                      fmt::format("--later {}: it is nss, pam:SERVICE, gconv or openssl", word));
}

}  // namespace

base::Result<int> analyze_libraries(const AnalyzeLibrariesOptions& options) {
    auto loaded = Loaded::load(options.binary, options.load);
    if (!loaded) return std::unexpected(std::move(loaded).error());
    // Those that are not found are in missing().
    for (const std::string& each : options.later) {
        const auto list = later(loaded->root(), each);
        if (!list) return std::unexpected(list.error());
        for (const callgraph::Later& one : *list) {
            [[maybe_unused]] const auto found = loaded->add(one);
        }
    }
    for (const std::string& each : options.also) {
        [[maybe_unused]] const auto found =
            loaded->add({.reason = callgraph::LoadReason::User, .name = each, .why = "--also", .by = {}});
    }
    if (options.format == "json")
        print_json(*loaded, options);
    else
        print_text(*loaded);
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return base::fail_errno("standard output cannot be written");
    return loaded->missing().empty() ? kDone : kNegative;
}

}  // namespace catena::cli
