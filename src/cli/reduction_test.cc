// catena reduce through the program, and its answers on recordings of others.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "cli/command.h"
#include "cli/program_fixture.h"
#include "graph/graph.h"
#include "graph/reduction.h"
#include "graph/tracker.h"
#include "store/store.h"

namespace catena::cli {
namespace {

using event::Event;
using event::Op;

std::unique_ptr<store::Reader> must_open(const std::string& path) {
    auto reader = store::open_recording(path);
    EXPECT_TRUE(reader) << reader.error().message;
    return reader ? *std::move(reader) : nullptr;
}

std::string value_of(const std::string& path, const std::string& sql) {
    std::string value;
    const auto reader = must_open(path);
    if (!reader) return value;
    const auto status = reader->query(
        sql, [](const store::Table&) {}, [&](const store::Row& row) { value = row.at(0).value_or("NULL"); });
    EXPECT_TRUE(status) << status.error().message;
    return value;
}

graph::Graph graph_of(const std::string& path, std::int64_t slack_ns) {
    graph::GraphBuilder builder(slack_ns);
    const auto reader = must_open(path);
    const auto add = [&](auto&& row) { builder.add(std::forward<decltype(row)>(row)); };
    EXPECT_TRUE(reader->processes(add) && reader->files(add) && reader->sockets(add) && reader->objects(add));
    EXPECT_TRUE(reader->events("", [&](Event&& event) { builder.add(event); }));
    return std::move(builder).build(graph::Direction::Both);
}

// The ids of the nodes of an answer.
std::vector<std::uint64_t> ask(const graph::Graph& graph, graph::Direction direction, std::uint64_t id,
                               std::int64_t ns) {
    const auto node = graph.entities().find({id});
    if (!node) return {};
    const std::array starts = {graph::Moment{*node, ns}};
    std::vector<std::uint64_t> ids;
    for (const graph::Moment& moment :
         graph::track(graph, direction, starts, {}, SIZE_MAX, [](graph::NodeIndex) { return false; }).nodes)
        ids.push_back(graph.entities().id(moment.node).value);
    std::ranges::sort(ids);
    return ids;
}

class Reduce : public ProgramTest {
  protected:
    // A process reads a file in pieces and writes each to a pipe, that another reads; both had opened them.
    std::string small_recording() {
        const std::string where = path("full.catena");
        auto writer = store::create_recording(where);
        event::Batch batch;
        batch.meta["command"] = "copy";
        const auto add = [&](Op op, std::uint64_t process, std::uint64_t object, std::int64_t bytes) {
            Event& event = batch.events.emplace_back();
            event.id = static_cast<std::int64_t>(batch.events.size());
            event.ts_ns = event.last_ns = 1'000'000 * event.id;
            event.op = op;
            event.process = {process};
            event.tid = static_cast<std::int32_t>(process);
            event.object = {object};
            event.bytes = event.ret = bytes;
        };
        add(Op::Open, 1, 10, 0);
        for (int i = 0; i < 500; ++i) {
            add(Op::Read, 1, 10, 7);
            add(Op::Write, 1, 11, 7);
            add(Op::Read, 2, 11, 7);
        }
        add(Op::Close, 1, 10, 0);
        add(Op::Exit, 1, 0, 0);
        batch.processes = {{.id = {1}, .since_ns = 1, .pid = 1, .exe = "/bin/cp"},
                           {.id = {2}, .since_ns = 1, .pid = 2, .exe = "/bin/wc"}};
        batch.files = {{.id = {10}, .since_ns = 1, .path = "/etc/passwd"}};
        batch.objects = {{.id = {11}, .type = event::EntityType::Pipe, .since_ns = 1, .label = "pipe:[1]"}};
        batch.accounting = {{.ts_ns = 1, .cpu = 0, .seen = 600, .stored = 600},
                            {.ts_ns = 2, .cpu = 1, .seen = 1'003, .stored = 903, .filtered = 100}};
        EXPECT_TRUE((*writer)->append(batch));
        EXPECT_TRUE((*writer)->finish());
        return where;
    }
    // What is in the folder besides what the fixture puts there.
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(path("")))
            names.push_back(entry.path().filename());
        std::erase_if(names, [](const std::string& name) { return name == "stdout" || name == "stderr"; });
        std::ranges::sort(names);
        return names;
    }
};

TEST_F(Reduce, SumsUpAndSaysSo) {
    const std::string full = small_recording();
    const std::string small = path("small.catena");
    const Outcome outcome = catena({"reduce", full, "-o", small, "--verbose"});
    ASSERT_EQ(outcome.exit_code, kDone) << outcome.err;
    EXPECT_NE(outcome.out.find("events                 1,503               4    375.75×"), std::string::npos)
        << outcome.out;
    EXPECT_EQ(value_of(small,
                       "SELECT string_agg(concat_ws(' ', id, op, count, bytes, last_ns // 1000000), "
                       "', ' ORDER BY id) FROM events"),
              "2 read 500 3500 1499, 3 write 500 3500 1500, 4 read 500 3500 1501, 1503 exit 1 0 1503");
    EXPECT_EQ(value_of(small, "SELECT sum(count) FROM events"),
              value_of(small,
                       "SELECT sum(stored + merged) FROM loss WHERE rowid IN (SELECT max(rowid) FROM "
                       "loss GROUP BY cpu)"));
    EXPECT_EQ(value_of(small, "SELECT count(*) FROM loss WHERE seen <> stored + merged + filtered + lost"),
              "0");
    EXPECT_EQ(value_of(small,
                       "SELECT sum(seen) FROM loss WHERE rowid IN (SELECT max(rowid) FROM loss GROUP BY "
                       "cpu)"),
              "1603");
    EXPECT_EQ(value_of(small, "SELECT value FROM meta WHERE key = 'reduction'"), "fd");
    EXPECT_EQ(value_of(small, "SELECT value FROM meta WHERE key = 'command'"), "copy");
    EXPECT_EQ(value_of(small, "SELECT count(*) FROM entities"), "4");
    EXPECT_EQ(files(), (std::vector<std::string>{"full.catena", "small.catena"}));
}

TEST_F(Reduce, WhatLeavesNoEdgeCanBeKept) {
    const std::string full = small_recording();
    const std::string small = path("small.catena");
    ASSERT_EQ(catena({"reduce", full, "-o", small, "--keep-edgeless"}).exit_code, kDone);
    EXPECT_EQ(value_of(small, "SELECT count(*) FROM events"), "6");
    EXPECT_EQ(value_of(small, "SELECT sum(count) FROM events"), "1503");
}

TEST_F(Reduce, ARecordingCanBeReducedAgain) {
    const std::string full = small_recording();
    const std::string once = path("once.catena");
    const std::string twice = path("twice.catena");
    ASSERT_EQ(catena({"reduce", full, "-o", once, "--rule", "cpr"}).exit_code, kDone);
    const Outcome again = catena({"reduce", once, "-o", twice, "--rule", "fd"});
    ASSERT_EQ(again.exit_code, kDone) << again.err;
    EXPECT_EQ(value_of(twice, "SELECT value FROM meta WHERE key = 'reduction'"), "cpr, fd");
    EXPECT_EQ(value_of(twice, "SELECT sum(count) FROM events"), "1501");
}

TEST_F(Reduce, ReplacesOnlyWhatItMay) {
    const std::string full = small_recording();
    const std::string small = path("small.catena");
    ASSERT_EQ(catena({"reduce", full, "-o", small}).exit_code, kDone);
    const Outcome refused = catena({"reduce", full, "-o", small, "--rule", "cpr"});
    EXPECT_EQ(refused.exit_code, kBadInput);
    EXPECT_NE(refused.err.find("is there already"), std::string::npos) << refused.err;
    EXPECT_EQ(value_of(small, "SELECT value FROM meta WHERE key = 'reduction'"), "fd");
    EXPECT_EQ(catena({"reduce", full, "-o", small, "--rule", "cpr", "--force"}).exit_code, kDone);
    EXPECT_EQ(value_of(small, "SELECT value FROM meta WHERE key = 'reduction'"), "cpr");

    std::ofstream(path("letter.txt")) << "dear all";
    EXPECT_EQ(catena({"reduce", full, "-o", path("letter.txt"), "--force"}).exit_code, kBadInput);
    EXPECT_EQ(std::filesystem::file_size(path("letter.txt")), 8U);
    EXPECT_EQ(catena({"reduce", full, "-o", full, "--force"}).exit_code, kUsage);
    EXPECT_EQ(files(), (std::vector<std::string>{"full.catena", "letter.txt", "small.catena"}));
}

TEST_F(Reduce, ABrokenRecordingLeavesNothing) {
    const std::string full = small_recording();
    std::filesystem::resize_file(full, std::filesystem::file_size(full) / 2);
    const Outcome outcome = catena({"reduce", full, "-o", path("small.catena")});
    EXPECT_EQ(outcome.exit_code, kBadInput);
    EXPECT_NE(outcome.err.find("full.catena"), std::string::npos) << outcome.err;
    EXPECT_EQ(catena({"reduce", path("none.catena"), "-o", path("small.catena")}).exit_code, kBadInput);
    EXPECT_EQ(files(), (std::vector<std::string>{"full.catena"}));
}

TEST_F(Reduce, AFullDiskLeavesNothing) {
    const std::string full = small_recording();
    const Outcome outcome = catena({"reduce", full, "-o", "/dev/full/small.catena"});
    EXPECT_EQ(outcome.exit_code, kBadInput);
    // No file may grow beyond a limit: writing fails earlier or later, as on a full disk.
    int failures = 0;
    for (int blocks = 32;; blocks += 32) {
        const Outcome limited =
            run({"/bin/bash", "-c",
                 "trap '' XFSZ; ulimit -f " + std::to_string(blocks) + "; exec " CATENA_PROGRAM " reduce " +
                     full + " -o " + path("small.catena")});
        if (limited.exit_code == kDone) break;
        ++failures;
        EXPECT_EQ(limited.exit_code, kBadInput) << limited.out;
        EXPECT_NE(limited.err.find("small.catena"), std::string::npos) << limited.err;
        EXPECT_EQ(files(), (std::vector<std::string>{"full.catena"}));
        ASSERT_LT(blocks, 100'000);
    }
    EXPECT_GE(failures, 2);
}

// A recording that takes a while is interrupted as soon as something of its reduction can be seen.
TEST_F(Reduce, AnInterruptionLeavesNoHalfFile) {
    const std::string full = path("full.catena");
    {
        auto writer = store::create_recording(full);
        event::Batch batch;
        for (std::int64_t id = 1; id <= 400'000; ++id) {
            Event& event = batch.events.emplace_back();
            event.id = id;
            event.ts_ns = event.last_ns = id;
            event.op = Op::Write;
            event.process = {1 + static_cast<std::uint64_t>(id) % 1'000};
            event.object = {2'000 + static_cast<std::uint64_t>(id * id) % 1'000};
            event.bytes = event.ret = 1;
        }
        ASSERT_TRUE((*writer)->append(batch));
        ASSERT_TRUE((*writer)->finish());
    }
    const std::string small = path("small.catena");
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::execl(CATENA_PROGRAM, CATENA_PROGRAM, "reduce", full.c_str(), "-o", small.c_str(), nullptr);
        ::_exit(127);
    }
    int status = 0;
    while (files().size() == 1 && ::waitpid(pid, &status, WNOHANG) == 0) std::this_thread::yield();
    ASSERT_EQ(::kill(pid, SIGINT), 0);
    ASSERT_EQ(::waitpid(pid, &status, 0), pid);
    // It may come before the signal is caught.
    EXPECT_TRUE((WIFEXITED(status) && WEXITSTATUS(status) == kBadInput) || WIFSIGNALED(status)) << status;
    if (WIFEXITED(status)) {
        EXPECT_EQ(files(), (std::vector<std::string>{"full.catena"}));
    }
    EXPECT_FALSE(std::filesystem::exists(small));
}

// ----------------------------------------------------------------------------------- the stretch trace of
// CADETS

class ReduceStretch : public Reduce {
  protected:
    void SetUp() override {
        const char* given = std::getenv("CATENA_TEST_DATA");
        const std::filesystem::path data =
            given != nullptr ? given : std::filesystem::path(CATENA_SHARED_DATA);
        const auto trace = data / "cadets-e1-stretch/stretch.json.xz";
        if (!std::filesystem::exists(trace)) GTEST_SKIP() << trace << " is not there";
        ASSERT_EQ(catena({"import", "cadets", trace, "-o", stretch()}).exit_code, kDone);
    }
    std::string stretch() const { return path("stretch.catena"); }

    std::string reduce(const std::string& rule) {
        const std::string reduced = path(rule + ".catena");
        const Outcome outcome = catena({"reduce", stretch(), "-o", reduced, "--rule", rule});
        EXPECT_EQ(outcome.exit_code, kDone) << outcome.err;
        return reduced;
    }
    double factor(const std::string& reduced) const {
        return std::stod(value_of(stretch(), "SELECT count(*) FROM events")) /
               std::stod(value_of(reduced, "SELECT count(*) FROM events"));
    }
};

// A random end of a random event, at the random moment of another.
struct Question {
    std::uint64_t id;
    std::int64_t ns;
};

std::vector<Question> random_questions(const std::string& trace, std::size_t count) {
    std::vector<Event> events;
    EXPECT_TRUE(must_open(trace)->events("id % 97 = 5", [&](Event&& event) {
        if (graph::carries(event)) events.push_back(std::move(event));
    }));
    std::mt19937 random(20261126);
    std::uniform_int_distribution<std::size_t> any(0, events.size() - 1);
    std::vector<Question> questions;
    while (questions.size() < count) {
        const Event& what = events[any(random)];
        const std::int64_t ns = questions.size() % 3 == 0 ? what.ts_ns : events[any(random)].ts_ns;
        questions.push_back({.id = random() % 2 == 0 ? what.process.value : what.object.value, .ns = ns});
    }
    return questions;
}

TEST_F(ReduceStretch, FullDependenceAnswersAThousandQuestionsAsBefore) {
    const std::string reduced = reduce("fd");
    EXPECT_GE(factor(reduced), 7);
    const graph::Graph before = graph_of(stretch(), 0);
    const graph::Graph after = graph_of(reduced, 0);
    std::size_t largest = 0;
    for (const Question& question : random_questions(stretch(), 1'000)) {
        const auto nodes = ask(before, graph::Direction::Back, question.id, question.ns);
        ASSERT_EQ(nodes, ask(after, graph::Direction::Back, question.id, question.ns)) << question.id;
        largest = std::max(largest, nodes.size());
    }
    EXPECT_GT(largest, 1'000U);
    for (const Question& question : random_questions(stretch(), 100)) {
        ASSERT_EQ(ask(before, graph::Direction::Forward, question.id, graph::kAlwaysFrom),
                  ask(after, graph::Direction::Forward, question.id, graph::kAlwaysFrom));
    }
}

// What the kernel's discipline comes to on the same flows: it judges one after the other and tells sums in
// rows of their own.
TEST_F(ReduceStretch, FullDependenceIsShorterThanTheKernelsDiscipline) {
    graph::Reducer reducer;
    std::vector<Event> rows;
    std::size_t flows = 0;
    const auto reader = must_open(stretch());
    ASSERT_TRUE(reader->sockets([&](event::Socket&& socket) { reducer.add(socket); }));
    ASSERT_TRUE(reader->events("", [&](Event&& event) {
        if (!graph::carries(event)) return;
        ++flows;
        reducer.add(event, rows);
    }));
    reducer.tell(rows);
    const std::string outcome = catena({"reduce", stretch(), "-o", path("fd.catena")}).out;
    fmt::print("{} flows: {} rows by the kernel's discipline ({:.2f}×), {} of them kept flows\n{}", flows,
               rows.size(), static_cast<double>(flows) / static_cast<double>(rows.size()),
               reducer.counts().kept, outcome);
    EXPECT_LT(std::stoul(value_of(path("fd.catena"), "SELECT count(*) FROM events")), rows.size());
}

// As catena chain tracks recordings: a call may have had its effect some time before it returned.
TEST_F(ReduceStretch, WithSlackNothingIsMissed) {
    const graph::Graph before = graph_of(stretch(), graph::kCallSlackNs);
    const graph::Graph after = graph_of(reduce("fd"), graph::kCallSlackNs);
    std::size_t more = 0;
    for (const Question& question : random_questions(stretch(), 1'000)) {
        const auto nodes = ask(before, graph::Direction::Back, question.id, question.ns);
        const auto found = ask(after, graph::Direction::Back, question.id, question.ns);
        ASSERT_TRUE(std::ranges::includes(found, nodes)) << question.id;
        more += found.size() > nodes.size() ? 1 : 0;
    }
    fmt::print("of 1,000 answers with slack, {} hold nodes more than before\n", more);
}

TEST_F(ReduceStretch, CausalityPreservedReductionAnswersBothWaysAsBefore) {
    const graph::Graph before = graph_of(stretch(), 0);
    const graph::Graph after = graph_of(reduce("cpr"), 0);
    for (const Question& question : random_questions(stretch(), 300)) {
        for (const graph::Direction direction : {graph::Direction::Back, graph::Direction::Forward})
            ASSERT_EQ(ask(before, direction, question.id, question.ns),
                      ask(after, direction, question.id, question.ns));
    }
}

TEST_F(ReduceStretch, SourceDependenceNamesTheSameSources) {
    const std::string reduced = reduce("sd");
    EXPECT_GE(factor(reduced), 15);
    const graph::Graph before = graph_of(stretch(), 0);
    const graph::Graph after = graph_of(reduced, 0);
    const auto sources = [&](const graph::Graph& graph, const Question& question) {
        std::vector<std::uint64_t> ids = ask(graph, graph::Direction::Back, question.id, question.ns);
        std::erase_if(ids, [&](std::uint64_t id) {
            const auto node = before.entities().find({id});
            return id == question.id || !node || !before.into(*node).empty();
        });
        return ids;
    };
    std::size_t most = 0;
    for (const Question& question : random_questions(stretch(), 300)) {
        const auto ids = sources(before, question);
        ASSERT_EQ(ids, sources(after, question));
        most = std::max(most, ids.size());
    }
    EXPECT_GT(most, 100U);
}

}  // namespace
}  // namespace catena::cli
