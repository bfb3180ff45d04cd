#include "graph/point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "graph/recording_for_test.h"

namespace catena::graph {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kRecording = R"({"process":{"id":"p1","pid":812,"exe":"/usr/bin/dash"}}
    {"process":{"id":"p1","pid":812,"exe":"/usr/bin/cat","at":1}}
    {"process":{"id":"p2","pid":813,"exe":"/usr/bin/dash"}}
    {"process":{"id":"p3","pid":4000,"exe":"/usr/bin/python3.11"}}
    {"file":{"id":"f1","path":"/etc/hostname"}}
    {"file":{"id":"f1","path":"/etc/hostname.old","at":2}}
    {"file":{"id":"f2","path":"/etc/hosts"}}
    {"file":{"id":"f3","path":"/srv/hostname"}}
    {"file":{"id":"f4","path":"/tmp/\\xff"}}
    {"socket":{"id":"s1","local":"127.0.0.1:80","remote":"127.0.0.1:4000"}}
    {"socket":{"id":"s2","local":"[::1]:80","remote":"[::1]:4001"}}
    {"socket":{"id":"s3","protocol":"unix","local":"/run/x.sock","remote":""}}
    {"at":3,"until":4,"op":"read","process":"p1","object":"f1","bytes":1}
    {"at":5,"op":"close","process":"p1","object":"f1"}
    {"at":6,"op":"connect","process":"p1","object":"s1"})";

class PointTest : public testing::Test {
  protected:
    PointTest() { recording_.add_lines(kRecording); }

    std::vector<std::string> found(const std::string& text) {
        const auto point = parse_point(text);
        EXPECT_TRUE(point) << text;
        const auto anchor = find_anchor(graph_(), *point);
        std::vector<std::string> names;
        if (anchor) {
            for (const NodeIndex node : anchor->nodes)
                names.push_back(recording_.name(graph_().entities().id(node)));
        }
        return names;
    }
    std::vector<std::string> close(const std::string& text) {
        return close_points(graph_(), *parse_point(text));
    }
    const Graph& graph_() {
        if (graph_store_.empty()) graph_store_.push_back(recording_.graph(Direction::Both));
        return graph_store_.front();
    }

    RecordingForTest recording_;
    std::vector<Graph> graph_store_;
};

TEST_F(PointTest, FileIsFoundByAnyNameItHad) {
    EXPECT_THAT(found("file:/etc/hostname"), ElementsAre("f1"));
    EXPECT_THAT(found("file:/etc/hostname.old"), ElementsAre("f1"));
    EXPECT_THAT(found("file:/tmp/\xff"), ElementsAre("f4"));
    EXPECT_THAT(found("file:/tmp/\\xff"), ElementsAre("f4"));
    EXPECT_THAT(found("file:/etc"), IsEmpty());
}

TEST_F(PointTest, ProcessIsFoundByPidAndByAnyProgramItRan) {
    EXPECT_THAT(found("process:812"), ElementsAre("p1"));
    EXPECT_THAT(found("exe:/usr/bin/cat"), ElementsAre("p1"));
    EXPECT_THAT(found("exe:/usr/bin/dash"), ElementsAre("p1", "p2"));
}

TEST_F(PointTest, SocketIsFoundByEitherEnd) {
    EXPECT_THAT(found("socket:127.0.0.1:80"), ElementsAre("s1"));
    EXPECT_THAT(found("socket:127.0.0.1:4000"), ElementsAre("s1"));
    EXPECT_THAT(found("socket:[::1]:80"), ElementsAre("s2"));
    EXPECT_THAT(found("socket:[0:0:0:0:0:0:0:1]:4001"), ElementsAre("s2"));
    EXPECT_THAT(found("socket:/run/x.sock"), ElementsAre("s3"));
}

TEST_F(PointTest, SeveralMatchesAreAllTakenAndSaidSo) {
    const auto anchor = find_anchor(graph_(), *parse_point("exe:/usr/bin/dash"));
    ASSERT_TRUE(anchor);
    EXPECT_THAT(anchor->note, HasSubstr("2 processes ran it"));
}

TEST_F(PointTest, EventStartsFromBothItsEndsAtItsTime) {
    const auto anchor = find_anchor(graph_(), recording_.events()[0]);
    ASSERT_TRUE(anchor);
    EXPECT_EQ(anchor->edges.size(), 1U);
    const NodeIndex file = *graph_().entities().find(recording_.id("f1"));
    const NodeIndex process = *graph_().entities().find(recording_.id("p1"));
    EXPECT_THAT(anchor->back, ElementsAre(Moment{file, kEpoch + 4'000'000'000}));
    EXPECT_THAT(anchor->forward, ElementsAre(Moment{process, kEpoch + 3'000'000'000}));
    EXPECT_EQ(find_anchor(graph_(), recording_.events()[2])->edges.size(), 2U);
}

TEST_F(PointTest, EventThatCarriesNothingStandsForItsProcess) {
    const auto anchor = find_anchor(graph_(), recording_.events()[1]);
    ASSERT_TRUE(anchor);
    EXPECT_TRUE(anchor->edges.empty());
    EXPECT_THAT(anchor->back,
                ElementsAre(Moment{*graph_().entities().find(recording_.id("p1")), kEpoch + 5'000'000'000}));
    EXPECT_THAT(anchor->note, HasSubstr("carries nothing"));
}

TEST_F(PointTest, WhatIsCloseIsOffered) {
    EXPECT_THAT(close("file:/etc/hostnam"),
                ElementsAre("file:/etc/hostname", "file:/etc/hosts", "file:/etc/hostname.old"));
    EXPECT_THAT(close("file:/home/hostname"), ElementsAre("file:/etc/hostname", "file:/srv/hostname"));
    EXPECT_THAT(close("process:814"), ElementsAre("process:812", "process:813"));
    EXPECT_THAT(close("exe:/bin/cat"), ElementsAre("exe:/usr/bin/cat"));
    EXPECT_THAT(close("socket:127.0.0.1:81"), ElementsAre("socket:127.0.0.1:80", "socket:127.0.0.1:4000"));
    EXPECT_THAT(close("file:/nothing/like/it"), IsEmpty());
}

TEST(Point, WhatIsNoPointIsRefusedWithItsForms) {
    for (const char* text :
         {"", "/etc/passwd", "file:", "exe:", "process:", "process:cat", "process:-1", "event:1x",
          "socket:80", "socket:host:", "socket:", "user:root", "process:99999999999999999999"}) {
        const auto point = parse_point(text);
        ASSERT_FALSE(point) << text;
        EXPECT_EQ(point.error().code, base::ErrorCode::Usage);
        EXPECT_THAT(point.error().message, HasSubstr("write file:/path"));
    }
}

}  // namespace
}  // namespace catena::graph
