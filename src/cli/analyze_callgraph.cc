// catena analyze --what callgraph: which functions of a program and all that it loads can run, and who
// reaches them.
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "callgraph/reachable.h"
#include "callgraph/why.h"
#include "cli/analyze_program.h"
#include "cli/command.h"
#include "cli/table_printer.h"
#include "event/escape.h"
#include "graph/json_text.h"

namespace catena::cli {
namespace {

using callgraph::FunctionRef;
using callgraph::Linked;
using callgraph::Origin;
using callgraph::Reach;

template <class Visit>
void for_each_reached(const Linked& linked, const Reach& reach, Visit visit) {
    for (std::uint32_t object = 0; object < linked.objects.size(); ++object) {
        const auto& functions = linked.objects[object].code->functions;
        for (std::uint32_t i = 0; i < functions.size(); ++i) {
            if (reach.reached({object, i})) visit(FunctionRef{object, i}, functions[i]);
        }
    }
}

std::string from_text(const Linked& linked, const Origin& origin) {
    if (origin.from.object != callgraph::kNone) return callgraph::function_name(linked, origin.from);
    return origin.entry < linked.entries.size() ? linked.entries[origin.entry].why : "";
}

void print_text(const Linked& linked, const Reach& reach) {
    const auto printer = make_table_printer("text");
    printer->begin({.columns = {"binary", "address", "function", "how", "by"},
                    .types = {"VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR", "VARCHAR"}});
    for_each_reached(linked, reach, [&](FunctionRef ref, const callgraph::CodeFunction& function) {
        const Origin& origin = reach.origin(ref);
        printer->row({linked.objects[ref.object].path, fmt::format("{:#x}", function.address),
                      callgraph::function_name(linked, ref), std::string(callgraph::to_string(origin.via)),
                      from_text(linked, origin)});
    });
    printer->end();
}

void print_json(const Linked& linked, const Reach& reach) {
    const auto print = [](const nlohmann::ordered_json& json) {
        fmt::print("{}", graph::json_for_terminal(json.dump()));
    };
    fmt::print("{{\"file\":");
    print(event::escape(linked.objects.front().path));
    fmt::print(",\"what\":\"callgraph\",\"functions\":[");
    const char* separator = "\n";
    for_each_reached(linked, reach, [&](FunctionRef ref, const callgraph::CodeFunction& function) {
        const Origin& origin = reach.origin(ref);
        nlohmann::ordered_json json = {{"binary", event::escape(linked.objects[ref.object].path)},
                                       {"address", fmt::format("{:#x}", function.address)},
                                       {"function", event::escape(callgraph::function_name(linked, ref))},
                                       {"how", callgraph::to_string(origin.via)},
                                       {"by", event::escape(from_text(linked, origin))}};
        for (const callgraph::Edge& each : linked.objects[ref.object].code->edges) {
            if (each.from == ref.function && each.kind != callgraph::EdgeKind::Takes)
                json["calls"].push_back(
                    event::escape(callgraph::function_name(linked, {ref.object, each.to})));
        }
        fmt::print("{}", std::exchange(separator, ",\n"));
        print(json);
    });
    fmt::print("\n]}}\n");
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char each : event::escape_for_terminal(text)) {
        if (each == '"' || each == '\\') result += '\\';
        result += each;
    }
    return result + "\"";
}

// The tree of first ways: each function hangs on the one through which it was first reached.
void print_dot(const Linked& linked, const Reach& reach) {
    fmt::print("digraph callgraph {{\n");
    for_each_reached(linked, reach, [&](FunctionRef ref, const callgraph::CodeFunction& function) {
        fmt::print("  f{}_{:x} [label={}];\n", ref.object, function.address,
                   quoted(callgraph::function_name(linked, ref)));
        const FunctionRef from = reach.origin(ref).from;
        if (from.object != callgraph::kNone)
            fmt::print("  f{}_{:x} -> f{}_{:x};\n", from.object,
                       linked.objects[from.object].code->functions[from.function].address, ref.object,
                       function.address);
    });
    fmt::print("}}\n");
}

}  // namespace

base::Result<int> show_callgraph(const AnalyzeProgramOptions& options) {
    auto analyzed = analyze_program(options);
    if (!analyzed) return std::unexpected(std::move(analyzed).error());
    const Linked& linked = analyzed->program->linked();
    const Reach& reach = analyzed->program->reach();
    if (!options.why.empty()) return show_why(*analyzed->program, options);
    if (options.format == "json")
        print_json(linked, reach);
    else if (options.format == "dot")
        print_dot(linked, reach);
    else
        print_text(linked, reach);
    for (const std::string& each : analyzed->calls.doubts)
        fmt::print(stderr, "catena: {}\n", event::escape_for_terminal(each));
    return kDone;
}

}  // namespace catena::cli
