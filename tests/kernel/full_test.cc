// --fidelity full: each system call, and nothing else. strace_differential.py asks strace about the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;

std::vector<json> calls_of(const std::string& trace, const std::string& where) {
    const Outcome outcome = catena({"events", trace, "--calls", "--format", "json", "--where", where});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    std::vector<json> calls;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) calls.push_back(json::parse(line));
    return calls;
}

// Every call that the kernel programs told is stored or counted as lost; here none may be lost.
void expect_all_calls(const std::string& trace) {
    EXPECT_EQ(
        value_of(
            trace,
            "select sum(calls) || ' ' || sum(lost) from (select cpu, max(calls) as calls, max(lost_calls) as "
            "lost from loss group by cpu)"),
        value_of(trace, "select count(*) || ' 0' from syscalls"));
}

class Full : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }
    Outcome record(std::vector<std::string> command) {
        std::vector<std::string> arguments{"record", "--fidelity", "full", "-o", trace_, "--"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        return catena(arguments, {.directory = directory_.path(), .prepare = {}});
    }

    TempDir directory_;
    TempDir results_;
    std::string trace_ = results_.file("t.catena");
};

TEST_F(Full, EveryCallIsRecordedWithWhatItReturned) {
    const Outcome outcome = record({program_path("every_call")});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    std::map<std::string, std::vector<std::int64_t>> found;  // results by ABI and number
    for (const json& call : calls_of(trace_, "true")) {
        const std::string key = call["abi"].get<std::string>() + ' ' + std::to_string(call["nr"].get<int>());
        if (call.contains("ret")) found[key].push_back(call["ret"]);
    }
    std::istringstream lines(outcome.out);
    std::size_t told = 0;
    std::string abi;
    for (std::int64_t number = 0, result = 0; lines >> abi >> number >> result; ++told) {
        const auto& results = found[abi + ' ' + std::to_string(number)];
        EXPECT_NE(std::ranges::find(results, result), results.end())
            << abi << ' ' << number << " = " << result;
    }
    EXPECT_GE(told, 461U);
    // Numbers that no libc uses were made once only, and with these arguments.
    EXPECT_EQ(value_of(trace_,
                       "select count(distinct nr) from syscalls where abi = 'x86-64' and arg0 = "
                       "18446744073709551615 and "
                       "arg1 = 18446744073709551615 and arg5 = 18446744073709551615"),
              "461");
    expect_full_account(trace_);
    expect_all_calls(trace_);
}

TEST_F(Full, CallsThroughTheThirtyTwoBitTableHaveTheirOwnNamesAndPaths) {
    const Outcome outcome = record({program_path("every_call")});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    if (outcome.out.find("i386") == std::string::npos) GTEST_SKIP() << "this kernel has no 32-bit table";
    const auto calls = calls_of(trace_, "abi = 'i386'");
    ASSERT_EQ(calls.size(), 3U);
    EXPECT_EQ(calls[0]["text"], "mkdir(\"thirty-two\", 0700) = 0");
    EXPECT_EQ(calls[1]["text"], "rmdir(\"thirty-two\") = 0");
    EXPECT_EQ(calls[2]["text"], "read(-1, NULL, 0) = -1 EBADF (Bad file descriptor)");
}

TEST_F(Full, EventsNameTheirCalls) {
    const Outcome outcome = record({"/bin/sh", "-c", "cat /etc/hostname > copy; mv copy moved"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    // All but the ends of processes, which are no calls.
    EXPECT_EQ(value_of(trace_, "select count(*) from events where call is null and op <> 'exit'"), "0");
    EXPECT_EQ(
        value_of(
            trace_,
            "select count(*) from events e left join syscalls s on s.id = e.call where e.op <> 'exit' and "
            "(s.id is null or s.syscall <> e.syscall or s.tid <> e.tid)"),
        "0");
    EXPECT_EQ(value_of(trace_, "select count(*) from syscalls where exit_ns < enter_ns"), "0");
    expect_full_account(trace_);
    expect_all_calls(trace_);
}

TEST_F(Full, CallsThatNeverReturnAreThere) {
    const Outcome outcome = record({"/bin/sh", "-c", "(exit 3); exit 5"});
    ASSERT_EQ(outcome.exit_code, 5) << outcome.err;
    const auto ends = calls_of(trace_, "syscall = 'exit_group'");
    ASSERT_EQ(ends.size(), 2U);
    EXPECT_EQ(ends[0]["text"], "exit_group(3) = ?");
    EXPECT_EQ(ends[1]["text"], "exit_group(5) = ?");
}

TEST_F(Full, ACallThatGoesOnWhenRecordingStopsIsThere) {
    Echo echo;
    echo.ping();
    Command recorder({catena_path(), "record", "--fidelity", "full", "-o", trace_, "--pid",
                      std::to_string(echo.pid()), "--ready-fd", std::to_string(Command::kReadyFd)});
    ASSERT_TRUE(recorder.wait_until_ready());
    echo.ping();
    echo.ping();
    // The second answer was written, so that by now, or soon, it reads again; a call that was begun before it
    // is told either way.
    recorder.signal(SIGINT);
    const Outcome outcome = recorder.wait();
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_GE(calls_of(trace_, "syscall = 'write' and ret = 1").size(), 1U);
    EXPECT_GE(calls_of(trace_, "syscall = 'read'").size(), 2U);
    expect_full_account(trace_);
    expect_all_calls(trace_);
}

TEST_F(Full, CausalRecordingsHaveNoCalls) {
    const Outcome outcome = catena({"record", "-o", trace_, "--", "/bin/true"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(value_of(trace_, "select count(*) from syscalls"), "0");
    EXPECT_EQ(value_of(trace_, "select count(call) from events"), "0");
}

}  // namespace
}  // namespace catena::kernel_test
