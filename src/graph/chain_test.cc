#include "graph/chain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "event/escape.h"
#include "graph/label.h"
#include "graph/recording_for_test.h"
#include "graph/render.h"

namespace catena::graph {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::UnorderedElementsAre;

std::vector<std::string> labels(const Chain& chain) {
    std::vector<std::string> labels;
    for (const ChainNode& node : chain.nodes) labels.push_back(node.label);
    return labels;
}

std::vector<std::string> labels_of(const std::string& lines, const std::string& point,
                                   const ChainQuery& query = {}) {
    RecordingForTest recording;
    recording.add_lines(lines);
    const Graph graph = recording.graph(query.direction);
    return labels(recording.chain(graph, point, query));
}

constexpr const char* kNoise = R"({"process":{"id":"p","pid":5,"exe":"/home/u/p"}}
    {"file":{"id":"out","path":"/tmp/out"}}
    {"file":{"id":"lib","path":"/usr/lib/libx.so"}}
    {"file":{"id":"module","path":"/home/u/venv/lib/python3.11/site-packages/x.py"}}
    {"file":{"id":"hacked","path":"/usr/lib/hacked.so"}}
    {"file":{"id":"linked","path":"/usr/share/x"}}
    {"file":{"id":"linked","path":"/home/u/x"}}
    {"file":{"id":"proc","path":"/proc/meminfo"}}
    {"file":{"id":"null","path":"/dev/null"}}
    {"file":{"id":"tty","path":"/dev/pts/3"}}
    {"file":{"id":"eventfd","path":"anon_inode:[eventfd]"}}
    {"process":{"id":"q","pid":6,"exe":"/home/u/q"}}
    {"at":0.1,"op":"write","process":"q","object":"hacked","bytes":1}
    {"at":0.2,"op":"write","process":"q","object":"null","bytes":1}
    {"at":0.3,"op":"write","process":"q","object":"tty","bytes":1}
    {"at":0.4,"op":"write","process":"q","object":"eventfd","bytes":1}
    {"at":1,"op":"load","process":"p","object":"lib"}
    {"at":1,"op":"read","process":"p","object":"module","bytes":1}
    {"at":1,"op":"read","process":"p","object":"linked","bytes":1}
    {"at":1,"op":"read","process":"p","object":"proc","bytes":1}
    {"at":1,"op":"read","process":"p","object":"null","bytes":1}
    {"at":1,"op":"read","process":"p","object":"tty","bytes":1}
    {"at":1,"op":"read","process":"p","object":"eventfd","bytes":1}
    {"at":2,"op":"write","process":"p","object":"out","bytes":1})";

TEST(Rules, WhatOnlyTiresTheReaderIsLeftOutAndCounted) {
    RecordingForTest recording;
    recording.add_lines(kNoise);
    const Graph graph = recording.graph(Direction::Back);
    const Chain chain = recording.chain(graph, "file:/tmp/out", {});
    EXPECT_THAT(labels(chain), UnorderedElementsAre("/tmp/out", "p (5)", "/home/u/x"));
    const auto taken = [](std::string_view rule, std::uint64_t nodes, std::uint64_t bytes) {
        return AllOf(Field(&LeftOut::rule, rule), Field(&LeftOut::nodes, nodes),
                     Field(&LeftOut::edges, nodes), Field(&LeftOut::bytes, bytes));
    };
    EXPECT_THAT(chain.left_out, ElementsAre(taken("loader", 1, 0), taken("system-files", 1, 1),
                                            taken("kernel-files", 3, 3), taken("terminals", 1, 1)));
    EXPECT_THAT(
        to_text(chain, Colour::Off),
        HasSubstr("Left out: 3 files of the kernel (3 flows, 3 bytes); --keep kernel-files shows them."));
}

TEST(Rules, SystemFileThatSomebodyWroteStays) {
    const std::string used = std::string(kNoise) + R"(
        {"at":1.5,"op":"load","process":"p","object":"hacked"})";
    EXPECT_THAT(labels_of(used, "file:/tmp/out"), Contains("/usr/lib/hacked.so"));
    EXPECT_THAT(labels_of(used, "file:/tmp/out"), Contains("q (6)"));
}

TEST(Rules, EachCanBeSwitchedOff) {
    ChainQuery query;
    query.kept[static_cast<std::size_t>(Rule::Terminals)] = true;
    EXPECT_THAT(labels_of(kNoise, "file:/tmp/out", query), Contains("/dev/pts/3"));
    EXPECT_THAT(labels_of(kNoise, "file:/tmp/out", query), Not(Contains("/dev/null")));
    query.kept.fill(true);
    EXPECT_EQ(labels_of(kNoise, "file:/tmp/out", query).size(), 10U);
}

TEST(Rules, ThePointItselfIsNeverLeftOut) {
    EXPECT_THAT(labels_of(kNoise, "file:/dev/null"), UnorderedElementsAre("/dev/null", "q (6)"));
}

TEST(Labels, ProcessIsNamedByTheProgramsThatTookPart) {
    constexpr const char* kImages = R"({"process":{"id":"p","pid":5,"exe":"/bin/sh","at":1}}
        {"process":{"id":"p","pid":5,"exe":"/bin/cat","at":2}}
        {"process":{"id":"sh","pid":4,"exe":"/bin/sh"}}
        {"file":{"id":"a","path":"/tmp/a"}}
        {"file":{"id":"b","path":"/tmp/b"}}
        {"file":{"id":"c","path":"/tmp/c"}}
        {"at":1,"op":"fork","process":"sh","object":"p"}
        {"at":1.5,"op":"write","process":"p","object":"b","bytes":1}
        {"at":3,"op":"read","process":"p","object":"a","bytes":1}
        {"at":3.5,"op":"write","process":"p","object":"c","bytes":1})";
    EXPECT_THAT(labels_of(kImages, "file:/tmp/b"), ElementsAre("/tmp/b", "sh (5)", "sh (4)"));
    EXPECT_THAT(labels_of(kImages, "file:/tmp/c"), ElementsAre("/tmp/c", "cat (5)", "/tmp/a", "sh (4)"));
    const ChainQuery forward{.direction = Direction::Forward};
    EXPECT_THAT(labels_of(kImages, "process:5", forward), ElementsAre("sh → cat (5)", "/tmp/b", "/tmp/c"));
}

TEST(Labels, SocketsPointFromWhoConnectedToWhoListened) {
    constexpr const char* kSockets = R"({"process":{"id":"p","pid":5,"exe":"/bin/p"}}
        {"socket":{"id":"in","local":"10.0.0.1:8080","remote":"10.0.0.2:900"}}
        {"socket":{"id":"out","local":"10.0.0.1:700","remote":"10.0.0.3:7000"}}
        {"socket":{"id":"old","local":"10.0.0.1:22","remote":"10.0.0.4:50000"}}
        {"at":1,"op":"accept","process":"p","object":"in","ret":4}
        {"at":1,"op":"connect","process":"p","object":"out"}
        {"at":1,"op":"recv","process":"p","object":"old","bytes":1})";
    EXPECT_THAT(
        labels_of(kSockets, "process:5"),
        UnorderedElementsAre("p (5)", "10.0.0.2:900 → 10.0.0.1:8080 (tcp)",
                             "10.0.0.1:700 → 10.0.0.3:7000 (tcp)", "10.0.0.4:50000 → 10.0.0.1:22 (tcp)"));
}

TEST(Chain, GapsThatCannotHaveHiddenAnythingAreNotItsOwn) {
    RecordingForTest recording;
    recording.add_lines(R"({"file":{"id":"f","path":"/f"}}
        {"at":1,"op":"write","process":"p","object":"f","bytes":1}
        {"at":2,"op":"write","process":"p","object":"f","bytes":1}
        {"at":3,"op":"write","process":"p","object":"f","bytes":1}
        {"loss":{"cpu":1,"lost":7,"from":0.5,"to":1.5}}
        {"loss":{"cpu":0,"lost":2,"from":2.5,"to":2.6}})");
    const Graph graph = recording.graph(Direction::Both);
    const auto losses = [&](const std::string& point, Direction direction) {
        std::vector<std::uint64_t> lost;
        for (const Gap& gap : recording.chain(graph, point, {.direction = direction}).gaps)
            lost.push_back(gap.lost);
        return lost;
    };
    EXPECT_THAT(losses("file:/f", Direction::Back), ElementsAre(7, 2));
    EXPECT_THAT(losses("event:2", Direction::Back), ElementsAre(7));
    EXPECT_THAT(losses("event:2", Direction::Forward), ElementsAre(2));
    EXPECT_THAT(losses("event:3", Direction::Forward), IsEmpty());
    EXPECT_FALSE(recording.chain(graph, "event:2", {}).complete());
}

TEST(Chain, BothDirectionsShareTheRoom) {
    RecordingForTest recording;
    recording.add_lines(R"({"process":{"id":"p","pid":5,"exe":"/bin/p"}}
        {"at":1,"op":"read","process":"p","object":"a","bytes":1}
        {"at":2,"op":"read","process":"p","object":"b","bytes":1}
        {"at":3,"op":"write","process":"p","object":"c","bytes":1}
        {"at":4,"op":"write","process":"p","object":"d","bytes":1})");
    const Graph graph = recording.graph(Direction::Both);
    const Chain all = recording.chain(graph, "process:5", {.direction = Direction::Both});
    EXPECT_EQ(all.nodes.size(), 5U);
    EXPECT_EQ(all.edges.size(), 4U);
    EXPECT_TRUE(all.complete());
    const Chain few = recording.chain(graph, "process:5", {.direction = Direction::Both, .max_nodes = 3});
    EXPECT_EQ(few.nodes.size(), 3U);
    EXPECT_FALSE(few.complete());
}

TEST(Chain, NothingOfAHostileNameReachesTheTerminal) {
    RecordingForTest recording;
    recording.add_lines(
        R"({"process":{"id":"p","pid":5,"exe":"/x/\u001b]0;owned\u0007","cmdline":"\u001b[2J \u009b1m"}}
        {"process":{"id":"q","pid":6,"exe":"/bin/q","cmdline":"q\n  9  forged step"}}
        {"file":{"id":"f","path":"/tmp/\u001b[8m\r\n\u202e\\xff"}}
        {"socket":{"id":"s","protocol":"unix\u001b","local":"\u001b[1m","remote":"@\u001b[1m"}}
        {"at":1,"op":"fork","process":"p","object":"q"}
        {"at":2,"op":"read","process":"q","object":"f","bytes":1}
        {"at":3,"op":"send","process":"q","object":"s","bytes":1})");
    const Graph graph = recording.graph(Direction::Both);
    const Chain chain = recording.chain(graph, "process:6", {.direction = Direction::Both});
    ASSERT_EQ(chain.nodes.size(), 4U);
    for (const std::string& text : {to_text(chain, Colour::Off), to_dot(chain), to_json(chain)}) {
        for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << text;
        EXPECT_THAT(text, Not(HasSubstr("\xff")));
    }
    EXPECT_THAT(to_text(chain, Colour::Off), Not(HasSubstr("\xc2\x9b")));
    EXPECT_THAT(to_text(chain, Colour::Off), Not(HasSubstr("\xe2\x80\xae")));
    EXPECT_THAT(to_text(chain, Colour::Off), Not(HasSubstr("\n  9")));
}

TEST(Chain, JsonGivesTheBytesOfAHostileNameBack) {
    RecordingForTest recording;
    recording.add_lines(R"({"file":{"id":"f","path":"/tmp/\\xff\\x00\n\"\\\\x41"}}
        {"at":1,"op":"write","process":"p","object":"f","bytes":1})");
    const Graph graph = recording.graph(Direction::Back);
    const Chain chain = recording.chain(graph, "process:0", {});
    EXPECT_TRUE(chain.nodes.empty());
    const Chain found = recording.chain(graph, "event:1", {});
    const nlohmann::json json = nlohmann::json::parse(to_json(found));
    for (const auto& node : json.at("nodes")) {
        if (node.at("type") != "file") continue;
        EXPECT_EQ(event::unescape(node.at("path").get<std::string>()),
                  std::string_view("/tmp/\xff\0\n\"\\x41", 13));
    }
    EXPECT_EQ(json.at("nodes").size(), 2U);
    EXPECT_EQ(json.at("edges").at(0).at("source"), "p2");
}

TEST(Chain, JsonSaysOnWhoseBehalfTheLastProgramRan) {
    RecordingForTest recording;
    recording.add_lines(R"({"process":{"id":"p","pid":7,"exe":"/bin/old","user":"root","unit":"a.service"}}
        {"process":{"id":"p","pid":7,"exe":"/bin/new","user":"alice","container":"c0ffee","at":0.5}}
        {"file":{"id":"f","path":"/tmp/x"}}
        {"at":1,"op":"write","process":"p","object":"f","bytes":1})");
    const Graph graph = recording.graph(Direction::Back);
    const nlohmann::json json = nlohmann::json::parse(to_json(recording.chain(graph, "event:1", {})));
    for (const auto& node : json.at("nodes")) {
        EXPECT_EQ(node.contains("user"), node.at("type") == "process");
        if (node.at("type") != "process") continue;
        EXPECT_EQ(node.at("user"), "alice");
        EXPECT_EQ(node.at("container"), "c0ffee");
        EXPECT_FALSE(node.contains("unit"));
    }
    EXPECT_EQ(json.at("nodes").size(), 2U);
}

TEST(Chain, GraphvizTakesTheDot) {
    RecordingForTest recording;
    recording.add_lines(kNoise);
    const Graph graph = recording.graph(Direction::Back);
    ChainQuery query;
    query.kept.fill(true);
    const std::string dot = to_dot(recording.chain(graph, "file:/tmp/out", query));
    std::FILE* graphviz = ::popen("command -v dot >/dev/null || exit 77; dot -Tsvg >/dev/null 2>&1", "w");
    ASSERT_NE(graphviz, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    std::fputs(dot.c_str(), graphviz);
    const int status = ::pclose(graphviz);
    ASSERT_TRUE(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "Graphviz is not installed";
    EXPECT_EQ(WEXITSTATUS(status), 0) << dot;
}

TEST(Chain, ColourIsOnlyThereWhenAskedFor) {
    RecordingForTest recording;
    recording.add_lines(kNoise);
    const Graph graph = recording.graph(Direction::Back);
    const Chain chain = recording.chain(graph, "file:/tmp/out", {});
    EXPECT_THAT(to_text(chain, Colour::Off), Not(HasSubstr("\x1b")));
    EXPECT_THAT(to_text(chain, Colour::On), HasSubstr("\x1b[34mp (5)\x1b[0m"));
}

}  // namespace
}  // namespace catena::graph
