#include "cli/seccomp_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "cli/table_printer.h"
#include "event/escape.h"
#include "graph/json_text.h"
#include "seccomp/audit.h"
#include "seccomp/diff.h"
#include "seccomp/profile_json.h"

namespace catena::cli {
namespace {

using Json = nlohmann::ordered_json;

void print(const Json& json) { fmt::print("{}\n", graph::json_for_terminal(json.dump(1))); }

std::string name_of(const seccomp::ProfileCall& call) {
    return call.abi == sys::Abi::I386 ? call.name + " (i386)" : call.name;
}

std::string conditions_text(const seccomp::ProfileCall& call) {
    std::string text;
    for (const seccomp::Conditions& each : call.when) text += (text.empty() ? "" : ", or ") + to_text(each);
    return text;
}

// With which arguments it is allowed, and what is known of them. Conditions that say nothing but what is
// known are told by that, with names.
std::string limits_of(const seccomp::ProfileCall& call) {
    std::string known;
    for (const seccomp::ArgumentSet& each : call.arguments)
        known += (known.empty() ? "" : ", ") + to_text(call, each);
    if (call.when.empty()) return known.empty() ? known : "always; " + known;
    if (call.when == conditions_of(call.arguments)) return "only where " + known;
    return "only where " + conditions_text(call) + (known.empty() ? known : "; " + known);
}

std::string callers_of(const seccomp::ProfileCall& call) {
    std::string text = limits_of(call);
    for (const std::string& each : call.evidence) text += (text.empty() ? "" : "; ") + each;
    return event::escape_for_terminal(text);
}

void print_sentences(const char* what, const std::vector<std::string>& sentences) {
    for (const std::string& each : sentences) fmt::print("{}: {}\n", what, event::escape_for_terminal(each));
}

std::string_view kind_name(seccomp::Difference::Kind kind) {
    switch (kind) {
        case seccomp::Difference::Kind::OnlyFirst:
            return "only-first";
        case seccomp::Difference::Kind::OnlySecond:
            return "only-second";
        case seccomp::Difference::Kind::Phase:
            return "phase";
        case seccomp::Difference::Kind::Arguments:
            return "arguments";
    }
    return "";
}

std::string change_text(const seccomp::Difference& change) {
    const auto always = [](const std::string& text) { return text.empty() ? "always" : text; };
    switch (change.kind) {
        case seccomp::Difference::Kind::OnlyFirst:
            return fmt::format("- {}", name_of(*change.first));
        case seccomp::Difference::Kind::OnlySecond:
            return fmt::format("+ {}", name_of(*change.second));
        case seccomp::Difference::Kind::Phase:
            return fmt::format("~ {}: {}, was {}", name_of(*change.first), to_string(change.second->phase),
                               to_string(change.first->phase));
        case seccomp::Difference::Kind::Arguments:
            return fmt::format("~ {}: {}, was {}", name_of(*change.first), always(limits_of(*change.second)),
                               always(limits_of(*change.first)));
    }
    return {};
}

Json as_json(const seccomp::Difference& change) {
    const seccomp::ProfileCall& call = change.first != nullptr ? *change.first : *change.second;
    Json json = {{"change", kind_name(change.kind)}, {"name", call.name}, {"abi", sys::to_string(call.abi)}};
    if (change.kind == seccomp::Difference::Kind::Phase && change.first != nullptr &&
        change.second != nullptr) {
        json["first"] = to_string(change.first->phase);
        json["second"] = to_string(change.second->phase);
    }
    return json;
}

double percent(std::size_t part, std::size_t whole) {
    return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string needs_text(const seccomp::KernelCve& cve) {
    std::string text;
    for (const seccomp::CveNeed& need : cve.needs) {
        if (need.calls.empty()) continue;
        text += (text.empty() ? "" : " and ") + std::string(need.calls);
        if (need.argument >= 0) text += fmt::format("(argument {} == {})", need.argument, need.value);
    }
    return text;
}

Json audit_json(const seccomp::Audit& audit) {
    Json json = {{"allowed", audit.allowed},
                 {"conditional", audit.conditional},
                 {"start_up", audit.start_up},
                 {"all", audit.all},
                 {"cves", Json::array()}};
    for (const seccomp::CveVerdict& each : audit.cves) {
        json["cves"].push_back({{"id", each.cve->id},
                                {"year", each.cve->year},
                                {"needs", needs_text(*each.cve)},
                                {"text", each.cve->text},
                                {"reachable", each.reachable}});
    }
    return json;
}

}  // namespace

void print_explanation(const seccomp::Profile& profile, const std::string& format) {
    if (format == "json") {
        fmt::print("{}", graph::json_for_terminal(seccomp::to_json(profile)));
        return;
    }
    const auto printer = make_table_printer("text");
    printer->begin({.columns = {"call", "origin", "phase", "seen", "who makes it"},
                    .types = {"VARCHAR", "VARCHAR", "VARCHAR", "UBIGINT", "VARCHAR"}});
    for (const seccomp::ProfileCall& call : profile.calls) {
        printer->row({name_of(call), std::string(to_string(call.origin)), std::string(to_string(call.phase)),
                      call.seen == 0 ? "" : fmt::format("{}", call.seen), callers_of(call)});
    }
    printer->end();
    print_sentences("from", profile.evidence);
    if (!profile.serving_begins.empty())
        fmt::print("a process serves once it waits in: {}\n", fmt::join(profile.serving_begins, ", "));
    for (const callgraph::UnresolvedSite& site : profile.unresolved) {
        fmt::print("not resolved: {}\n",
                   event::escape_for_terminal(fmt::format("{} at {:#x} in {}: {}", site.function,
                                                          site.address, site.binary, site.reason)));
    }
    print_sentences("doubt", profile.doubts);
}

bool print_differences(const seccomp::Profile& first, const seccomp::Profile& second,
                       const std::string& format) {
    const auto changes = seccomp::differences(first, second);
    if (format == "json") {
        Json json = Json::array();
        for (const seccomp::Difference& each : changes) json.push_back(as_json(each));
        print({{"differences", json}});
    } else {
        for (const seccomp::Difference& each : changes) fmt::print("{}\n", change_text(each));
    }
    return !changes.empty();
}

void print_audit(const seccomp::Profile& profile, const std::string& format) {
    const seccomp::Audit audit = seccomp::audit(profile);
    if (format == "json") {
        print(audit_json(audit));
        return;
    }
    fmt::print("{} of {} system calls are allowed ({:.0f} %)", audit.allowed, audit.all,
               percent(audit.allowed, audit.all));
    if (audit.conditional > 0) fmt::print(", {} of them with some arguments only", audit.conditional);
    if (audit.start_up > 0) fmt::print(", {} of them needed for start-up alone", audit.start_up);
    const auto closed = static_cast<std::size_t>(
        std::ranges::count_if(audit.cves, [](const seccomp::CveVerdict& each) { return !each.reachable; }));
    fmt::print("\n{} of {} known holes of past kernels could not be reached ({:.0f} %):\n", closed,
               audit.cves.size(), percent(closed, audit.cves.size()));
    for (const seccomp::CveVerdict& each : audit.cves) {
        fmt::print("  {:<9} {:<16}  {}  [{}]\n", each.reachable ? "reachable" : "closed", each.cve->id,
                   each.cve->text, needs_text(*each.cve));
    }
}

}  // namespace catena::cli
