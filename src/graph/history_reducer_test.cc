// The three rules for stored histories against their definitions, and the answers before and after them: over
// every small history and over long random ones. docs/decisions/0028 says what each rule has to keep.
#include "graph/history_reducer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/histories_for_test.h"
#include "graph/reduction.h"
#include "graph/source_set.h"
#include "graph/tracker.h"

namespace catena::graph {
namespace {

using event::Event;
using event::Op;

constexpr std::array kRules = {ReductionRule::Cpr, ReductionRule::Fd, ReductionRule::Sd};

struct Reduced {
    std::vector<Event> rows;
    HistoryReducer::Counts counts;
};

Reduced reduce(const World& world, const std::vector<Event>& events, const ReductionOptions& options) {
    Reduced reduced;
    HistoryReducer reducer(options);
    for (std::uint32_t i = 0; world.sockets && i < world.objects; ++i) reducer.add(world.socket(i));
    for (const Event& event : events) reducer.survey(event);
    EXPECT_TRUE(reducer.start());
    for (const Event& event : events) reducer.add(event, reduced.rows);
    reducer.finish(reduced.rows);
    reduced.counts = reducer.counts();
    return reduced;
}

// Nodes into which nothing flows, by bits; those that only a join could tell from them are none.
Nodes sources_of(const World& world, const Graph& graph) {
    Nodes sources = 0;
    for (std::uint64_t id = 1; id < world.ids(); ++id) {
        const auto node = graph.entities().find({id});
        if (node && graph.into(*node).empty()) sources |= Nodes{1} << id;
    }
    return sources;
}

class Comparison {
  public:
    Comparison(const World& world, const std::vector<Event>& events, const std::vector<Event>& rows,
               std::int64_t slack_ns = 0)
        : world_(world),
          events_(events),
          whole_(graph_of(world, events, slack_ns)),
          reduced_(graph_of(world, rows, slack_ns)),
          sources_(sources_of(world, whole_)) {}

    // Backward from every node, at and between all moments; forward from every node, whole.
    void everything_backward() const {
        for (std::uint64_t id = 1; id < world_.ids(); ++id) {
            same(Direction::Back, id, kAlwaysUntil);
            same(Direction::Forward, id, kAlwaysFrom);
            for (const Event& event : events_) {
                for (const std::int64_t ns : {event.ts_ns, event.ts_ns + 1}) same(Direction::Back, id, ns);
            }
        }
    }
    void everything_forward() const {
        for (std::uint64_t id = 1; id < world_.ids(); ++id) {
            for (const Event& event : events_) {
                for (const std::int64_t ns : {event.ts_ns, event.ts_ns + 1}) same(Direction::Forward, id, ns);
            }
        }
    }
    // Forward from each moment at which a node got an ancestor that it had not.
    void forward_from_new_ancestors() const {
        for (const Event& event : events_) {
            for (const std::uint64_t id : {event.process.value, event.object.value}) {
                if (ask(whole_, Direction::Back, id, event.ts_ns) !=
                    ask(whole_, Direction::Back, id, event.ts_ns - 1))
                    same(Direction::Forward, id, event.ts_ns);
            }
        }
    }
    // From which sources each node can come, at and between all moments; where each source can have gone.
    void sources() const {
        for (std::uint64_t id = 1; id < world_.ids(); ++id) {
            if ((sources_ >> id & 1U) != 0) same(Direction::Forward, id, kAlwaysFrom);
            sources_of_answer(id, kAlwaysUntil);
            for (const Event& event : events_) {
                for (const std::int64_t ns : {event.ts_ns, event.ts_ns + 1}) sources_of_answer(id, ns);
            }
        }
    }
    // Whatever is asked, nothing is missing.
    void nothing_missing() const {
        for (std::uint64_t id = 1; id < world_.ids(); ++id) {
            for (const Event& event : events_) {
                for (const std::int64_t ns : {event.ts_ns, event.ts_ns + 1}) {
                    for (const Window window : {Window{}, Window{.since_ns = ns - 25, .until_ns = ns}}) {
                        for (const Direction direction : {Direction::Back, Direction::Forward}) {
                            const Nodes before = ask(whole_, direction, id, ns, window);
                            const Nodes after = ask(reduced_, direction, id, ns, window);
                            ASSERT_EQ(before & ~after, 0U) << to_string(direction) << " " << id << "@" << ns;
                        }
                    }
                }
            }
        }
    }

  private:
    void same(Direction direction, std::uint64_t id, std::int64_t ns) const {
        ASSERT_EQ(ask(whole_, direction, id, ns), ask(reduced_, direction, id, ns))
            << to_string(direction) << " " << id << "@" << ns;
    }
    void sources_of_answer(std::uint64_t id, std::int64_t ns) const {
        const Nodes before = ask(whole_, Direction::Back, id, ns);
        const Nodes after = ask(reduced_, Direction::Back, id, ns);
        // Itself is in the answer only where the graph has it at all.
        const Nodes others = ~(Nodes{1} << id);
        ASSERT_EQ(before & sources_ & others, after & sources_ & others) << id << "@" << ns;
        ASSERT_EQ(after & ~before & others, 0U) << id << "@" << ns;
    }

    const World& world_;
    const std::vector<Event>& events_;
    Graph whole_;
    Graph reduced_;
    Nodes sources_;
};

// What each rule promises of a history, told or not.
void expect_promise(const World& world, const std::vector<Event>& events, const ReductionOptions& options) {
    const Reduced reduced = reduce(world, events, options);
    const Comparison comparison(world, events, reduced.rows);
    std::uint64_t before = 0;
    std::uint64_t after = reduced.counts.covered;
    for (const Event& event : events) before += event.count;
    for (const Event& row : reduced.rows) after += row.count;
    ASSERT_EQ(before, after);
    if (options.rule == ReductionRule::Sd) return comparison.sources();
    ASSERT_EQ(reduced.counts.covered, 0U);
    expect_conserved(events, reduced.rows);
    comparison.everything_backward();
    comparison.forward_from_new_ancestors();
    if (options.rule == ReductionRule::Cpr) comparison.everything_forward();
    comparison.nothing_missing();
}

void expect_promise(const World& world, const Steps& steps, const ReductionOptions& options) {
    expect_promise(world, events_of(world, steps), options);
    ASSERT_FALSE(testing::Test::HasFailure()) << to_string(options.rule) << " after " << text_of(steps);
}

void expect_promises(const World& world, bool vm_writes, const std::vector<std::int64_t>& pauses,
                     std::size_t size) {
    for (const ReductionRule rule : kRules) {
        each_history(world, vm_writes, pauses, size,
                     [&](const Steps& steps) { expect_promise(world, steps, {.rule = rule}); });
    }
}

TEST(HistoryReducer, AllHistoriesOfSixFlowsBetweenTwoProcessesAndTwoFilesByFullDependence) {
    each_history(World{}, false, {10}, 6, [&](const Steps& steps) { expect_promise(World{}, steps, {}); });
}

TEST(HistoryReducer, AllHistoriesOfFiveFlowsBetweenTwoProcessesAndTwoFiles) {
    expect_promises(World{}, false, {10}, 5);
}

TEST(HistoryReducer, AllHistoriesOfFourFlowsAmongThemOnesBetweenProcesses) {
    expect_promises(World{}, true, {10}, 4);
}

// Other than in the kernel, which learns of one flow after the other, ties are exact.
TEST(HistoryReducer, AllHistoriesOfFourFlowsWithTies) { expect_promises(World{}, true, {0, 10}, 4); }

TEST(HistoryReducer, AllHistoriesOfFourFlowsBetweenThreeProcessesAndAFileWithTies) {
    expect_promises(World{.processes = 3, .objects = 1}, false, {0, 10}, 4);
}

// The graph's socket pairs, both ends of which several processes use.
TEST(HistoryReducer, AllHistoriesOfFiveFlowsThroughASocketPair) {
    expect_promises(World{.sockets = true}, false, {10}, 5);
}

TEST(HistoryReducer, AllHistoriesOfFourFlowsWithHardlyAnyState) {
    for (const ReductionRule rule : kRules) {
        const ReductionOptions options{.rule = rule, .limits = {.pairs = 1, .source_bytes = 1}, .rows = 1};
        each_history(World{}, false, {0, 10}, 4,
                     [&](const Steps& steps) { expect_promise(World{}, steps, options); });
    }
}

// An instant of more events than are judged at once.
TEST(HistoryReducer, WhatOfALongInstantIsJudgedInPartsMissesNothing) {
    for (const ReductionRule rule : {ReductionRule::Cpr, ReductionRule::Fd}) {
        each_history(World{}, false, {0, 10}, 4, [&](const Steps& steps) {
            const std::vector<Event> events = events_of(World{}, steps);
            const Reduced reduced = reduce(World{}, events, {.rule = rule, .instant = 1});
            expect_conserved(events, reduced.rows);
            Comparison(World{}, events, reduced.rows).nothing_missing();
        });
    }
}

// By looking at all that went before. Without ties, one thread a process.
namespace slow {

struct Flow {
    std::uint64_t source, target;
};

Flow flow_of(const Event& event) {
    const bool out = event::flow_of(event.op) == event::Flow::Out;
    return {out ? event.process.value : event.object.value, out ? event.object.value : event.process.value};
}

// As docs/decisions/0008 words it; flows are one where they are between the same two.
std::uint64_t count_full_dependence(const std::vector<Event>& events) {
    enum class Verdict : std::uint8_t { News, Echo, Merged };
    std::vector<Verdict> verdicts;
    for (std::size_t now = 0; now < events.size(); ++now) {
        const Flow flow = flow_of(events[now]);
        Verdict verdict = Verdict::Merged;
        bool known = false;
        for (std::size_t i = now; i-- > 0 && !known && verdict != Verdict::News;) {
            const Flow before = flow_of(events[i]);
            if (verdicts[i] == Verdict::Merged) continue;
            known = before.source == flow.source && before.target == flow.target;
            if (known || before.target != flow.source) continue;
            if (before.source != flow.target)
                verdict = Verdict::News;
            else if (verdicts[i] == Verdict::News)
                verdict = Verdict::Echo;
        }
        verdicts.push_back(known ? verdict : Verdict::News);
    }
    return static_cast<std::uint64_t>(
        std::ranges::count_if(verdicts, [](Verdict verdict) { return verdict != Verdict::Merged; }));
}

// Runs of flows between the same two, through which nothing flows into the first or out of the second.
std::uint64_t count_causality_preserved(const std::vector<Event>& events) {
    std::uint64_t runs = 0;
    std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> open;
    for (std::size_t now = 0; now < events.size(); ++now) {
        const Flow flow = flow_of(events[now]);
        const auto run = open.find({flow.source, flow.target});
        bool goes_on = run != open.end();
        for (std::size_t i = goes_on ? run->second + 1 : now; i < now; ++i) {
            const Flow between = flow_of(events[i]);
            if (between.target == flow.source || between.source == flow.target) goes_on = false;
        }
        if (goes_on) continue;
        open[{flow.source, flow.target}] = now;
        ++runs;
    }
    return runs;
}

// Flows whose source can come from somewhere that its target cannot come from, by what was kept so far.
std::uint64_t count_source_dependence(const std::vector<Event>& events) {
    std::set<std::uint64_t> targets;
    for (const Event& event : events) targets.insert(flow_of(event).target);
    std::map<std::uint64_t, std::set<std::uint64_t>> sources;
    std::uint64_t kept = 0;
    for (const Event& event : events) {
        const Flow flow = flow_of(event);
        std::set<std::uint64_t> from = sources[flow.source];
        if (!targets.contains(flow.source)) from.insert(flow.source);
        std::set<std::uint64_t>& to = sources[flow.target];
        if (std::ranges::includes(to, from)) continue;
        to.insert(from.begin(), from.end());
        ++kept;
    }
    return kept;
}

}  // namespace slow

TEST(HistoryReducer, KeepsWhatTheDefinitionsSay) {
    const World world;
    std::size_t histories = 0;
    const auto compare = [&](const Steps& steps) {
        ++histories;
        const std::vector<Event> events = events_of(world, steps);
        const auto kept = [&](ReductionRule rule) {
            return reduce(world, events, {.rule = rule}).counts.news;
        };
        ASSERT_EQ(kept(ReductionRule::Fd), slow::count_full_dependence(events)) << text_of(steps);
        ASSERT_EQ(kept(ReductionRule::Cpr), slow::count_causality_preserved(events)) << text_of(steps);
        ASSERT_EQ(kept(ReductionRule::Sd), slow::count_source_dependence(events)) << text_of(steps);
    };
    each_history(world, false, {10}, 6, compare);
    each_history(world, true, {10}, 5, compare);
    EXPECT_GT(histories, 50'000U);
}

TEST(HistoryReducer, LongRandomHistories) {
    RandomHistory random(20261126);
    for (int round = 0; round < 150 && !HasFailure(); ++round) {
        World world = random.world();
        world.sockets = round % 4 == 0;
        world.objects = world.sockets ? 2 : std::min(world.objects, 12U);
        Steps steps = random.steps(world, 3, 120, 20);
        for (Step& step : steps) {
            if (round % 3 == 1 && random.below(2) == 0) step.pause = 0;
        }
        for (const ReductionRule rule : kRules) {
            expect_promise(world, steps,
                           {.rule = rule,
                            .limits = {.pairs = 1 + random.below(40), .source_bytes = random.below(20'000)},
                            .rows = 1 + random.below(40)});
        }
    }
}

// Rows of a recorder sum up several flows: they are passed on, and what they may have brought at any time
// within is heeded.
TEST(HistoryReducer, WhatIsReducedAlreadyIsReducedAgain) {
    RandomHistory random(20261127);
    std::uint64_t passed = 0;
    for (int round = 0; round < 150 && !HasFailure(); ++round) {
        World world = random.world();
        world.objects = std::min(world.objects, 12U);
        const Steps steps = random.steps(world, 2, 120, 20);
        std::vector<Event> told;
        Reducer recorder;
        for (const Event& event : events_of(world, steps)) {
            recorder.add(event, told);
            if (event.id % 25 == 0) recorder.tell(told);
        }
        recorder.tell(told);
        std::ranges::stable_sort(told, {}, &Event::ts_ns);
        for (const ReductionRule rule : kRules) {
            expect_promise(world, told, {.rule = rule});
            passed += reduce(world, told, {.rule = rule}).counts.passed;
        }
    }
    EXPECT_GT(passed, 1'000U);
}

TEST(HistoryReducer, AllHistoriesOfFourFlowsOneOfWhichTakesTwentyNanoseconds) {
    for (const ReductionRule rule : kRules) {
        each_history(World{}, false, {10}, 4, [&](const Steps& steps) {
            for (std::size_t i = 0; i < steps.size(); ++i) {
                std::vector<Event> events = events_of(World{}, steps);
                events[i].last_ns += 20;
                events[i].count = 2;
                expect_promise(World{}, events, {.rule = rule});
                ASSERT_FALSE(HasFailure()) << to_string(rule) << ", flow " << i << " of " << text_of(steps);
            }
        });
    }
}

// With slack a row gets at least what each flow in it got.
TEST(HistoryReducer, NothingIsMissedWithSlack) {
    for (const ReductionRule rule : {ReductionRule::Cpr, ReductionRule::Fd}) {
        each_history(World{}, true, {10}, 4, [&](const Steps& steps) {
            const std::vector<Event> events = events_of(World{}, steps);
            Comparison(World{}, events, reduce(World{}, events, {.rule = rule}).rows, 15).nothing_missing();
            ASSERT_FALSE(HasFailure()) << to_string(rule) << " after " << text_of(steps);
        });
    }
}

Event event_of(std::int64_t id, Op op, std::uint64_t process, std::uint64_t object) {
    Event event;
    event.id = id;
    event.ts_ns = event.last_ns = 1'000 * id;
    event.op = op;
    event.process = {process};
    event.object = {object};
    event.tid = 1;
    return event;
}

std::vector<Event> rows_of(const std::vector<Event>& events, const ReductionOptions& options) {
    return reduce(World{}, events, options).rows;
}

TEST(HistoryReducer, ARowSaysWhatItsFirstEventSaidAndTheSums) {
    std::vector<Event> events;
    for (std::int64_t id = 1; id <= 3; ++id) {
        Event& event = events.emplace_back(event_of(id, Op::Write, 1, 5));
        event.bytes = event.ret = 100 * id;
        event.fd = static_cast<std::int32_t>(id);
    }
    const std::vector<Event> rows = rows_of(events, {});
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].id, 1);
    EXPECT_EQ(rows[0].fd, 1);
    EXPECT_EQ(rows[0].ts_ns, 1'000);
    EXPECT_EQ(rows[0].last_ns, 3'000);
    EXPECT_EQ(rows[0].count, 3U);
    EXPECT_EQ(rows[0].bytes, 600);
    EXPECT_EQ(rows[0].ret, 600);
}

// To map what was read brings nothing, but stays to be seen.
TEST(HistoryReducer, OneRowForEachOperationThreadAndArgument) {
    std::vector<Event> events = {event_of(1, Op::Read, 1, 5), event_of(2, Op::Mmap, 1, 5),
                                 event_of(3, Op::Mmap, 1, 5), event_of(4, Op::Kill, 1, 2),
                                 event_of(5, Op::Kill, 1, 2), event_of(6, Op::Read, 1, 5)};
    events[0].bytes = events[0].ret = events[5].bytes = events[5].ret = 1;
    events[4].arg = 9;
    events[5].tid = 2;
    const Reduced reduced = reduce(World{}, events, {});
    EXPECT_EQ(reduced.rows.size(), 5U);
    EXPECT_EQ(reduced.counts.news, 2U);
    EXPECT_EQ(reduced.counts.merged, 1U);
}

TEST(HistoryReducer, WhatCarriesNothingIsSummedUpWhereItSaysTheSame) {
    std::vector<Event> events = {event_of(1, Op::Open, 1, 5), event_of(2, Op::Open, 1, 5),
                                 event_of(3, Op::Open, 1, 5), event_of(4, Op::Open, 1, 5),
                                 event_of(5, Op::Exit, 1, 0)};
    events[2].ret = -13;
    events[3].arg = 1;
    EXPECT_EQ(rows_of(events, {.keep_edgeless = true}).size(), 4U);
    const Reduced flows = reduce(World{}, events, {});
    ASSERT_EQ(flows.rows.size(), 2U);  // the refusal, and the end
    EXPECT_EQ(flows.counts.edgeless, 3U);
}

// The graph takes a process to come from its parent where no event says so: that is news to it.
TEST(HistoryReducer, AForkThatNoEventTellsOfIsHeeded) {
    std::vector<Event> events = {event_of(1, Op::Write, 2, 5), event_of(4, Op::Write, 2, 5)};
    for (Event& event : events) event.bytes = event.ret = 1;
    const event::ProcessImage child{.id = {2}, .start_ns = 2'000, .parent = {1}};
    for (const bool forked : {false, true}) {
        HistoryReducer reducer({});
        std::vector<Event> rows;
        reducer.add_process(child, forked, 1'000, 4'000);
        ASSERT_TRUE(reducer.start());
        for (const Event& event : events) reducer.add(event, rows);
        reducer.finish(rows);
        EXPECT_EQ(rows.size(), forked ? 1U : 2U);
    }
}

// 1 reads what another machine sends, and sends it there: it is a source all the same.
TEST(HistoryReducer, AnotherMachineIsASource) {
    std::vector<Event> events = {event_of(1, Op::Send, 1, 5), event_of(2, Op::Recv, 1, 5)};
    for (Event& event : events) event.bytes = event.ret = 1;
    for (const char* remote : {"192.0.2.1:80", "127.0.0.1:80"}) {
        HistoryReducer reducer({.rule = ReductionRule::Sd});
        std::vector<Event> rows;
        reducer.add({.id = {5}, .protocol = "tcp", .remote = remote});
        for (const Event& event : events) reducer.survey(event);
        ASSERT_TRUE(reducer.start());
        for (const Event& event : events) reducer.add(event, rows);
        reducer.finish(rows);
        EXPECT_EQ(rows.size(), std::string(remote) == "192.0.2.1:80" ? 1U : 0U) << remote;
    }
}

TEST(HistoryReducer, SocketsInALongRowAreRefused) {
    for (const std::uint64_t length : {3U, 30U}) {
        HistoryReducer reducer({});
        for (std::uint64_t id = 1; id <= length; ++id)
            reducer.add({.id = {id}, .protocol = "unix", .peer = {id + 1}});
        EXPECT_EQ(reducer.start(), length == 3);
    }
}

TEST(SourceSet, HoldsWhatWasJoined) {
    const auto memory = std::make_shared<std::size_t>(0);
    RandomHistory random(7);
    {
        for (int round = 0; round < 200; ++round) {
            std::array<std::set<std::uint32_t>, 2> numbers;
            std::array<SourceSet, 2> sets;
            for (std::size_t side : {0U, 1U}) {
                for (std::uint32_t i = random.below(20); i > 0; --i) {
                    numbers.at(side).insert(random.below(300));
                }
                for (const std::uint32_t number : numbers.at(side))
                    sets.at(side) = sets.at(side).joined_with(SourceSet::of(number, memory), memory);
            }
            ASSERT_EQ(sets[0].holds_all_of(sets[1]), std::ranges::includes(numbers[0], numbers[1]));
            const SourceSet both = sets[0].joined_with(sets[1], memory);
            for (std::uint32_t number = 0; number < 300; ++number) {
                ASSERT_EQ(both.holds_all_of(SourceSet::of(number, memory)),
                          numbers[0].contains(number) || numbers[1].contains(number));
            }
        }
    }
    EXPECT_EQ(*memory, 0U);
}

}  // namespace
}  // namespace catena::graph
