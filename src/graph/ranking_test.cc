// The ranking: by hand on small graphs, and what must hold of it on any graph.
#include "graph/ranking.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <tuple>
#include <vector>

namespace catena::graph {
namespace {

using event::Op;
using testing::DoubleNear;
using testing::ElementsAre;

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kAlways = std::numeric_limits<std::int64_t>::max();

// What backward tracking from node 0 gives, by its definition: nodes with the moment up to which they matter,
// and flows that began by then. Nodes keep their numbers as ids.
struct Tracked {
    std::vector<RankNode> nodes;
    std::vector<RankFlow> flows;
    std::vector<std::size_t> numbers;  // of the nodes, before
};

Tracked track_back(const std::vector<RankFlow>& flows, std::size_t nodes, std::int64_t until_ns) {
    std::vector<std::int64_t> moments(nodes, -kAlways);
    moments[0] = until_ns;
    for (bool changed = true; changed;) {
        changed = false;
        for (const RankFlow& flow : flows) {
            if (moments[flow.target] == -kAlways || flow.begin_ns > moments[flow.target]) continue;
            const std::int64_t moment = std::min(flow.end_ns, moments[flow.target]);
            changed |= moment > moments[flow.source];
            moments[flow.source] = std::max(moments[flow.source], moment);
        }
    }
    Tracked tracked;
    std::vector<std::size_t> places(nodes);
    for (std::size_t node = 0; node < nodes; ++node) {
        if (moments[node] == -kAlways) continue;
        places[node] = tracked.nodes.size();
        tracked.numbers.push_back(node);
        tracked.nodes.push_back({.until_ns = moments[node], .start = node == 0, .id = node + 1});
    }
    for (RankFlow flow : flows) {
        if (moments[flow.target] == -kAlways || flow.begin_ns > moments[flow.target]) continue;
        flow.source = places[flow.source];
        flow.target = places[flow.target];
        tracked.flows.push_back(flow);
    }
    return tracked;
}

RankFlow flow(std::size_t source, std::size_t target, std::int64_t ms, std::uint64_t bytes,
              Op op = Op::VmWrite) {
    return {.source = source,
            .target = target,
            .op = op,
            .begin_ns = ms * kMs,
            .end_ns = ms * kMs,
            .bytes = bytes};
}

TEST(RankingFeatures, AreOneForTheBestAndFall) {
    EXPECT_DOUBLE_EQ(time_closeness(0), 1);
    EXPECT_DOUBLE_EQ(time_closeness(-5), 1);
    EXPECT_DOUBLE_EQ(time_closeness(kMs), 1 / (1 + std::log(2.0)));
    EXPECT_GT(time_closeness(std::numeric_limits<std::int64_t>::max()), 0);
    EXPECT_DOUBLE_EQ(order_closeness(0), 1);
    EXPECT_DOUBLE_EQ(order_closeness(1), 1 / (1 + std::log(2.0)));
    EXPECT_DOUBLE_EQ(data_likeness(100, 100), 1);
    EXPECT_DOUBLE_EQ(data_likeness(100, 200), 0.5);
    EXPECT_DOUBLE_EQ(data_likeness(200, 100), 0.5);
    EXPECT_DOUBLE_EQ(data_likeness(0, 100), 0.5);
    EXPECT_DOUBLE_EQ(concentration(0, 1), 1);
    EXPECT_DOUBLE_EQ(concentration(0, 20), 0.05);
    EXPECT_DOUBLE_EQ(concentration(3, 5), 0.5);
}

// 1 and 2 wrote to 0 at the same time: 1 as much as came in most, 2 half of it.
TEST(Ranking, TwoSourcesShareByTheSquareOfTheirWeights) {
    const Tracked tracked = track_back({flow(1, 0, 5, 100), flow(2, 0, 5, 50)}, 3, kAlways);
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    // Likeness 1 and 1/2; all else is equal.
    EXPECT_DOUBLE_EQ(ranking.nodes[1], 1 / 1.25);
    EXPECT_DOUBLE_EQ(ranking.nodes[2], 0.25 / 1.25);
    EXPECT_DOUBLE_EQ(ranking.flows[0], 0.8);
    ASSERT_EQ(ranking.entries.size(), 2U);
    EXPECT_EQ(ranking.entries[0].node, 1U);
    EXPECT_DOUBLE_EQ(ranking.entries[0].score, 0.8);
}

// 2 and 3 told 1 before it wrote to 0; 3 a millisecond earlier than 2.
TEST(Ranking, NearerInTimeCountsForMore) {
    const Tracked tracked = track_back({flow(1, 0, 10, 8), flow(2, 1, 10, 8), flow(3, 1, 9, 8)}, 4, kAlways);
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    const double late = std::pow(1 / (1 + std::log(2.0)), 4);  // a millisecond and one flow since
    EXPECT_DOUBLE_EQ(ranking.nodes[1], 1);
    EXPECT_DOUBLE_EQ(ranking.nodes[2], 1 / (1 + late));
    EXPECT_DOUBLE_EQ(ranking.nodes[3], late / (1 + late));
}

// 2 tells 1 twice, but only the first time before 1 wrote to 0; and what 4 told 2 came too late for that.
TEST(Ranking, WhatCameTooLateGetsNothing) {
    const Tracked tracked = track_back({flow(1, 0, 10, 8), flow(2, 1, 5, 8), flow(3, 2, 4, 8),
                                        flow(4, 2, 7, 8), flow(2, 1, 8, 1), flow(1, 0, 6, 8)},
                                       5, kAlways);
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    EXPECT_DOUBLE_EQ(ranking.nodes[0], 1);
    EXPECT_NEAR(ranking.nodes[3] + ranking.nodes[4], 1, 1e-12);
    const Tracked early =
        track_back({flow(1, 0, 6, 8), flow(2, 1, 5, 8), flow(3, 2, 4, 8), flow(4, 2, 7, 8), flow(2, 1, 8, 1)},
                   5, kAlways);
    EXPECT_THAT(early.numbers, ElementsAre(0, 1, 2, 3));
    EXPECT_DOUBLE_EQ(rank(early.nodes, early.flows).nodes[3], 1);
}

TEST(Ranking, AThousandReadsOfOneThingCountLikeOne) {
    std::vector<RankFlow> flows = {flow(1, 0, 10, 1000), flow(2, 1, 10, 1000)};
    for (int i = 0; i < 100; ++i) flows.push_back(flow(3, 1, 10, 10));
    const Tracked tracked = track_back(flows, 4, kAlways);
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    EXPECT_NEAR(ranking.nodes[2], 0.5, 1e-9);
    EXPECT_NEAR(ranking.nodes[3], 0.5, 1e-9);
}

// What process 1 received over its end 2 of a connection came from the other end 3, into which 4 had sent it.
TEST(Ranking, BothEndsOfAConnectionAreOnTheWay) {
    Tracked tracked = track_back({flow(1, 0, 10, 8),
                                  flow(2, 1, 9, 8, Op::Recv),
                                  {.source = 3, .target = 2, .begin_ns = -kAlways, .end_ns = kAlways},
                                  {.source = 2, .target = 3, .begin_ns = -kAlways, .end_ns = kAlways},
                                  flow(4, 3, 8, 8, Op::Send)},
                                 5, kAlways);
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    for (std::size_t node = 0; node < 5; ++node) EXPECT_DOUBLE_EQ(ranking.nodes[node], 1) << node;
    EXPECT_THAT(ranking.entries, ElementsAre(RankedEntry{4, 1}));
}

// A connection from outside is where it came from, whatever was sent over it before.
TEST(Ranking, AConnectionToOutsideIsAnEntry) {
    Tracked tracked =
        track_back({flow(1, 0, 10, 8), flow(2, 1, 9, 8, Op::Recv), flow(1, 2, 8, 8, Op::Send)}, 3, kAlways);
    tracked.nodes[2].outside = true;
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    ASSERT_FALSE(ranking.entries.empty());
    EXPECT_EQ(ranking.entries[0].node, 2U);
    EXPECT_GT(ranking.entries[0].score, 0.5);
}

// What 2 told 1 in two ways is more than what 3 told it, though each by itself is less.
TEST(Ranking, TheMainCauseIsTheSourceThatMostComesFrom) {
    const Tracked tracked = track_back(
        {flow(1, 0, 10, 8), flow(2, 1, 10, 9), flow(2, 1, 10, 9, Op::Send), flow(3, 1, 10, 8)}, 4, kAlways);
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    ASSERT_FALSE(ranking.steps.empty());
    ASSERT_EQ(tracked.flows[ranking.steps[0].flow].source, 1U);
    ASSERT_LT(ranking.steps[0].cause, ranking.steps.size());
    EXPECT_EQ(tracked.flows[ranking.steps[ranking.steps[0].cause].flow].source, 2U);
}

// Server 3 was told something over connection 4 and started shell 1, which read all that it wrote from its
// two scripts, so that the server weighs next to nothing. Who told it is the answer, if it was somebody
// outside.
TEST(Critical, WhoToldAServerToStartWhatMattersIsShown) {
    for (const bool outside : {true, false}) {
        Tracked tracked =
            track_back({flow(1, 0, 20, 100), flow(2, 1, 20, 100, Op::Read), flow(5, 1, 20, 100, Op::Read),
                        flow(3, 1, 10, 0, Op::Fork), flow(4, 3, 9, 200, Op::Recv)},
                       6, kAlways);
        tracked.nodes[4].outside = outside;
        const Ranking ranking = rank(tracked.nodes, tracked.flows);
        EXPECT_LT(ranking.nodes[3], 0.05);
        const Critical critical = critical_part(tracked.nodes, tracked.flows, ranking, 100);
        EXPECT_EQ(critical.nodes[3], outside);
        EXPECT_EQ(critical.nodes[4], outside);
    }
}

std::vector<RankFlow> random_flows(std::mt19937& random, std::size_t nodes, std::size_t count) {
    constexpr std::array kOps = {Op::VmWrite, Op::Fork, Op::Read, Op::Send};
    std::vector<RankFlow> flows;
    while (flows.size() < count) {
        const std::size_t source = random() % nodes;
        const std::size_t target = random() % nodes;
        if (source == target) continue;
        RankFlow flow{.source = source, .target = target, .op = kOps[random() % kOps.size()]};
        flow.begin_ns = static_cast<std::int64_t>(random() % 40) * kMs;
        flow.end_ns =
            flow.begin_ns + (random() % 3 == 0 ? static_cast<std::int64_t>(random() % 10) * kMs : 0);
        flow.bytes = random() % 3 == 0 ? 0 : 1 + random() % 5000;
        flow.rarity = 1.0 / static_cast<double>(1 + random() % 4);
        if (random() % 20 == 0)
            flow = {.source = source, .target = target, .begin_ns = -kAlways, .end_ns = kAlways};
        flows.push_back(flow);
    }
    return flows;
}

// By number of the node: with the weights of the flows into it.
std::vector<double> weights_by_number(const Tracked& tracked, std::size_t nodes) {
    const Ranking ranking = rank(tracked.nodes, tracked.flows);
    std::vector<double> weights(nodes);
    for (std::size_t i = 0; i < tracked.nodes.size(); ++i) weights[tracked.numbers[i]] = ranking.nodes[i];
    return weights;
}

struct RandomRanking {
    explicit RandomRanking(unsigned seed)
        : rng(seed),
          nodes(2 + rng() % 60),
          flows(random_flows(rng, nodes, 1 + rng() % 300)),
          tracked(track_back(flows, nodes, rng() % 2 == 0 ? kAlways : 30 * kMs)),
          ranking(rank(tracked.nodes, tracked.flows)) {}

    std::mt19937 rng;
    std::size_t nodes;
    std::vector<RankFlow> flows;
    Tracked tracked;
    Ranking ranking;
};

template <class Check>
void on_random_graphs(Check check) {
    for (unsigned seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE(seed);
        RandomRanking graph(seed);
        check(graph);
    }
}

TEST(RandomRanking, WeightsAreSharesAndScoresAddUpToOne) {
    on_random_graphs([](RandomRanking& graph) {
        for (const auto* weights : {&graph.ranking.nodes, &graph.ranking.flows}) {
            for (const double weight : *weights) {
                EXPECT_GE(weight, 0);
                EXPECT_LE(weight, 1);
            }
        }
        double sum = 0;
        for (const RankedEntry& entry : graph.ranking.entries) sum += entry.score;
        EXPECT_NEAR(sum, 1, 1e-9);
        EXPECT_TRUE(std::ranges::is_sorted(graph.ranking.entries, std::greater{}, &RankedEntry::score));
        EXPECT_DOUBLE_EQ(graph.ranking.nodes[0], 1) << "the point itself";
    });
}

TEST(RandomRanking, TheOrderOfEventsDoesNotMatter) {
    on_random_graphs([](RandomRanking& graph) {
        const std::vector<double> before = weights_by_number(graph.tracked, graph.nodes);
        std::ranges::shuffle(graph.flows, graph.rng);
        const std::int64_t until_ns = graph.tracked.nodes[0].until_ns;
        const std::vector<double> after =
            weights_by_number(track_back(graph.flows, graph.nodes, until_ns), graph.nodes);
        EXPECT_THAT(after, testing::Pointwise(DoubleNear(1e-9), before));
    });
}

// By definition, independent of how the critical part was found: from an entry, over flows that are kept, in
// time.
bool reaches_the_point(const Tracked& tracked, const Critical& critical, std::size_t entry,
                       std::size_t without) {
    std::vector<std::int64_t> reached(tracked.nodes.size(), kAlways);
    reached[entry] = -kAlways;
    for (bool changed = true; changed;) {
        changed = false;
        for (std::size_t i = 0; i < tracked.flows.size(); ++i) {
            const RankFlow& flow = tracked.flows[i];
            if (!critical.flows[i] || reached[flow.source] == kAlways || flow.source == without) continue;
            const std::int64_t there = std::max(reached[flow.source], flow.begin_ns);
            if (there > flow.end_ns || there >= reached[flow.target]) continue;
            reached[flow.target] = there;
            changed = true;
        }
    }
    return reached[0] != kAlways && reached[0] <= tracked.nodes[0].until_ns;
}

TEST(RandomRanking, FromEachKeptEntryAPathInTimeLeadsToThePoint) {
    on_random_graphs([](RandomRanking& graph) {
        for (const std::size_t max_nodes : {std::size_t{1}, std::size_t{10}, SIZE_MAX}) {
            const Critical critical =
                critical_part(graph.tracked.nodes, graph.tracked.flows, graph.ranking, max_nodes);
            ASSERT_FALSE(critical.entries.empty());
            EXPECT_EQ(critical.entries.front(), graph.ranking.entries.front())
                << "the best is kept whatever the limit";
            for (const RankedEntry& entry : critical.entries) {
                EXPECT_TRUE(critical.nodes[entry.node]);
                EXPECT_TRUE(reaches_the_point(graph.tracked, critical, entry.node, SIZE_MAX)) << entry.node;
            }
            for (std::size_t i = 0; i < graph.tracked.flows.size(); ++i) {
                if (!critical.flows[i]) continue;
                EXPECT_TRUE(critical.nodes[graph.tracked.flows[i].source]);
                EXPECT_TRUE(critical.nodes[graph.tracked.flows[i].target]);
            }
        }
    });
}

TEST(RandomRanking, WhatIsOnEveryPathOfTheBestEntryIsKept) {
    on_random_graphs([](RandomRanking& graph) {
        const std::size_t best = graph.ranking.entries.front().node;
        const Critical critical =
            critical_part(graph.tracked.nodes, graph.tracked.flows, graph.ranking, SIZE_MAX);
        const Critical all = {.nodes = std::vector<bool>(graph.tracked.nodes.size(), true),
                              .flows = std::vector<bool>(graph.tracked.flows.size(), true)};
        for (std::size_t node = 1; node < graph.tracked.nodes.size(); ++node) {
            if (node == best || reaches_the_point(graph.tracked, all, best, node)) continue;
            EXPECT_TRUE(critical.nodes[node]) << node;
        }
    });
}

TEST(RandomRanking, TheLimitHolds) {
    on_random_graphs([](RandomRanking& graph) {
        const Critical least = critical_part(graph.tracked.nodes, graph.tracked.flows, graph.ranking, 1);
        const auto count = [](const Critical& part) { return std::ranges::count(part.nodes, true); };
        const Critical limited = critical_part(graph.tracked.nodes, graph.tracked.flows, graph.ranking, 20);
        EXPECT_LE(count(limited), std::max<std::ptrdiff_t>(20, count(least)));
    });
}

}  // namespace
}  // namespace catena::graph
