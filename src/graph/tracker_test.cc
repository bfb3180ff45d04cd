#include "graph/tracker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "graph/recording_for_test.h"

namespace catena::graph {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAre;

struct Answer {
    std::vector<std::string> nodes;
    std::size_t edges = 0;
    bool cut = false;
};

struct Question {
    Direction direction = Direction::Back;
    Window window{};
    std::size_t max_nodes = SIZE_MAX;
    std::string left_out{};
    std::int64_t slack_ns = 0;
};

Answer ask(const std::string& lines, const std::string& start, const Question& question = {}) {
    RecordingForTest recording;
    recording.add_lines(lines);
    const Graph graph = recording.graph(question.direction, question.slack_ns);
    const auto name = [&](NodeIndex node) { return recording.name(graph.entities().id(node)); };
    const NodeIndex node = *graph.entities().find(recording.id(start));
    const std::vector<Moment> starts = {
        {node, question.direction == Direction::Forward ? kAlwaysFrom : kAlwaysUntil}};
    const Tracking tracking = track(graph, question.direction, starts, question.window, question.max_nodes,
                                    [&](NodeIndex other) { return name(other) == question.left_out; });
    Answer answer{.nodes = {}, .edges = tracking.edges.size(), .cut = tracking.cut};
    for (const Moment& moment : tracking.nodes) answer.nodes.push_back(name(moment.node));
    return answer;
}

std::int64_t at(double seconds) { return kEpoch + static_cast<std::int64_t>(seconds * 1e9); }

constexpr const char* kCopyTwice = R"({"at":1,"op":"read","process":"p","object":"a","bytes":1}
                                      {"at":2,"op":"write","process":"p","object":"b","bytes":1}
                                      {"at":3,"op":"read","process":"p","object":"c","bytes":1}
                                      {"at":4,"op":"write","process":"p","object":"d","bytes":1})";

TEST(Tracker, WhatWasReadAfterTheWriteIsNoCause) {
    EXPECT_THAT(ask(kCopyTwice, "b").nodes, ElementsAre("b", "p", "a"));
    EXPECT_THAT(ask(kCopyTwice, "d").nodes, ElementsAre("d", "p", "c", "a"));
}

TEST(Tracker, WhatWasWrittenBeforeTheReadIsNoEffect) {
    EXPECT_THAT(ask(kCopyTwice, "a", {.direction = Direction::Forward}).nodes,
                ElementsAre("a", "p", "b", "d"));
    EXPECT_THAT(ask(kCopyTwice, "c", {.direction = Direction::Forward}).nodes, ElementsAre("c", "p", "d"));
}

TEST(Tracker, EqualTimesMayBeCausal) {
    EXPECT_THAT(ask(R"({"at":1,"op":"write","process":"p","object":"b","bytes":1}
                       {"at":1,"op":"read","process":"p","object":"a","bytes":1})",
                    "b")
                    .nodes,
                ElementsAre("b", "p", "a"));
}

TEST(Tracker, MergedEventsMatterAsLongAsTheyLast) {
    constexpr const char* kMerged = R"({"at":1,"until":5,"op":"read","process":"p","object":"q","bytes":1}
                                       {"at":3,"op":"write","process":"w","object":"q","bytes":1}
                                       {"at":6,"op":"write","process":"late","object":"q","bytes":1}
                                       {"at":2,"op":"write","process":"p","object":"early","bytes":1}
                                       {"at":7,"op":"write","process":"p","object":"out","bytes":1})";
    EXPECT_THAT(ask(kMerged, "out").nodes, ElementsAre("out", "p", "q", "w"));
    EXPECT_THAT(ask(kMerged, "early").nodes, ElementsAre("early", "p", "q"));
    EXPECT_THAT(ask(kMerged, "w", {.direction = Direction::Forward}).nodes,
                ElementsAre("w", "q", "p", "out"));
    EXPECT_THAT(ask(kMerged, "late", {.direction = Direction::Forward}).nodes, ElementsAre("late", "q"));
}

TEST(Tracker, CyclesAndDuplicatesEnd) {
    const Answer answer = ask(R"({"at":1,"op":"kill","process":"a","object":"b"}
                                 {"at":2,"op":"kill","process":"b","object":"c"}
                                 {"at":3,"op":"kill","process":"c","object":"a"}
                                 {"at":3,"op":"kill","process":"c","object":"a"}
                                 {"at":4,"op":"kill","process":"a","object":"b"})",
                              "b");
    EXPECT_THAT(answer.nodes, ElementsAre("b", "a", "c"));
    EXPECT_EQ(answer.edges, 5U);
}

// A log that gets the times of its entities wrong is taken at the word of its flows.
TEST(Tracker, WhatAProcessDidBeforeItsForkOrAfterItsExitDidNotComeFromThere) {
    constexpr const char* kLife = R"({"at":1,"op":"exit","process":"c"}
                                     {"at":3,"op":"write","process":"c","object":"before","bytes":1}
                                     {"at":5,"op":"fork","process":"p","object":"c"}
                                     {"at":6,"op":"write","process":"c","object":"after","bytes":1})";
    EXPECT_THAT(ask(kLife, "before").nodes, ElementsAre("before", "c"));
    EXPECT_THAT(ask(kLife, "after").nodes, ElementsAre("after", "c", "p"));
    EXPECT_THAT(ask(kLife, "p", {.direction = Direction::Forward}).nodes, ElementsAre("p", "c", "after"));
    // The same where the fork is only known from the process's beginning.
    constexpr const char* kBorn = R"({"process":{"id":"p","pid":1}}
                                     {"process":{"id":"c","pid":2,"parent":"p","start":5,"at":5}}
                                     {"at":3,"op":"write","process":"c","object":"before","bytes":1}
                                     {"at":6,"op":"write","process":"c","object":"after","bytes":1})";
    EXPECT_THAT(ask(kBorn, "before").nodes, ElementsAre("before", "c"));
    EXPECT_THAT(ask(kBorn, "after").nodes, ElementsAre("after", "c", "p"));
}

TEST(Tracker, WhatGoesIntoOneEndOfAConnectionComesOutAtTheOther) {
    constexpr const char* kTalk = R"({"socket":{"id":"s1","peer":"s2"}}
                                     {"socket":{"id":"s2","peer":"s1"}}
                                     {"at":1,"op":"send","process":"client","object":"s1","bytes":1}
                                     {"at":2,"op":"recv","process":"server","object":"s2","bytes":1}
                                     {"at":3,"op":"send","process":"later","object":"s1","bytes":1})";
    EXPECT_THAT(ask(kTalk, "server").nodes, ElementsAre("server", "s2", "s1", "client"));
    EXPECT_THAT(ask(kTalk, "client", {.direction = Direction::Forward}).nodes,
                ElementsAre("client", "s1", "s2", "server"));
    EXPECT_THAT(ask(kTalk, "later", {.direction = Direction::Forward}).nodes,
                ElementsAre("later", "s1", "s2"));
}

TEST(Tracker, ReaderThatReturnedBeforeItsWriterIsFoundWithSlack) {
    constexpr const char* kRace =
        R"({"at":1.000,"tid":2,"op":"read","process":"reader","object":"q","bytes":1}
                                     {"at":1.001,"tid":1,"op":"write","process":"writer","object":"q","bytes":1})";
    EXPECT_THAT(ask(kRace, "reader").nodes, ElementsAre("reader", "q"));
    EXPECT_THAT(ask(kRace, "reader", {.slack_ns = 10'000'000}).nodes, ElementsAre("reader", "q", "writer"));
    EXPECT_THAT(ask(kRace, "writer", {.direction = Direction::Forward, .slack_ns = 10'000'000}).nodes,
                ElementsAre("writer", "q", "reader"));
}

TEST(Tracker, OnlyTheWindowIsFollowed) {
    EXPECT_THAT(ask(kCopyTwice, "d", {.window = {.since_ns = at(2.5)}}).nodes, ElementsAre("d", "p", "c"));
    EXPECT_THAT(ask(kCopyTwice, "d", {.window = {.until_ns = at(3.5)}}).nodes, ElementsAre("d"));
    const Question forward{.direction = Direction::Forward,
                           .window = {.since_ns = at(0), .until_ns = at(2.5)}};
    EXPECT_THAT(ask(kCopyTwice, "a", forward).nodes, ElementsAre("a", "p", "b"));
}

TEST(Tracker, NodesLeftOutAreNotPassedThroughButAStartIsNeverLeftOut) {
    EXPECT_THAT(ask(kCopyTwice, "d", {.left_out = "p"}).nodes, ElementsAre("d"));
    EXPECT_THAT(ask(kCopyTwice, "d", {.left_out = "d"}).nodes, ElementsAre("d", "p", "c", "a"));
}

TEST(Tracker, TheNearestInTimeAreKeptWhereThereAreTooMany) {
    const Answer answer = ask(kCopyTwice, "d", {.max_nodes = 3});
    EXPECT_THAT(answer.nodes, ElementsAre("d", "p", "c"));
    EXPECT_EQ(answer.edges, 2U);
    EXPECT_TRUE(answer.cut);
    EXPECT_FALSE(ask(kCopyTwice, "d", {.max_nodes = 4}).cut);
}

}  // namespace
}  // namespace catena::graph
