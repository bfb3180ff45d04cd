#include "graph/rarity.h"

#include <gtest/gtest.h>

#include <string>

#include "graph/recording_for_test.h"

namespace catena::graph {
namespace {

constexpr const char* kEntities = R"({"process":{"id":"web","pid":5,"exe":"/bin/web"}}
    {"process":{"id":"sh","pid":6,"exe":"/bin/sh"}}
    {"file":{"id":"a","path":"/srv/1/a"}}
    {"file":{"id":"b","path":"/srv/2/b"}}
    {"file":{"id":"c","path":"/srv/33/c"}}
    {"file":{"id":"d","path":"/srv/33/d"}}
    {"file":{"id":"secret","path":"/etc/secret"}}
)";

constexpr const char* kServed = R"({"at":1,"op":"read","process":"web","object":"a","bytes":1}
    {"at":2,"op":"read","process":"web","object":"b","bytes":1}
    {"at":3,"op":"read","process":"web","object":"c","bytes":1}
    {"at":4,"op":"read","process":"web","object":"d","bytes":1}
    {"at":5,"op":"read","process":"web","object":"d","bytes":1}
    {"at":6,"op":"read","process":"web","object":"secret","bytes":1}
    {"at":7,"op":"read","process":"sh","object":"a","bytes":1}
    {"at":8,"op":"write","process":"web","object":"a","bytes":1}
    {"at":9,"op":"fork","process":"web","object":"sh"}
)";

Graph graph_of(const std::string& events) {
    RecordingForTest recording;
    recording.add_lines(kEntities + events);
    return recording.graph(Direction::Back);
}

// Edges come in the order of the events.
TEST(Rarity, CountsTheObjectsOfAKindToWhichAProgramDidTheSame) {
    const Graph graph = graph_of(kServed);
    const Rarity rarity(graph);
    for (EdgeIndex edge = 0; edge < 5; ++edge) EXPECT_DOUBLE_EQ(rarity.of(edge), 1.0 / 3) << "four pages";
    EXPECT_DOUBLE_EQ(rarity.of(5), 1) << "another folder";
    EXPECT_DOUBLE_EQ(rarity.of(6), 1) << "another program";
    EXPECT_DOUBLE_EQ(rarity.of(7), 1) << "another operation";
    EXPECT_DOUBLE_EQ(rarity.of(8), 1) << "a process";
}

TEST(Rarity, WhatHappenedBeforeIsLessRare) {
    const Graph graph = graph_of(kServed);
    Rarity rarity(graph);
    rarity.add(graph_of(R"({"at":1,"op":"read","process":"web","object":"secret","bytes":1})"));
    EXPECT_DOUBLE_EQ(rarity.of(5), 0.5);
    EXPECT_DOUBLE_EQ(rarity.of(6), 1);
}

}  // namespace
}  // namespace catena::graph
