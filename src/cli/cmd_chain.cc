// catena chain: prints where something came from, or what came of it, as a story, as JSON or for Graphviz.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "event/escape.h"
#include "event/event.h"
#include "graph/chain.h"
#include "graph/point.h"
#include "graph/render.h"
#include "graph/time_text.h"
#include "store/store.h"

namespace catena::cli {
namespace {

constexpr std::size_t kReadableNodes = 200;

struct ChainOptions {
    std::string trace;
    std::vector<std::string> points;
    std::string to;
    bool back = false;
    bool forward = false;
    bool both = false;
    std::string since;
    std::string until;
    std::size_t max_nodes = 0;  // 0: not given
    std::string format = "text";
    bool all = false;
    std::vector<std::string> keep;

    [[nodiscard]] graph::Direction direction() const {
        if (both) return graph::Direction::Both;
        return forward || !to.empty() ? graph::Direction::Forward : graph::Direction::Back;
    }
};

// A recording as a graph, and what the graph does not hold of it.
struct Loaded {
    graph::Graph graph;
    std::vector<graph::Gap> losses;
    std::optional<event::Event> asked_for;  // the event that the point names
    std::int64_t last_event = 0;            // the highest id
};

std::unexpected<base::Error> failed(const base::Status& status) { return std::unexpected(status.error()); }

std::int64_t number(const std::optional<std::string>& text) {
    std::int64_t value = 0;
    if (text) std::from_chars(text->data(), text->data() + text->size(), value);
    return value;
}

// A loss shows as a counter that grew between two looks at it; it happened somewhere in between. Looks that
// follow each other and both found a loss are one gap.
base::Result<std::vector<graph::Gap>> load_losses(store::Reader& reader, std::int64_t start_ns) {
    struct Look {
        std::int64_t ts_ns;
        std::uint64_t lost = 0;
        bool grew = false;
    };
    std::map<std::int32_t, Look> looks;
    std::vector<graph::Gap> gaps;
    std::map<std::int32_t, std::size_t> open;  // the gap that a CPU's last look extended
    const auto status = reader.query(
        "SELECT cpu, ts_ns, lost FROM loss ORDER BY ts_ns, cpu", [](const store::Table&) {},
        [&](const store::Row& row) {
            const auto cpu = static_cast<std::int32_t>(number(row.at(0)));
            const Look now{.ts_ns = number(row.at(1)), .lost = static_cast<std::uint64_t>(number(row.at(2)))};
            Look& before = looks.try_emplace(cpu, Look{.ts_ns = start_ns}).first->second;
            const bool grew = now.lost > before.lost;
            if (grew && !before.grew) {
                open[cpu] = gaps.size();
                gaps.push_back({.cpu = cpu, .lost = 0, .from_ns = before.ts_ns, .to_ns = now.ts_ns});
            }
            if (grew) {
                graph::Gap& gap = gaps[open[cpu]];
                gap.lost += now.lost - before.lost;
                gap.to_ns = now.ts_ns;
            }
            before = {.ts_ns = now.ts_ns, .lost = now.lost, .grew = grew};
        });
    if (!status) return failed(status);
    return gaps;
}

base::Result<std::size_t> count_events(store::Reader& reader) {
    std::size_t count = 0;
    const auto status = reader.query(
        "SELECT count(*) FROM events", [](const store::Table&) {},
        [&](const store::Row& row) { count = static_cast<std::size_t>(number(row.at(0))); });
    if (!status) return failed(status);
    return count;
}

// The points of a command line: those that a chain starts from, and the one where it ends, if there is one.
struct Points {
    std::vector<graph::Point> from;
    std::optional<graph::Point> to;
};

base::Result<Points> parse_points(const ChainOptions& options) {
    Points points;
    for (const std::string& text : options.points) {
        auto point = graph::parse_point(text);
        if (!point) return std::unexpected(std::move(point).error());
        points.from.push_back(*std::move(point));
    }
    if (options.to.empty()) return points;
    auto to = graph::parse_point(options.to);
    if (!to) return std::unexpected(std::move(to).error());
    points.to = *std::move(to);
    return points;
}

base::Result<Loaded> load(const ChainOptions& options, const Points& points) {
    const auto reader = store::open_recording(options.trace);
    if (!reader) return std::unexpected(reader.error());
    const auto count = count_events(**reader);
    if (!count) return std::unexpected(count.error());

    graph::GraphBuilder builder(graph::kCallSlackNs);
    builder.reserve(*count);
    const auto add = [&builder](auto&& row) { builder.add(std::forward<decltype(row)>(row)); };
    if (auto status = (*reader)->processes(add); !status) return failed(status);
    if (auto status = (*reader)->files(add); !status) return failed(status);
    if (auto status = (*reader)->sockets(add); !status) return failed(status);
    if (auto status = (*reader)->objects(add); !status) return failed(status);

    Loaded loaded;
    const auto status = (*reader)->events("", [&](event::Event&& event) {
        builder.add(event);
        loaded.last_event = std::max(loaded.last_event, event.id);
        if (point.kind == graph::PointKind::Event && event.id == point.number)
            loaded.asked_for = std::move(event);
    });
    if (!status) return failed(status);
    loaded.graph = std::move(builder).build(options.direction());
    auto losses = load_losses(**reader, loaded.graph.start_ns());
    if (!losses) return std::unexpected(std::move(losses).error());
    loaded.losses = std::move(*losses);
    return loaded;
}

base::Error not_found(const ChainOptions& options, const Loaded& loaded, const graph::Point& point) {
    const std::string trace = event::escape_for_terminal(options.trace);
    const std::vector<std::string> close = graph::close_points(loaded.graph, point);
    std::string message = fmt::format("{} is not in {}; ", event::escape_for_terminal(point.text), trace);
    if (!close.empty()) {
        message += fmt::format("close to it: {}", fmt::join(close, ", "));
    } else if (point.kind == graph::PointKind::Event) {
        message += fmt::format("its last event is {}", loaded.last_event);
    } else {
        message += fmt::format(R"(look for it with: catena query {} "SELECT * FROM entities")", trace);
    }
    return {.code = base::ErrorCode::NotFound, .errno_value = 0, .message = std::move(message)};
}

base::Result<graph::ChainQuery> query_of(const ChainOptions& options, const graph::Graph& graph) {
    graph::ChainQuery query{.direction = options.direction()};
    if (options.all) query.kept.fill(true);
    for (const std::string& name : options.keep) {
        if (const auto rule = graph::rule_from_string(name))
            query.kept[static_cast<std::size_t>(*rule)] = true;
    }
    const auto read = [&](const std::string& text, std::int64_t& ns, const char* option) -> base::Status {
        if (text.empty()) return {};
        auto moment = graph::parse_moment(text, graph.start_ns(), graph.end_ns());
        if (!moment) return std::unexpected(std::move(moment).error().with_context(option));
        ns = *moment;
        return {};
    };
    if (auto status = read(options.since, query.window.since_ns, "--since"); !status) return failed(status);
    if (auto status = read(options.until, query.window.until_ns, "--until"); !status) return failed(status);
    const bool limited = options.format != "json" && !options.all;
    query.max_nodes = options.max_nodes > 0 ? options.max_nodes : limited ? kReadableNodes : SIZE_MAX;
    return query;
}

graph::Colour colour_of_output() {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool refused =
        (no_color != nullptr && *no_color != '\0') || (term != nullptr && std::string_view(term) == "dumb");
    return !refused && ::isatty(STDOUT_FILENO) == 1 ? graph::Colour::On : graph::Colour::Off;
}

std::string render(const graph::Chain& chain, const std::string& format) {
    if (format == "json") return graph::to_json(chain);
    if (format == "dot") return graph::to_dot(chain);
    return graph::to_text(chain, colour_of_output());
}

base::Result<graph::Chain> find_chain(const ChainOptions& options, const graph::Point& point,
                                      const Loaded& loaded) {
    const auto query = query_of(options, loaded.graph);
    if (!query) return std::unexpected(query.error());
    std::optional<graph::Anchor> anchor;
    if (point.kind != graph::PointKind::Event) {
        anchor = graph::find_anchor(loaded.graph, point);
    } else if (loaded.asked_for) {
        anchor = graph::find_anchor(loaded.graph, *loaded.asked_for);
    }
    if (!anchor) return std::unexpected(not_found(options, loaded, point));
    return graph::make_chain(loaded.graph, point, *anchor, *query, loaded.losses);
}

base::Result<int> print_chain(const ChainOptions& options) {
    const auto point = graph::parse_point(options.point);
    if (!point) return std::unexpected(point.error());
    const auto loaded = load(options, *point);
    if (!loaded) return std::unexpected(loaded.error());
    const auto chain = find_chain(options, *point, *loaded);
    if (!chain) return std::unexpected(chain.error());
    const std::string text = render(*chain, options.format);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        return base::fail_errno("standard output cannot be written");
    }
    return chain->nodes.empty() ? kNegative : kDone;
}

int run_chain(const ChainOptions& options) {
    // A reader that has seen enough (| head) ends this program as it ends any other in a pipeline: quietly.
    std::signal(SIGPIPE, SIG_DFL);
    const auto code = print_chain(options);
    return code ? *code : report(code.error());
}

std::string help_text() {
    std::string text = R"(
POINT is one of
  file:/path         a file by any name it had
  process:PID        all processes that had this pid
  exe:/path          all processes that ran this program
  socket:ADDR:PORT   sockets with this address at either end; socket:[::1]:80, socket:/run/unix.sock
  event:ID           what one event carried

A time is 2026-11-21T10:00:00Z, 10:00:00 (local, on the recording's day) or +1.5s (after its start).

Left out, unless kept:
)";
    for (std::size_t i = 0; i < graph::kRuleCount; ++i) {
        const graph::RuleText& rule = graph::text_of(static_cast<graph::Rule>(i));
        std::string_view name = rule.name;
        for (const std::string& line : CLI::detail::split(std::string(rule.help), '\n')) {
            text += fmt::format("  {:<13} {}\n", std::exchange(name, ""), line);
        }
    }
    return text + R"(
Examples:
  catena chain trace.catena file:/tmp/stolen.tar
  catena chain trace.catena socket:203.0.113.66:9000 --format dot | dot -Tsvg -o chain.svg
  catena chain trace.catena file:/etc/shadow --forward --since +2s
  catena chain trace.catena exe:/tmp/.x --both --keep system-files --format json | jq .nodes[].label)";
}

std::vector<std::string> rule_names() {
    std::vector<std::string> names;
    names.reserve(graph::kRuleCount);
    for (std::size_t i = 0; i < graph::kRuleCount; ++i)
        names.emplace_back(graph::text_of(static_cast<graph::Rule>(i)).name);
    return names;
}

}  // namespace

void add_chain(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("chain", "Tell where something came from, or what came of it");
    const auto options = std::make_shared<ChainOptions>();
    command->add_option("TRACE", options->trace, "The recording")->required();
    command->add_option("POINT", options->point, "What to start from; see below")->required();
    CLI::Option* back = command->add_flag("--back", options->back, "Where it came from (default)");
    CLI::Option* forward =
        command->add_flag("--forward", options->forward, "What came of it")->excludes(back);
    command->add_flag("--both", options->both, "Both")->excludes(back)->excludes(forward);
    command->add_option("--since", options->since, "Follow nothing that ended before T")->option_text("T");
    command->add_option("--until", options->until, "Follow nothing that began after T")->option_text("T");
    command
        ->add_option("--max-nodes", options->max_nodes,
                     "Keep the N nodes nearest in time (text and dot: 200, json: all)")
        ->option_text("N")
        ->check(CLI::PositiveNumber);
    command->add_option("--format", options->format, "text (default), json or dot")
        ->option_text("text|json|dot")
        ->check(CLI::IsMember({"text", "json", "dot"}));
    command->add_flag("--all", options->all, "Leave nothing out, however much there is");
    command->add_option("--keep", options->keep, "Do not leave out what this rule takes; can be repeated")
        ->option_text("RULE")
        ->check(CLI::IsMember(rule_names()))
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->footer(help_text());
    command->callback([options, &exit_code] { exit_code = run_chain(*options); });
}

}  // namespace catena::cli
