// A planted attack in the midst of much else, recorded, then asked for: the default chain must hold every
// true step and next to nothing besides.
//
// An attacker uploads a shell script to a web server and has it run; curl, started by the script, reads a
// secret and sends it to the attacker (tests/programs/web_attack.c). Meanwhile visitors get thousands of
// pages from the same server, tens of thousands of files are read, and make builds a library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;

constexpr const char* kDriver = R"(cd "$2" && mkfifo ready
"$1" serve "$2" ready & server=$!
read -r port < ready
"$1" visit $port 127.0.0.7 1500 & first=$!
"$1" visit $port 127.0.0.8 1500 & second=$!
make -s -j2 -C build & build=$!
for round in 1 2; do find /usr -xdev -type f -size -64k -print0 | head -z -n 30000 | xargs -0 cat; done > /dev/null & reads=$!
"$1" visit $port 127.0.0.9 300
"$1" attack $port 127.0.0.66 "$2/secret" > loot || exit 1
"$1" visit $port 127.0.0.9 300
wait $first $second $build $reads
"$1" end $port
wait $server
)";

class PlantedAttack : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
        for (const char* tool : {"make", "cc", "curl"}) {
            const Outcome found = run({"sh", "-c", std::string("command -v ") + tool});
            if (found.exit_code != 0) GTEST_SKIP() << tool << " is not installed";
        }
        plant();
        record();
    }

    void plant() {
        namespace fs = std::filesystem;
        for (const char* folder : {"pages", "uploads", "build"}) fs::create_directory(root_.path() / folder);
        std::ofstream(root_.file("driver.sh")) << kDriver;
        std::ofstream(root_.file("secret")) << std::string(1492, 's');
        for (int i = 0; i < 50; ++i)
            std::ofstream(root_.file("pages/" + std::to_string(i))) << std::string(300 + 40 * i, 'p');
        for (int i = 0; i < 12; ++i) {
            std::ofstream(root_.file("build/f" + std::to_string(i) + ".c"))
                << "#include <stdio.h>\n#include <stdlib.h>\nint f" << i << "(int x) { return x; }\n";
        }
        std::ofstream(root_.file("build/Makefile"))
            << "lib.a: $(patsubst %.c,%.o,$(wildcard *.c))\n\tar rc $@ $^\n";
    }

    void record() {
        const Outcome outcome = catena({"record", "-o", trace_, "--", "sh", root_.file("driver.sh"),
                                        program_path("web_attack"), root_.path().string()});
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
        std::size_t bytes = 0;
        ASSERT_TRUE(std::ifstream(root_.file("loot")) >> port_ >> bytes);
        ASSERT_GT(bytes, 0U) << "the attack worked";
        ASSERT_GE(std::stol(value_of(trace_, "select count(*) from events")), 100000);
        ASSERT_NE(value_of(trace_, "select count(*) from processes where exe like '%/cc1'"), "0")
            << "a build ran";
    }

    // What took part in the attack, by its own account: the two ends of each of its connections have one
    // name.
    std::set<std::string> truth() {
        const std::string address = "127.0.0.66:";
        std::set<std::string> names = {"file " + root_.file("uploads/avatar.sh"),
                                       "file " + root_.file("secret"),
                                       "process curl " + pid_of("exe like '%/curl'"),
                                       "process web_attack " + pid_of("cmdline like '% serve %'"),
                                       "process web_attack " + pid_of("cmdline like '% attack %'"),
                                       "process dash " + pid_of("cmdline like 'sh %avatar.sh'"),
                                       "socket to " + address + port_};
        const Outcome uploads =
            catena({"query", trace_, "--format", "csv",
                    "select distinct remote from sockets where remote like '127.0.0.66:%' and "
                    "remote <> '127.0.0.66:" +
                        port_ + "'"});
        std::istringstream lines(uploads.out);
        std::string line;
        std::getline(lines, line);  // the heading
        while (std::getline(lines, line)) names.insert("socket to " + line);
        EXPECT_EQ(names.size(), 9U) << "the upload and the request to run it";
        return names;
    }

    std::string pid_of(const std::string& where) {
        return value_of(trace_, "select max(pid) from processes where " + where);
    }

    std::string name_of(const json& node) const {
        const std::string type = node["type"];
        if (type == "file") return "file " + node.value("path", "");
        if (type == "process") {
            return "process " + std::filesystem::path(node.value("exe", "")).filename().string() + " " +
                   std::to_string(node.value("pid", 0));
        }
        for (const char* end : {"remote", "local"}) {
            if (node.value(end, "").starts_with("127.0.0.66:")) return "socket to " + node.value(end, "");
        }
        return type + " " + node.value("label", "");
    }

    void expect_the_attack_and_little_else(const std::string& point) {
        const Outcome outcome = catena({"chain", trace_, point, "--format", "json"});
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
        std::set<std::string> missing = truth();
        std::vector<std::string> others;
        const std::set<std::string> all = missing;
        const json chain = json::parse(outcome.out);
        for (const json& node : chain["nodes"]) {
            missing.erase(name_of(node));
            if (!all.contains(name_of(node))) others.push_back(name_of(node));
        }
        EXPECT_THAT(missing, testing::IsEmpty()) << point;
        EXPECT_LE(others.size(), 5U) << testing::PrintToString(others);
        RecordProperty("others", static_cast<int>(others.size()));
    }

    TempDir root_;
    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
    std::string port_;  // to which the secret went
};

TEST_F(PlantedAttack, IsAllThatTheDefaultChainShows) {
    expect_the_attack_and_little_else("socket:127.0.0.66:" + port_);
    expect_the_attack_and_little_else(
        "event:" + value_of(trace_,
                            "select max(e.id) from events e join processes p on e.process = p.id where "
                            "p.exe like '%/curl' and e.op = 'send' and e.bytes > 1000"));
    // Ranking is what does it.
    const Outcome unranked =
        catena({"chain", trace_, "socket:127.0.0.66:" + port_, "--keep", "rank", "--format", "json"});
    EXPECT_GT(json::parse(unranked.out)["nodes"].size(), 500U);
}

}  // namespace
}  // namespace catena::kernel_test
