// Bad input and faults: each ends with a clear sentence and the right exit code, and nothing that was
// recorded is lost.
#include <duckdb.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string text_of(const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

void write_file(const std::string& path, const std::string& text, mode_t mode = 0644) {
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
}

// Runs SQL on a database file as any user of DuckDB may.
void sql(const std::string& path, const char* statement) {
    duckdb_database database = nullptr;
    duckdb_connection connection = nullptr;
    ASSERT_EQ(duckdb_open(path.c_str(), &database), DuckDBSuccess);
    ASSERT_EQ(duckdb_connect(database, &connection), DuckDBSuccess);
    EXPECT_EQ(duckdb_query(connection, statement, nullptr), DuckDBSuccess);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
}

#define SKIP_UNLESS_RECORDABLE() \
    if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason

// ---- usage ----

TEST(Usage, UnknownVerbsAndOptionsAreWrongUsage) {
    for (const std::vector<std::string>& arguments : {std::vector<std::string>{"frobnicate"},
                                                      {"record", "--no-such-option", "--", "true"},
                                                      {"events"},
                                                      {"events", "t", "--format", "xml"},
                                                      {"record"},
                                                      {"record", "--host", "--", "true"},
                                                      {"record", "--pid", "abc"},
                                                      {"chain", "t"},
                                                      {"query", "t"}}) {
        const Outcome outcome = catena(arguments);
        EXPECT_EQ(outcome.exit_code, 2) << arguments.front();
        EXPECT_THAT(outcome.out, IsEmpty()) << arguments.front();
        EXPECT_THAT(outcome.err, Not(IsEmpty())) << arguments.front();
    }
}

TEST(Usage, HelpIsThereForEveryVerb) {
    for (const char* verb : {"record", "events", "chain", "query", "doctor"}) {
        const Outcome outcome = catena({verb, "--help"});
        EXPECT_EQ(outcome.exit_code, 0) << verb;
        EXPECT_THAT(outcome.out, HasSubstr("xample")) << verb;
    }
}

// ---- the command that is recorded ----

class Record : public testing::Test {
  protected:
    void SetUp() override { SKIP_UNLESS_RECORDABLE(); }

    Outcome record(std::vector<std::string> command, const RunOptions& options = {}) {
        command.insert(command.begin(), {"record", "-o", trace_, "--"});
        return catena(std::move(command), options);
    }
    std::string state() { return value_of(trace_, "select value from meta where key = 'state'"); }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

TEST_F(Record, CommandNotFoundIs127) {
    const Outcome outcome = record({"no-such-command-anywhere"});
    EXPECT_EQ(outcome.exit_code, 127);
    EXPECT_THAT(outcome.err, HasSubstr("no-such-command-anywhere"));
    EXPECT_EQ(record({directory_.file("nothing")}).exit_code, 127);
}

TEST_F(Record, CommandNotExecutableIs126) {
    write_file(directory_.file("plain"), "text");
    const Outcome outcome = record({directory_.file("plain")});
    EXPECT_EQ(outcome.exit_code, 126);
    EXPECT_THAT(outcome.err, HasSubstr("plain"));
    EXPECT_EQ(record({directory_.path().string()}).exit_code, 126) << "a directory";
}

TEST_F(Record, ExitCodeIsTheCommands) {
    EXPECT_EQ(record({"sh", "-c", "exit 7"}).exit_code, 7);
    EXPECT_EQ(record({"true"}).exit_code, 0);
}

TEST_F(Record, CommandThatDiesByASignalIsRecordedWhole) {
    EXPECT_EQ(record({"sh", "-c", "kill -SEGV $$"}).exit_code, 128 + SIGSEGV);
    EXPECT_EQ(state(), "complete");
    const auto exits = events_of(trace_, "op = 'exit'");
    ASSERT_EQ(exits.size(), 1U);
    EXPECT_EQ(exits[0]["signal"], "SIGSEGV");
    expect_full_account(trace_);
}

TEST_F(Record, CommandKeepsItsInputOutputAndSignals) {
    Command command({catena_path(), "record", "-o", trace_, "--", "sh", "-c", "cat; yes | head -n 1"});
    ASSERT_EQ(::write(command.input(), "hello\n", 6), 6);
    command.close_input();
    const Outcome outcome = command.wait();
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_EQ(outcome.out, "hello\ny\n");
    EXPECT_THAT(outcome.err, Not(HasSubstr("roken pipe")))
        << "the recorder's own SIGPIPE setting must not be inherited";
}

TEST_F(Record, SilentWhereNobodyWatches) {
    const Outcome outcome = record({"true"});
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, Not(HasSubstr("\r"))) << "progress is for terminals";
}

TEST_F(Record, PidThatIsGone) {
    Echo echo;
    const pid_t gone = echo.pid();
    echo.end();
    const Outcome outcome = catena({"record", "-o", trace_, "--pid", std::to_string(gone)});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.err, HasSubstr(std::to_string(gone)));
}

TEST_F(Record, OutputThatIsNoRecordingIsLeftAlone) {
    write_file(trace_, "precious");
    const Outcome outcome = record({"true"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.err, HasSubstr(trace_));
    EXPECT_EQ(text_of(trace_), "precious");
}

TEST_F(Record, OutputThatCannotBeMade) {
    const Outcome outcome = catena({"record", "-o", "/no/such/place/t.catena", "--", "true"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.err, HasSubstr("/no/such/place/t.catena"));
}

TEST_F(Record, AnEarlierRecordingIsReplaced) {
    ASSERT_EQ(record({"true"}).exit_code, 0);
    ASSERT_EQ(record({"sh", "-c", "exit 0"}).exit_code, 0);
    EXPECT_THAT(events_of(trace_, "op = 'exec'").at(0)["process"]["cmdline"].get<std::string>(),
                HasSubstr("exit 0"));
}

// Becomes the user nobody, who can read and write every file (the build may be in a private directory) but do
// nothing else.
void become_nobody() {
    const auto bit = [](int capability) { return 1U << capability; };
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    __user_cap_data_struct data[2] = {};
    data[0].effective = data[0].permitted = data[0].inheritable =
        bit(CAP_DAC_OVERRIDE) | bit(CAP_DAC_READ_SEARCH);
    const bool done = ::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0 && ::setresgid(65534, 65534, 65534) == 0 &&
                      ::setresuid(65534, 65534, 65534) == 0 && ::syscall(SYS_capset, &header, data) == 0 &&
                      ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0) == 0 &&
                      ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_READ_SEARCH, 0, 0) == 0;
    if (!done) ::_exit(123);
}

TEST_F(Record, NotRoot) {
    const Outcome outcome = record({"true"}, {.directory = "", .prepare = become_nobody});
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.err, HasSubstr("root"));
}

// ---- interruptions ----

class Interrupted : public Record {
  protected:
    // Records an echo process for some pings, interrupts the recorder, and returns how it ended.
    Outcome record_until(int signal, int pings) {
        Echo echo;
        Command recorder(
            {catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--pid", std::to_string(echo.pid())});
        EXPECT_TRUE(recorder.wait_until_ready());
        for (int i = 0; i < pings; ++i) echo.ping();
        recorder.signal(signal);
        return recorder.wait();
    }
};

TEST_F(Interrupted, SigintAndSigtermLeaveTheTraceComplete) {
    for (const int signal : {SIGINT, SIGTERM}) {
        const Outcome outcome = record_until(signal, 100);
        EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
        EXPECT_EQ(state(), "complete");
        EXPECT_EQ(calls_of(trace_, "op = 'read'"), 100);
        EXPECT_GE(calls_of(trace_, "op = 'write'"), 99);
        expect_full_account(trace_);
    }
}

TEST_F(Interrupted, SignalReachesTheCommandToo) {
    Command recorder({catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--", "cat"});
    ASSERT_TRUE(recorder.wait_until_ready());
    recorder.signal(SIGTERM);
    EXPECT_EQ(recorder.wait().exit_code, 128 + SIGTERM);
    EXPECT_EQ(state(), "complete");
    const auto exits = events_of(trace_, "op = 'exit'");
    ASSERT_EQ(exits.size(), 1U);
    EXPECT_EQ(exits[0]["signal"], "SIGTERM");
}

TEST_F(Interrupted, SigkillLosesAtMostTheLastSecond) {
    using Clock = std::chrono::system_clock;
    Echo echo;
    Command recorder(
        {catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--pid", std::to_string(echo.pid())});
    ASSERT_TRUE(recorder.wait_until_ready());
    const auto began = Clock::now();
    while (Clock::now() - began < std::chrono::seconds(3)) echo.ping();
    const std::int64_t killed_ns =
        std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
    recorder.signal(SIGKILL);
    EXPECT_EQ(recorder.wait().exit_code, 128 + SIGKILL);

    EXPECT_GE(std::stoll("0" + value_of(trace_, "select max(last_ns) from events")),
              killed_ns - 1'000'000'000);
    EXPECT_EQ(state(), "recording");
    EXPECT_EQ(catena({"events", trace_}).exit_code, 0);
    account_of(trace_);
}

// A small disk, for the recording only, that goes away with the object.
class SmallDisk {
  public:
    explicit SmallDisk(std::string path, int kib) : path_(std::move(path)) {
        ::mkdir(path_.c_str(), 0755);
        EXPECT_EQ(::mount("none", path_.c_str(), "tmpfs", 0, ("size=" + std::to_string(kib) + "k").c_str()),
                  0);
    }
    ~SmallDisk() { ::umount2(path_.c_str(), MNT_DETACH); }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    [[nodiscard]] std::string file(const std::string& name) const { return path_ + '/' + name; }

  private:
    std::string path_;
};

// Wherever the disk ends, the recording holds what its own counts say, and what it does not hold is said.
// Merged calls and rows of their own are both plenty here.
TEST_F(Interrupted, ARecordingOnADiskThatFillsUpSaysWhatItHolds) {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    int filled = 0;
    for (const char* fidelity : {"causal", "full"}) {
        for (const int kib : {700, 1000, 1300, 1700, 2200, 2700}) {
            SCOPED_TRACE(std::string(fidelity) + " on " + std::to_string(kib) + " KiB");
            const SmallDisk disk(directory_.file("small"), kib);
            const std::string trace = disk.file("t.catena");
            const Outcome outcome = catena({"record", "--fidelity", fidelity, "-o", trace, "--", "sh", "-c",
                                            "dd if=/dev/zero of=/dev/null bs=1 count=200000 status=none & "
                                            "find /usr/lib /usr/share -type f -size -8k -print0 | head -z -n "
                                            "8000 | xargs -0 cat >/dev/null; wait"});
            // Where not even the first commit had room, there is nothing, and no count either.
            const bool empty =
                value_of(trace, "select (select count(*) from events) + count(*) from loss") == "0";
            if (!empty) account_of(trace);
            const bool complete = value_of(trace, "select value from meta where key = 'state'") == "complete";
            EXPECT_TRUE(complete || outcome.exit_code == 4) << outcome.exit_code;
            if (outcome.exit_code != 4) continue;
            ++filled;
            EXPECT_THAT(outcome.err, testing::ContainsRegex("[Ss]pace|full"));
            EXPECT_TRUE(complete || testing::Value(outcome.err, HasSubstr("calls that were seen since")))
                << outcome.err;
        }
    }
    EXPECT_GE(filled, 4) << "the disks were too large to show anything";
}

TEST_F(Interrupted, DiskFullStopsCleanly) {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    const SmallDisk small(directory_.file("small"), 4096);
    trace_ = small.file("t.catena");
    const Outcome outcome = catena({"record", "--fidelity", "full", "-o", trace_, "--", "dd", "if=/dev/zero",
                                    "of=/dev/null", "bs=1", "count=2000000", "status=none"});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.err, AllOf(HasSubstr(trace_), testing::ContainsRegex("[Ss]pace|full")));
    EXPECT_GT(std::stoll("0" + value_of(trace_, "select count(*) from events")), 0);
}

// ---- traces that cannot be read ----

class Reading : public Record {
  protected:
    // Every verb that reads says no with exit code 4, names the trace and says `words`.
    void expect_refused(const std::string& words) {
        for (const std::vector<std::string>& arguments : {std::vector<std::string>{"events", trace_},
                                                          {"query", trace_, "select 1"},
                                                          {"chain", trace_, "file:/etc/passwd"}}) {
            const Outcome outcome = catena(arguments);
            EXPECT_EQ(outcome.exit_code, 4) << arguments[0] << ": " << outcome.err;
            EXPECT_THAT(outcome.err, AllOf(HasSubstr(trace_), HasSubstr(words))) << arguments[0];
            EXPECT_THAT(outcome.out, IsEmpty()) << arguments[0];
        }
    }
};

TEST_F(Reading, MissingEmptyAndForeignFiles) {
    expect_refused("");
    write_file(trace_, "");
    expect_refused("empty");
    write_file(trace_, std::string(100000, 'x'));
    expect_refused("not a recording");
    ASSERT_EQ(::unlink(trace_.c_str()), 0);
    ASSERT_EQ(::mkdir(trace_.c_str(), 0755), 0);
    expect_refused("");
}

TEST_F(Reading, TruncatedTrace) {
    ASSERT_EQ(record({"ls", "-R", "/etc"}).exit_code, 0);
    std::filesystem::resize_file(trace_, std::filesystem::file_size(trace_) / 2);
    expect_refused("");
    std::filesystem::resize_file(trace_, 1000);
    expect_refused("truncated");
}

TEST_F(Reading, DatabaseThatIsNoRecording) {
    sql(trace_, "create table t (i integer)");
    expect_refused("not a recording");
}

TEST_F(Reading, NewerSchema) {
    ASSERT_EQ(record({"true"}).exit_code, 0);
    sql(trace_, "update meta set value = '999' where key = 'schema_version'");
    expect_refused("newer");
}

TEST_F(Reading, TraceThatIsBeingWritten) {
    Command recorder({catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--", "cat"});
    ASSERT_TRUE(recorder.wait_until_ready());
    expect_refused("record");
    EXPECT_EQ(record({"true"}).exit_code, 4) << "two recorders";
    recorder.close_input();
    EXPECT_EQ(recorder.wait().exit_code, 0);
    EXPECT_EQ(state(), "complete");
}

TEST_F(Reading, WrongConditionsAndQueriesAreWrongUsage) {
    ASSERT_EQ(record({"true"}).exit_code, 0);
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"events", trace_, "--where", "no_such_column = 1"},
          {"events", trace_, "--where", "op ="},
          {"query", trace_, "selekt 1"},
          {"query", trace_, "delete from events"},
          {"chain", trace_, "nonsense"}}) {
        const Outcome outcome = catena(arguments);
        EXPECT_EQ(outcome.exit_code, 2) << arguments[0] << ' ' << arguments.back() << ": " << outcome.err;
        EXPECT_THAT(outcome.err, Not(IsEmpty()));
    }
    EXPECT_FALSE(events_of(trace_).empty()) << "nothing was deleted";
}

TEST_F(Reading, PointThatIsNotThereSaysWhatIsClose) {
    write_file(directory_.file("precious.txt"), "x");
    ASSERT_EQ(record({"cat", directory_.file("precious.txt")}).exit_code, 0);
    const Outcome outcome = catena({"chain", trace_, "file:" + directory_.file("precius.txt")});
    EXPECT_EQ(outcome.exit_code, 4);
    EXPECT_THAT(outcome.err, HasSubstr(directory_.file("precious.txt")));
}

TEST_F(Reading, ClosedOutputEndsQuietly) {
    ASSERT_EQ(record({"ls", "-R", "/etc"}).exit_code, 0);
    const Outcome outcome = run({"sh", "-c", catena_path() + " events " + trace_ + " | head -n 1"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.err, IsEmpty());
    EXPECT_EQ(run({"sh", "-c", catena_path() + " events " + trace_ + " > /dev/full"}).exit_code, 4);
}

// ---- size ----

TEST_F(Record, WorkingDirectoryDeeperThanAPathCanSay) {
    const std::string name(250, 'd');
    const int start = ::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const auto go_deep = [&] {
        if (::fchdir(start) != 0) ::_exit(124);
        for (int i = 0; i < 20; ++i) {
            if (::mkdir(name.c_str(), 0755) != 0 || ::chdir(name.c_str()) != 0) ::_exit(124);
        }
    };
    const Outcome outcome = record({"touch", "leaf"}, {.directory = "", .prepare = go_deep});
    ::close(start);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto created = events_of(trace_, "op = 'create'");
    ASSERT_EQ(created.size(), 1U);
    EXPECT_THAT(created[0]["object"]["path"].get<std::string>(), testing::EndsWith(name + "/leaf"));
    expect_full_account(trace_);
}

TEST_F(Record, ManyProcesses) {
    const std::string count = std::getenv("CATENA_LONG_TESTS") != nullptr ? "100000" : "2000";
    ASSERT_EQ(record({"sh", "-c", "i=0; while [ $i -lt " + count + " ]; do (:); i=$((i+1)); done"}).exit_code,
              0);
    EXPECT_EQ(value_of(trace_, "select count(*) from events where op = 'fork'"), count);
    EXPECT_EQ(value_of(trace_, "select count(*) - 1 from events where op = 'exit'"), count);
    EXPECT_EQ(value_of(trace_,
                       "select count(distinct id) from processes where parent = (select process from events "
                       "where op = 'exec' limit 1)"),
              count);
    expect_full_account(trace_);
}

}  // namespace
}  // namespace catena::kernel_test
