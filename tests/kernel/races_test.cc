// A thread that exchanges the path or address of a call while it is made (tests/programs/races.c). Where the
// kernel can be asked in the middle of a call, what it used is what is recorded; elsewhere the recording must
// say that it took the program's word.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "harness.h"
#include "truth.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;

class Races : public testing::TestWithParam<const char*> {};

// Calls whose object is the kernel's own in any case.
bool needs_no_word(const json& event) { return event["op"] == "connect" && event["ret"] == 0; }

TEST_P(Races, AreNotLostByTheRecorder) {
    if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    const std::string operation = GetParam();
    const TempDir directory;
    const TempDir results;
    const std::string trace = results.file("t.catena");
    const Outcome outcome =
        catena({"record", "--fidelity", "full", "-o", trace, "--", program_path("races"), operation},
               {.directory = directory.path(), .prepare = {}});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const Truth truth = parse_truth(outcome.out);
    if (!truth.skip.empty()) GTEST_SKIP() << truth.skip;

    const std::vector<json> events = events_of(trace);
    const std::string source = value_of(trace, "select value from meta where key = 'path_source'");
    if (source == "kernel") {
        for (const std::string& difference : differences(truth, events)) ADD_FAILURE() << difference;
        return;
    }
    ASSERT_EQ(source, "user");
    std::size_t told = 0;
    for (const json& event : truth.events) told += event["op"] == operation;
    std::size_t recorded = 0;
    for (const json& event : events) {
        if (event["op"] != operation || event.value("syscall", "") == "write") continue;
        ++recorded;
        if (!needs_no_word(event)) {
            EXPECT_EQ(event["source"], "user") << event.dump();
        }
    }
    EXPECT_EQ(recorded, told);
}

INSTANTIATE_TEST_SUITE_P(Kernel, Races,
                         testing::Values("unlink", "rename", "mkdir", "symlink", "chmod", "connect", "send"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace catena::kernel_test
