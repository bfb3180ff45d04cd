// Runs a program to its end and keeps what it said: how most tests of the command line look at it.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"

namespace catena::cli {

struct Outcome {
    int exit_code = -1;  // -1 where a signal ended it
    std::string out;
    std::string err;
};

class ProgramTest : public testing::Test {
  protected:
    ProgramTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "catena-cli-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
    }
    ~ProgramTest() override {
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    [[nodiscard]] std::string path(std::string_view name) const { return (directory_ / name).string(); }

    // catena with these arguments.
    Outcome catena(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), CATENA_PROGRAM);
        return run(arguments);
    }

    Outcome run(const std::vector<std::string>& words) {
        std::vector<char*> argv;
        for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        const std::string out = path("stdout");
        const std::string err = path("stderr");
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
            ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDOUT_FILENO);
            ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), STDERR_FILENO);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, contents(out), contents(err)};
    }

  private:
    static std::string contents(const std::string& where) {
        std::ifstream file(where, std::ios::binary);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::filesystem::path directory_;
};

}  // namespace catena::cli
