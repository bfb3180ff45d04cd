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

#include "graph/tracker.h"

namespace catena::graph {
namespace {

using event::Event;
using event::Op;

// Who did what to which of the things of a world. `other` is a process for VmWrite, else an object.
enum class Deed : std::uint8_t { In, Out, VmWrite };
struct Step {
    std::uint32_t process = 0;
    std::uint32_t other = 0;
    Deed deed = Deed::In;
    std::uint32_t thread = 0;
    std::int64_t pause = 10;  // since the step before
};
using Steps = std::vector<Step>;

// Processes have the ids 1…, objects those that follow. Sockets are pairs: the first is the peer of the
// second, and so on.
struct World {
    std::uint32_t processes = 2;
    std::uint32_t objects = 2;
    bool sockets = false;
    bool late_peers = false;  // known only when their sockets have been used for a while

    [[nodiscard]] std::uint64_t object(std::uint32_t number) const { return 1 + processes + number; }
    [[nodiscard]] std::uint64_t ids() const { return 1 + processes + objects; }
    [[nodiscard]] event::Socket socket(std::uint32_t number) const {
        return {.id = {object(number)},
                .protocol = "unix",
                .local = {},
                .remote = {},
                .peer = {object(number ^ 1U)}};
    }
};

std::vector<Event> events_of(const World& world, const Steps& steps) {
    std::vector<Event> events;
    std::int64_t now_ns = 1'000;
    for (const Step& step : steps) {
        now_ns += step.pause;
        Event& event = events.emplace_back();
        event.id = static_cast<std::int64_t>(events.size());
        event.ts_ns = event.last_ns = now_ns;
        event.process = {1 + step.process};
        event.tid = static_cast<std::int32_t>(1 + step.process + 100 * step.thread);
        event.object = {step.deed == Deed::VmWrite ? 1 + step.other : world.object(step.other)};
        const bool reads = step.deed == Deed::In;
        event.op = reads ? (world.sockets ? Op::Recv : Op::Read) : (world.sockets ? Op::Send : Op::Write);
        if (step.deed == Deed::VmWrite) event.op = Op::VmWrite;
        event.bytes = event.ret = event.id;  // told apart when summed up
    }
    return events;
}

Graph graph_of(const World& world, const std::vector<Event>& events, std::int64_t slack_ns) {
    GraphBuilder builder(slack_ns);
    for (std::uint32_t i = 0; world.sockets && i < world.objects; ++i) builder.add(world.socket(i));
    for (const Event& event : events) builder.add(event);
    return std::move(builder).build(Direction::Both);
}

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

// The nodes of an answer, as bits by id.
using Nodes = std::uint64_t;

Nodes ask(const Graph& graph, Direction direction, std::uint64_t id, std::int64_t ns, Window window = {}) {
    const auto node = graph.entities().find({id});
    if (!node) return 0;
    const std::array starts = {Moment{*node, ns}};
    Nodes nodes = 0;
    for (const Moment& moment :
         track(graph, direction, starts, window, SIZE_MAX, [](NodeIndex) { return false; }).nodes)
        nodes |= Nodes{1} << graph.entities().id(moment.node).value;
    return nodes;
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

std::string text_of(const Steps& steps) {
    std::string text;
    for (const Step& step : steps) {
        constexpr std::array<const char*, 3> kArrows = {"<-o", "->o", "->p"};
        text += fmt::format("+{} p{}.{}{}{}  ", step.pause, step.process, step.thread,
                            kArrows.at(static_cast<std::size_t>(step.deed)), step.other);
    }
    return text;
}

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

void expect_conserved(const std::vector<Event>& events, const std::vector<Event>& rows) {
    std::map<std::tuple<std::uint64_t, std::uint64_t, Op>, std::pair<std::uint64_t, std::int64_t>> sums;
    for (const Event& event : events) {
        auto& [count, bytes] = sums[{event.process.value, event.object.value, event.op}];
        count += event.count;
        bytes += event.bytes;
    }
    for (const Event& row : rows) {
        auto& [count, bytes] = sums[{row.process.value, row.object.value, row.op}];
        count -= row.count;
        bytes -= row.bytes;
    }
    for (const auto& [key, sum] : sums) ASSERT_EQ(sum, std::pair(std::uint64_t{0}, std::int64_t{0}));
}

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

// Calls `visit` with every history of exactly `size` steps; processes and objects come in the order of their
// numbers.
template <class Visit>
void each_history(const World& world, bool vm_writes, const std::vector<std::int64_t>& pauses,
                  std::size_t size, Steps& steps, std::uint32_t processes, std::uint32_t objects,
                  const Visit& visit) {
    if (testing::Test::HasFatalFailure()) return;
    if (steps.size() == size) return visit(steps);
    const auto go_on = [&](Step step, std::uint32_t known_processes, std::uint32_t known_objects) {
        for (const std::int64_t pause : pauses) {
            step.pause = pause;
            steps.push_back(step);
            each_history(world, vm_writes, pauses, size, steps, known_processes, known_objects, visit);
            steps.pop_back();
        }
    };
    for (std::uint32_t process = 0; process < std::min(processes + 1, world.processes); ++process) {
        const std::uint32_t known = std::max(processes, process + 1);
        for (std::uint32_t object = 0; object < std::min(objects + 1, world.objects); ++object) {
            for (const Deed deed : {Deed::In, Deed::Out})
                go_on({process, object, deed}, known, std::max(objects, object + 1));
        }
        for (std::uint32_t other = 0; vm_writes && other < std::min(known + 1, world.processes); ++other) {
            if (other != process) go_on({process, other, Deed::VmWrite}, std::max(known, other + 1), objects);
        }
    }
}

template <class Visit>
void each_history(const World& world, bool vm_writes, const std::vector<std::int64_t>& pauses,
                  std::size_t size, const Visit& visit) {
    Steps steps;
    each_history(world, vm_writes, pauses, size, steps, 0, 0, visit);
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

class RandomHistory {
  public:
    explicit RandomHistory(std::uint32_t seed) : random_(seed) {}

    std::uint32_t below(std::uint32_t end) {
        return std::uniform_int_distribution<std::uint32_t>(0, end - 1)(random_);
    }

    // Loops, now and then interrupted: programs repeat themselves.
    Steps steps(const World& world, std::uint32_t threads, std::size_t size, std::uint32_t longest_pause) {
        Steps steps;
        while (steps.size() < size) {
            Steps loop(1 + below(5));
            for (Step& step : loop) {
                step = {below(world.processes), below(world.objects), below(2) == 0 ? Deed::In : Deed::Out,
                        below(threads)};
                if (below(16) != 0 || world.processes < 2 || world.sockets) continue;
                step.deed = Deed::VmWrite;
                step.other = (step.process + 1 + below(world.processes - 1)) % world.processes;
            }
            for (std::uint32_t i = 1 + below(12); i > 0; --i)
                steps.insert(steps.end(), loop.begin(), loop.end());
        }
        steps.resize(size);
        for (Step& step : steps) step.pause = 10 + below(longest_pause);
        return steps;
    }

    World world() { return {.processes = 1 + below(6), .objects = 1 + below(below(4) == 0 ? 40 : 6)}; }

    ReducerLimits limits() {
        constexpr std::array<std::uint32_t, 5> kWords = {2, 4, 16, CAT_VERSIONS, 0};
        return {.versions = kWords.at(below(5)),
                .sets = below(CAT_SETS + 1),
                .threads = 1 + below(8),
                .edges = 1 + below(30),
                .sockets = 1 + below(4)};
    }

  private:
    std::mt19937 random_;
};

TEST(Reduction, LongRandomHistories) {
    Tallies tallies;
    RandomHistory random(20261124);
    for (int round = 0; round < 400 && !HasFatalFailure(); ++round) {
        const World world = random.world();
        const Steps steps = random.steps(world, 3, 250, 20);
        expect(world, steps, {.nth = 25}, random.limits(), 1 + random.below(100), tallies);
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
        expect(world, steps, {.exact = false, .slack_ns = slack_ns, .nth = 25}, random.limits(),
               1 + random.below(100), tallies);
    }
    print("… with slack, ties, sockets", tallies);
}

}  // namespace
}  // namespace catena::graph
