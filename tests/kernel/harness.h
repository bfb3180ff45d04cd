// Running catena and other commands from tests: with a directory of their own, their output, and readiness
// instead of waiting.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/fd.h"

namespace catena::kernel_test {

// The catena under test: $CATENA, or the one that was built with these tests.
std::string catena_path();

// A test program of tests/programs.
std::string program_path(const std::string& name);

// A directory that lives as long as the object, readable by everybody, with everything below it.
class TempDir {
  public:
    TempDir();
    ~TempDir();
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

  private:
    std::filesystem::path path_;
};

// How a command ended, and what it said.
struct Outcome {
    int exit_code = -1;  // 128 + signal where one ended it, as shells say
    std::string out;
    std::string err;
};

struct RunOptions {
    std::string directory;  // where it starts; empty: here
    std::function<void()>
        prepare;  // runs in the child before the command does; ends the child where it cannot
};

// A command that runs until it is waited for. It gets SIGKILL where nobody did. Its output goes to memory, so
// that it never waits for us. Not thread-safe.
class Command {
  public:
    // Its standard input is a pipe whose other end is input().
    explicit Command(const std::vector<std::string>& arguments, const RunOptions& options = {});
    ~Command();
    Command(const Command&) = delete;
    Command& operator=(const Command&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] int input() const { return input_.get(); }
    void close_input() { input_.reset(); }
    void signal(int number) const;
    // Waits until the command has written a byte to kReadyFd; false where it ended without.
    bool wait_until_ready();
    // Whether it still runs when so long has passed, or ends before.
    [[nodiscard]] bool is_running_after(std::chrono::milliseconds time) const;
    Outcome wait();

    static constexpr int kReadyFd = 9;

  private:
    pid_t pid_ = -1;
    base::Fd input_;
    base::Fd ready_;
    base::Fd out_;
    base::Fd err_;
};

// A child of the test that answers each byte with a byte: its reads and writes are made to measure. Ends with
// the object.
class Echo {
  public:
    Echo();
    ~Echo() { end(); }
    Echo(const Echo&) = delete;
    Echo& operator=(const Echo&) = delete;
    [[nodiscard]] pid_t pid() const { return pid_; }
    // One read and one write of one byte. When it returns the read has ended, and all but the last write.
    void ping();
    void end();  // waits for it

  private:
    pid_t pid_ = -1;
    base::Fd to_;
    base::Fd from_;
};

// Runs a command to its end, its input empty.
Outcome run(const std::vector<std::string>& arguments, const RunOptions& options = {});

// `catena` with these arguments.
Outcome catena(std::vector<std::string> arguments, const RunOptions& options = {});

// The events of a recording, as `catena events --format json` prints them. Adds a test failure where that
// fails.
std::vector<nlohmann::json> events_of(const std::string& trace, const std::string& where = "");

// How many calls the events of a recording stand for, merged ones included.
long calls_of(const std::string& trace, const std::string& where);

// One value of a recording by SQL (a query that gives one row with one column).
std::string value_of(const std::string& trace, const std::string& sql);

// What became of all that a recording saw, summed over the CPUs. Adds failures where seen = stored + merged +
// filtered + lost does not hold for a CPU, or the rows do not stand for just the calls stored and merged.
struct Account {
    long seen = -1;
    long stored = -1;
    long merged = -1;
    long filtered = -1;
    long lost = -1;  // in all, of which
    long lost_reserved = -1;
    long lost_share = -1;
};
Account account_of(const std::string& trace);

// Adds failures where seen = stored + merged + filtered + lost does not hold, the stored events are not all
// there, or any were lost.
void expect_full_account(const std::string& trace);

// Where the cgroup v2 tree is mounted; empty where it is not.
std::string cgroup_root();

// Why nothing can be recorded here; empty where it can.
std::string why_not_recordable();

}  // namespace catena::kernel_test
