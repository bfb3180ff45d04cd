// What the store says that entities were seen to be part of, against what the graph says.
#include "cli/recording_history.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "cli/program_fixture.h"
#include "event/op.h"
#include "graph/graph.h"
#include "store/store.h"

namespace catena::cli {
namespace {

constexpr std::uint64_t kProcesses = 3;
constexpr std::uint64_t kObjects = 200;
constexpr std::uint64_t kFirstObject = 100;

class RecordingHistoryTest : public ProgramTest {
  protected:
    // Every operation, with results and amounts that carry something and that do not, on objects that most
    // events do not meet.
    std::vector<event::Event> random_events(std::uint32_t seed) {
        std::mt19937 random(seed);
        const auto one_of = [&](std::vector<std::int64_t> values) {
            return values[random() % values.size()];
        };
        std::vector<event::Event> events;
        for (std::int64_t id = 1; id <= 300; ++id) {
            event::Event e;
            e.id = id;
            e.ts_ns = e.last_ns = id * 1000;
            e.op = static_cast<event::Op>(random() % event::kOpCount);
            e.process.value = 1 + random() % kProcesses;
            e.object.value = random() % 8 == 0 ? 0 : kFirstObject + random() % kObjects;
            e.bytes = one_of({0, 0, 5});
            e.ret = one_of({0, 3, -1, -13, -115, e.bytes});
            e.count = 1;
            events.push_back(e);
        }
        return events;
    }
};

TEST_F(RecordingHistoryTest, TraitsAreThoseOfTheGraph) {
    std::size_t compared = 0;
    for (std::uint32_t seed = 0; seed < 12; ++seed) {
        const std::string trace = path("t" + std::to_string(seed) + ".catena");
        store::Batch batch;
        batch.events = random_events(seed);
        auto writer = store::create_recording(trace);
        ASSERT_TRUE(writer && (*writer)->append(batch) && (*writer)->finish());
        graph::GraphBuilder builder;
        for (const event::Event& event : batch.events) builder.add(event);
        const graph::Graph graph = std::move(builder).build(graph::Direction::Back);

        const auto reader = store::open_recording(trace);
        ASSERT_TRUE(reader);
        RecordingHistory history(**reader);
        std::vector<event::EntityId> ids;
        ids.reserve(kObjects);
        for (std::uint64_t id = 0; id < kObjects; ++id) ids.push_back({kFirstObject + id});
        std::map<std::uint64_t, graph::Traits> told;
        ASSERT_TRUE(
            history.traits(ids, [&](event::EntityId id, graph::Traits traits) { told[id.value] = traits; }));
        for (const event::EntityId id : ids) {
            graph::Traits expected = 0;
            for (const graph::Trait trait : {graph::Trait::Written, graph::Trait::Accepted,
                                             graph::Trait::Connected, graph::Trait::Forked}) {
                const auto node = graph.entities().find(id);
                if (node && graph.has(*node, trait)) expected |= static_cast<graph::Traits>(trait);
            }
            EXPECT_EQ(told[id.value], expected) << "entity " << id.value << ", seed " << seed;
            compared += expected != 0 ? 1 : 0;
        }
    }
    EXPECT_GT(compared, 300U);
}

}  // namespace
}  // namespace catena::cli
