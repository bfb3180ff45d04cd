// Merging against its definition, and the answers before and after it: over every small history and over long
// random ones. docs/decisions/0008 says what has to be the same, and why.
#include "graph/reduction.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "graph/histories_for_test.h"
#include "graph/tracker.h"

namespace catena::graph {
namespace {

using event::Event;
using event::Op;

// How a flow came out of merging.
enum class Verdict : std::uint8_t { News, Echo, Merged };

struct Merged {
    std::vector<Event> rows;
    std::map<std::int64_t, Verdict> kept;  // by event
    Reducer::Counts counts;
};

Merged reduce(const World& world, const std::vector<Event>& events, const ReducerLimits& limits,
              std::size_t tell_every = SIZE_MAX) {
    Merged merged;
    Reducer reducer(limits);
    for (std::uint32_t i = 0; world.sockets && !world.late_peers && i < world.objects; ++i)
        reducer.add(world.socket(i));
    for (const Event& event : events) {
        if (world.late_peers && event.id % 16 == 0)
            reducer.add(world.socket(static_cast<std::uint32_t>(event.id / 16) % world.objects));
        const std::uint64_t echoes = reducer.counts().echoes;
        const std::uint64_t kept = reducer.counts().kept;
        reducer.add(event, merged.rows);
        if (reducer.counts().kept != kept) {
            merged.kept[event.id] = reducer.counts().echoes != echoes ? Verdict::Echo : Verdict::News;
        }
        if (static_cast<std::size_t>(event.id) % tell_every == 0) reducer.tell(merged.rows);
    }
    reducer.tell(merged.rows);
    merged.counts = reducer.counts();
    return merged;
}

ReducerLimits random_limits(RandomHistory& random) {
    constexpr std::array<std::uint32_t, 5> kWords = {2, 4, 16, CAT_VERSIONS, 0};
    return {.versions = kWords.at(random.below(5)),
            .sets = random.below(CAT_SETS + 1),
            .threads = 1 + random.below(8),
            .edges = 1 + random.below(30),
            .sockets = 1 + random.below(4)};
}

constexpr ReducerLimits kUnlimited = {
    .versions = 0, .sets = 0, .threads = SIZE_MAX, .edges = SIZE_MAX, .sockets = SIZE_MAX};

// The definition, by looking at all that went before. One thread a process.
struct Flow {
    std::uint64_t source, target;
    bool mergeable;
};

Flow flow_of(const Event& event) {
    const bool out = event::flow_of(event.op) == event::Flow::Out;
    return {out ? event.process.value : event.object.value, out ? event.object.value : event.process.value,
            event.op != Op::VmWrite};
}

Verdict judge(const std::vector<Flow>& flows, const std::vector<Verdict>& before) {
    const Flow& flow = flows[before.size()];
    if (!flow.mergeable) return Verdict::News;
    Verdict verdict = Verdict::Merged;
    for (std::size_t i = before.size(); i-- > 0;) {
        if (before[i] == Verdict::Merged) continue;
        if (flows[i].source == flow.source && flows[i].target == flow.target && flows[i].mergeable)
            return verdict;
        if (flows[i].target != flow.source) continue;
        if (flows[i].source != flow.target || !flows[i].mergeable) return Verdict::News;
        if (before[i] == Verdict::News) verdict = Verdict::Echo;
    }
    return Verdict::News;  // the first of its edge
}

std::vector<Verdict> judge_all(const std::vector<Event>& events) {
    std::vector<Flow> flows;
    std::vector<Verdict> verdicts;
    for (const Event& event : events) flows.push_back(flow_of(event));
    while (verdicts.size() < flows.size()) verdicts.push_back(judge(flows, verdicts));
    return verdicts;
}

// Process, object, operation, first, last, count, bytes.
using Row =
    std::tuple<std::uint64_t, std::uint64_t, Op, std::int64_t, std::int64_t, std::uint64_t, std::int64_t>;

Row row_of(const Event& event) {
    return {event.process.value, event.object.value, event.op,   event.ts_ns,
            event.last_ns,       event.count,        event.bytes};
}

std::vector<Row> merge_slowly(const std::vector<Event>& events) {
    std::vector<Row> rows;
    const std::vector<Verdict> verdicts = judge_all(events);
    for (std::size_t i = 0; i < events.size(); ++i) {
        if (verdicts[i] == Verdict::Merged) continue;
        rows.push_back(row_of(events[i]));
        Event sum;
        for (std::size_t j = i + 1; j < events.size(); ++j) {
            const bool same = events[j].process == events[i].process &&
                              events[j].object == events[i].object && events[j].op == events[i].op;
            if (same && verdicts[j] != Verdict::Merged) break;
            if (!same) continue;
            if (sum.bytes == 0) {
                sum = events[j];
            } else {
                sum.last_ns = events[j].ts_ns;
                sum.bytes += events[j].bytes;
                ++sum.count;
            }
        }
        if (sum.bytes > 0) rows.push_back(row_of(sum));
    }
    std::ranges::sort(rows);
    return rows;
}

// What was asked, and how often the answer was another one.
enum class Question : std::uint8_t { Back, Forward, FromNews, FromEcho, FromRow, FromAnytime, InWindow };
struct Tally {
    std::uint64_t asked = 0;
    std::uint64_t more = 0;   // nodes that the whole history does not give
    std::uint64_t fewer = 0;  // nodes of the whole history are missing
};
using Tallies = std::map<Question, Tally>;

class Comparison {
  public:
    Comparison(const World& world, const std::vector<Event>& events, const Merged& merged,
               std::int64_t slack_ns)
        : world_(world),
          events_(events),
          merged_(merged),
          whole_graph_(graph_of(world, events, slack_ns)),
          merged_graph_(graph_of(world, merged.rows, slack_ns)) {}

    // Every question from every node at every n-th moment.
    void ask_all(Tallies& tallies, std::size_t nth) const {
        for (std::uint64_t id = 1; id < world_.ids(); ++id) {
            compare(tallies[Question::Back], Direction::Back, id, kAlwaysUntil);
            compare(tallies[Question::Forward], Direction::Forward, id, kAlwaysFrom);
            for (std::size_t i = 0; i < events_.size(); i += nth) {
                const std::int64_t ns = events_[i].ts_ns;
                for (const std::int64_t at : {ns, ns + 5}) {
                    compare(tallies[Question::Back], Direction::Back, id, at);
                    compare(tallies[Question::FromAnytime], Direction::Forward, id, at);
                }
                const Window window{.since_ns = ns - 25, .until_ns = ns};
                compare(tallies[Question::InWindow], Direction::Back, id, kAlwaysUntil, window);
                compare(tallies[Question::InWindow], Direction::Forward, id, kAlwaysFrom, window);
            }
        }
        for (const Event& row : merged_.rows) {
            const auto kept = merged_.kept.find(row.id);
            const Question question = row.id == 0                     ? Question::FromRow
                                      : kept->second == Verdict::Echo ? Question::FromEcho
                                                                      : Question::FromNews;
            compare(tallies[question], Direction::Forward, flow_of(row).target, row.ts_ns);
        }
    }

  private:
    void compare(Tally& tally, Direction direction, std::uint64_t id, std::int64_t ns,
                 Window window = {}) const {
        const Nodes whole = ask(whole_graph_, direction, id, ns, window);
        const Nodes merged = ask(merged_graph_, direction, id, ns, window);
        ++tally.asked;
        tally.more += (merged & ~whole) != 0 ? 1 : 0;
        tally.fewer += (whole & ~merged) != 0 ? 1 : 0;
    }

    const World& world_;
    const std::vector<Event>& events_;
    const Merged& merged_;
    Graph whole_graph_;
    Graph merged_graph_;
};

void print(const char* title, const Tallies& tallies) {
    constexpr std::array<const char*, 7> kNames = {"back",           "forward",      "forward from news",
                                                   "… from an echo", "… from a row", "… from any time",
                                                   "within a window"};
    fmt::print("{}\n", title);
    for (const auto& [question, tally] : tallies) {
        fmt::print("  {:18} asked {:9}  more {:7}  fewer {:5}\n",
                   kNames.at(static_cast<std::size_t>(question)), tally.asked, tally.more, tally.fewer);
    }
}

// What has to hold of one history.
struct Promise {
    bool exact = true;          // back, forward, and forward from what brought something new
    std::int64_t slack_ns = 0;  // of both graphs
    std::size_t nth = 1;
};

void expect(const World& world, const Steps& steps, const Promise& promise, const ReducerLimits& limits,
            std::size_t tell_every, Tallies& tallies) {
    const std::vector<Event> events = events_of(world, steps);
    const Merged merged = reduce(world, events, limits, tell_every);
    expect_conserved(events, merged.rows);
    ASSERT_EQ(merged.counts.kept + merged.counts.merged, events.size());
    ASSERT_EQ(merged.counts.kept + merged.counts.rows, merged.rows.size());
    Tallies mine;
    Comparison(world, events, merged, promise.slack_ns).ask_all(mine, promise.nth);
    for (const auto& [question, tally] : mine) {
        const bool main = question <= Question::FromNews;
        ASSERT_TRUE(!promise.exact || !main || (tally.more == 0 && tally.fewer == 0))
            << "question " << static_cast<int>(question) << ": " << tally.more << " more, " << tally.fewer
            << " fewer after " << text_of(steps);
        ASSERT_TRUE(tally.fewer == 0) << "question " << static_cast<int>(question) << ": " << tally.fewer
                                      << " fewer after " << text_of(steps);
        tallies[question].asked += tally.asked;
        tallies[question].more += tally.more;
        tallies[question].fewer += tally.fewer;
    }
}

TEST(Reduction, IsWhatTheDefinitionSays) {
    const auto compare = [](const World& world, const Steps& steps) {
        const std::vector<Event> events = events_of(world, steps);
        std::vector<Row> rows;
        for (const Event& row : reduce(world, events, kUnlimited).rows) rows.push_back(row_of(row));
        std::ranges::sort(rows);
        ASSERT_EQ(rows, merge_slowly(events)) << text_of(steps);
    };
    const World world;
    std::size_t histories = 0;
    each_history(world, false, {10}, 7, [&](const Steps& steps) {
        ++histories;
        compare(world, steps);
    });
    each_history(world, true, {10}, 5, [&](const Steps& steps) { compare(world, steps); });
    EXPECT_GT(histories, 500'000U);
}

TEST(Reduction, PingPongOfAProcessWithTwoFilesMergesWhole) {
    Steps steps;
    for (int i = 0; i < 1'000; ++i) {
        steps.push_back({0, 0, Deed::In});
        steps.push_back({0, 1, Deed::Out});
    }
    const World world;
    const Merged merged = reduce(world, events_of(world, steps), {});
    EXPECT_EQ(merged.counts.kept, 2U);
    EXPECT_EQ(merged.counts.rows, 2U);
    EXPECT_EQ(merged.counts.merged, 1'998U);
}

TEST(Reduction, PingPongOfAProcessWithOneFileKeepsOneEcho) {
    Steps steps;
    for (int i = 0; i < 1'000; ++i) {
        steps.push_back({0, 0, Deed::In});
        steps.push_back({0, 0, Deed::Out});
    }
    const World world;
    const Merged merged = reduce(world, events_of(world, steps), {});
    EXPECT_EQ(merged.counts.kept, 3U);
    EXPECT_EQ(merged.counts.echoes, 1U);
}

// What an echo is kept for: a write is read back, and only what the process says after that can come from the
// write.
TEST(Reduction, AnEchoTellsBeforeFromAfter) {
    const World world;
    Tallies tallies;
    const Steps steps = {{0, 0, Deed::In}, {0, 0, Deed::Out}, {0, 1, Deed::Out}, {0, 0, Deed::In}};
    expect(world, steps, {}, kUnlimited, SIZE_MAX, tallies);
    EXPECT_EQ(reduce(world, events_of(world, steps), {}).kept.at(4), Verdict::Echo);
}

TEST(Reduction, AllHistoriesOfSixFlowsBetweenTwoProcessesAndTwoFiles) {
    Tallies tallies;
    const World world;
    each_history(world, false, {10}, 6,
                 [&](const Steps& steps) { expect(world, steps, {}, kUnlimited, SIZE_MAX, tallies); });
    print("two processes, two files, six flows", tallies);
}

TEST(Reduction, AllHistoriesOfFiveFlowsAmongThemOnesBetweenProcesses) {
    Tallies tallies;
    const World world;
    each_history(world, true, {10}, 5,
                 [&](const Steps& steps) { expect(world, steps, {}, kUnlimited, 2, tallies); });
    print("two processes, two files, five flows, also between processes; told every two", tallies);
}

TEST(Reduction, AllHistoriesOfSixFlowsWithHardlyAnyState) {
    Tallies tallies;
    const World world;
    for (const std::uint32_t words : {1U, 2U, 4U}) {
        const ReducerLimits limits = {.versions = words, .sets = 1, .threads = 1, .edges = 1, .sockets = 1};
        each_history(world, false, {10}, words == 2 ? 6 : 5,
                     [&](const Steps& steps) { expect(world, steps, {}, limits, 3, tallies); });
    }
    print("1, 2, 4 words, two slots, one thread, one edge", tallies);
}

// Equal times count as possibly causal, either way; the programs know the order. So ties may add, and never
// miss.
TEST(Reduction, TiesMissNothing) {
    Tallies tallies;
    const World world;
    each_history(world, false, {0, 10}, 4, [&](const Steps& steps) {
        expect(world, steps, {.exact = false}, kUnlimited, SIZE_MAX, tallies);
    });
    print("with ties", tallies);
}

// The graph takes the two ends of a connection for one and both directions for one; the words are those of
// what really flows. So what somebody else sent from the same end may be told earlier than it could have been
// read back.
TEST(Reduction, SocketPairsMissNothing) {
    Tallies tallies;
    const World world{.sockets = true};
    each_history(world, false, {10}, 6, [&](const Steps& steps) {
        expect(world, steps, {.exact = false}, kUnlimited, SIZE_MAX, tallies);
    });
    print("a socket pair", tallies);
}

TEST(Reduction, SocketPairsWithOneProcessAtEachEndAreExactBackward) {
    Tallies tallies;
    const World world{.sockets = true};
    each_history(world, false, {10}, 8, [&](const Steps& steps) {
        if (std::ranges::all_of(steps, [](const Step& step) { return step.process == step.other; }))
            expect(world, steps, {.exact = false}, kUnlimited, SIZE_MAX, tallies);
    });
    print("a socket pair, each end with its process", tallies);
    EXPECT_EQ(tallies[Question::Back].more, 0U);
    EXPECT_EQ(tallies[Question::Forward].more, 0U);
}

// A recorded time is that of a call's return: tracking with slack finds what a reader had before its writer
// returned.
TEST(Reduction, NothingIsMissedWithSlack) {
    Tallies tallies;
    const World world;
    for (const std::int64_t slack_ns : {15, 25}) {
        each_history(world, true, {10}, 5, [&](const Steps& steps) {
            expect(world, steps, {.exact = false, .slack_ns = slack_ns}, kUnlimited, SIZE_MAX, tallies);
        });
    }
    print("with slack", tallies);
}

TEST(Reduction, LongRandomHistories) {
    Tallies tallies;
    RandomHistory random(20261124);
    for (int round = 0; round < 400 && !HasFatalFailure(); ++round) {
        const World world = random.world();
        const Steps steps = random.steps(world, 3, 250, 20);
        expect(world, steps, {.nth = 25}, random_limits(random), 1 + random.below(100), tallies);
    }
    print("long random histories, all limits", tallies);
}

TEST(Reduction, LongRandomHistoriesWithSlackTiesAndSockets) {
    Tallies tallies;
    RandomHistory random(20261125);
    for (int round = 0; round < 300 && !HasFatalFailure(); ++round) {
        World world = random.world();
        world.sockets = round % 3 == 0;
        world.late_peers = round % 6 == 0;
        world.objects += world.sockets ? world.objects % 2 : 0;
        Steps steps = random.steps(world, 3, 250, 20);
        // The two halves of one call have one time, but they are not merged apart: no ties within a thread.
        const bool ties = round % 3 == 1;
        for (std::size_t i = 1; ties && i < steps.size(); ++i) {
            const bool same = steps[i].process == steps[i - 1].process;
            if (!same && random.below(2) == 0) steps[i].pause = 0;
        }
        const std::int64_t slack_ns = ties ? 0 : 20 * random.below(5);
        expect(world, steps, {.exact = false, .slack_ns = slack_ns, .nth = 25}, random_limits(random),
               1 + random.below(100), tallies);
    }
    print("… with slack, ties, sockets", tallies);
}

}  // namespace
}  // namespace catena::graph
