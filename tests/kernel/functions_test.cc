// Calls of user functions: counted as the program counts them itself, whole, and within scope.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "function_ways.h"
#include "harness.h"

namespace catena::kernel_test {
namespace {

using testing::HasSubstr;

class Functions : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    Outcome record(const std::string& mode, const std::vector<std::string>& program) {
        std::vector<std::string> arguments = {"record",      "-o",          trace_,
                                              "--functions", "exe:middle",  "--functions",
                                              "exe:leaf",    "--functions", "exe:recurse",
                                              "--functions", "exe:never",   "--functions-mode",
                                              mode,          "--",          program_path("function_calls")};
        arguments.insert(arguments.end(), program.begin(), program.end());
        return catena(arguments);
    }

    // Of calls, or of counts.
    std::string calls_of_function(const std::string& name) {
        return value_of(
            trace_,
            "select (select count(*) from calls c join functions f on f.id = c.function where f.name = '" +
                name +
                "') + coalesce((select sum(count) from function_counts c join functions f on f.id = "
                "c.function where f.name = '" +
                name + "'), 0)");
    }

    // Compares with what the program says: "middle 1000 leaf 2000".
    void expect_counts(const std::string& said) {
        EXPECT_EQ("middle " + calls_of_function("middle") + " leaf " + calls_of_function("leaf") + "\n",
                  said);
    }

    void expect_nothing_lost() {
        EXPECT_EQ(
            value_of(
                trace_,
                "select sum(lost) from (select max(lost_function_calls) as lost from loss group by cpu)"),
            "0");
        EXPECT_EQ(
            value_of(trace_,
                     "select sum(calls) from (select max(function_calls) as calls from loss group by cpu)"),
            value_of(trace_, "select count(*) from calls"));
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

using FunctionWays = EachWay<Functions>;
INSTANTIATE_TEST_SUITE_P(Probes, FunctionWays, testing::Values(Ways::Best, Ways::Singly), name_of);

TEST_P(FunctionWays, EachCallIsRecordedOnce) {
    const Outcome done = record("events", {"calls", "10000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    expect_counts(done.out);
    expect_nothing_lost();
    EXPECT_EQ(calls_of_function("never"), "0");
}

TEST_P(FunctionWays, EachCallOfEightThreadsIsRecordedOnce) {
    const Outcome done = record("events", {"threads", "20000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    expect_counts(done.out);
    expect_nothing_lost();
    EXPECT_EQ(value_of(trace_, "select count(distinct tid) from calls"), "8");
}

TEST_P(FunctionWays, CallsOfEightThreadsAreCountedExactly) {
    const Outcome done = record("count", {"threads", "20000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    expect_counts(done.out);
    EXPECT_EQ(value_of(trace_, "select count(*) from calls"), "0") << "nothing is told of single calls";
    EXPECT_EQ(
        value_of(
            trace_,
            "select count from function_counts c join functions f on f.id = c.function join functions g on "
            "g.id = c.caller where f.name = 'leaf' and g.name = 'middle'"),
        "320000");
}

TEST_P(FunctionWays, ForkedChildrenAreRecordedToo) {
    for (const std::string mode : {"events", "count"}) {
        const Outcome done = record(mode, {"fork", "777"});
        ASSERT_EQ(done.exit_code, 0) << done.err;
        expect_counts(done.out);
    }
}

TEST_P(FunctionWays, WhatCallsBeforeAnExecIsNoCallerOfWhatIsCalledBehindIt) {
    const Outcome events = record("events", {"exec", "100"});
    ASSERT_EQ(events.exit_code, 0) << events.err;
    EXPECT_EQ(calls_of_function("middle"), "200");
    const Outcome tree = catena({"functions", "tree", trace_, "--format", "folded"});
    EXPECT_EQ(tree.out, "middle 200\nmiddle;leaf 400\n") << tree.err;
    const Outcome count = record("count", {"exec", "100"});
    ASSERT_EQ(count.exit_code, 0) << count.err;
    EXPECT_EQ(calls_of_function("middle"), "200");
    EXPECT_EQ(value_of(trace_, "select count(*) from function_counts"), "2");
}

TEST_F(Functions, AProgramThatEndsAtOnceHasToldAll) {
    for (int i = 0; i < 8; ++i) {
        const Outcome done = record("events", {"calls", "1"});
        ASSERT_EQ(done.exit_code, 0) << done.err;
        ASSERT_EQ(calls_of_function("leaf"), "2") << i;
    }
}

TEST_F(Functions, RecursionIsATreeAsDeepAsItWent) {
    const Outcome done = record("events", {"recurse", "300"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    const Outcome tree = catena({"functions", "tree", trace_, "--format", "json"});
    ASSERT_EQ(tree.exit_code, 0) << tree.err;
    const auto nodes = nlohmann::json::parse(tree.out)["nodes"];
    ASSERT_EQ(nodes.size(), 300U);
    for (std::size_t i = 1; i < nodes.size(); ++i) ASSERT_EQ(nodes[i]["parent"], nodes[i - 1]["id"]);
}

std::vector<std::string> sorted_lines(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    std::ranges::sort(lines);
    return lines;
}

TEST_P(FunctionWays, TheTreeIsThatOfTheCompilersOwnHooks) {
    const Outcome done =
        catena({"record", "-o", trace_, "--functions", "exe:t_*", "--", program_path("function_tree")});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    ASSERT_EQ(value_of(trace_,
                       "select count(*) from functions where watched and regexp_matches(name, '^t_[a-z]+$')"),
              "13")
        << done.err;
    const Outcome tree = catena({"functions", "tree", trace_, "--format", "folded"});
    ASSERT_EQ(tree.exit_code, 0) << tree.err;
    EXPECT_EQ(sorted_lines(tree.out), sorted_lines(done.out));
}

TEST_F(Functions, TheTreeIsThatOfTheHooksWhereExceptionsLeaveFunctions) {
    const Outcome done =
        catena({"record", "-o", trace_, "--functions", "exe:t_*", "--", program_path("function_exceptions")});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    ASSERT_EQ(value_of(trace_,
                       "select count(*) from functions where watched and regexp_matches(name, '^t_[a-z]+$')"),
              "6")
        << done.err;
    const Outcome tree = catena({"functions", "tree", trace_, "--format", "folded"});
    EXPECT_EQ(sorted_lines(tree.out), sorted_lines(done.out));
}

// Of each path and function: how often it was called; of those that say it, how often it returned.
std::string timed_tree(const std::string& trace) {
    const Outcome tree = catena({"functions", "tree", trace, "--format", "json"});
    std::string text;
    const auto json = nlohmann::json::parse(tree.out);
    for (const auto& node : json["nodes"]) {
        text += node["function"].get<std::string>() + " " + std::to_string(node["calls"].get<int>());
        if (node.contains("timed_calls")) text += "/" + std::to_string(node["timed_calls"].get<int>());
        text += " ";
    }
    return text;
}

TEST_P(FunctionWays, WithExitsEachCallHasADuration) {
    const Outcome done =
        catena({"record", "-o", trace_, "--exits", "--functions", "exe:middle", "--functions", "exe:leaf",
                "--functions", "exe:recurse", "--", program_path("function_calls"), "calls", "1000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    expect_counts(done.out);
    EXPECT_EQ(timed_tree(trace_), "middle 1000/1000 leaf 2000/2000 ");
    // The two calls of leaf lie within the one of middle.
    EXPECT_EQ(
        value_of(
            trace_,
            "select count(*) from call_durations m join call_durations l on l.ts_ns > m.ts_ns and l.ts_ns + "
            "l.duration_ns <= m.ts_ns + m.duration_ns join functions f on f.id = m.function join functions "
            "g on g.id = l.function where f.name = 'middle' and g.name = 'leaf'"),
        "2000");
    EXPECT_EQ(value_of(trace_, "select count(*) from call_durations"), "3000");
}

TEST_P(FunctionWays, TheTreeWithExitsIsThatOfTheCompilersOwnHooks) {
    const Outcome done = catena(
        {"record", "-o", trace_, "--exits", "--functions", "exe:t_*", "--", program_path("function_tree")});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_NE(value_of(trace_, "select count(*) from returns"), "0");
    const Outcome tree = catena({"functions", "tree", trace_, "--format", "folded"});
    ASSERT_EQ(tree.exit_code, 0) << tree.err;
    EXPECT_EQ(sorted_lines(tree.out), sorted_lines(done.out));
}

// A return probe would be what the exception meets on its way.
TEST_P(FunctionWays, WhereExceptionsAreThrownNoReturnIsProbed) {
    const Outcome done = catena({"record", "-o", trace_, "--exits", "--functions", "exe:t_*", "--",
                                 program_path("function_exceptions")});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_THAT(done.err, HasSubstr("an exception would not get past"));
    EXPECT_EQ(value_of(trace_, "select count(*) from returns"), "0");
}

TEST_P(FunctionWays, OnceSaysWhichWereCalledAndCoverageCountsThem) {
    const Outcome done = record("once", {"calls", "100000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(value_of(trace_,
                       "select string_agg(f.name, ' ' order by f.name) from function_counts c join functions "
                       "f on f.id = "
                       "c.function"),
              "leaf middle");
    const Outcome coverage = catena({"functions", "coverage", trace_, "--format", "json"});
    ASSERT_EQ(coverage.exit_code, 0) << coverage.err;
    const auto row = nlohmann::json::parse(coverage.out)[0];
    EXPECT_EQ(row["watched"], 4);
    EXPECT_EQ(row["called"], 2);
    EXPECT_GT(row["in_file"], 4);
    // main calls each of them, under one condition or another.
    EXPECT_EQ(row["can_run"], 4);
    EXPECT_EQ(row["percent_of_can_run"], 50);
}

TEST_P(FunctionWays, OnlyWhatIsInScopeIsRecorded) {
    Command other({program_path("function_calls"), "threads", "200000"});
    const Outcome done = record("events", {"calls", "50"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    expect_counts(done.out);
    other.wait();
}

TEST_F(Functions, DiffNamesWhatOnlyOneOfTwoCalls) {
    ASSERT_EQ(record("events", {"calls", "5"}).exit_code, 0);
    const std::string first = trace_;
    trace_ = directory_.file("other.catena");
    ASSERT_EQ(record("count", {"recurse", "5"}).exit_code, 0);
    const Outcome diff = catena({"functions", "diff", first, trace_, "--format", "json"});
    EXPECT_EQ(diff.exit_code, 1) << diff.err;
    const auto rows = nlohmann::json::parse(diff.out);
    ASSERT_EQ(rows.size(), 3U);
    EXPECT_EQ(rows[2]["function"], "recurse");
    EXPECT_EQ(rows[2]["only_in"], trace_);
    EXPECT_EQ(catena({"functions", "diff", first, first}).exit_code, 0);
}

// What the events of one process or another say, in the program's own words: "write log 100 main > c_serve >
// c_first".
constexpr const char* kContexts =
    "select string_agg(line, ', ' order by first) from (select min(e.ts_ns) as first, concat(e.op, ' ', "
    "coalesce(nullif(regexp_extract(f.path, '[^/]*$'), ''), '-'), ' ', sum(e.count), ' ', p.path) as line, "
    "from (select *, sum(fresh) over (order by ts_ns, id) as run from (select *, (coalesce(lag(context) over "
    "(order "
    "by ts_ns, id), 0) <> coalesce(context, 0) or lag(op) over (order by ts_ns, id) <> op)::int as fresh "
    "from events "
    "where op in ('create', 'write', 'fork', 'exec'))) e join function_paths p on p.context = e.context left "
    "join "
    "files f on f.id = e.object where op in ('fork', 'exec') or f.path is not null group by e.run, e.op, "
    "f.path, "
    "p.path)";

TEST_P(FunctionWays, EachSystemCallSaysInWhichFunctionsItWasMade) {
    for (const std::string mode : {"events", "count"}) {
        const std::string folder = directory_.file(mode);
        std::filesystem::create_directory(folder);
        const Outcome done =
            catena({"record", "-o", trace_, "--functions", "exe:c_*", "--functions", "exe:main",
                    "--functions-mode", mode, "--", program_path("function_context"), folder});
        ASSERT_EQ(done.exit_code, 0) << done.err;
        std::string said = done.out;
        for (std::size_t at = 0; (at = said.find('\n', at)) != std::string::npos;)
            said.replace(at, 1, at + 1 == said.size() ? "" : ", ");
        EXPECT_EQ(value_of(trace_, std::string(kContexts)), said) << mode;
    }
}

TEST_F(Functions, EachSystemCallOfFullFidelitySaysItToo) {
    const Outcome done =
        catena({"record", "--fidelity", "full", "-o", trace_, "--functions", "exe:c_*", "--functions",
                "exe:main", "--", program_path("function_context"), directory_.path().string()});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(
        value_of(
            trace_,
            "select string_agg(n || ' ' || path, ', ' order by path) from (select count(*) as n, p.path "
            "from syscalls s join function_paths p using (context) where syscall = 'write' group by all)"),
        "1 main > c_deep > c_deep > c_deep > c_deep > c_second, 1 main > c_serve, 101 main > c_serve "
        "> "
        "c_first, 50 main > c_serve > c_second");
    EXPECT_EQ(
        value_of(trace_,
                 "select count(*) from syscalls s join events e on e.call = s.id where e.context is distinct "
                 "from s.context"),
        "0");
}

TEST_F(Functions, EventsAndChainsNameThem) {
    const Outcome done = catena({"record", "-o", trace_, "--functions", "exe:c_*", "--",
                                 program_path("function_context"), directory_.path().string()});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    const Outcome events = catena({"events", trace_, "--where", "op = 'write'"});
    EXPECT_THAT(events.out, HasSubstr("by c_serve > c_first\n"));
    const Outcome chain = catena({"chain", trace_, "file:" + directory_.file("log")});
    // Where a step breaks into lines depends on how long a pid is.
    EXPECT_THAT(std::regex_replace(chain.out, std::regex("\\s+"), " "),
                HasSubstr("in c_open, c_first and 2 others"));
    const Outcome json = catena({"chain", trace_, "file:" + directory_.file("child"), "--format", "json"});
    EXPECT_THAT(json.out, HasSubstr(R"("functions":["c_open"])"));
}

TEST_F(Functions, AReducedRecordingSaysThatItHasNoneOfTheirCalls) {
    for (const std::string mode : {"events", "count"}) {
        ASSERT_EQ(record(mode, {"calls", "5"}).exit_code, 0);
        const std::string small = directory_.file(mode + ".catena");
        const Outcome reduced = catena({"reduce", trace_, "-o", small});
        ASSERT_EQ(reduced.exit_code, 0) << reduced.err;
        EXPECT_THAT(reduced.out, HasSubstr("15 calls of functions are left out"));  // 5 of middle, 10 of leaf
        EXPECT_NE(catena({"functions", "calls", small}).exit_code, 0);
    }
}

// Its functions have no names left; they are found by their frames.
TEST_F(Functions, AStrippedProgramIsWatchedByAddress) {
    const std::string stripped = directory_.file("stripped");
    Command strip({"strip", "-o", stripped, program_path("function_calls")});
    ASSERT_EQ(strip.wait().exit_code, 0);
    const Outcome done = catena({"record", "-o", trace_, "--functions", "exe:*", "--functions-mode", "count",
                                 "--", stripped, "calls", "1000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(value_of(trace_, "select count(*) from functions where name is not null"), "0");
    EXPECT_EQ(done.out, "middle 1000 leaf 2000\n");
    EXPECT_EQ(value_of(trace_,
                       "select string_agg(n, ' ' order by n) from (select sum(count)::varchar as n from "
                       "function_counts group by function having sum(count) >= 1000)"),
              "1000 2000");
}

TEST_F(Functions, WhatCannotBeWatchedIsRefusedInWords) {
    const auto refused = [&](const std::string& pattern) {
        const Outcome done = catena({"record", "-o", trace_, "--functions", pattern, "--", "true"});
        EXPECT_NE(done.exit_code, 0) << pattern;
        return done.err;
    };
    EXPECT_THAT(refused(program_path("function_calls") + ":midle"), HasSubstr("close are middle"));
    EXPECT_THAT(refused("/etc/passwd:*"), HasSubstr("/etc/passwd"));
    EXPECT_THAT(refused("/no/such:*"), HasSubstr("/no/such"));
    EXPECT_THAT(refused("main"), HasSubstr("BINARY:GLOB"));
    std::ofstream(directory_.file("script")) << "#!/bin/sh\n";
    EXPECT_THAT(refused(directory_.file("script") + ":*"), HasSubstr("script"));
}

}  // namespace
}  // namespace catena::kernel_test
