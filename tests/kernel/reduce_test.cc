// Reduction of a recording against reduction in the kernel: two recorders, one of each fidelity, see one run
// of a program (tests/programs/flows.c). The full recording is reduced afterwards: it has to answer as it
// did, and to be hardly longer than what the kernel kept of the same run.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "graph/tracker.h"
#include "harness.h"
#include "store/store.h"

namespace catena::kernel_test {
namespace {

using event::Event;
using graph::Direction;

struct Recording {
    std::vector<Event> events;
    graph::Graph graph;
};

Recording load(const std::string& path) {
    Recording recording;
    const auto reader = store::open_recording(path);
    EXPECT_TRUE(reader) << reader.error().message;
    graph::GraphBuilder builder;
    const auto add = [&](auto&& row) { builder.add(std::forward<decltype(row)>(row)); };
    EXPECT_TRUE((*reader)->processes(add) && (*reader)->files(add) && (*reader)->sockets(add) &&
                (*reader)->objects(add));
    EXPECT_TRUE((*reader)->events("", [&](Event&& event) {
        builder.add(event);
        recording.events.push_back(std::move(event));
    }));
    recording.graph = std::move(builder).build(Direction::Both);
    return recording;
}

std::set<std::uint64_t> ask(const graph::Graph& graph, Direction direction, std::uint64_t id,
                            std::int64_t ns) {
    std::set<std::uint64_t> ids;
    const auto node = graph.entities().find({id});
    if (!node) return ids;
    const std::array starts = {graph::Moment{*node, ns}};
    for (const graph::Moment& moment :
         graph::track(graph, direction, starts, {}, SIZE_MAX, [](graph::NodeIndex) { return false; }).nodes)
        ids.insert(graph.entities().id(moment.node).value);
    return ids;
}

class Reducing : public testing::TestWithParam<int> {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
        std::filesystem::create_directory(directory_.file("work"));
        Command program({program_path("flows"), std::to_string(GetParam()), "1000", "0"},
                        {.directory = directory_.file("work"), .prepare = {}});
        const std::string pid = std::to_string(program.pid());
        Command causal({catena_path(), "record", "-o", causal_, "--ready-fd", "9", "--pid", pid});
        Command full(
            {catena_path(), "record", "-o", full_, "--ready-fd", "9", "--fidelity", "full", "--pid", pid});
        ASSERT_TRUE(causal.wait_until_ready() && full.wait_until_ready());
        ASSERT_EQ(::write(program.input(), "x", 1), 1);
        ASSERT_EQ(program.wait().exit_code, 0);
        ASSERT_EQ(causal.wait().exit_code, 0);
        ASSERT_EQ(full.wait().exit_code, 0);
    }

    std::string reduce(const std::string& rule) {
        const std::string reduced = directory_.file(rule + ".catena");
        Command command({catena_path(), "reduce", full_, "-o", reduced, "--rule", rule});
        const Outcome outcome = command.wait();
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        expect_full_account(reduced);
        return reduced;
    }

    TempDir directory_;
    std::string causal_ = directory_.file("causal.catena");
    std::string full_ = directory_.file("full.catena");
};

TEST_P(Reducing, FullDependenceAnswersAsBeforeInHardlyMoreRowsThanTheKernels) {
    const Recording before = load(full_);
    const Recording after = load(reduce("fd"));
    std::set<std::uint64_t> ids;
    for (const Event& event : before.events) {
        ids.insert(event.process.value);
        ids.insert(event.object.value);
    }
    ids.erase(0);
    for (const std::uint64_t id : ids) {
        EXPECT_EQ(ask(before.graph, Direction::Back, id, graph::kAlwaysUntil),
                  ask(after.graph, Direction::Back, id, graph::kAlwaysUntil));
        EXPECT_EQ(ask(before.graph, Direction::Forward, id, graph::kAlwaysFrom),
                  ask(after.graph, Direction::Forward, id, graph::kAlwaysFrom));
        for (std::size_t i = 0; i < before.events.size(); i += 40) {
            const std::int64_t ns = before.events[i].ts_ns;
            EXPECT_EQ(ask(before.graph, Direction::Back, id, ns), ask(after.graph, Direction::Back, id, ns));
        }
    }
    const std::size_t kernel = load(causal_).events.size();
    EXPECT_LE(after.events.size(), kernel + kernel / 10);
    EXPECT_LT(after.events.size(), before.events.size());
    std::printf("%zu rows in full, %zu by the kernel, %zu afterwards\n", before.events.size(), kernel,
                after.events.size());
}

TEST_P(Reducing, CausalityPreservedReductionAnswersAsBeforeBothWays) {
    const Recording before = load(full_);
    const Recording after = load(reduce("cpr"));
    for (std::size_t i = 0; i < before.events.size(); i += 5) {
        const Event& event = before.events[i];
        for (const std::uint64_t id : {event.process.value, event.object.value}) {
            for (const Direction direction : {Direction::Back, Direction::Forward})
                EXPECT_EQ(ask(before.graph, direction, id, event.ts_ns),
                          ask(after.graph, direction, id, event.ts_ns));
        }
    }
    EXPECT_LT(after.events.size(), before.events.size());
}

// What it keeps is shorter still, and reducing what the kernel has merged changes no answer either.
TEST_P(Reducing, RecordingsOfCausalFidelityAnswerAsBefore) {
    const Recording before = load(causal_);
    full_ = causal_;
    const Recording after = load(reduce("fd"));
    for (std::size_t i = 0; i < before.events.size(); i += 5) {
        const Event& event = before.events[i];
        for (const std::uint64_t id : {event.process.value, event.object.value})
            EXPECT_EQ(ask(before.graph, Direction::Back, id, event.ts_ns),
                      ask(after.graph, Direction::Back, id, event.ts_ns));
    }
    EXPECT_LE(after.events.size(), before.events.size());
}

INSTANTIATE_TEST_SUITE_P(Seeds, Reducing, testing::Values(4, 5));

}  // namespace
}  // namespace catena::kernel_test
