// Chains of what really happened: recorded, then asked for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::IsSupersetOf;

class Chains : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    void record(const std::vector<std::string>& command) {
        std::vector<std::string> arguments = {"record", "-o", trace_, "--"};
        arguments.insert(arguments.end(), command.begin(), command.end());
        const Outcome outcome = catena(arguments);
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    }

    json chain(const std::string& point, const std::string& direction) {
        const Outcome outcome = catena({"chain", trace_, point, direction, "--format", "json"});
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return json::parse(outcome.out, nullptr, false);
    }

    // "process cat", "file /etc/hostname", "pipe": a process by the program it ended as.
    static std::multiset<std::string> names(const json& chain) {
        std::multiset<std::string> result;
        for (const json& node : chain["nodes"]) {
            const std::string type = node["type"];
            if (type == "process") {
                result.insert("process " + std::filesystem::path(node.value("exe", "")).filename().string());
            } else if (type == "file") {
                result.insert("file " + node.value("path", ""));
            } else {
                result.insert(type);
            }
        }
        return result;
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

TEST_F(Chains, AFileLeadsBackThroughProcessesAndAPipeAndToNothingElse) {
    const std::string up = directory_.file("up");
    const std::string up2 = directory_.file("up2");
    record({"sh", "-c", "cat /etc/hostname | tr a-z A-Z > " + up + " && cp " + up + " " + up2});

    const std::multiset<std::string> expected = {"file " + up2,        "process cp",  "file " + up,
                                                 "process tr",         "pipe",        "process cat",
                                                 "file /etc/hostname", "process dash"};
    EXPECT_EQ(names(chain("file:" + up2, "--back")), expected);

    const json forward = chain("file:/etc/hostname", "--forward");
    const std::multiset<std::string> reached = {
        "file /etc/hostname", "process cat", "pipe", "process tr", "file " + up, "process cp", "file " + up2};
    EXPECT_EQ(names(forward), reached);
    const json& last = forward["edges"].back();
    const auto target = std::ranges::find_if(forward["nodes"],
                                             [&](const json& node) { return node["id"] == last["target"]; });
    ASSERT_NE(target, forward["nodes"].end());
    EXPECT_EQ(target->value("path", ""), up2) << "where it ends";
}

TEST_F(Chains, AReceivedFileLeadsBackThroughBothEndsOfTheConnection) {
    const std::string secret = directory_.file("secret");
    const std::string received = directory_.file("received");
    std::ofstream(secret) << "the plans of the bridge";
    record({program_path("receive_upload"), secret, received});
    std::ifstream got(received);
    std::string contents;
    std::getline(got, contents);
    ASSERT_EQ(contents, "the plans of the bridge");

    const json back = chain("file:" + received, "--back");
    const auto found = names(back);
    EXPECT_THAT(found, Contains("process curl"));
    EXPECT_THAT(found, Contains("file " + secret));
    EXPECT_EQ(found.count("socket"), 2U) << "both ends";
    EXPECT_THAT(names(chain("file:" + secret, "--forward")), Contains("file " + received));
}

TEST_F(Chains, ARenamedFileKeepsItsPast) {
    const std::string a = directory_.file("a");
    const std::string b = directory_.file("b");
    const std::string c = directory_.file("c");
    record({"sh", "-c", "cat /etc/hostname > " + a + " && mv " + a + " " + b + " && cp " + b + " " + c});
    const auto found = names(chain("file:" + c, "--back"));
    EXPECT_THAT(found, Contains("process cat"));
    EXPECT_THAT(found, Contains("process mv"));
    EXPECT_THAT(found, Contains("file /etc/hostname"));
}

// What the kernel says it saw is all accounted for when the ring buffer is far too small for the load.
TEST_F(Chains, WhatIsLostIsCountedToTheLastEvent) {
    constexpr long kCalls = 400000;
    const Outcome outcome = catena({"record", "--fidelity", "full", "--ring-mib", "1", "--backlog-mib", "0",
                                    "-o", trace_, "--", "dd", "if=/dev/zero", "of=/dev/null", "bs=1",
                                    "count=" + std::to_string(kCalls), "status=none"});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const std::string totals =
        "from (select *, row_number() over (partition by cpu order by ts_ns desc) as age from loss) where "
        "age = 1";
    const long lost = std::stol(value_of(trace_, "select sum(lost) " + totals));
    const long stored = std::stol(value_of(trace_, "select sum(stored) " + totals));
    EXPECT_EQ(
        value_of(trace_, "select count(*) " + totals + " and seen <> stored + merged + filtered + lost"),
        "0");
    EXPECT_EQ(std::to_string(stored), value_of(trace_, "select count(*) from events"));
    // dd's own calls are the ground truth: one read and one write each, and a handful for starting and
    // ending.
    EXPECT_GE(stored + lost, 2 * kCalls);
    EXPECT_LE(stored + lost, 2 * kCalls + 300);
    if (lost > 0) {
        EXPECT_THAT(outcome.err, testing::HasSubstr("lost"))
            << "told even where standard error is no terminal";
        const std::string dd = value_of(
            trace_,
            "select min(pid) from processes where exe like '%/dd' and id in (select process from events)");
        const json back = chain("process:" + dd, "--all");  // the rules take all that dd read
        EXPECT_FALSE(back["gaps"].empty());
    }
}

}  // namespace
}  // namespace catena::kernel_test
