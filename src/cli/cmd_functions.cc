// catena functions: what a recording made with `record --functions` says of functions.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/reachable_functions.h"
#include "cli/table_printer.h"
#include "elf/functions.h"
#include "elf/image.h"
#include "event/escape.h"
#include "functions/call_profile.h"
#include "functions/selection.h"
#include "graph/json_text.h"
#include "store/store.h"

namespace catena::cli {
namespace {

constexpr const char* kHelp = R"(
WHAT is one of
  calls     each call in order of time; of a recording with --functions-mode count, how often by caller
  tree      who called whom, added up over all threads; --format folded is what flame graphs are made from
  coverage  how many of a file's functions were called, of all that are watched and of those of them that can run by the
            program's call graph; --list names each
  diff      functions that one recording calls and OTHER does not, and the other way round (exit code 1 where there are any)

Examples:
  catena functions calls trace.catena
  catena functions tree trace.catena --format folded | flamegraph.pl > calls.svg
  catena functions coverage trace.catena --list
  catena functions diff get.catena post.catena --format json)";

struct FunctionsOptions {
    std::string what;
    std::string trace;
    std::string other;
    std::string format = "text";
    bool list = false;
};

constexpr const char* kName = "coalesce(f.name, printf('%s+0x%x', f.\"binary\", f.address))";
constexpr const char* kCalled =
    "(SELECT id, sum(n)::BIGINT AS calls FROM (SELECT function AS id, count(*) AS n FROM calls GROUP BY "
    "function "
    "UNION ALL SELECT function, sum(count) FROM function_counts GROUP BY function) GROUP BY id)";

base::Result<std::unique_ptr<store::Reader>> open(const std::string& path) {
    auto reader = store::open_recording(path);
    if (!reader) return reader;
    if ((*reader)->meta()["functions"].empty()) {
        return base::fail(
            base::ErrorCode::NotFound,
            event::escape_for_terminal(path) +
                " holds no calls of functions; catena record --functions BINARY:GLOB makes one that does");
    }
    return reader;
}

base::Status print_table(store::Reader& reader, const std::string& sql, const std::string& format) {
    const auto printer = make_table_printer(format);
    auto status = reader.query(
        sql, [&](const store::Table& table) { printer->begin(table); },
        [&](const store::Row& row) { printer->row(row); });
    if (status) printer->end();
    return status;
}

base::Status print_calls(store::Reader& reader, const std::string& format) {
    if (reader.meta()["functions"] == "events") {
        bool timed = false;
        auto read = reader.numbers("SELECT count(*) FROM functions WHERE timed",
                                   [&](store::Numbers row) { timed = row[0] != 0; });
        if (!read) return read;
        return print_table(
            reader,
            fmt::format(
                "SELECT make_timestamp_ns(c.ts_ns) AS at, p.pid, c.tid, {} AS function, "
                "printf('0x%x', c.stack) AS stack{} FROM calls c JOIN functions f ON f.id = c.function "
                "LEFT JOIN processes p ON p.id = c.process {} ORDER BY c.ts_ns, c.rowid",
                kName, timed ? ", d.duration_ns" : "",
                timed ? "LEFT JOIN call_durations d ON (d.process, d.tid, d.ts_ns, d.stack, d.function) = "
                        "(c.process, c.tid, c.ts_ns, c.stack, c.function)"
                      : ""),
            format);
    }
    std::string caller = kName;
    for (std::size_t at = 0; (at = caller.find("f.", at)) != std::string::npos; ++at) caller[at] = 'g';
    return print_table(
        reader,
        fmt::format(
            "SELECT c.count AS calls, {} AS function, CASE WHEN g.id IS NOT NULL THEN {} END AS caller "
            "FROM function_counts c JOIN functions f ON f.id = c.function LEFT JOIN functions g ON "
            "g.id = c.caller ORDER BY c.count DESC, 2, 3",
            kName, caller),
        format);
}

using Names = std::map<std::uint32_t, std::string>;

base::Result<Names> names_of(store::Reader& reader) {
    Names names;
    auto read = reader.query(
        fmt::format("SELECT f.id, {} FROM functions f", kName), [](const store::Table&) {},
        [&](const store::Row& row) {
            names[static_cast<std::uint32_t>(std::stoul(row[0].value_or("0")))] = row[1].value_or("");
        });
    if (!read) return std::unexpected(std::move(read).error());
    return names;
}

base::Result<functions::CallProfile> profile_of(store::Reader& reader) {
    // When a process began to run another program.
    std::map<std::int64_t, std::vector<std::int64_t>> execs;
    auto read = reader.numbers(
        "SELECT process, ts_ns FROM events WHERE op = 'exec' AND coalesce(other_ret, bytes) >= 0 ORDER BY "
        "ts_ns",
        [&](store::Numbers row) { execs[row[0]].push_back(row[1]); });
    if (!read) return std::unexpected(std::move(read).error());
    std::set<std::int64_t> outermost;
    read = reader.numbers(
        fmt::format("SELECT id::BIGINT FROM functions WHERE symbol = '{}'", functions::kOutermost),
        [&](store::Numbers row) { outermost.insert(row[0]); });
    if (!read) return std::unexpected(std::move(read).error());
    functions::CallProfile profile;
    std::optional<std::pair<std::int64_t, std::int64_t>> thread;
    std::size_t programs = 0;
    read = reader.numbers(
        "SELECT process, tid::BIGINT, function::BIGINT, stack, ts_ns, returned::BIGINT FROM (SELECT *, rowid "
        "AS "
        "row FROM calls UNION ALL SELECT *, -1, rowid FROM returns) ORDER BY process, tid, ts_ns, row",
        [&](store::Numbers row) {
            const std::pair now(row[0], row[1]);
            if (thread != now) {
                thread = now;
                programs = 0;
                profile.begin_thread();
            }
            const std::vector<std::int64_t>& begun = execs[row[0]];
            while (programs < begun.size() && begun[programs] <= row[4]) {
                ++programs;
                profile.begin_thread();
            }
            const auto function = static_cast<std::uint32_t>(row[2]);
            const auto stack = static_cast<std::uint64_t>(row[3]);
            if (row[5] < 0) {
                profile.leave({.ts_ns = row[4], .function = function, .stack = stack});
            } else {
                profile.add({.ts_ns = row[4],
                             .function = function,
                             .stack = stack,
                             .returned = static_cast<std::uint8_t>(row[5])},
                            outermost.contains(row[2]));
            }
        });
    if (!read) return std::unexpected(std::move(read).error());
    return profile;
}

// Calls `visit` with each node and its depth, callers before what they call.
template <class Visit>
void walk(const functions::CallProfile& profile, Visit&& visit) {
    std::vector<std::pair<std::uint32_t, std::size_t>> open;
    const auto push = [&](const std::vector<std::uint32_t>& nodes, std::size_t depth) {
        for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) open.emplace_back(*node, depth);
    };
    push(profile.roots(), 0);
    while (!open.empty()) {
        const auto [node, depth] = open.back();
        open.pop_back();
        visit(node, depth);
        push(profile.nodes()[node].children, depth + 1);
    }
}

void print_tree_json(const functions::CallProfile& profile, Names& names) {
    fmt::print("{{\"nodes\":[");
    const char* separator = "\n";
    walk(profile, [&](std::uint32_t id, std::size_t) {
        const auto& node = profile.nodes()[id];
        nlohmann::ordered_json json = {
            {"id", id}, {"parent", nullptr}, {"function", names[node.function]}, {"calls", node.calls}};
        if (node.timed_calls != 0) {
            json["timed_calls"] = node.timed_calls;
            json["total_ns"] = node.total_ns;
        }
        if (node.parent != functions::CallProfile::kNone) json["parent"] = node.parent;
        fmt::print("{}{}", std::exchange(separator, ",\n"), graph::json_for_terminal(json.dump()));
    });
    fmt::print("\n],\"overflowed\":{}}}\n", profile.overflowed());
}

// Frames are told apart by semicolons, and a name's own would be taken for more of them.
std::string folded_name(std::string name) {
    for (char& c : name) {
        if (c == ';') c = ',';
    }
    return event::escape_for_terminal(name);
}

// In all, and of one call; of those calls whose return was met.
std::string duration_columns(const functions::CallProfile::Node& node) {
    if (node.timed_calls == 0) return fmt::format("{:>12}  {:>12}  ", "", "");
    const auto total_ns = static_cast<double>(node.total_ns);
    return fmt::format("{:>12.3f}  {:>12.3f}  ", total_ns / 1e6,
                       total_ns / 1e3 / static_cast<double>(node.timed_calls));
}

base::Status print_tree(store::Reader& reader, const std::string& format) {
    if (reader.meta()["functions"] != "events") {
        return base::fail(base::ErrorCode::NotFound,
                          "the recording has counts and no calls, so no tree; catena functions calls shows "
                          "who called whom");
    }
    auto names = names_of(reader);
    if (!names) return std::unexpected(std::move(names).error());
    const auto profile = profile_of(reader);
    if (!profile) return std::unexpected(profile.error());
    if (format == "json") {
        print_tree_json(*profile, *names);
        return {};
    }
    const bool timed =
        std::ranges::any_of(profile->nodes(), [](const auto& node) { return node.timed_calls != 0; });
    if (timed && format == "text")
        fmt::print("{:>12}  {:>12}  {:>12}  function\n", "calls", "total ms", "each µs");
    std::vector<std::string> path;
    walk(*profile, [&](std::uint32_t id, std::size_t depth) {
        const auto& node = profile->nodes()[id];
        if (format == "folded") {
            path.resize(depth);
            path.push_back((depth == 0 ? "" : path.back() + ";") + folded_name((*names)[node.function]));
            fmt::print("{} {}\n", path.back(), node.calls);
        } else {
            fmt::print("{:>12}  {}{:{}}{}\n", node.calls, timed ? duration_columns(node) : "", "", 2 * depth,
                       event::escape_for_terminal((*names)[node.function]));
        }
    });
    if (profile->overflowed() != 0)
        fmt::print(stderr,
                   "catena: {} calls are counted with their callers: there are too many different paths\n",
                   profile->overflowed());
    return {};
}

// How many functions a file has; nothing where it is not the one that was recorded any more.
std::optional<std::size_t> functions_in(const std::string& path, const std::string& build_id) {
    const auto image = elf::Image::open(path);
    if (!image || image->build_id_text() != build_id) return std::nullopt;
    const auto functions = elf::functions(*image);
    if (!functions) return std::nullopt;
    return std::ranges::count_if(*functions,
                                 [](const elf::Function& f) { return f.kind != elf::FunctionKind::Part; });
}

// The call graphs of the programs that ran, as far as they have functions that were asked for, or load what
// has.
base::Result<ReachableFunctions> reachable_functions(store::Reader& reader) {
    std::vector<std::string> programs;
    auto read = reader.query(
        "SELECT DISTINCT exe FROM images WHERE exe IN (SELECT \"binary\" FROM functions) OR parent IS NULL",
        [](const store::Table&) {},
        [&](const store::Row& row) {
            if (row[0] && !row[0]->empty()) programs.push_back(event::unescape(*row[0]));
        });
    if (!read) return std::unexpected(std::move(read).error());
    return ReachableFunctions(programs);
}

std::optional<std::string> in_words(std::optional<bool> runs) {
    return runs ? std::optional<std::string>(*runs ? "true" : "false") : std::nullopt;
}

base::Status list_coverage(store::Reader& reader, const ReachableFunctions& reachable,
                           const std::string& format) {
    const auto printer = make_table_printer(format);
    printer->begin({.columns = {"calls", "watched", "can_run", "site", "binary", "function"},
                    .types = {"BIGINT", "BOOLEAN", "BOOLEAN", "VARCHAR", "VARCHAR", "VARCHAR"}});
    auto read = reader.query(
        fmt::format("SELECT coalesce(c.calls, 0), f.watched, f.site, f.\"binary\", {}, f.address FROM "
                    "functions f LEFT "
                    "JOIN {} c ON c.id = f.id ORDER BY f.id",
                    kName, kCalled),
        [](const store::Table&) {},
        [&](const store::Row& row) {
            const auto runs =
                reachable.can_run(event::unescape(row[3].value_or("")), std::stoull(row[5].value_or("0")));
            printer->row({row[0], row[1], in_words(runs), row[2], row[3], row[4]});
        });
    if (read) printer->end();
    return read;
}

// Of one file.
struct Coverage {
    std::string build_id;
    std::size_t asked_for = 0;
    std::size_t watched = 0;
    std::size_t called = 0;
    std::size_t can_run = 0;         // of those watched, as far as call graphs say
    std::size_t can_run_called = 0;  // of these
    bool has_graph = false;
};

std::string percent(std::size_t part, std::size_t whole) {
    return fmt::format(
        "{:.1f}", 100 * static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(whole, 1)));
}

base::Status print_coverage(store::Reader& reader, const FunctionsOptions& options) {
    const auto reachable = reachable_functions(reader);
    if (!reachable) return std::unexpected(reachable.error());
    if (options.list) return list_coverage(reader, *reachable, options.format);
    std::map<std::string, Coverage> files;
    auto read = reader.query(
        fmt::format("SELECT f.\"binary\", f.build_id, f.address, f.watched::INTEGER, (c.calls > 0)::INTEGER "
                    "FROM functions "
                    "f LEFT JOIN {} c ON c.id = f.id",
                    kCalled),
        [](const store::Table&) {},
        [&](const store::Row& row) {
            Coverage& file = files[row[0].value_or("")];
            file.build_id = row[1].value_or("");
            ++file.asked_for;
            const bool called = row[4] == "1";
            file.called += called ? 1 : 0;
            const auto runs =
                reachable->can_run(event::unescape(row[0].value_or("")), std::stoull(row[2].value_or("0")));
            file.has_graph = file.has_graph || runs.has_value();
            if (row[3] != "1") return;
            ++file.watched;
            if (!runs.value_or(false)) return;
            ++file.can_run;
            file.can_run_called += called ? 1 : 0;
        });
    if (!read) return read;
    const auto printer = make_table_printer(options.format);
    printer->begin(
        {.columns = {"binary", "in_file", "asked_for", "watched", "called", "percent_of_watched", "can_run",
                     "percent_of_can_run"},
         .types = {"VARCHAR", "BIGINT", "BIGINT", "BIGINT", "BIGINT", "DOUBLE", "BIGINT", "DOUBLE"}});
    for (const auto& [binary, file] : files) {
        const auto in_file = functions_in(event::unescape(binary), file.build_id);
        store::Row row = {binary,
                          in_file ? std::optional(std::to_string(*in_file)) : std::nullopt,
                          std::to_string(file.asked_for),
                          std::to_string(file.watched),
                          std::to_string(file.called),
                          percent(file.called, file.watched),
                          std::nullopt,
                          std::nullopt};
        if (file.has_graph) {
            row[6] = std::to_string(file.can_run);
            row[7] = percent(file.can_run_called, file.can_run);
        }
        printer->row(row);
    }
    printer->end();
    return {};
}

// Binary and name (address where there is none) of what was called, with how often.
using Called = std::map<std::pair<std::string, std::string>, std::string>;

base::Result<Called> called_in(const std::string& trace) {
    auto reader = open(trace);
    if (!reader) return std::unexpected(std::move(reader).error());
    Called called;
    auto read = (*reader)->query(
        fmt::format(
            "SELECT f.\"binary\", {}, c.calls FROM functions f JOIN {} c ON c.id = f.id WHERE c.calls > 0",
            kName, kCalled),
        [](const store::Table&) {},
        [&](const store::Row& row) {
            called[{row[0].value_or(""), row[1].value_or("")}] = row[2].value_or("0");
        });
    if (!read) return std::unexpected(std::move(read).error());
    return called;
}

base::Result<int> print_diff(const FunctionsOptions& options) {
    const auto first = called_in(options.trace);
    if (!first) return std::unexpected(first.error());
    const auto second = called_in(options.other);
    if (!second) return std::unexpected(second.error());
    const auto printer = make_table_printer(options.format);
    printer->begin({.columns = {"only_in", "calls", "function", "binary"},
                    .types = {"VARCHAR", "BIGINT", "VARCHAR", "VARCHAR"}});
    int code = kDone;
    const auto print = [&](const Called& in, const Called& not_in, const std::string& trace) {
        for (const auto& [function, calls] : in) {
            if (not_in.contains(function)) continue;
            printer->row({trace, calls, function.second, function.first});
            code = kNegative;
        }
    };
    print(*first, *second, options.trace);
    print(*second, *first, options.other);
    printer->end();
    return code;
}

base::Result<int> print_functions(const FunctionsOptions& options) {
    if ((options.what == "diff") == options.other.empty())
        return base::fail(base::ErrorCode::Usage, options.what == "diff"
                                                      ? "diff takes two recordings: TRACE and OTHER"
                                                      : options.what + " takes one recording");
    if (options.format == "folded" && options.what != "tree")
        return base::fail(base::ErrorCode::Usage, "--format folded is for functions tree");
    if (options.what == "diff") return print_diff(options);
    auto reader = open(options.trace);
    if (!reader) return std::unexpected(std::move(reader).error());
    const auto printed = options.what == "calls"  ? print_calls(**reader, options.format)
                         : options.what == "tree" ? print_tree(**reader, options.format)
                                                  : print_coverage(**reader, options);
    if (!printed) return std::unexpected(printed.error());
    return kDone;
}

int run_functions(const FunctionsOptions& options) {
    // A reader that has seen enough (| head) ends this program as it ends any other in a pipeline: quietly.
    std::signal(SIGPIPE, SIG_DFL);
    const auto code = print_functions(options);
    if (!code) return report(code.error());
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return report(base::fail_errno("standard output cannot be written").error());
    return *code;
}

}  // namespace

void add_functions(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("functions", "Show which functions were called, and by whom");
    const auto options = std::make_shared<FunctionsOptions>();
    command->add_option("WHAT", options->what, "calls, tree, coverage or diff")
        ->required()
        ->option_text("calls|tree|coverage|diff")
        ->check(CLI::IsMember({"calls", "tree", "coverage", "diff"}));
    command->add_option("TRACE", options->trace, "The recording")->required();
    command->add_option("OTHER", options->other, "The other recording, for diff");
    command->add_flag("--list", options->list, "coverage: name each function");
    command->add_option("--format", options->format, "text (default) or json; of a tree also folded")
        ->option_text("text|json|folded")
        ->check(CLI::IsMember({"text", "json", "folded"}));
    command->footer(kHelp);
    command->callback([options, &exit_code] { exit_code = run_functions(*options); });
}

}  // namespace catena::cli
