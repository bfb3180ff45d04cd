// Merging in the kernel against the same flows unmerged: two recorders, one of each fidelity, see one run of
// a program (tests/programs/flows.c), and every question is asked of both recordings. docs/decisions/0008
// says what has to be the same, and what may be more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "graph/reduction.h"
#include "graph/tracker.h"
#include "harness.h"
#include "store/store.h"

namespace catena::kernel_test {
namespace {

using event::Event;
using event::Op;
using graph::Direction;
using graph::NodeIndex;

// An entity by what it is in both recordings, whose numbers are their own. Names of files would not do: a
// file may have several.
using Name = std::string;
using Names = std::set<Name>;

std::string number(std::uint64_t value) { return std::to_string(value); }
Name name_of(const event::ProcessImage& p) { return "process " + std::to_string(p.pid); }
Name name_of(const event::FileName& f) {
    if (f.inode == 0) return "path " + f.path;
    return "file " + number(f.dev) + ':' + number(f.inode) + '.' + number(f.generation);
}
Name name_of(const event::Socket& s) { return s.protocol + ' ' + number(s.inode) + " to " + s.remote; }
Name name_of(const event::Object& o) { return "object " + o.label; }

constexpr int kMarkEvery = 10;  // steps of the program

// One recording, as a graph.
struct Recording {
    std::vector<Event> events;  // in order of time
    std::vector<event::Socket> sockets;
    std::map<std::uint64_t, Name> names;  // by id
    std::map<Name, std::uint64_t> ids;
    std::map<std::int64_t, std::int64_t> moments;  // by the number of the step
    graph::Graph graph;

    [[nodiscard]] Name name(std::uint64_t id) const {
        const auto found = names.find(id);
        return found == names.end() ? "nameless " + number(id) : found->second;
    }
};

void load(const std::string& path, std::int64_t slack_ns, Recording& to) {
    const auto reader = store::open_recording(path);
    ASSERT_TRUE(reader) << reader.error().message;
    graph::GraphBuilder builder(slack_ns);
    const auto describe = [&](auto&& entity) {
        const Name name = name_of(entity);
        to.names[entity.id.value] = name;
        const auto [place, is_new] = to.ids.try_emplace(name, entity.id.value);
        EXPECT_EQ(place->second, entity.id.value) << "two of one name: " << name;
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(entity)>, event::Socket>)
            to.sockets.push_back(entity);
        builder.add(std::move(entity));
    };
    ASSERT_TRUE((*reader)->processes(describe));
    ASSERT_TRUE((*reader)->files(describe));
    ASSERT_TRUE((*reader)->sockets(describe));
    ASSERT_TRUE((*reader)->objects(describe));
    ASSERT_TRUE((*reader)->events("", [&](Event&& event) {
        builder.add(event);
        to.events.push_back(std::move(event));
    }));
    to.graph = std::move(builder).build(Direction::Both);
    for (const Event& event : to.events) {
        // What else is truncated is to 64 bytes.
        if (event.op == Op::Truncate && event.arg > 0 && event.arg % kMarkEvery == 0)
            to.moments.try_emplace(event.arg, event.ts_ns);
    }
}

Names ask(const Recording& recording, Direction direction, const Name& name, std::int64_t ns) {
    Names names{name};
    const auto id = recording.ids.find(name);
    const auto node =
        id == recording.ids.end() ? std::nullopt : recording.graph.entities().find({id->second});
    if (!node) return names;
    const std::array starts = {graph::Moment{*node, ns}};
    const auto found =
        graph::track(recording.graph, direction, starts, {}, SIZE_MAX, [](NodeIndex) { return false; });
    for (const graph::Moment& moment : found.nodes)
        names.insert(recording.name(recording.graph.entities().id(moment.node).value));
    return names;
}

std::string text_of(const Names& names) {
    std::string text;
    for (const Name& name : names) text += "\n    " + name;
    return text;
}

Names minus(const Names& a, const Names& b) {
    Names left;
    std::ranges::set_difference(a, b, std::inserter(left, left.end()));
    return left;
}

// A call by its place among the calls of its thread that did the same to the same thing.
using Call = std::tuple<std::int32_t, Op, Name, std::uint64_t>;

// The kept calls of a recording, and when they ended.
std::map<Call, const Event*> calls_of(const Recording& recording) {
    std::map<std::tuple<std::int32_t, Op, Name>, std::uint64_t> counts;
    std::map<Call, const Event*> calls;
    for (const Event& event : recording.events) {
        const Name object = recording.name(event.object.value);
        std::uint64_t& count = counts[{event.tid, event.op, object}];
        if (event.count == 1) calls[{event.tid, event.op, object, count}] = &event;
        count += event.count;
    }
    return calls;
}

// The events that the rule keeps because they bring something new, by id. The rule knows processes, not
// threads.
std::set<std::int64_t> news_of(const Recording& full) {
    graph::Reducer reducer(
        {.versions = 0, .sets = 0, .threads = SIZE_MAX, .edges = SIZE_MAX, .sockets = SIZE_MAX});
    for (const event::Socket& socket : full.sockets) reducer.add(socket);
    std::set<std::int64_t> news;
    std::vector<Event> rows;
    for (Event event : full.events) {
        event.tid = 1;
        const graph::Reducer::Counts before = reducer.counts();
        reducer.add(event, rows);
        if (graph::carries(event) && reducer.counts().kept != before.kept &&
            reducer.counts().echoes == before.echoes)
            news.insert(event.id);
    }
    return news;
}

enum class Promise : std::uint8_t { Same, NoneMissing };

class Merging : public testing::TestWithParam<int> {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    void record(int seed, int steps, bool by_path) {
        const std::string work = directory_.file("work");
        std::filesystem::create_directory(work);
        Command program(
            {program_path("flows"), std::to_string(seed), std::to_string(steps), by_path ? "1" : "0"},
            {.directory = work, .prepare = {}});
        const std::string pid = std::to_string(program.pid());
        Command merged({catena_path(), "record", "-o", merged_, "--ready-fd", "9", "--pid", pid});
        Command full(
            {catena_path(), "record", "-o", full_, "--ready-fd", "9", "--fidelity", "full", "--pid", pid});
        ASSERT_TRUE(merged.wait_until_ready());
        ASSERT_TRUE(full.wait_until_ready());
        ASSERT_EQ(::write(program.input(), "x", 1), 1);
        const Outcome outcome = program.wait();
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
        for (Command* recorder : {&merged, &full}) ASSERT_EQ(recorder->wait().exit_code, 0);
        for (const std::string& trace : {merged_, full_}) expect_full_account(trace);
    }

    void compare(Promise promise, Direction direction, const Name& name, std::int64_t full_ns,
                 std::int64_t merged_ns, const std::string& when) {
        const Names whole = ask(full, direction, name, full_ns);
        const Names found = ask(merged, direction, name, merged_ns);
        const Names missing = minus(whole, found), added = minus(found, whole);
        ++asked_;
        more_ += added.empty() ? 0 : 1;
        EXPECT_TRUE(missing.empty()) << to_string(direction) << " from " << name << ' ' << when << " misses"
                                     << text_of(missing);
        EXPECT_TRUE(promise != Promise::Same || added.empty())
            << to_string(direction) << " from " << name << ' ' << when << " adds" << text_of(added);
    }

    bool is_socket(std::uint64_t id) const {
        return std::ranges::any_of(full.sockets, [&](const event::Socket& s) { return s.id.value == id; });
    }

    // From every entity, at the end and at every moment that both recordings know.
    void compare_entities(Promise promise) {
        for (const auto& [name, id] : full.ids) {
            compare(promise, Direction::Back, name, graph::kAlwaysUntil, graph::kAlwaysUntil, "at the end");
            compare(promise, Direction::Forward, name, graph::kAlwaysFrom, graph::kAlwaysFrom, "at all");
            for (const auto& [step, ns] : full.moments) {
                const std::string when = "after step " + std::to_string(step);
                compare(promise, Direction::Back, name, ns, merged.moments.at(step), when);
                compare(Promise::NoneMissing, Direction::Forward, name, ns, merged.moments.at(step), when);
            }
        }
    }

    // From what every call that brought something new flowed into, from then on.
    void compare_calls(bool exact) {
        const auto in_full = calls_of(full);
        const auto in_merged = calls_of(merged);
        const std::set<std::int64_t> news = news_of(full);
        for (const auto& [call, event] : in_full) {
            if (!news.contains(event->id)) continue;
            const std::string text = "event " + std::to_string(event->id) + " (" +
                                     std::string(event::to_string(event->op)) + ' ' + std::get<Name>(call) +
                                     ')';
            const auto kept = in_merged.find(call);
            if (!exact && kept == in_merged.end()) continue;
            ASSERT_NE(kept, in_merged.end()) << text << " brings something new and was merged";
            const bool into_process = event::flow_of(event->op) == event::Flow::In;
            // To the graph both ends of a connection are one thing, to the rule they are two.
            const bool promised = exact && (into_process || !is_socket(event->object.value));
            compare(promised ? Promise::Same : Promise::NoneMissing, Direction::Forward,
                    into_process ? full.name(event->process.value) : std::get<Name>(call), event->ts_ns,
                    kept->second->ts_ns, "after " + text);
        }
    }

    void load_both(std::int64_t slack_ns) {
        full = merged = {};
        load(full_, slack_ns, full);
        load(merged_, slack_ns == 0 ? 0 : slack_ns + kClockNs, merged);
        ASSERT_EQ(full.moments.size(), std::size_t{kSteps / kMarkEvery});
        ASSERT_EQ(merged.moments.size(), full.moments.size());
    }

    void record_and_compare(bool by_path) {
        record(GetParam(), kSteps, by_path);
        if (HasFatalFailure()) return;
        const Account account = account_of(merged_);
        EXPECT_GT(account.merged, kSteps / 20) << "nothing was put to the test";
        // Where paths come from the program's memory, the programs do not know which file has changed.
        const bool exact =
            !by_path || value_of(merged_, "select value from meta where key = 'path_source'") == "kernel";
        load_both(0);
        if (HasFatalFailure()) return;
        compare_entities(exact ? Promise::Same : Promise::NoneMissing);
        compare_calls(exact);
        const long more = std::exchange(more_, 0);
        load_both(graph::kCallSlackNs);
        if (HasFatalFailure()) return;
        compare_entities(Promise::NoneMissing);
        std::printf("%ld calls merged, %ld kept; %ld questions, %ld with more, and %ld with slack\n",
                    account.merged, account.stored, asked_, more, more_);
    }

    static constexpr int kSteps = 1000;
    // Two recorders see the end of one call at slightly different times.
    static constexpr std::int64_t kClockNs = 5'000'000;

    TempDir directory_;
    std::string merged_ = directory_.file("merged.catena");
    std::string full_ = directory_.file("full.catena");
    Recording full, merged;
    long asked_ = 0, more_ = 0;
};

TEST_P(Merging, ChangesNoAnswer) { record_and_compare(false); }

TEST_P(Merging, MissesNothingWhereFilesChangeByTheirPaths) { record_and_compare(true); }

INSTANTIATE_TEST_SUITE_P(Seeds, Merging, testing::Values(1, 2, 3));

}  // namespace
}  // namespace catena::kernel_test
