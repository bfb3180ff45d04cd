// Rules that look at more than one node: helpers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "graph/recording_for_test.h"

namespace catena::graph {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Field;
using testing::Not;

// A shell asks date what time it is, over a pipe, and writes it down; date read its time zone.
constexpr const char* kHelped = R"({"process":{"id":"sh","pid":5,"exe":"/bin/sh"}}
    {"process":{"id":"date","pid":6,"exe":"/bin/date"}}
    {"file":{"id":"zone","path":"/usr/share/zoneinfo/UTC"}}
    {"file":{"id":"out","path":"/tmp/out"}}
    {"pipe":{"id":"pipe","label":"pipe:[1]"}}
    {"at":1,"op":"fork","process":"sh","object":"date"}
    {"at":2,"op":"read","process":"date","object":"zone","bytes":9}
    {"at":3,"op":"write","process":"date","object":"pipe","bytes":9}
    {"at":4,"op":"read","process":"sh","object":"pipe","bytes":9}
    {"at":5,"op":"write","process":"sh","object":"out","bytes":9})";

std::vector<std::string> labels_of(const std::string& lines, const std::string& point,
                                   const ChainQuery& query = {}) {
    RecordingForTest recording;
    recording.add_lines(lines);
    const Graph graph = recording.graph(query.direction);
    std::vector<std::string> labels;
    for (const ChainNode& node : recording.chain(graph, point, query).nodes) labels.push_back(node.label);
    return labels;
}

TEST(Helpers, ThatOnlyReportToTheirParentAreLeftOutAndCounted) {
    RecordingForTest recording;
    recording.add_lines(kHelped);
    const Graph graph = recording.graph(Direction::Back);
    const Chain chain = recording.chain(graph, "file:/tmp/out", {});
    EXPECT_EQ(labels_of(kHelped, "file:/tmp/out"), (std::vector<std::string>{"/tmp/out", "sh (5)"}));
    // The fork, the write and the read of what the pipe carried.
    EXPECT_THAT(chain.left_out, Contains(AllOf(Field(&LeftOut::rule, "helpers"), Field(&LeftOut::nodes, 2U),
                                               Field(&LeftOut::edges, 3U), Field(&LeftOut::bytes, 18U))));
}

TEST(Helpers, AreKeptOnRequest) {
    ChainQuery query;
    query.kept[static_cast<std::size_t>(Rule::Helpers)] = true;
    EXPECT_THAT(labels_of(kHelped, "file:/tmp/out", query), Contains("date (6)"));
}

TEST(Helpers, ThatBroughtInAFileStay) {
    const std::string lines = std::string(kHelped) + R"(
        {"file":{"id":"notes","path":"/home/u/notes"}}
        {"at":2,"op":"read","process":"date","object":"notes","bytes":9})";
    EXPECT_THAT(labels_of(lines, "file:/tmp/out"), AllOf(Contains("date (6)"), Contains("/home/u/notes")));
}

TEST(Helpers, ThatReadASystemFileWhichSomebodyWroteStay) {
    const std::string lines = std::string(kHelped) + R"(
        {"process":{"id":"evil","pid":7,"exe":"/tmp/evil"}}
        {"at":0.5,"op":"write","process":"evil","object":"zone","bytes":9})";
    EXPECT_THAT(labels_of(lines, "file:/tmp/out"), AllOf(Contains("date (6)"), Contains("evil (7)")));
}

TEST(Helpers, ThatReceivedOverAConnectionStay) {
    const std::string lines = std::string(kHelped) + R"(
        {"socket":{"id":"s","local":"10.0.0.1:50","remote":"10.0.0.2:80"}}
        {"at":2,"op":"recv","process":"date","object":"s","bytes":9})";
    EXPECT_THAT(labels_of(lines, "file:/tmp/out"), Contains("date (6)"));
}

TEST(Helpers, ThatSomebodyElseFedStay) {
    const std::string lines = std::string(kHelped) + R"(
        {"process":{"id":"other","pid":8,"exe":"/bin/other"}}
        {"file":{"id":"source","path":"/home/u/source"}}
        {"at":0.5,"op":"read","process":"other","object":"source","bytes":9}
        {"at":2,"op":"write","process":"other","object":"pipe","bytes":9})";
    EXPECT_THAT(labels_of(lines, "file:/tmp/out"), AllOf(Contains("date (6)"), Contains("/home/u/source")));
}

TEST(Helpers, OfHelpersAreHelpers) {
    const std::string lines = std::string(kHelped) + R"(
        {"process":{"id":"uname","pid":9,"exe":"/bin/uname"}}
        {"pipe":{"id":"pipe2","label":"pipe:[2]"}}
        {"at":1.1,"op":"fork","process":"date","object":"uname"}
        {"at":1.2,"op":"write","process":"uname","object":"pipe2","bytes":9}
        {"at":1.3,"op":"read","process":"date","object":"pipe2","bytes":9})";
    EXPECT_THAT(labels_of(lines, "file:/tmp/out"), Not(Contains("uname (9)")));
    EXPECT_THAT(labels_of(lines, "process:6"), Contains("date (6)")) << "the point itself";
}

TEST(Loader, LibrariesElsewhereAreNoLoaderFiles) {
    constexpr const char* kLoads = R"({"process":{"id":"p","pid":5,"exe":"/home/u/p"}}
        {"file":{"id":"out","path":"/tmp/out"}}
        {"file":{"id":"a","path":"/usr/lib/liba.so.1"}}
        {"file":{"id":"b","path":"/tmp/libb.so"}}
        {"file":{"id":"c","path":"/etc/ld.so.cache"}}
        {"file":{"id":"d","path":"/etc/ld.so.preload"}}
        {"at":0.5,"op":"write","process":"p","object":"d","bytes":9}
        {"at":1,"op":"load","process":"p","object":"a"}
        {"at":1,"op":"load","process":"p","object":"b"}
        {"at":1,"op":"mmap","process":"p","object":"c"}
        {"at":1,"op":"read","process":"p","object":"d","bytes":9}
        {"at":5,"op":"write","process":"p","object":"out","bytes":9})";
    EXPECT_THAT(labels_of(kLoads, "file:/tmp/out"),
                testing::UnorderedElementsAre("/tmp/out", "p (5)", "/tmp/libb.so", "/etc/ld.so.preload"));
}

}  // namespace
}  // namespace catena::graph
