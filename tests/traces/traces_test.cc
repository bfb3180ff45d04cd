// Chains of real attacks that others recorded, imported and asked for as a user would.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using testing::Contains;
using testing::HasSubstr;
using testing::IsSupersetOf;

// Where the worktree is not beside the shared data, CATENA_TEST_DATA says where that is.
std::filesystem::path data() {
    const char* named = std::getenv("CATENA_TEST_DATA");
    return named != nullptr ? named : CATENA_SHARED_DATA;
}

class Traces : public testing::Test {
  protected:
    // False where the data is not there.
    bool import(const std::string& format, const std::filesystem::path& file) {
        if (!std::filesystem::exists(data() / file)) return false;
        const Outcome outcome = catena({"import", format, data() / file, "-o", trace_});
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return true;
    }

    json chain(const std::string& point) {
        const Outcome outcome = catena({"chain", trace_, point, "--format", "json"});
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        return json::parse(outcome.out, nullptr, false);
    }

    static std::set<int> pids(const json& chain) {
        std::set<int> pids;
        for (const json& node : chain["nodes"]) {
            if (node["type"] == "process") pids.insert(node.value("pid", 0));
        }
        return pids;
    }

    static std::vector<std::string> labels(const json& chain) {
        std::vector<std::string> labels;
        for (const json& node : chain["nodes"]) labels.push_back(node["label"]);
        return labels;
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

// The last attempt of five: nginx (98651) ran what 129.55.12.167 had uploaded; its shell (3217) ran the rest.
TEST_F(Traces, TheReadOfShadowGoesBackToTheAttackerOverAllProcessesOfThatAttempt) {
    if (!import("cadets", "cadets-e1-stretch/stretch.json.xz"))
        GTEST_SKIP() << data() << " has no stretch trace";
    const std::string read = value_of(
        trace_,
        "SELECT min(e.id) FROM events e JOIN processes p ON p.id = e.process JOIN files f ON f.id = e.object "
        "WHERE p.pid = 3316 AND f.path = '/etc/shadow' AND e.op = 'read' AND e.bytes > 0");
    for (const std::string& point : {std::string("process:3316"), "event:" + read}) {
        const json back = chain(point);
        EXPECT_LE(back["nodes"].size(), 40U) << point;
        EXPECT_THAT(pids(back),
                    IsSupersetOf({3198, 3199, 3217, 3219, 3267, 3281, 3283, 3285, 3288, 3316, 98651}))
            << point;
        EXPECT_THAT(labels(back), Contains(HasSubstr("129.55.12.167")));
        EXPECT_THAT(labels(back), Contains(HasSubstr("/dropper")));
        EXPECT_THAT(labels(back), Contains("/etc/shadow"));
        EXPECT_LE(back["steps"].size(), 15U);
        std::string story = back["sentence"];
        for (const json& step : back["steps"]) story += '\n' + step["text"].get<std::string>();
        EXPECT_THAT(story, HasSubstr("129.55.12.167"));
        EXPECT_THAT(story,
                    HasSubstr("started dropper (3199), which ran /var/tmp/nginx/client_body_temp/dropper"));
    }
}

TEST_F(Traces, TheMalwareLogGoesBackToNodeAndWhoDroveIt) {
    if (!import("sysflow", "sysflow-express/express.jsonl.xz"))
        GTEST_SKIP() << data() << " has no express trace";
    const json back = chain("file:/var/log/malware.log");
    EXPECT_LE(back["nodes"].size(), 40U);
    EXPECT_THAT(pids(back), IsSupersetOf({2025, 17753, 17754}));
    EXPECT_THAT(labels(back), Contains("/tmp/exfil.py"));
    EXPECT_THAT(labels(back), Contains(HasSubstr("10.187.39.243:57024 → 172.30.106.116:3000")));
    EXPECT_THAT(back["sentence"].get<std::string>(), HasSubstr("/var/log/malware.log"));
    EXPECT_LE(back["steps"].size(), 15U);
    std::string story;
    for (const json& step : back["steps"]) story += step["text"].get<std::string>() + '\n';
    EXPECT_THAT(story, HasSubstr("node (2025) truncated /tmp/exfil.py and wrote 6,537 bytes to it"));
    EXPECT_THAT(story, HasSubstr("which ran /tmp/exfil.py"));
    const json whole =
        json::parse(catena({"chain", trace_, "file:/var/log/malware.log", "--all", "--format", "json"}).out);
    EXPECT_GT(whole["nodes"].size(), 500U) << "what was left out";
}

}  // namespace
}  // namespace catena::kernel_test
