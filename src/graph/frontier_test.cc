// The search through a recording that stays where it is, against the graph of the whole recording in memory.
#include "graph/frontier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <ostream>
#include <random>
#include <tuple>
#include <vector>

#include "graph/part.h"

namespace catena::graph {
namespace {

using event::EntityId;
using event::Op;

struct Recording {
    std::vector<event::ProcessImage> images;
    std::vector<event::FileName> files;
    std::vector<event::Socket> sockets;
    std::vector<event::Event> events;

    [[nodiscard]] Graph graph(std::int64_t slack_ns) const {
        GraphBuilder builder(slack_ns);
        for (const auto& image : images) builder.add(image);
        for (const auto& file : files) builder.add(file);
        for (const auto& socket : sockets) builder.add(socket);
        auto sorted = events;
        std::ranges::sort(sorted, {}, [](const auto& e) { return std::pair(e.ts_ns, e.id); });
        for (const auto& event : sorted) builder.add(event);
        return std::move(builder).build(Direction::Both);
    }
};

// The questions of a search, answered by looking at everything.
class ListedHistory final : public History {
  public:
    explicit ListedHistory(const Recording& recording) : recording_(recording) {}

    base::Result<HistoryExtent> extent() override {
        HistoryExtent extent{.events = recording_.events.size(),
                             .first_ns = INT64_MAX,
                             .latest_ns = INT64_MIN,
                             .end_ns = INT64_MIN};
        for (const auto& event : recording_.events) {
            extent.first_ns = std::min(extent.first_ns, event.ts_ns);
            extent.latest_ns = std::max(extent.latest_ns, event.ts_ns);
            extent.end_ns = std::max(extent.end_ns, event.last_ns);
            extent.longest_ns = std::max(extent.longest_ns, event.last_ns - event.ts_ns);
        }
        return extent;
    }
    base::Status events(std::int64_t from_ns, std::int64_t to_ns, const Visit& visit) override {
        for (const auto& event : recording_.events) {
            if (event.ts_ns < from_ns || event.ts_ns > to_ns) continue;
            ++visits;
            visit(event);
        }
        return {};
    }
    base::Status events_longer_than(std::int64_t ns, const Visit& visit) override {
        for (const auto& event : recording_.events) {
            if (event.last_ns - event.ts_ns > ns) visit(event);
        }
        return {};
    }
    base::Status peers(const std::function<void(EntityId, EntityId)>& visit) override {
        for (const auto& socket : recording_.sockets) {
            const bool known =
                std::ranges::any_of(recording_.sockets, [&](const auto& s) { return s.id == socket.peer; });
            if (known && socket.peer != socket.id) visit(socket.id, socket.peer);
        }
        return {};
    }
    base::Status births(std::int64_t from_ns, std::int64_t to_ns,
                        const std::function<void(const Birth&)>& visit) override {
        for (const auto& image : recording_.images) {
            const bool forked = std::ranges::any_of(recording_.events, [&](const auto& e) {
                return e.op == Op::Fork && e.object == image.id && carries(e);
            });
            const bool known =
                std::ranges::any_of(recording_.images, [&](const auto& i) { return i.id == image.parent; });
            const std::int64_t ts_ns = image.start_ns;
            if (!forked && known && ts_ns != 0 && from_ns <= ts_ns && ts_ns <= to_ns)
                visit({.parent = image.parent, .child = image.id, .ts_ns = ts_ns});
        }
        return {};
    }
    base::Status describe(std::span<const EntityId> ids, GraphBuilder& builder) override {
        const auto add = [&](const auto& things) {
            for (const auto& thing : things) {
                if (std::ranges::find(ids, thing.id) != ids.end()) builder.add(thing);
            }
        };
        add(recording_.images);
        add(recording_.files);
        add(recording_.sockets);
        return {};
    }
    base::Status traits(std::span<const EntityId> ids,
                        const std::function<void(EntityId, Traits)>& visit) override {
        const Graph graph = recording_.graph(0);
        for (const EntityId id : ids) {
            const auto node = graph.entities().find(id);
            Traits traits = 0;
            for (const Trait trait : {Trait::Written, Trait::Accepted, Trait::Connected, Trait::Forked}) {
                if (node && graph.has(*node, trait)) traits |= static_cast<Traits>(trait);
            }
            visit(id, traits);
        }
        return {};
    }
    base::Status devices(const std::function<void(EntityId)>& visit) override {
        for (const auto& file : recording_.files) {
            if (file.path.starts_with("/dev/")) visit(file.id);
        }
        return {};
    }

    std::size_t visits = 0;  // of events of slices

  private:
    const Recording& recording_;
};

class Dice {
  public:
    explicit Dice(std::uint32_t seed) : random_(seed) {}
    std::int64_t below(std::int64_t end) {
        return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random_);
    }

  private:
    std::mt19937 random_;
};

// Processes 1 to p, then files (some of the system, some devices), then sockets in pairs. Times are few, so
// that many are equal, and not in the order of ids; threads are few, so that calls of one thread are close to
// each other. Some events end before they begin, are dated years ahead, come twice, or are of a process with
// itself.
Recording random_recording(Dice& dice) {
    Recording recording;
    const std::int64_t processes = 3 + dice.below(6);
    const std::int64_t files = 2 + dice.below(8);
    const std::int64_t sockets = 2 * dice.below(3);
    const std::int64_t times = 1 + dice.below(400);
    const auto id = [](std::int64_t number) { return EntityId{static_cast<std::uint64_t>(number)}; };
    for (std::int64_t i = 1; i <= processes; ++i) {
        if (dice.below(8) == 0) continue;  // never described
        recording.images.push_back({.id = id(i),
                                    .since_ns = dice.below(times),
                                    .start_ns = dice.below(2) == 0 ? 0 : dice.below(2 * times),
                                    .pid = static_cast<std::int32_t>(i),
                                    .parent = id(dice.below(processes + 1))});
    }
    constexpr std::array kFolders = {"/usr/lib/", "/srv/", "/dev/tty"};
    for (std::int64_t i = processes + 1; i <= processes + files; ++i)
        recording.files.push_back({.id = id(i), .path = kFolders.at(dice.below(3)) + std::to_string(i)});
    for (std::int64_t i = processes + files + 1; i <= processes + files + sockets; ++i) {
        const bool odd = (i - processes - files) % 2 == 1;
        const bool alone = dice.below(4) == 0;
        recording.sockets.push_back(
            {.id = id(i), .protocol = "unix", .peer = alone ? EntityId{} : id(odd ? i + 1 : i - 1)});
    }
    constexpr std::array kOps = {Op::Read, Op::Write, Op::MmapWrite, Op::Open, Op::Rename, Op::Exec};
    for (std::int64_t i = 1, count = 20 + dice.below(200); i <= count; ++i) {
        event::Event event;
        event.id = i;
        event.ts_ns = event.last_ns = dice.below(times);
        if (dice.below(4) == 0) event.last_ns += dice.below(times);
        if (dice.below(20) == 0) event.last_ns -= dice.below(2 * times);
        if (dice.below(100) == 0) event.ts_ns = event.last_ns = (std::int64_t{1} << 58) + dice.below(times);
        event.process = id(1 + dice.below(processes));
        event.tid = static_cast<std::int32_t>(dice.below(5));
        const std::int64_t kind = dice.below(10);
        if (kind == 0) {
            event.op = Op::Fork;
            event.object = id(1 + dice.below(processes));
        } else if (kind <= 2 && sockets > 0) {
            event.op = dice.below(2) == 0 ? Op::Send : Op::Recv;
            event.object = id(1 + processes + files + dice.below(sockets));
        } else {
            event.op = kOps.at(dice.below(6));
            event.object = id(1 + processes + dice.below(files));
        }
        event.bytes = event.ret = dice.below(4) == 0 ? 0 : 1;
        recording.events.push_back(event);
        if (dice.below(20) != 0) continue;
        event.id = ++i;
        recording.events.push_back(event);
    }
    return recording;
}

struct Answer {
    std::vector<std::pair<EntityId, std::int64_t>> nodes;
    std::vector<std::tuple<EntityId, EntityId, Op, std::int64_t, std::int64_t, std::int64_t>> edges;
    bool cut = false;
    std::vector<std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>> left_out;  // by rule
    bool operator==(const Answer&) const = default;
};

void PrintTo(const Answer& answer, std::ostream* out) {
    for (const auto& [id, ns] : answer.nodes) *out << "\n  " << id.value << " at " << ns;
    for (const auto& [source, target, op, event, first_ns, last_ns] : answer.edges) {
        *out << "\n  " << source.value << " -> " << target.value << " " << to_string(op) << " event " << event
             << ", " << first_ns << " to " << last_ns;
    }
    for (const auto& [nodes, edges, bytes] : answer.left_out)
        *out << "\n  left out " << nodes << " nodes, " << edges << " flows, " << bytes << " bytes";
    *out << (answer.cut ? "\n  cut" : "");
}

Answer answer_of(const Graph& graph, const PartQuery& query) {
    const bool back = query.direction == Direction::Back;
    std::vector<Moment> starts;
    for (const Start& start : back ? query.back : query.forward) {
        if (const auto node = graph.entities().find(start.id)) starts.push_back({*node, start.ns});
    }
    Pruner pruner(graph, query.kept);
    const Tracking tracking = track(graph, query.direction, starts, query.window, query.max_nodes,
                                    [&](NodeIndex node) { return pruner.takes(node); });
    Answer answer{.cut = tracking.cut};
    for (const Moment& moment : tracking.nodes)
        answer.nodes.emplace_back(graph.entities().id(moment.node), moment.ns);
    for (const EdgeIndex index : tracking.edges) {
        const Edge edge = graph.edge(index);
        answer.edges.emplace_back(graph.entities().id(edge.source), graph.entities().id(edge.target), edge.op,
                                  edge.event, edge.first_ns, edge.last_ns);
    }
    std::ranges::sort(answer.edges);
    Window window = query.window;  // up to where it was cut
    if (tracking.cut && !tracking.nodes.empty()) {
        const std::int64_t last_ns = tracking.nodes.back().ns;
        if (back) window.since_ns = std::max(window.since_ns, last_ns);
        if (!back) window.until_ns = std::min(window.until_ns, last_ns);
    }
    pruner.count(query.direction, window, tracking);
    for (std::size_t i = 0; i < kRuleCount; ++i) {
        const Pruner::Taken& taken = pruner.taken(static_cast<Rule>(i));
        answer.left_out.emplace_back(taken.nodes, taken.edges, taken.bytes);
    }
    return answer;
}

TEST(Frontier, FindsWhatTheWholeGraphHasInRandomRecordings) {
    Dice dice(20261125);
    std::size_t cut = 0;
    std::size_t large = 0;
    for (int round = 0; round < 3000; ++round) {
        const Recording recording = random_recording(dice);
        ListedHistory history(recording);
        const std::int64_t slack_ns = dice.below(3) * 4;
        PartQuery query{.direction = dice.below(2) == 0 ? Direction::Back : Direction::Forward};
        query.limits.slack_ns = slack_ns;
        // A slice of a few events, and what lasts longer than a few nanoseconds is long.
        query.limits.slice_events = 1 + static_cast<std::size_t>(dice.below(30));
        query.limits.long_ns = dice.below(20);
        query.max_nodes = dice.below(2) == 0 ? SIZE_MAX : 1 + static_cast<std::size_t>(dice.below(6));
        query.kept.fill(dice.below(4) == 0);
        if (dice.below(3) == 0)
            query.window = {.since_ns = dice.below(100), .until_ns = 100 + dice.below(100)};
        const bool back = query.direction == Direction::Back;
        for (std::int64_t i = 0, starts = 1 + dice.below(2); i < starts; ++i) {
            // One that is described, as those that points name are.
            const std::size_t file =
                static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(recording.files.size())));
            const bool of_process = !recording.images.empty() && dice.below(2) == 0;
            const Start start{of_process ? recording.images.front().id : recording.files[file].id,
                              dice.below(2) == 0 ? dice.below(200)
                              : back             ? kAlwaysUntil
                                                 : kAlwaysFrom};
            (back ? query.back : query.forward).push_back(start);
        }
        const auto part = find_part(history, query);
        ASSERT_TRUE(part);
        const Answer whole = answer_of(recording.graph(slack_ns), query);
        ASSERT_EQ(answer_of(part->graph, query), whole) << "in round " << round;
        cut += whole.cut ? 1 : 0;
        large += whole.nodes.size() > 5 ? 1 : 0;
    }
    EXPECT_GT(cut, 300U);
    EXPECT_GT(large, 300U);
}

// One process writes one file, once a nanosecond.
Recording hub() {
    Recording recording;
    recording.files.push_back({.id = {2}, .path = "/srv/hub"});
    for (std::int64_t i = 1; i <= 5000; ++i) {
        event::Event event;
        event.id = event.ts_ns = event.last_ns = i;
        event.op = Op::Write;
        event.process = {1};
        event.object = {2};
        event.bytes = event.ret = 1;
        recording.events.push_back(event);
    }
    return recording;
}

TEST(Frontier, IsNotLostInTheTimeBeforeAnEventThatIsDatedYearsAhead) {
    Recording recording = hub();
    recording.events.push_back(recording.events.back());
    recording.events.back().id = 5001;
    recording.events.back().ts_ns = recording.events.back().last_ns = std::int64_t{1} << 61;
    ListedHistory history(recording);
    PartQuery query{.back = {{EntityId{2}, kAlwaysUntil}}};
    query.limits = {.slack_ns = 0, .slice_events = 1000, .long_ns = 10};
    const auto part = find_part(history, query);
    ASSERT_TRUE(part);
    EXPECT_EQ(part->graph.edge_count(), 5001U);
    EXPECT_LT(history.visits, 4 * recording.events.size()) << "half of all time, again and again";
}

TEST(Frontier, RunsOutOfRoomAtAHubAndSaysFromWhereOn) {
    const Recording recording = hub();
    ListedHistory history(recording);
    PartQuery query{.back = {{EntityId{2}, kAlwaysUntil}}};
    query.limits = {.slack_ns = 0, .max_flows = 1000, .slice_events = 100, .long_ns = 10};
    const auto part = find_part(history, query);
    ASSERT_TRUE(part);
    EXPECT_TRUE(part->is_full);
    EXPECT_LT(part->graph.edge_count(), 1200U);
    EXPECT_GE(part->graph.edge_count(), 1000U);
    // Within its window it has everything.
    query.window = part->window;
    EXPECT_EQ(answer_of(part->graph, query), answer_of(recording.graph(0), query));
}

}  // namespace
}  // namespace catena::graph
