// The tracker against a slow, obvious one, over every small history and over long random ones.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "graph/tracker.h"

namespace catena::graph {
namespace {

using event::Op;

struct Flow {
    std::uint32_t source;  // entity id - 1
    std::uint32_t target;
    std::int64_t first;
    std::int64_t last;
};

struct Answer {
    std::map<NodeIndex, std::int64_t> moments;
    std::set<EdgeIndex> edges;
    bool operator==(const Answer&) const = default;
};

// The definition, applied until nothing changes: an edge matters if it began by its target's moment; then its
// source matters up to the earlier of that moment and its end. Forward, the same with the two times and the
// two ends exchanged.
Answer track_slowly(const Graph& graph, Direction direction, const Moment& start, Window window) {
    const bool back = direction == Direction::Back;
    Answer answer;
    const auto clip = [&](std::int64_t ns) {
        return back ? std::min(ns, window.until_ns) : std::max(ns, window.since_ns);
    };
    answer.moments[start.node] = clip(start.ns);
    for (bool changed = true; changed;) {
        changed = false;
        for (EdgeIndex i = 0; i < graph.edge_count(); ++i) {
            const Edge edge = graph.edge(i);
            const auto at = answer.moments.find(back ? edge.target : edge.source);
            if (at == answer.moments.end()) continue;
            if (back ? edge.begin_ns > at->second : edge.last_ns < at->second) continue;
            const std::int64_t moment =
                back ? std::min(at->second, edge.last_ns) : std::max(at->second, edge.begin_ns);
            if (back ? moment < window.since_ns : moment > window.until_ns) continue;
            answer.edges.insert(i);
            const auto [other, is_new] = answer.moments.try_emplace(back ? edge.source : edge.target, moment);
            const bool wider = back ? moment > other->second : moment < other->second;
            if (wider) other->second = moment;
            changed |= is_new || wider;
        }
    }
    return answer;
}

Answer track_fast(const Graph& graph, Direction direction, const Moment& start, Window window) {
    const std::array starts = {start};
    const Tracking tracking =
        track(graph, direction, starts, window, SIZE_MAX, [](NodeIndex) { return false; });
    Answer answer;
    for (const Moment& moment : tracking.nodes) {
        EXPECT_TRUE(answer.moments.emplace(moment.node, moment.ns).second) << "a node came twice";
    }
    for (const EdgeIndex edge : tracking.edges)
        EXPECT_TRUE(answer.edges.insert(edge).second) << "an edge came twice";
    return answer;
}

// All entities are processes, which can write into each other's memory in all directions; with `joined`, the
// last two are the ends of a connection instead, and a flow between a process and one of them is a send or a
// receive.
Graph graph_of(const std::vector<Flow>& flows, std::uint32_t entities, bool joined,
               std::int64_t slack_ns = 0) {
    GraphBuilder builder(slack_ns);
    const auto is_socket = [&](std::uint32_t entity) { return joined && entity + 2 >= entities; };
    if (joined) {
        builder.add(event::Socket{
            .id = {entities - 1}, .protocol = "tcp", .local = {}, .remote = {}, .peer = {entities}});
        builder.add(event::Socket{
            .id = {entities}, .protocol = "tcp", .local = {}, .remote = {}, .peer = {entities - 1}});
    }
    std::int64_t id = 0;
    for (const Flow& flow : flows) {
        event::Event event;
        event.id = ++id;
        event.ts_ns = flow.first;
        event.last_ns = flow.last;
        event.tid = 1 + static_cast<std::int32_t>(flow.source);
        const bool receive = is_socket(flow.source);
        event.process = {1 + std::uint64_t{receive ? flow.target : flow.source}};
        event.object = {1 + std::uint64_t{receive ? flow.source : flow.target}};
        event.op = receive ? Op::Recv : is_socket(flow.target) ? Op::Send : Op::VmWrite;
        event.bytes = event.ret = 1;
        builder.add(event);
    }
    return std::move(builder).build(Direction::Both);
}

// Asks about node 0 only: a history in which another node is asked about is among the others, with the names
// exchanged.
void compare(const Graph& graph, std::int64_t moment, Window window = {}) {
    if (graph.node_count() == 0) return;
    for (const Direction direction : {Direction::Back, Direction::Forward}) {
        const Moment start{0, moment};
        ASSERT_EQ(track_fast(graph, direction, start, window), track_slowly(graph, direction, start, window));
    }
}

void compare_at(const Graph& graph, Direction direction, const Moment& start, Window window) {
    ASSERT_EQ(track_fast(graph, direction, start, window), track_slowly(graph, direction, start, window));
}

// The ways from one node to another in the graph of all (node, moment): one can wait, and take an edge at any
// moment of its interval. Moments are 0 to 7.
struct Ways {
    static constexpr std::int64_t kMoments = 8;
    using States = std::set<std::pair<NodeIndex, std::int64_t>>;

    Ways(const Graph& graph, NodeIndex from, NodeIndex to, Window window) {
        const std::int64_t since = std::max<std::int64_t>(window.since_ns, 0);
        const std::int64_t until = std::min(window.until_ns, kMoments - 1);
        const States after = reached(graph, {from, since}, until, 1);
        const States before = reached(graph, {to, until}, since, -1);
        for (const auto& state : after) {
            if (before.contains(state)) nodes.insert(state.first);
        }
        for (EdgeIndex i = 0; i < graph.edge_count(); ++i) {
            const Edge edge = graph.edge(i);
            for (std::int64_t t = edge.begin_ns; t <= edge.last_ns; ++t) {
                if (after.contains({edge.source, t}) && before.contains({edge.target, t})) edges.insert(i);
            }
        }
    }

    std::set<NodeIndex> nodes;
    std::set<EdgeIndex> edges;

  private:
    // Everywhere that one can be, stepping through time that way until `end`.
    static States reached(const Graph& graph, std::pair<NodeIndex, std::int64_t> start, std::int64_t end,
                          std::int64_t step) {
        States states = {start};
        std::vector<std::pair<NodeIndex, std::int64_t>> open = {start};
        while (!open.empty()) {
            const auto [node, t] = open.back();
            open.pop_back();
            const auto add = [&](NodeIndex to, std::int64_t then) {
                if (states.insert({to, then}).second) open.emplace_back(to, then);
            };
            if (t != end) add(node, t + step);
            for (EdgeIndex i = 0; i < graph.edge_count(); ++i) {
                const Edge edge = graph.edge(i);
                const bool leads_on = (step > 0 ? edge.source : edge.target) == node;
                if (leads_on && edge.begin_ns <= t && t <= edge.last_ns)
                    add(step > 0 ? edge.target : edge.source, t);
            }
        }
        return states;
    }
};

void compare_between(const Graph& graph, NodeIndex from, NodeIndex to, Window window) {
    const Ways ways(graph, from, to, window);
    const std::array starts = {Moment{from, kAlwaysFrom}};
    const std::array ends = {Moment{to, kAlwaysUntil}};
    const Tracking found =
        track_between(graph, starts, ends, window, SIZE_MAX, [](NodeIndex) { return false; });
    std::set<NodeIndex> nodes;
    for (const Moment& moment : found.nodes) EXPECT_TRUE(nodes.insert(moment.node).second);
    const std::set<EdgeIndex> edges(found.edges.begin(), found.edges.end());
    ASSERT_EQ(nodes, ways.nodes);
    ASSERT_EQ(edges, ways.edges);
}

// Calls `visit` with every multiset of up to `size` of these flows. The order of arrival is the order of the
// list, which is not that of time.
template <class Visit>
void each_history(const std::vector<Flow>& alphabet, std::size_t size, std::size_t from,
                  std::vector<Flow>& history, const Visit& visit) {
    visit(history);
    if (history.size() == size || testing::Test::HasFatalFailure()) return;
    for (std::size_t i = from; i < alphabet.size(); ++i) {
        history.push_back(alphabet[i]);
        each_history(alphabet, size, i, history, visit);
        history.pop_back();
    }
}

using Interval = std::pair<std::int64_t, std::int64_t>;

std::vector<Flow> alphabet_of(const std::vector<Interval>& intervals, std::uint32_t entities, bool joined) {
    std::vector<Flow> alphabet;
    for (std::uint32_t source = 0; source < entities; ++source) {
        for (std::uint32_t target = 0; target < entities; ++target) {
            const bool both_sockets = joined && source + 2 >= entities && target + 2 >= entities;
            if (source == target || both_sockets) continue;
            for (const auto& [first, last] : intervals) alphabet.push_back({source, target, first, last});
        }
    }
    return alphabet;
}

TEST(TrackerDifferential, AllHistoriesOfFourEventsOnFourEntities) {
    std::vector<Flow> history;
    std::size_t histories = 0;
    each_history(alphabet_of({{1, 1}, {1, 3}, {2, 2}, {3, 3}}, 4, false), 4, 0, history,
                 [&](const std::vector<Flow>& flows) {
                     ++histories;
                     compare(graph_of(flows, 4, false), 2);
                 });
    EXPECT_EQ(histories, 270'725U);  // multisets of up to 4 of 48 flows: 52 over 4
}

TEST(TrackerDifferential, AllHistoriesOfThreeMergedEventsOnFourEntities) {
    std::vector<Flow> history;
    const std::vector<Interval> intervals = {{1, 1}, {1, 2}, {1, 3}, {2, 2}, {2, 3}, {3, 3}};
    each_history(alphabet_of(intervals, 4, false), 3, 0, history, [&](const std::vector<Flow>& flows) {
        const Graph graph = graph_of(flows, 4, false);
        compare(graph, 2);
        compare(graph, 3, {.since_ns = 2, .until_ns = 3});
    });
}

TEST(TrackerDifferential, AllHistoriesOfThreeEventsWithAConnectionAmongThem) {
    std::vector<Flow> history;
    each_history(alphabet_of({{1, 1}, {1, 3}, {2, 2}, {3, 3}}, 4, true), 3, 0, history,
                 [&](const std::vector<Flow>& flows) { compare(graph_of(flows, 4, true), 2); });
}

// Every history of up to six events on four entities, but for names: entity 0 is asked about, the others are
// alike, so that of the histories that differ by an exchange of the others only the one that is first in the
// order of lists is built. Times are alike too, but for their order and for which are equal: a history is a
// list of levels, the events of a level happen at once, and each level has one. Asked is from the end and
// from the beginning of time; a question from between them is one about a smaller history, since what lies
// beyond the moment is never looked at (which AllHistoriesOfFourEventsOnFourEntities asks).
constexpr std::size_t kHistories =
    3'962'109;  // by Burnside's lemma, over the six exchanges of three entities
class AllSixes {
  public:
    // Of `shards` parts of all histories, visits one.
    template <class Visit>
    void visit(std::size_t shard, std::size_t shards, const Visit& visit) {
        grow(6, 0, 0, [&] {
            if (!is_first_of_its_kind() || histories_++ % shards != shard) return;
            flows_.clear();
            for (const auto& [pair, level] : events_)
                flows_.push_back({kPairs[pair].first, kPairs[pair].second, level, level});
            visit(flows_);
        });
    }
    [[nodiscard]] std::size_t histories() const { return histories_; }

  private:
    struct Happened {
        std::uint8_t pair;
        std::int64_t level;
        auto operator<=>(const Happened&) const = default;
    };
    static constexpr std::array<std::pair<std::uint32_t, std::uint32_t>, 12> kPairs = {
        {{0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 2}, {1, 3}, {2, 0}, {2, 1}, {2, 3}, {3, 0}, {3, 1}, {3, 2}}};

    // Adds an event to the last level, of a pair that is not before its last one, or begins a level.
    template <class Visit>
    void grow(std::size_t left, std::uint8_t from, std::int64_t level, const Visit& visit) {
        visit();
        if (left == 0) return;
        // Where the levels so far come later than those of another kind, so does all that begins with them.
        const bool may_begin_level = is_first_of_its_kind();
        for (std::uint8_t pair = 0; pair < kPairs.size(); ++pair) {
            for (const bool same : {true, false}) {
                if (same ? events_.empty() || pair < from : !may_begin_level) continue;
                events_.push_back({pair, same ? level : level + 1});
                grow(left - 1, pair, events_.back().level, visit);
                events_.pop_back();
            }
        }
    }

    bool is_first_of_its_kind() {
        constexpr std::array<std::array<std::uint32_t, 4>, 5> kExchanges = {
            {{0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}}};
        return std::ranges::all_of(kExchanges, [&](const auto& names) {
            other_ = events_;
            for (Happened& happened : other_) {
                const auto [source, target] = kPairs[happened.pair];
                const auto pair = std::pair(names[source], names[target]);
                happened.pair = static_cast<std::uint8_t>(std::ranges::find(kPairs, pair) - kPairs.begin());
            }
            std::ranges::sort(other_, {}, [](const Happened& h) { return std::pair(h.level, h.pair); });
            return events_ <= other_;
        });
    }

    std::vector<Happened> events_;
    std::vector<Happened> other_;
    std::vector<Flow> flows_;
    std::size_t histories_ = 0;
};

class SixEvents : public testing::TestWithParam<std::size_t> {};

TEST_P(SixEvents, AllHistoriesOnFourEntities) {
    constexpr std::size_t kShards = 4;
    AllSixes all;
    all.visit(GetParam(), kShards, [&](const std::vector<Flow>& flows) {
        if (testing::Test::HasFatalFailure()) return;
        const Graph graph = graph_of(flows, 4, false);
        if (!graph.entities().find({1})) return;  // nothing happened to entity 0
        const NodeIndex asked = *graph.entities().find({1});
        compare_at(graph, Direction::Back, {asked, kAlwaysUntil}, {});
        compare_at(graph, Direction::Forward, {asked, kAlwaysFrom}, {});
        const auto other = graph.entities().find({2});
        if (other) compare_between(graph, asked, *other, {});
    });
    EXPECT_EQ(all.histories(), kHistories);
}
INSTANTIATE_TEST_SUITE_P(TrackerDifferential, SixEvents, testing::Range<std::size_t>(0, 4));

TEST(TrackerDifferential, BetweenInAllHistoriesOfFourMergedEvents) {
    std::vector<Flow> history;
    each_history(alphabet_of({{1, 1}, {1, 3}, {2, 3}}, 3, false), 4, 0, history,
                 [&](const std::vector<Flow>& flows) {
                     const Graph graph = graph_of(flows, 3, false);
                     const auto from = graph.entities().find({1});
                     const auto to = graph.entities().find({2});
                     if (!from || !to) return;
                     compare_between(graph, *from, *to, {});
                     compare_between(graph, *from, *to, {.since_ns = 2, .until_ns = 2});
                 });
}

TEST(TrackerDifferential, LongRandomHistories) {
    std::mt19937 random(20261121);
    const auto below = [&](std::int64_t end) {
        return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random);
    };
    for (int round = 0; round < 300; ++round) {
        const auto entities = static_cast<std::uint32_t>(3 + below(30));
        const bool joined = round % 2 == 0;
        const std::int64_t times = 1 + below(400);  // few moments: many ties
        std::vector<Flow> flows;
        for (std::int64_t i = 0; i < 200; ++i) {
            const auto source = static_cast<std::uint32_t>(below(entities));
            const auto target = static_cast<std::uint32_t>(below(entities));
            const bool both_sockets = joined && source + 2 >= entities && target + 2 >= entities;
            if (both_sockets) continue;  // source may be target: self-loops are left to the builder
            const std::int64_t first = below(times);
            flows.push_back({source, target, first, below(4) == 0 ? first + below(times) : first});
            if (below(8) == 0) flows.push_back(flows.back());
        }
        const Graph graph = graph_of(flows, entities, joined, round % 3 == 0 ? 5 : 0);
        compare(graph, below(times));
        compare(graph, kAlwaysUntil);
        const std::int64_t since = below(times);
        compare(graph, times, {.since_ns = since, .until_ns = since + below(times)});
        if (HasFatalFailure()) FAIL() << "in round " << round;
    }
}

// What no recorder should say, but logs do. Each test says what is right; the slow tracker agrees.

// From each entity at each of these moments, in both directions: the moments of all that is found, by id.
using Answers = std::vector<std::map<std::uint64_t, std::int64_t>>;
Answers ask_everything(const Graph& graph, std::uint32_t entities, const std::vector<std::int64_t>& moments) {
    Answers answers;
    for (std::uint64_t id = 1; id <= entities; ++id) {
        const auto node = graph.entities().find({id});
        for (const std::int64_t moment : moments) {
            for (const Direction direction : {Direction::Back, Direction::Forward}) {
                auto& answer = answers.emplace_back();
                if (!node) continue;
                const Answer found = track_fast(graph, direction, {*node, moment}, {});
                EXPECT_EQ(found, track_slowly(graph, direction, {*node, moment}, {}));
                for (const auto& [other, ns] : found.moments)
                    answer.emplace(graph.entities().id(other).value, ns);
            }
        }
    }
    return answers;
}

class BadInput : public testing::Test {
  protected:
    static constexpr std::uint32_t kEntities = 8;
    static constexpr std::int64_t kTimes = 30;

    std::int64_t below(std::int64_t end) {
        return std::uniform_int_distribution<std::int64_t>(0, end - 1)(random_);
    }
    std::uint32_t entity() { return static_cast<std::uint32_t>(below(kEntities)); }
    std::vector<Flow> random_flows() {
        std::vector<Flow> flows;
        while (flows.size() < 30) {
            const std::int64_t first = below(kTimes);
            const Flow flow{entity(), entity(), first, below(3) == 0 ? first + below(5) : first};
            if (flow.source != flow.target) flows.push_back(flow);
        }
        return flows;
    }
    static Answers answers(const std::vector<Flow>& flows) {
        return ask_everything(graph_of(flows, kEntities, false), kEntities,
                              {kAlwaysFrom, 5, kTimes / 2, kTimes - 5, kAlwaysUntil});
    }

    std::mt19937 random_{20261126};
};

TEST_F(BadInput, SelfLoopsChangeNothing) {
    for (int round = 0; round < 20; ++round) {
        const std::vector<Flow> flows = random_flows();
        std::vector<Flow> looped = flows;
        for (const Flow& flow : flows)
            looped.push_back({flow.target, flow.target, flow.first, flow.last + 9});
        std::ranges::shuffle(looped, random_);
        EXPECT_EQ(answers(looped), answers(flows));
        EXPECT_EQ(graph_of(looped, kEntities, false).edge_count(), flows.size());
    }
}

TEST_F(BadInput, DuplicatedEventsAreMoreFlowsBetweenTheSameNodes) {
    for (int round = 0; round < 20; ++round) {
        const std::vector<Flow> flows = random_flows();
        std::vector<Flow> twice = flows;
        twice.insert(twice.end(), flows.begin(), flows.end());
        EXPECT_EQ(answers(twice), answers(flows));
        const auto edges = [](const std::vector<Flow>& history) {
            const Graph graph = graph_of(history, kEntities, false);
            return track_fast(graph, Direction::Back, {0, kAlwaysUntil}, {}).edges.size();
        };
        EXPECT_EQ(edges(twice), 2 * edges(flows));
    }
}

TEST_F(BadInput, TheOrderOfArrivalDoesNotMatter) {
    for (int round = 0; round < 20; ++round) {
        const std::vector<Flow> flows = random_flows();
        std::vector<Flow> shuffled = flows;
        std::ranges::shuffle(shuffled, random_);
        EXPECT_EQ(answers(shuffled), answers(flows));
    }
}

TEST_F(BadInput, AFlowThatEndsBeforeItBeginsHappenedAtItsBeginning) {
    for (int round = 0; round < 20; ++round) {
        std::vector<Flow> flows = random_flows();
        std::vector<Flow> reversed = flows;
        for (std::size_t i = 0; i < flows.size(); i += 2) {
            flows[i].last = flows[i].first;
            reversed[i].last = reversed[i].first - 1 - below(kTimes);
        }
        EXPECT_EQ(answers(reversed), answers(flows));
    }
}

TEST_F(BadInput, FutureDatedEventsAreEffectsOfThePresentAndNoCauses) {
    for (int round = 0; round < 20; ++round) {
        const std::vector<Flow> flows = random_flows();
        std::vector<Flow> dated = flows;
        for (int i = 0; i < 10; ++i) {
            const std::int64_t future = i == 0 ? INT64_MAX : INT64_MAX / 2 + below(5);
            dated.insert(dated.begin() + below(10), {entity(), entity(), future, future});
        }
        const Graph present = graph_of(flows, kEntities, false);
        const Graph both = graph_of(dated, kEntities, false);
        for (std::uint64_t id = 1; id <= kEntities; ++id) {
            const auto node = present.entities().find({id});
            if (!node) continue;
            const auto ids = [&](const Graph& graph, Direction direction, std::int64_t ns) {
                std::map<std::uint64_t, std::int64_t> moments;
                const Moment start{*graph.entities().find({id}), ns};
                const Answer answer = track_fast(graph, direction, start, {});
                EXPECT_EQ(answer, track_slowly(graph, direction, start, {}));
                for (const auto& [other, moment] : answer.moments)
                    moments.emplace(graph.entities().id(other).value, moment);
                return moments;
            };
            EXPECT_EQ(ids(both, Direction::Back, kTimes + 9), ids(present, Direction::Back, kTimes + 9));
            // Whatever was reached without them is reached no later with them.
            const auto reached = ids(both, Direction::Forward, kAlwaysFrom);
            for (const auto& [other, moment] : ids(present, Direction::Forward, kAlwaysFrom))
                EXPECT_EQ(reached.at(other), moment);
            for (const auto& [other, moment] : ids(both, Direction::Forward, INT64_MAX / 2))
                EXPECT_GE(moment, INT64_MAX / 2) << "the future reaches nothing in the present";
        }
    }
}

// A ring of 40 entities, each of which gives to the next.
TEST_F(BadInput, ARingIsFoundAsFarAsTimeAllows) {
    constexpr std::uint32_t kRing = 40;
    const auto reached = [](const auto& time_of, int rounds) {
        std::vector<Flow> flows;
        for (int round = 0; round < rounds; ++round) {
            for (std::uint32_t i = 0; i < kRing; ++i) {
                const std::int64_t ns = time_of(round * static_cast<int>(kRing) + static_cast<int>(i));
                flows.push_back({i, (i + 1) % kRing, ns, ns});
            }
        }
        const Graph graph = graph_of(flows, kRing, false);
        const Moment start{*graph.entities().find({1}), kAlwaysUntil};
        const Answer answer = track_fast(graph, Direction::Back, start, {});
        EXPECT_EQ(answer, track_slowly(graph, Direction::Back, start, {}));
        return answer.moments.size();
    };
    EXPECT_EQ(reached([](int) { return 7; }, 3), kRing) << "all at once";
    EXPECT_EQ(reached([](int step) { return step; }, 1), kRing) << "with time";
    EXPECT_EQ(reached([](int step) { return -step; }, 1), 2U) << "against time: one step";
    EXPECT_EQ(reached([](int step) { return -step; }, 10), 2U + 9U) << "and one more a round";
}

// 100,000 entities give to one, each at a moment of its own, and it gives to as many others at the same
// moments: what one of these got can have come from all that gave before.
TEST_F(BadInput, AHubLetsThroughWhatCameBefore) {
    constexpr std::uint32_t kGivers = 100'000;
    constexpr std::uint32_t kHub = 0;
    std::vector<Flow> flows;
    for (std::uint32_t i = 1; i <= kGivers; ++i) {
        flows.push_back({i, kHub, i, i});
        flows.push_back({kHub, kGivers + i, i, i});
    }
    std::ranges::shuffle(flows, random_);
    const Graph graph = graph_of(flows, 2 * kGivers + 1, false);
    const auto node = [&](std::uint32_t entity) {
        return *graph.entities().find({1 + std::uint64_t{entity}});
    };
    for (const std::uint32_t i : {1U, 777U, kGivers}) {
        const Moment taker{node(kGivers + i), kAlwaysUntil};
        const Answer back = track_fast(graph, Direction::Back, taker, {});
        EXPECT_EQ(back.moments.size(), 2U + i) << "the taker, the hub and who gave until then";
        EXPECT_EQ(back.edges.size(), 1U + i);
        EXPECT_EQ(back, track_slowly(graph, Direction::Back, taker, {}));
        const Moment giver{node(i), kAlwaysFrom};
        const Answer forward = track_fast(graph, Direction::Forward, giver, {});
        EXPECT_EQ(forward.moments.size(), 2U + kGivers - i + 1);
        EXPECT_EQ(forward, track_slowly(graph, Direction::Forward, giver, {}));
    }
    const std::array starts = {Moment{node(kGivers + 500), kAlwaysUntil}};
    const Tracking few = track(graph, Direction::Back, starts, {}, 10, [](NodeIndex) { return false; });
    EXPECT_TRUE(few.cut);
    std::set<NodeIndex> expected = {node(kGivers + 500), node(kHub)};
    for (std::uint32_t i = 493; i <= 500; ++i) expected.insert(node(i));
    std::set<NodeIndex> found;
    for (const Moment& moment : few.nodes) found.insert(moment.node);
    EXPECT_EQ(found, expected) << "the last that gave";
}

}  // namespace
}  // namespace catena::graph
