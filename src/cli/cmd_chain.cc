// catena chain: prints where something came from, or what came of it, as a story, as JSON or as a picture.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/recording_history.h"
#include "event/escape.h"
#include "event/event.h"
#include "graph/chain.h"
#include "graph/part.h"
#include "graph/point.h"
#include "graph/render.h"
#include "graph/text.h"
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
    std::size_t steps = 0;  // 0: not given
    std::vector<std::string> keep;
    std::string baseline;

    [[nodiscard]] graph::Direction direction() const {
        if (both) return graph::Direction::Both;
        return forward || !to.empty() ? graph::Direction::Forward : graph::Direction::Back;
    }
};

// A recording as a graph, or the part of it that the question needs, and what the graph does not hold of it.
struct Loaded {
    graph::Graph graph;
    std::vector<graph::Gap> losses;
    std::map<std::int64_t, event::Event> events;  // that points name, by id
    std::int64_t last_event = 0;                  // the highest id
    bool is_part = false;
    bool has_functions = false;           // functions were watched
    std::optional<graph::Window> window;  // of a part that ran out of room: where it is whole
};

std::unexpected<base::Error> failed(const base::Status& status) { return std::unexpected(status.error()); }

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
    const auto status = reader.numbers(
        "SELECT cpu::BIGINT, ts_ns, lost FROM loss ORDER BY ts_ns, cpu", [&](store::Numbers row) {
            const auto cpu = static_cast<std::int32_t>(row[0]);
            const Look now{.ts_ns = row[1], .lost = static_cast<std::uint64_t>(row[2])};
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

// The points of a command line: those that a chain starts from, and the one where it ends, if there is one.
struct Points {
    std::vector<graph::Point> from;
    std::optional<graph::Point> to;

    [[nodiscard]] std::vector<graph::Point> all() const {
        std::vector<graph::Point> points = from;
        if (to) points.push_back(*to);
        return points;
    }
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

// The recording lasts from start_ns to end_ns.
base::Result<graph::ChainQuery> query_of(const ChainOptions& options, std::int64_t start_ns,
                                         std::int64_t end_ns) {
    graph::ChainQuery query{.direction = options.direction()};
    if (options.all) query.kept.fill(true);
    query.rank = !options.all && std::ranges::find(options.keep, graph::kRank.name) == options.keep.end();
    for (const std::string& name : options.keep) {
        if (const auto rule = graph::rule_from_string(name))
            query.kept[static_cast<std::size_t>(*rule)] = true;
    }
    const auto read = [&](const std::string& text, std::int64_t& ns, const char* option) -> base::Status {
        if (text.empty()) return {};
        auto moment = graph::parse_moment(text, start_ns, end_ns);
        if (!moment) return std::unexpected(std::move(moment).error().with_context(option));
        ns = *moment;
        return {};
    };
    if (auto status = read(options.since, query.window.since_ns, "--since"); !status) return failed(status);
    if (auto status = read(options.until, query.window.until_ns, "--until"); !status) return failed(status);
    if (query.window.since_ns > query.window.until_ns)
        return base::fail(base::ErrorCode::Usage, "--since is later than --until");
    const bool limited = options.format != "json" && options.format != "prov" && !options.all;
    query.max_nodes = options.max_nodes > 0 ? options.max_nodes : limited ? kReadableNodes : SIZE_MAX;
    return query;
}

// A point that stands for thousands of entities is no question; the ways back from all of them are
// everything.
constexpr std::size_t kMostMatches = 1000;

// What an entity that a point names is called in a list of several.
std::string name_of(const graph::Entities& entities, graph::NodeIndex node) {
    if (!entities.images(node).empty()) return fmt::format("process:{}", entities.images(node).back().pid);
    if (!entities.names(node).empty()) {
        const event::FileName& name = entities.names(node).back();
        return fmt::format("inode {} of {}", name.inode, event::escape_for_terminal(name.path));
    }
    const event::Socket& socket = *entities.socket(node);
    return "socket:" + event::escape_for_terminal(socket.remote.empty() ? socket.local : socket.remote);
}

base::Error too_many(const ChainOptions& options, RecordingHistory& history, const graph::Point& point,
                     std::span<const event::EntityId> ids) {
    constexpr std::size_t kListed = 5;
    const auto busiest = history.busiest(point, ids, kListed);
    if (!busiest) return busiest.error();
    std::vector<event::EntityId> listed;
    for (const Busy& busy : *busiest) listed.push_back(busy.id);
    graph::GraphBuilder builder;
    if (auto status = history.describe(listed, builder); !status) return status.error();
    const graph::Graph graph = std::move(builder).build(graph::Direction::Back);
    std::vector<std::string> names;
    for (const Busy& busy : *busiest) {
        std::string flows = graph::counted(busy.flows, "flow");
        if (busy.flows > 0) flows += fmt::format(", the last is event:{}", busy.last_event);
        names.push_back(
            fmt::format("{} ({})", name_of(graph.entities(), *graph.entities().find(busy.id)), flows));
    }
    const std::string trace = event::escape_for_terminal(options.trace);
    return {.code = base::ErrorCode::Usage,
            .errno_value = 0,
            .message = fmt::format(
                "{} stands for {} entities in {}, more than {}; those with the most flows are {}. Name one "
                "of them, or an event of it: catena events {} --where \"…\"",
                event::escape_for_terminal(point.text), graph::with_commas(ids.size()), trace,
                graph::with_commas(kMostMatches), fmt::join(names, ", "), trace)};
}

// The entities that a point names, not for event:ID. Usage error where there are too many.
base::Result<std::vector<event::EntityId>> matches_of(const ChainOptions& options, RecordingHistory& history,
                                                      const graph::Point& point) {
    auto ids = history.matches(point);
    if (ids && ids->size() > kMostMatches) return std::unexpected(too_many(options, history, point, *ids));
    return ids;
}

base::Status load_asked_events(store::Reader& reader, const Points& points, Loaded& loaded) {
    for (const graph::Point& point : points.all()) {
        if (point.kind != graph::PointKind::Event) continue;
        auto status = reader.events(fmt::format("id = {}", point.number), [&](event::Event&& event) {
            loaded.events.insert_or_assign(event.id, std::move(event));
        });
        if (!status) return status;
        if (loaded.events.contains(point.number)) continue;
        status = reader.numbers("SELECT max(id) FROM events",
                                [&](store::Numbers row) { loaded.last_event = row[0]; });
        if (!status) return status;
    }
    return {};
}

base::Result<graph::Graph> load_all(store::Reader& reader, graph::Direction direction, std::size_t events) {
    graph::GraphBuilder builder(graph::kCallSlackNs);
    builder.reserve(events);
    const auto add = [&builder](auto&& row) { builder.add(std::forward<decltype(row)>(row)); };
    if (auto status = reader.processes(add); !status) return failed(status);
    if (auto status = reader.files(add); !status) return failed(status);
    if (auto status = reader.sockets(add); !status) return failed(status);
    if (auto status = reader.objects(add); !status) return failed(status);
    const auto status = reader.events("", [&](event::Event&& event) { builder.add(event); });
    if (!status) return failed(status);
    return std::move(builder).build(direction);
}

// Adds where a point starts from.
class Starts {
  public:
    Starts(const ChainOptions& options, RecordingHistory& history, const Loaded& loaded,
           graph::PartQuery& query)
        : options_(options), history_(history), loaded_(loaded), query_(query) {}

    base::Status add(const graph::Point& point, bool back, bool forward) {
        if (point.kind == graph::PointKind::Event) return add_event(point, back, forward);
        const auto ids = matches_of(options_, history_, point);
        if (!ids) return std::unexpected(ids.error());
        for (const event::EntityId id : *ids) {
            if (back) query_.back.push_back({id, graph::kAlwaysUntil});
            if (forward) query_.forward.push_back({id, graph::kAlwaysFrom});
        }
        return {};
    }

  private:
    base::Status add_event(const graph::Point& point, bool back, bool forward) {
        const auto found = loaded_.events.find(point.number);
        if (found == loaded_.events.end()) return {};
        const event::Event& event = found->second;
        const auto row = graph::find_row(history_, event);
        if (!row) return std::unexpected(row.error());
        const std::int64_t last_ns = std::max(event.ts_ns, event.last_ns);
        if (!*row) {
            if (back) query_.back.push_back({event.process, last_ns});
            if (forward) query_.forward.push_back({event.process, event.ts_ns});
            return {};
        }
        query_.rows.push_back(**row);
        // Of both ends, whichever way it carries, and forward from before it can have begun: what a search
        // has too much of does no harm.
        for (const event::EntityId id : {event.process, event.object}) {
            if (back) query_.back.push_back({id, last_ns});
            if (forward) query_.forward.push_back({id, event.ts_ns - graph::kCallSlackNs});
        }
        return {};
    }

    const ChainOptions& options_;
    RecordingHistory& history_;
    const Loaded& loaded_;
    graph::PartQuery& query_;
};

base::Status load_part(const ChainOptions& options, const Points& points, RecordingHistory& history,
                       Loaded& loaded) {
    const auto extent = history.extent();
    if (!extent) return std::unexpected(extent.error());
    const auto query = query_of(options, extent->first_ns, extent->end_ns);
    if (!query) return std::unexpected(query.error());
    graph::PartQuery part_query{.direction = points.to ? graph::Direction::Both : query->direction,
                                .window = query->window,
                                .max_nodes = points.to ? SIZE_MAX : query->max_nodes,
                                .kept = query->kept};
    const bool back = part_query.direction != graph::Direction::Forward && !points.to;
    const bool forward = part_query.direction != graph::Direction::Back;
    if (query->rank && back) part_query.max_nodes = std::max(part_query.max_nodes, graph::kMostRanked);
    Starts starts(options, history, loaded, part_query);
    for (const graph::Point& point : points.from) {
        if (auto status = starts.add(point, back, forward); !status) return status;
    }
    if (points.to) {
        if (auto status = starts.add(*points.to, true, false); !status) return status;
    }
    auto part = graph::find_part(history, part_query);
    if (!part) return std::unexpected(std::move(part).error());
    loaded.graph = std::move(part->graph);
    if (part->is_full) loaded.window = part->window;
    return {};
}

// A recording with more events is not read as a whole (docs/decisions/0023).
constexpr std::uint64_t kWholeEvents = 1'000'000;

// For tests and comparisons: another number.
std::uint64_t whole_events() {
    const char* text = std::getenv("CATENA_WHOLE_EVENTS");
    return text != nullptr ? std::strtoull(text, nullptr, 10) : kWholeEvents;
}

base::Result<Loaded> load(const ChainOptions& options, const Points& points) {
    const auto reader = store::open_recording(options.trace, "160MB");
    if (!reader) return std::unexpected(reader.error());
    RecordingHistory history(**reader);
    const auto extent = history.extent();
    if (!extent) return std::unexpected(extent.error());

    Loaded loaded;
    loaded.is_part = extent->events > whole_events();
    loaded.has_functions = !(*reader)->meta()["functions"].empty();
    if (auto status = load_asked_events(**reader, points, loaded); !status) return failed(status);
    if (loaded.is_part) {
        if (auto status = load_part(options, points, history, loaded); !status) return failed(status);
    } else {
        for (const graph::Point& point : points.all()) {
            if (point.kind == graph::PointKind::Event) continue;
            if (const auto ids = matches_of(options, history, point); !ids)
                return std::unexpected(ids.error());
        }
        const graph::Direction direction = points.to ? graph::Direction::Both : options.direction();
        auto graph = load_all(**reader, direction, extent->events);
        if (!graph) return std::unexpected(std::move(graph).error());
        loaded.graph = *std::move(graph);
    }
    auto losses = load_losses(**reader, loaded.graph.start_ns());
    if (!losses) return std::unexpected(std::move(losses).error());
    loaded.losses = std::move(*losses);
    return loaded;
}

base::Result<graph::Graph> load_baseline(const std::string& trace) {
    const auto reader = store::open_recording(trace, "160MB");
    if (!reader) return std::unexpected(base::Error(reader.error()).with_context("--baseline"));
    const auto extent = RecordingHistory(**reader).extent();
    if (!extent) return std::unexpected(extent.error());
    return load_all(**reader, graph::Direction::Back, extent->events);
}

base::Error not_found(const ChainOptions& options, const Loaded& loaded, const graph::Point& point) {
    const std::string trace = event::escape_for_terminal(options.trace);
    std::string message = fmt::format("{} is not in {}; ", event::escape_for_terminal(point.text), trace);
    std::vector<std::string> close;
    if (!loaded.is_part) {
        close = graph::close_points(loaded.graph, point);
    } else if (const auto reader = store::open_recording(options.trace); reader) {
        graph::GraphBuilder builder;  // all names, no events
        const auto add = [&builder](auto&& row) { builder.add(std::forward<decltype(row)>(row)); };
        if ((*reader)->processes(add) && (*reader)->files(add) && (*reader)->sockets(add))
            close = graph::close_points(std::move(builder).build(graph::Direction::Back), point);
    }
    if (!close.empty()) {
        message += fmt::format("close to it: {}", fmt::join(close, ", "));
    } else if (point.kind == graph::PointKind::Event) {
        message += fmt::format("its last event is {}", loaded.last_event);
    } else {
        message += fmt::format(R"(look for it with: catena query {} "SELECT * FROM entities")", trace);
    }
    return {.code = base::ErrorCode::NotFound, .errno_value = 0, .message = std::move(message)};
}

base::Result<graph::Anchor> find_anchor(const ChainOptions& options, const Loaded& loaded,
                                        const graph::Point& point) {
    std::optional<graph::Anchor> anchor;
    if (point.kind != graph::PointKind::Event) {
        anchor = graph::find_anchor(loaded.graph, point);
    } else if (const auto event = loaded.events.find(point.number); event != loaded.events.end()) {
        anchor = graph::find_anchor(loaded.graph, event->second);
    }
    if (!anchor) return std::unexpected(not_found(options, loaded, point));
    return *std::move(anchor);
}

graph::Colour colour_of_output() {
    const char* no_color = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    const bool refused =
        (no_color != nullptr && *no_color != '\0') || (term != nullptr && std::string_view(term) == "dumb");
    return !refused && ::isatty(STDOUT_FILENO) == 1 ? graph::Colour::On : graph::Colour::Off;
}

// Of the terminal; what a wide one has where output goes elsewhere.
std::size_t columns_of_output() {
    winsize size{};
    if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return graph::StoryLimits{}.columns;
}

std::string render(const graph::Chain& chain, const ChainOptions& options) {
    if (options.format == "dot") return graph::to_dot(chain);
    if (options.format == "prov") return graph::to_prov(chain);
    if (options.format == "mermaid") return graph::to_mermaid(chain);
    graph::StoryLimits limits = options.all ? graph::kAllOfIt : graph::StoryLimits{};
    limits.columns = columns_of_output();
    if (options.steps > 0) limits.steps = options.steps;
    if (options.format == "json") return graph::to_json(chain, limits);
    return graph::to_text(chain, colour_of_output(), limits);
}

base::Result<graph::Chain> find_chain(const ChainOptions& options, const Points& points,
                                      const Loaded& loaded) {
    auto query = query_of(options, loaded.graph.start_ns(), loaded.graph.end_ns());
    if (!query) return std::unexpected(query.error());
    if (loaded.window) query->window = *loaded.window;
    graph::Anchor anchor;
    for (const graph::Point& point : points.from) {
        const auto one = find_anchor(options, loaded, point);
        if (!one) return std::unexpected(one.error());
        anchor.add(*one);
    }
    base::Result<graph::Anchor> to;
    if (points.to) {
        to = find_anchor(options, loaded, *points.to);
        if (!to) return std::unexpected(to.error());
        query->to = &*to;
    }
    base::Result<graph::Graph> before;
    if (!options.baseline.empty() && query->rank) {
        before = load_baseline(options.baseline);
        if (!before) return std::unexpected(before.error());
        query->before = &*before;
    }
    graph::Chain chain = graph::make_chain(loaded.graph, points.from, anchor, *query, loaded.losses);
    if (points.to) chain.to = points.to->text;
    if (loaded.window) {
        chain.cut = true;
        chain.note +=
            (chain.note.empty() ? "" : " ") +
            fmt::format(
                "More than {} flows lead here: the chain reaches only {} {}. Narrow it with --since or "
                "--until.",
                graph::with_commas(graph::Frontier::Limits{}.max_flows),
                options.forward ? "up to" : "back to",
                graph::format_moment(options.forward ? query->window.until_ns : query->window.since_ns));
    }
    return chain;
}

// Says of each edge which functions made its system calls.
base::Status name_functions(const ChainOptions& options, graph::Chain& chain) {
    const auto reader = store::open_recording(options.trace);
    if (!reader) return std::unexpected(reader.error());
    std::map<std::uint32_t, std::string> names;
    if (auto status = (*reader)->function_paths(
            [&](event::FunctionPath&& path) { names.emplace(path.context, std::move(path.name)); });
        !status || names.empty())
        return status;
    std::set<std::int64_t> wanted;
    for (const graph::ChainEdge& edge : chain.edges) wanted.insert(edge.events.begin(), edge.events.end());
    std::map<std::int64_t, std::uint32_t> contexts;
    if (auto status = (*reader)->numbers("SELECT id, context::BIGINT FROM events WHERE context IS NOT NULL",
                                         [&](store::Numbers row) {
                                             if (wanted.contains(row[0]))
                                                 contexts[row[0]] = static_cast<std::uint32_t>(row[1]);
                                         });
        !status)
        return status;
    for (graph::ChainEdge& edge : chain.edges) {
        for (const std::int64_t id : edge.events) {
            const auto context = contexts.find(id);
            if (context == contexts.end() || !names.contains(context->second)) continue;
            const std::string& name = names[context->second];
            if (std::ranges::find(edge.functions, name) == edge.functions.end())
                edge.functions.push_back(name);
        }
    }
    return {};
}

base::Result<int> print_chain(const ChainOptions& options) {
    const auto points = parse_points(options);
    if (!points) return std::unexpected(points.error());
    const auto loaded = load(options, *points);
    if (!loaded) return std::unexpected(loaded.error());
    auto chain = find_chain(options, *points, *loaded);
    if (!chain) return std::unexpected(chain.error());
    if (loaded->has_functions) {
        if (auto named = name_functions(options, *chain); !named) return std::unexpected(named.error());
    }
    const std::string text = render(*chain, options);
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
        return base::fail_errno("standard output cannot be written");
    }
    return chain->edges.empty() ? kNegative : kDone;
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
and stands for 1,000 entities at most.

A time is 2026-11-21T10:00:00Z, 10:00:00 (local, on the recording's day) or +1.5s (after its start).

Left out, unless kept:
)";
    for (std::size_t i = 0; i <= graph::kRuleCount; ++i) {
        const graph::RuleText& rule =
            i < graph::kRuleCount ? graph::text_of(static_cast<graph::Rule>(i)) : graph::kRank;
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
  catena chain trace.catena file:/etc/shadow --to socket:203.0.113.66:9000
  catena chain trace.catena file:/tmp/a file:/tmp/b
  catena chain trace.catena exe:/tmp/.x --both --keep system-files --format json | jq .nodes[].label)";
}

std::vector<std::string> rule_names() {
    std::vector<std::string> names;
    names.reserve(graph::kRuleCount);
    for (std::size_t i = 0; i < graph::kRuleCount; ++i)
        names.emplace_back(graph::text_of(static_cast<graph::Rule>(i)).name);
    names.emplace_back(graph::kRank.name);
    return names;
}

}  // namespace

void add_chain(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("chain", "Tell where something came from, or what came of it");
    const auto options = std::make_shared<ChainOptions>();
    command->add_option("TRACE", options->trace, "The recording")->required();
    command->add_option("POINT", options->points, "What to start from, one or several; see below")
        ->required();
    CLI::Option* back = command->add_flag("--back", options->back, "Where it came from (default)");
    CLI::Option* forward =
        command->add_flag("--forward", options->forward, "What came of it")->excludes(back);
    CLI::Option* both = command->add_flag("--both", options->both, "Both")->excludes(back)->excludes(forward);
    command->add_option("--to", options->to, "Only what lies on the ways from POINT to this one")
        ->option_text("POINT")
        ->excludes(back)
        ->excludes(forward)
        ->excludes(both);
    command->add_option("--since", options->since, "Follow nothing that ended before T")->option_text("T");
    command->add_option("--until", options->until, "Follow nothing that began after T")->option_text("T");
    command
        ->add_option("--max-nodes", options->max_nodes,
                     "Keep the N nodes nearest in time (json and prov: all, else 200)")
        ->option_text("N")
        ->check(is_positive);
    command
        ->add_option("--format", options->format,
                     "text (default), json, dot (Graphviz), prov (PROV-JSON) or mermaid")
        ->option_text("text|json|dot|prov|mermaid")
        ->check(CLI::IsMember({"text", "json", "dot", "prov", "mermaid"}));
    command->add_option("--steps", options->steps, "Tell at most N steps (15)")
        ->option_text("N")
        ->check(is_positive);
    command->add_flag("--all", options->all, "Leave nothing out, and tell every step, however much there is");
    command->add_option("--keep", options->keep, "Do not leave out what this rule takes; can be repeated")
        ->option_text("RULE")
        ->check(CLI::IsMember(rule_names()))
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command
        ->add_option("--baseline", options->baseline,
                     "Another recording of this host: what happened there, too, is less rare")
        ->option_text("TRACE");
    command->footer(help_text());
    command->callback([options, &exit_code] { exit_code = run_chain(*options); });
}

}  // namespace catena::cli
