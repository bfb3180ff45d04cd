// What is recorded: a process, a cgroup, a unit, the host; and what was there before recording has its name.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

class Scope : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    std::vector<std::string> record(std::vector<std::string> scope) {
        scope.insert(scope.begin(), {catena_path(), "record", "-o", trace_, "--ready-fd", "9"});
        return scope;
    }

    static std::set<int> pids(const std::vector<json>& events) {
        std::set<int> set;
        for (const json& event : events) set.insert(event["process"].value("pid", -1));
        return set;
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

TEST_F(Scope, ProcessAndItsDescendantsUntilTheyEnd) {
    Command shell({"sh"}, {.directory = directory_.path(), .prepare = {}});
    Command recorder(record({"--pid", std::to_string(shell.pid())}));
    ASSERT_TRUE(recorder.wait_until_ready());
    const std::string script = "/bin/echo words > made; exit 5\n";
    ASSERT_EQ(::write(shell.input(), script.data(), script.size()), static_cast<ssize_t>(script.size()));
    const pid_t pid = shell.pid();
    EXPECT_EQ(shell.wait().exit_code, 5);
    EXPECT_EQ(recorder.wait().exit_code, 0) << "ends when nothing is left to record";

    const auto forks = events_of(trace_, "op = 'fork'");
    ASSERT_EQ(forks.size(), 1U);
    EXPECT_EQ(forks[0]["process"]["pid"], pid);
    const auto writes = events_of(trace_, "op = 'write'");
    ASSERT_EQ(writes.size(), 1U);
    EXPECT_EQ(writes[0]["process"]["id"], forks[0]["object"]["id"]);
    EXPECT_EQ(writes[0]["object"]["path"], directory_.file("made"));
    expect_full_account(trace_);
}

TEST_F(Scope, WhatWasThereBeforeHasItsName) {
    std::ofstream(directory_.file("before")) << "contents";
    Command shell({"sh"}, {.directory = directory_.path(), .prepare = {}});
    const std::string open = "exec 5<before; echo >&9\n";
    ASSERT_EQ(::write(shell.input(), open.data(), open.size()), static_cast<ssize_t>(open.size()));
    ASSERT_TRUE(shell.wait_until_ready());
    Command recorder(record({"--pid", std::to_string(shell.pid())}));
    ASSERT_TRUE(recorder.wait_until_ready());
    const std::string read = "read line <&5; exit\n";
    ASSERT_EQ(::write(shell.input(), read.data(), read.size()), static_cast<ssize_t>(read.size()));
    shell.wait();
    ASSERT_EQ(recorder.wait().exit_code, 0);

    const auto reads = events_of(trace_, "op = 'read'");
    const auto of_file = std::ranges::find_if(reads, [&](const json& event) {
        return event["object"].value("path", "") == directory_.file("before");
    });
    ASSERT_NE(of_file, reads.end());
    EXPECT_EQ((*of_file)["process"]["cmdline"], "sh");
    EXPECT_THAT((*of_file)["process"]["exe"].get<std::string>(), HasSubstr("sh"));
    EXPECT_TRUE((*of_file)["process"].contains("parent"));
}

TEST_F(Scope, HostHasEverybodyButTheRecorder) {
    Command recorder(record({"--host"}));
    ASSERT_TRUE(recorder.wait_until_ready());
    Command stranger({"true"});
    const pid_t pid = stranger.pid();
    stranger.wait();
    const pid_t own = recorder.pid();
    recorder.signal(SIGTERM);
    ASSERT_EQ(recorder.wait().exit_code, 0);
    const auto events = events_of(trace_, "op in ('exec', 'exit')");
    EXPECT_TRUE(pids(events).contains(pid));
    EXPECT_FALSE(pids(events_of(trace_)).contains(own));
}

TEST_F(Scope, DurationEndsARecording) {
    Echo echo;
    const Outcome outcome =
        catena({"record", "-o", trace_, "--pid", std::to_string(echo.pid()), "--duration", "300ms"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(value_of(trace_, "select value from meta where key = 'state'"), "complete");
}

TEST_F(Scope, UnknownGroupsAreNotFound) {
    EXPECT_EQ(catena({"record", "-o", trace_, "--cgroup", "/no/such/group"}).exit_code, 4);
    const Outcome outcome = catena({"record", "-o", trace_, "--unit", "no-such-unit-anywhere"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.err, HasSubstr("no-such-unit-anywhere"));
}

// A control group of the v2 tree that goes away with the object.
class Group : public Scope {
  protected:
    void SetUp() override {
        Scope::SetUp();
        if (IsSkipped()) return;
        root_ = cgroup_root();
        if (root_.empty()) GTEST_SKIP() << "the cgroup v2 tree is not mounted";
        path_ = root_ + "/catena-test-" + std::to_string(::getpid()) + ".service";
        std::error_code error;
        if (!std::filesystem::create_directory(path_, error))
            GTEST_SKIP() << path_ << ": " << error.message();
    }
    void TearDown() override {
        if (!path_.empty()) ::rmdir(path_.c_str());
    }

    bool join(pid_t pid) {
        std::ofstream procs(path_ + "/cgroup.procs");
        procs << pid << std::flush;
        return procs.good();
    }

    // Records the scope while one process inside and one outside of the group do the same.
    void expect_only_the_group(const std::vector<std::string>& scope) {
        Echo inside;
        Echo outside;
        if (!join(inside.pid())) GTEST_SKIP() << "no process can be put into " << path_;
        Command recorder(record(scope));
        ASSERT_TRUE(recorder.wait_until_ready());
        for (int i = 0; i < 10; ++i) {
            inside.ping();
            outside.ping();
        }
        recorder.signal(SIGTERM);
        ASSERT_EQ(recorder.wait().exit_code, 0);
        EXPECT_THAT(pids(events_of(trace_)), ElementsAre(inside.pid()));
        EXPECT_EQ(calls_of(trace_, "op = 'read'"), 10);
        expect_full_account(trace_);
    }

    std::string root_;
    std::string path_;
};

TEST_F(Group, CgroupAndNobodyElse) { expect_only_the_group({"--cgroup", path_}); }

TEST_F(Group, CgroupBelowTheRootOfItsTree) {
    expect_only_the_group({"--cgroup", path_.substr(root_.size())});
}

TEST_F(Group, UnitByName) {
    const std::string unit = std::filesystem::path(path_).filename();
    expect_only_the_group({"--unit", unit});
    expect_only_the_group({"--unit", unit.substr(0, unit.rfind('.'))});
}

}  // namespace
}  // namespace catena::kernel_test
