// Runs each test program under `catena record` and compares what was recorded, field by field, with what the
// program says it did. Also holds for every recording: each process is described and has the id that its
// parent's fork gave it.
#include <gtest/gtest.h>

#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "harness.h"
#include "truth.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;

struct Program {
    const char* test;  // name of the test
    const char* name;
    std::vector<std::string> arguments;
};

void PrintTo(const Program& program, std::ostream* out) { *out << program.test; }

constexpr const char* kNames[] = {CATENA_PROGRAM_LIST};

std::vector<Program> programs() {
    std::vector<Program> list;
    for (const char* name : kNames) {
        const std::string text = name;
        if (text == "tcp") {
            list.push_back({"tcp4", name, {"4"}});
            list.push_back({"tcp6", name, {"6"}});
        } else if (text == "udp") {
            list.push_back({"udp4", name, {"4"}});
            list.push_back({"udp6", name, {"6"}});
        } else if (text == "io_uring") {
            list.push_back({"io_uring_plain", name, {"plain"}});
            list.push_back({"io_uring_workers", name, {"workers"}});
            list.push_back({"io_uring_sqpoll", name, {"sqpoll"}});
        } else {
            list.push_back({name, name, {}});
        }
    }
    return list;
}

class Programs : public testing::TestWithParam<Program> {};

void expect_processes_described(const std::vector<json>& events) {
    std::map<int, std::string> forked;  // id by pid, as the fork event had it
    for (const json& event : events) {
        const json& process = event["process"];
        ASSERT_TRUE(process.contains("pid"))
            << "no such process is described: " << event.dump().substr(0, 500);
        ASSERT_TRUE(process.contains("exe")) << event.dump().substr(0, 500);
        if (event.contains("object")) {
            EXPECT_TRUE(event["object"].contains("type")) << "not described: " << event.dump().substr(0, 500);
        }
        if (event["op"] == "fork") forked[event["object"]["pid"]] = event["object"]["id"];
        const auto known = forked.find(process["pid"]);
        if (known == forked.end()) continue;
        EXPECT_EQ(process["id"], known->second) << event.dump().substr(0, 500);
    }
}

void expect_time_order(const std::vector<json>& events) {
    for (std::size_t i = 1; i < events.size(); ++i) {
        EXPECT_LE(events[i - 1]["ts_ns"].get<std::int64_t>(), events[i]["ts_ns"].get<std::int64_t>());
    }
}

TEST_P(Programs, AreRecordedAsTheySayThemselves) {
    if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    const Program& program = GetParam();
    const TempDir directory;
    const TempDir results;
    const std::string trace = results.file("t.catena");
    std::vector<std::string> command{
        "record", "--fidelity", "full", "-o", trace, "--", program_path(program.name)};
    command.insert(command.end(), program.arguments.begin(), program.arguments.end());

    const Outcome outcome = catena(command, {.directory = directory.path(), .prepare = {}});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Truth truth = parse_truth(outcome.out);
    if (!truth.skip.empty()) GTEST_SKIP() << truth.skip;
    ASSERT_FALSE(truth.events.empty());

    const std::vector<json> events = events_of(trace);
    // Where paths and addresses of calls come from is the kernel's choice; all of them come from there.
    const std::string path_source = value_of(trace, "select value from meta where key = 'path_source'");
    for (const std::string& difference : differences(truth, events, {{"$path_source", path_source}})) {
        ADD_FAILURE() << difference;
    }
    expect_processes_described(events);
    expect_time_order(events);
    expect_full_account(trace);
}

INSTANTIATE_TEST_SUITE_P(Kernel, Programs, testing::ValuesIn(programs()),
                         [](const auto& info) { return std::string(info.param.test); });

}  // namespace
}  // namespace catena::kernel_test
