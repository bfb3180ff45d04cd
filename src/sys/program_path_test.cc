#include "sys/program_path.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace catena::sys {
namespace {

namespace fs = std::filesystem;

// Folders one/ and two/ on PATH, and PATH as it was afterwards.
class ProgramPath : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "catena-path-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        root_ = pattern;
        fs::create_directories(root_ / "one");
        fs::create_directories(root_ / "two");
        before_ = std::getenv("PATH");
        set_path(one() + ":" + two());
    }
    void TearDown() override {
        set_path(before_);
        fs::remove_all(root_);
    }

    [[nodiscard]] std::string one() const { return (root_ / "one").string(); }
    [[nodiscard]] std::string two() const { return (root_ / "two").string(); }
    static void set_path(const std::string& value) { ::setenv("PATH", value.c_str(), 1); }
    static std::string file(const std::string& path, fs::perms mode) {
        std::ofstream(path) << "#!/bin/sh\n";
        fs::permissions(path, mode);
        return path;
    }

    static constexpr fs::perms kRuns = fs::perms::owner_all;
    static constexpr fs::perms kDoesNotRun = fs::perms::owner_read | fs::perms::owner_write;

  private:
    fs::path root_;
    std::string before_;
};

TEST_F(ProgramPath, TheFirstThatCanBeExecutedIsIt) {
    file(one() + "/tool", kDoesNotRun);
    const std::string second = file(two() + "/tool", kRuns);
    fs::create_directories(one() + "/other");  // a folder of that name is not a program
    const std::string other = file(two() + "/other", kRuns);
    EXPECT_EQ(find_program("tool"), second);
    EXPECT_EQ(find_program("other"), other);
    EXPECT_EQ(find_program(second), second);
}

TEST_F(ProgramPath, WhatIsNotThereDiffersFromWhatCannotBeExecuted) {
    file(one() + "/tool", kDoesNotRun);
    EXPECT_EQ(find_program("tool").error().code, base::ErrorCode::NotPermitted);
    EXPECT_EQ(find_program(one() + "/tool").error().code, base::ErrorCode::NotPermitted);
    EXPECT_EQ(find_program("none").error().code, base::ErrorCode::NotFound);
    EXPECT_EQ(find_program(one() + "/none").error().code, base::ErrorCode::NotFound);
}

TEST_F(ProgramPath, AnEmptyFolderOfThePathIsTheWorkingFolder) {
    const fs::path before = fs::current_path();
    file(two() + "/tool", kRuns);
    fs::current_path(two());
    set_path(one() + ":");
    EXPECT_EQ(find_program("tool"), "./tool");
    fs::current_path(before);
}

TEST_F(ProgramPath, ARealPathHasNoLinks) {
    const std::string target = file(one() + "/tool", kRuns);
    fs::create_symlink(target, two() + "/link");
    EXPECT_EQ(real_path(two() + "/../two/link"), fs::canonical(target).string());
    EXPECT_EQ(real_path(two() + "/none"), two() + "/none");
}

}  // namespace
}  // namespace catena::sys
