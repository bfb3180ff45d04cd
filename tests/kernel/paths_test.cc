// Paths of files whose directory was told before: they are right whatever became of the directory in between,
// and whoever told it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using testing::UnorderedElementsAreArray;

class Paths : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    std::vector<std::string> recorded(const std::string& script) {
        return {catena_path(), "record", "-o", trace_, "--", "sh", "-c", script};
    }
    void record(const std::string& script) {
        const Outcome outcome = run(recorded(script), {.directory = directory_.path(), .prepare = {}});
        ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    }
    // The paths of the files that were made, below the test's folder, in the order in which they were made.
    std::vector<std::string> made() {
        const std::string below = directory_.path().string() + "/";
        std::vector<std::string> paths;
        for (const auto& event : events_of(trace_, "op = 'create'")) {
            const std::string path = event["object"]["path"];
            if (!path.starts_with("/run/mount/"))
                paths.push_back(path.starts_with(below) ? path.substr(below.size()) : path);
        }
        return paths;
    }
    void expect_nothing_forgotten() {
        EXPECT_EQ(value_of(trace_, "select value from meta where key = 'forgotten_names'"), "0");
        EXPECT_EQ(value_of(trace_, "select value from meta where key = 'malformed_records'"), "0");
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

TEST_F(Paths, AreRightWhereSomebodyElseRenamesADirectoryFarAbove) {
    Command recorder(recorded("mkdir -p a/b/c && : > a/b/c/1 && : > a/b/c/2 && : > told && while [ ! -e "
                              "moved ]; do sleep 0.02; done && : > z/b/c/3 && : > z/b/c/4"),
                     {.directory = directory_.path(), .prepare = {}});
    while (!std::filesystem::exists(directory_.file("told")))
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    std::filesystem::rename(directory_.file("a"), directory_.file("z"));
    std::ofstream(directory_.file("moved")).close();
    ASSERT_EQ(recorder.wait().exit_code, 0);
    EXPECT_THAT(made(), testing::ElementsAre("a/b/c/1", "a/b/c/2", "told", "z/b/c/3", "z/b/c/4"));
    expect_nothing_forgotten();
}

TEST_F(Paths, AreThoseOfTheMountThatTheFileWasReachedBy) {
    record(
        "mkdir -p a/b c && unshare -m sh -c '"
        ": > a/b/1 && : > a/b/2 && mount --make-rprivate / && mount --bind a c && : > c/b/3 && : > c/b/4 && "
        ": > a/b/5 &&"
        "mkdir d && mount --move c d && : > d/b/6 && : > d/b/7 && umount d && : > a/b/8'");
    EXPECT_THAT(made(),
                testing::ElementsAre("a/b/1", "a/b/2", "c/b/3", "c/b/4", "a/b/5", "d/b/6", "d/b/7", "a/b/8"));
    expect_nothing_forgotten();
}

TEST_F(Paths, OfAnyLengthAndAnyDirectory) {
    const std::string longest(255, 'n');
    const std::string longest_file(255, 'f');
    const std::string just_short(55, 's');
    const std::string just_long(56, 'l');
    record("mkdir -p a/" + longest + "/" + longest + " && cd a && : > 1 && : > " + longest_file + " && : > " +
           just_short + " && : > " + just_long + " && cd " + longest + " && : > 2 && : > 3 && cd " + longest +
           " && : > 4 && : > 5");
    EXPECT_THAT(made(), testing::ElementsAre("a/1", "a/" + longest_file, "a/" + just_short, "a/" + just_long,
                                             "a/" + longest + "/2", "a/" + longest + "/3",
                                             "a/" + longest + "/" + longest + "/4",
                                             "a/" + longest + "/" + longest + "/5"));
    expect_nothing_forgotten();
}

// More directories than are remembered, told by two processes at once: each goes through all of them three
// times.
TEST_F(Paths, AreRightInMoreDirectoriesThanAreRemembered) {
    constexpr int kDirectories = 1500;
    std::vector<std::string> expected;
    for (int i = 0; i < kDirectories; ++i) {
        const std::string name = "d/" + std::to_string(i);
        std::filesystem::create_directories(directory_.file(name));
        for (const char* file : {"/a", "/b", "/c", "/d"}) expected.push_back(name + file);
    }
    record(
        "cd d && (for f in a b; do find . -type d -name '[0-9]*' | sed \"s|$|/$f|\" | xargs touch; done) & "
        "cd d && (for f in c d; do find . -type d -name '[0-9]*' | sed \"s|$|/$f|\" | xargs touch; done); "
        "wait");
    EXPECT_THAT(made(), UnorderedElementsAreArray(expected));
    expect_nothing_forgotten();
}

}  // namespace
}  // namespace catena::kernel_test
