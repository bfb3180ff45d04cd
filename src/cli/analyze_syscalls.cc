// catena analyze --what syscalls: which system calls a program and all that it loads can make, and why.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "cli/analyze_program.h"
#include "cli/command.h"
#include "cli/table_printer.h"
#include "event/escape.h"
#include "graph/json_text.h"

namespace catena::cli {
namespace {

using callgraph::CallEvidence;
using callgraph::ReachableCall;
using callgraph::ReachableCalls;
using callgraph::UnresolvedSite;
using Json = nlohmann::ordered_json;

std::string path_text(const CallEvidence& evidence) {
    std::string text;
    for (const std::string& each : evidence.path) text += (text.empty() ? "" : " > ") + each;
    return text;
}

void print_doubts(const ReachableCalls& calls) {
    const auto safe = [](const std::string& text) { return event::escape_for_terminal(text); };
    if (!calls.unresolved.empty())
        fmt::print("\nNumbers that could not be found out; any call is possible where none is given:\n");
    for (const UnresolvedSite& each : calls.unresolved) {
        fmt::print("  {:#x} in {} of {}: {}", each.address, safe(each.function), safe(each.binary),
                   safe(each.reason));
        for (const std::uint32_t number : each.numbers.value_or(std::vector<std::uint32_t>{}))
            fmt::print(" [{}]", call_name(number, false));
        fmt::print("\n");
    }
    if (!calls.doubts.empty()) fmt::print("\nWhat else could not be shown:\n");
    for (const std::string& each : calls.doubts) fmt::print("  {}\n", safe(each));
}

void print_text(const ReachableCalls& calls) {
    const auto printer = make_table_printer("text");
    printer->begin(
        {.columns = {"number", "call", "one way to it"}, .types = {"UBIGINT", "VARCHAR", "VARCHAR"}});
    for (const ReachableCall& each : calls.calls)
        printer->row({fmt::format("{}", each.number), call_name(each.number, each.i386),
                      each.evidence.empty() ? "" : path_text(each.evidence.front())});
    printer->end();
    print_doubts(calls);
}

Json evidence_json(const CallEvidence& evidence) {
    Json json = {{"binary", event::escape(evidence.binary)},
                 {"address", fmt::format("{:#x}", evidence.address)},
                 {"function", event::escape(evidence.function)},
                 {"path", Json::array()}};
    for (const std::string& each : evidence.path) json["path"].push_back(event::escape(each));
    return json;
}

Json call_json(const ReachableCall& call) {
    Json json = {{"number", call.number},
                 {"name", call_name(call.number, false)},
                 {"abi", call.i386 ? "i386" : "x86-64"},
                 {"evidence", Json::array()}};
    if (call.i386) json["name"] = call_name(call.number, true).substr(5);
    for (const CallEvidence& each : call.evidence) json["evidence"].push_back(evidence_json(each));
    for (const auto& each : call.arguments) {
        Json argument = {{"index", each.index}, {"mask", each.mask}};
        if (each.known)
            argument["values"] = each.values;
        else
            argument["reason"] = event::escape(each.reason);
        json["arguments"].push_back(std::move(argument));
    }
    return json;
}

Json unresolved_json(const UnresolvedSite& site) {
    Json json = {{"binary", event::escape(site.binary)},
                 {"address", fmt::format("{:#x}", site.address)},
                 {"function", event::escape(site.function)},
                 {"reason", event::escape(site.reason)}};
    if (site.numbers) json["numbers"] = *site.numbers;
    return json;
}

void print_json(const ReachableCalls& calls) {
    Json json = {{"file", event::escape(calls.program)},
                 {"what", "syscalls"},
                 {"binaries", Json::array()},
                 {"calls", Json::array()},
                 {"unresolved", Json::array()},
                 {"doubts", Json::array()}};
    for (const std::string& each : calls.binaries) json["binaries"].push_back(event::escape(each));
    for (const ReachableCall& each : calls.calls) json["calls"].push_back(call_json(each));
    for (const UnresolvedSite& each : calls.unresolved) json["unresolved"].push_back(unresolved_json(each));
    for (const std::string& each : calls.doubts) json["doubts"].push_back(event::escape(each));
    fmt::print("{}\n", graph::json_for_terminal(json.dump()));
}

// All ways to one call.
void print_call(const ReachableCall& call, const std::string& format) {
    if (format == "json") {
        fmt::print("{}\n", graph::json_for_terminal(call_json(call).dump()));
        return;
    }
    fmt::print("{} is made by\n", call_name(call.number, call.i386));
    for (const CallEvidence& each : call.evidence) {
        fmt::print("  {:#x} in {} of {}\n    {}\n", each.address, event::escape_for_terminal(each.function),
                   event::escape_for_terminal(each.binary), event::escape_for_terminal(path_text(each)));
    }
}

// Of a call, or else of a function.
base::Result<int> show_why_syscall(const AnalyzeProgramOptions& options) {
    const auto analyzed = analyze_program(options);
    if (!analyzed) return std::unexpected(analyzed.error());
    const auto found = std::ranges::find_if(analyzed->calls.calls, [&](const ReachableCall& each) {
        return call_name(each.number, each.i386) == options.why;
    });
    if (found == analyzed->calls.calls.end()) return show_why(*analyzed->program, options);
    print_call(*found, options.format);
    return kDone;
}

}  // namespace

base::Result<int> show_syscalls(const AnalyzeProgramOptions& options) {
    if (!options.why.empty()) return show_why_syscall(options);
    const auto calls = analyze_calls(options);
    if (!calls) return std::unexpected(calls.error());
    if (options.format == "json")
        print_json(*calls);
    else
        print_text(*calls);
    if (::isatty(STDERR_FILENO) == 1)
        fmt::print(stderr, "{} system calls, {} numbers not found out\n", calls->calls.size(),
                   calls->unresolved.size());
    return kDone;
}

}  // namespace catena::cli
