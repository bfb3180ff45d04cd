#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "graph/recording_for_test.h"

namespace catena::graph {
namespace {

using event::Op;
using testing::ElementsAre;
using testing::IsEmpty;

// "p1 -> f1" for each edge, in order of arrival; joins of sockets as "s1 = s2".
std::vector<std::string> edges_of(const std::string& lines, std::int64_t slack_ns = 0) {
    RecordingForTest recording;
    recording.add_lines(lines);
    const Graph graph = recording.graph(Direction::Both, slack_ns);
    std::vector<std::string> edges;
    for (EdgeIndex i = 0; i < graph.edge_count(); ++i) {
        const Edge edge = graph.edge(i);
        const auto name = [&](NodeIndex node) { return recording.name(graph.entities().id(node)); };
        edges.push_back(name(edge.source) + (edge.op == Op::None ? " = " : " -> ") + name(edge.target));
    }
    return edges;
}

TEST(Graph, EdgesGoTheWayOfTheData) {
    EXPECT_THAT(edges_of(R"({"op":"read","process":"p","object":"f","bytes":1}
                            {"op":"write","process":"p","object":"f","bytes":1}
                            {"op":"fork","process":"p","object":"c","ret":9}
                            {"op":"connect","process":"p","object":"s"})"),
                ElementsAre("f -> p", "p -> f", "p -> c", "p -> s", "s -> p"));
}

TEST(Graph, EventsThatCarryNothingAreNoEdges) {
    EXPECT_THAT(edges_of(R"({"op":"open","process":"p","object":"f","ret":3}
                            {"op":"close","process":"p","object":"f"}
                            {"op":"read","process":"p","object":"f","bytes":0,"ret":0}
                            {"op":"read","process":"p","object":"f","bytes":0,"ret":-11}
                            {"op":"unlink","process":"p","object":"f","ret":-13}
                            {"op":"connect","process":"p","object":"s","ret":-111}
                            {"op":"chmod","process":"p"}
                            {"op":"write","process":"p","object":"p","bytes":1})"),
                IsEmpty());
}

TEST(Graph, ConnectThatGoesOnInTheBackgroundIsAnEdge) {
    EXPECT_THAT(edges_of(R"({"op":"connect","process":"p","object":"s","ret":-115})"),
                ElementsAre("p -> s", "s -> p"));
}

TEST(Graph, MergedReadsWhoseLastOneFoundTheEndAreAnEdge) {
    EXPECT_THAT(edges_of(R"({"op":"read","process":"p","object":"f","bytes":9,"ret":0,"count":2})"),
                ElementsAre("f -> p"));
}

TEST(Graph, SocketsThatNameEachOtherAreJoinedBothWays) {
    EXPECT_THAT(edges_of(R"({"socket":{"id":"a","peer":"b"}}
                            {"socket":{"id":"b","peer":"a"}}
                            {"socket":{"id":"c","peer":"d"}}
                            {"file":{"id":"d","path":"/not/a/socket"}})"),
                ElementsAre("a = b", "b = a"));
}

TEST(Graph, SocketThatOnlyNamesAnotherIsJoinedOneWay) {
    EXPECT_THAT(edges_of(R"({"socket":{"id":"client","peer":"log"}}
                            {"socket":{"id":"log"}})"),
                ElementsAre("client = log"));
}

TEST(Graph, ForkThatWasLostIsInferredFromTheParent) {
    const std::string events = R"({"at":1,"op":"read","process":"p","object":"f","bytes":1}
                                  {"at":9,"op":"read","process":"c","object":"f","bytes":1}
                                  {"process":{"id":"p","pid":1}})";
    EXPECT_THAT(edges_of(events + "\n" + R"({"process":{"id":"c","pid":2,"parent":"p","start":5,"at":5}})"),
                ElementsAre("f -> p", "f -> c", "p -> c"));
    // Nothing is inferred about what was before the recording, or about a parent that is not in it.
    EXPECT_THAT(edges_of(events + "\n" + R"({"process":{"id":"c","pid":2,"parent":"p","start":0.5}})"),
                ElementsAre("f -> p", "f -> c"));
    EXPECT_THAT(edges_of(events + "\n" + R"({"process":{"id":"c","pid":2,"parent":"q","start":5}})"),
                ElementsAre("f -> p", "f -> c"));
    EXPECT_THAT(edges_of(events + "\n" + R"({"at":5,"op":"fork","process":"p","object":"c"}
                                            {"process":{"id":"c","pid":2,"parent":"p","start":5}})"),
                ElementsAre("f -> p", "f -> c", "p -> c"));
}

TEST(Graph, AdjacencyIsInOrderOfTimeWhateverTheOrderOfArrival) {
    RecordingForTest recording;
    recording.add_lines(R"({"at":3,"until":4,"op":"read","process":"p","object":"a","bytes":1}
                           {"at":1,"until":9,"op":"read","process":"p","object":"b","bytes":1}
                           {"at":2,"op":"read","process":"p","object":"a","bytes":1})");
    const Graph graph = recording.graph(Direction::Both);
    const NodeIndex p = *graph.entities().find(recording.id("p"));
    const NodeIndex a = *graph.entities().find(recording.id("a"));
    EXPECT_THAT(graph.into(p), ElementsAre(1, 2, 0));
    EXPECT_THAT(graph.out_of(a), ElementsAre(0, 2));
    EXPECT_THAT(graph.out_of(p), IsEmpty());
    EXPECT_EQ(graph.start_ns(), kEpoch + 1'000'000'000);
    EXPECT_EQ(graph.end_ns(), kEpoch + 9'000'000'000);
}

TEST(Graph, NumbersOfAnySizeComeBackAsTheyWere) {
    GraphBuilder builder;
    event::Event event;
    event.op = Op::Write;
    event.process = {1};
    event.object = {2};
    for (const std::uint64_t size :
         {1ULL, 0xFFFEULL, 0xFFFFULL, 0xFFFFFFFEULL, 0xFFFFFFFFULL, 1ULL << 40, 1ULL << 61}) {
        event.id = event.bytes = event.last_ns = static_cast<std::int64_t>(size);
        event.count = size;
        builder.add(event);
    }
    const Graph graph = std::move(builder).build(Direction::Back);
    for (EdgeIndex i = 0; i < graph.edge_count(); ++i) {
        const Edge edge = graph.edge(i);
        EXPECT_EQ(edge.bytes, edge.count);
        EXPECT_EQ(edge.event, static_cast<std::int64_t>(edge.count));
        EXPECT_EQ(edge.last_ns, static_cast<std::int64_t>(edge.count));
    }
    EXPECT_EQ(graph.edge(6).count, 1ULL << 61);
}

TEST(Graph, ImpossibleTimesAreTakenInWithoutOverflow) {
    GraphBuilder builder(1'000'000);
    event::Event event;
    event.op = Op::Write;
    event.process = {1};
    event.object = {2};
    event.tid = 5;
    event.bytes = 1;
    event.ts_ns = INT64_MIN;
    event.last_ns = INT64_MAX;
    builder.add(event);
    event.ts_ns = INT64_MAX;
    event.last_ns = INT64_MIN;  // ends before it starts
    builder.add(event);
    const Graph graph = std::move(builder).build(Direction::Both);
    ASSERT_EQ(graph.edge_count(), 2U);
    EXPECT_LT(graph.edge(0).begin_ns, graph.edge(0).last_ns);
    EXPECT_LE(graph.edge(1).begin_ns, graph.edge(1).last_ns);
}

// Begin of the last edge, in nanoseconds before its event's return.
std::int64_t lead_of_last(const std::string& lines, EdgeIndex back = 0) {
    RecordingForTest recording;
    recording.add_lines(lines);
    const Graph graph = recording.graph(Direction::Back, 10'000'000);
    const Edge edge = graph.edge(static_cast<EdgeIndex>(graph.edge_count()) - 1 - back);
    return edge.first_ns - edge.begin_ns;
}

TEST(GraphSlack, WriteMayHaveArrivedBeforeItReturned) {
    EXPECT_EQ(lead_of_last(R"({"at":1,"tid":7,"op":"write","process":"p","object":"q","bytes":1})"),
              10'000'000);
}

TEST(GraphSlack, ButNotBeforeTheThreadsPreviousCallReturned) {
    const std::string previous = R"({"at":0.999,"tid":7,"op":"open","process":"p","object":"q","ret":3})";
    EXPECT_EQ(lead_of_last(previous + "\n" +
                           R"({"at":1,"tid":7,"op":"write","process":"p","object":"q","bytes":1})"),
              999'999);
    EXPECT_EQ(lead_of_last(previous + "\n" +
                           R"({"at":1,"tid":8,"op":"write","process":"p","object":"q","bytes":1})"),
              10'000'000);
}

TEST(GraphSlack, ReadHasNone) {
    EXPECT_EQ(lead_of_last(R"({"at":1,"tid":7,"op":"read","process":"p","object":"q","bytes":1})"), 0);
}

TEST(GraphSlack, CallThatReadsAndWritesHasItOnBothSides) {
    const std::string sendfile = R"({"at":1,"tid":7,"op":"read","process":"p","object":"f","bytes":1}
                                    {"at":1,"tid":7,"op":"send","process":"p","object":"s","bytes":1})";
    EXPECT_EQ(lead_of_last(sendfile), 10'000'000);
    EXPECT_EQ(lead_of_last(sendfile, 1), 10'000'000);
}

}  // namespace
}  // namespace catena::graph
