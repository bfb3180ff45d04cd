// The collector under faults and load: what is lost, what is kept for sure, and that the sums are exact.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "harness.h"

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using testing::EndsWith;

// A shell that does what the test says, when it says it.
class Shell {
  public:
    explicit Shell(const RunOptions& options = {}) : command_({"sh"}, options) {}

    [[nodiscard]] pid_t pid() const { return command_.pid(); }
    // Returns when the script has run.
    void run(const std::string& script) {
        const std::string line = script + "\necho >&9\n";
        ASSERT_EQ(::write(command_.input(), line.data(), line.size()), static_cast<ssize_t>(line.size()));
        ASSERT_TRUE(command_.wait_until_ready()) << script;
    }
    void end() {
        command_.close_input();
        command_.wait();
    }

  private:
    Command command_;
};

class Collector : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    std::vector<std::string> record(const std::string& trace, std::vector<std::string> more) {
        more.insert(more.begin(), {catena_path(), "record", "-o", trace, "--ready-fd", "9"});
        return more;
    }
    // `dd` of one byte a call, so many times: twice as many calls.
    static std::string calls(int count) {
        return "dd if=/dev/zero of=/dev/null bs=1 count=" + std::to_string(count) + " status=none";
    }
    static std::string of(const std::string& exe) {
        return "(select id from processes where exe like '%/" + exe + "')";
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

// The reader stands still while the ring overflows, and comes back.
TEST_F(Collector, AReaderThatStoodStillLosesFlowsAndNoProcesses) {
    Shell shell;
    Command recorder(
        record(trace_, {"--fidelity", "full", "--ring-mib", "1", "--pid", std::to_string(shell.pid())}));
    ASSERT_TRUE(recorder.wait_until_ready());
    recorder.signal(SIGSTOP);
    shell.run(calls(100000));
    shell.run("/bin/cat /etc/hostname >/dev/null; /bin/true");
    recorder.signal(SIGCONT);
    std::this_thread::sleep_for(std::chrono::seconds(2));  // other tests may have the processors
    shell.run("/bin/cat /etc/passwd >/dev/null");
    shell.end();
    ASSERT_EQ(recorder.wait().exit_code, 0);

    const Account account = account_of(trace_);
    EXPECT_GT(account.lost, 0);
    EXPECT_EQ(account.lost, account.lost_reserved + account.lost_share)
        << "the room for the vital was never used up";
    EXPECT_EQ(value_of(trace_, "select count(*) from events where op = 'fork'"), "4");
    EXPECT_EQ(value_of(trace_, "select count(*) from events where op = 'exit'"), "5");
    for (const char* exe : {"dd", "cat", "true"}) {
        EXPECT_GE(
            std::stol("0" + value_of(trace_, "select count(*) from events where op = 'exec' and process in " +
                                                 of(exe))),
            1)
            << exe;
    }
    EXPECT_GE(calls_of(trace_,
                       "op = 'read' and process in (select id from processes where cmdline like "
                       "'%/etc/passwd')"),
              1)
        << "what came after the reader went on is there";
    EXPECT_NE(value_of(trace_, "select max(lost_calls) from loss"), "0");
    EXPECT_EQ(
        value_of(trace_,
                 "select sum(calls) - sum(lost_calls) from (select max(calls) as calls, max(lost_calls) "
                 "as lost_calls from loss group by cpu)"),
        value_of(trace_, "select count(*) from syscalls"));
    EXPECT_EQ(value_of(trace_,
                       "select count(*) from events e join syscalls s on s.id = e.call where s.syscall <> "
                       "e.syscall or s.tid <> e.tid"),
              "0")
        << "an event is of a call that is not its own";
}

TEST_F(Collector, MergedFlowsAreNotLostWhereTheReaderStandsStill) {
    Shell shell;
    Command recorder(record(trace_, {"--ring-mib", "1", "--pid", std::to_string(shell.pid())}));
    ASSERT_TRUE(recorder.wait_until_ready());
    recorder.signal(SIGSTOP);
    shell.run(calls(100000));
    recorder.signal(SIGCONT);
    shell.end();
    ASSERT_EQ(recorder.wait().exit_code, 0);
    expect_full_account(trace_);
    EXPECT_EQ(calls_of(trace_, "op = 'write' and process in " + of("dd")), 100000);
}

TEST_F(Collector, KilledAndRestartedWhileTheLoadGoesOn) {
    Echo echo;
    const std::string pid = std::to_string(echo.pid());
    const std::string second = directory_.file("second.catena");
    Command first(record(trace_, {"--pid", pid}));
    ASSERT_TRUE(first.wait_until_ready());
    for (int i = 0; i < 1000; ++i) echo.ping();
    first.signal(SIGKILL);
    first.wait();
    for (int i = 0; i < 1000; ++i) echo.ping();
    Command next(record(second, {"--pid", pid}));
    ASSERT_TRUE(next.wait_until_ready());
    for (int i = 0; i < 1000; ++i) echo.ping();
    next.signal(SIGTERM);
    ASSERT_EQ(next.wait().exit_code, 0);

    EXPECT_EQ(catena({"events", trace_}).exit_code, 0);
    EXPECT_EQ(calls_of(second, "op = 'read'"), 1000);
    expect_full_account(second);
}

TEST_F(Collector, TwoRecordersAtOnceSeeTheSame) {
    Echo echo;
    const std::string pid = std::to_string(echo.pid());
    const std::string second = directory_.file("second.catena");
    Command a(record(trace_, {"--pid", pid}));
    Command b(record(second, {"--fidelity", "full", "--pid", pid}));
    ASSERT_TRUE(a.wait_until_ready());
    ASSERT_TRUE(b.wait_until_ready());
    for (int i = 0; i < 1000; ++i) echo.ping();
    for (Command* recorder : {&a, &b}) {
        recorder->signal(SIGTERM);
        ASSERT_EQ(recorder->wait().exit_code, 0);
    }
    for (const std::string& trace : {trace_, second}) {
        EXPECT_EQ(calls_of(trace, "op = 'read'"), 1000);
        expect_full_account(trace);
    }
    EXPECT_GT(account_of(trace_).merged, 1900) << "pings carry nothing new";
    EXPECT_EQ(account_of(second).merged, 0);
}

TEST_F(Collector, TenThousandThreadsAreCountedToTheLastCall) {
    ASSERT_EQ(catena({"record", "-o", trace_, "--", program_path("many_threads"), "10000"}).exit_code, 0);
    EXPECT_EQ(calls_of(trace_, "op = 'thread'"), 10000);
    EXPECT_EQ(calls_of(trace_, "op = 'write' and object in (select id from files where path = '/dev/null')"),
              30000);
    expect_full_account(trace_);
}

// Two thousand processes begin and end in each second, for three seconds; every tenth runs a program.
TEST_F(Collector, AProcessStormIsRecordedToTheLastProcess) {
    const Outcome outcome =
        catena({"record", "-o", trace_, "--", program_path("storm"), "3", "2000", program_path("storm")});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    long count = 0;
    long ran = 0;
    long took_us = 0;
    std::istringstream(outcome.out) >> count >> ran >> took_us;
    ASSERT_EQ(count, 6000);
    std::printf("%ld processes per second\n", count * 1'000'000 / took_us);

    const std::string storm = "(select object from events where op = 'fork')";
    EXPECT_EQ(calls_of(trace_, "op = 'fork'"), count);
    EXPECT_EQ(calls_of(trace_, "op = 'exit' and process in " + storm), count);
    EXPECT_EQ(calls_of(trace_, "op = 'exit'"), count + 1) << "and that of the storm itself";
    EXPECT_EQ(calls_of(trace_, "op = 'exec' and process in " + storm), ran);
    EXPECT_EQ(value_of(trace_, "select count(distinct process) from events where op = 'exit'"),
              std::to_string(count + 1));
    EXPECT_EQ(
        value_of(trace_, "select count(*) from images where cmdline = '" + program_path("storm") + " 0'"),
        std::to_string(ran));
    EXPECT_EQ(value_of(trace_, "select value from meta where key = 'lost_descriptions'"), "0");
    const Account account = account_of(trace_);
    EXPECT_EQ(account.lost, 0);
    EXPECT_EQ(account.lost_reserved, 0);
    EXPECT_EQ(account.lost_share, 0);
}

TEST_F(Collector, ADirectoryTreeThreeHundredDeepHasItsPaths) {
    std::string deep;
    for (int i = 0; i < 300; ++i) deep += "d" + std::to_string(i) + "/";
    ASSERT_EQ(catena({"record", "-o", trace_, "--", "sh", "-c",
                      "mkdir -p " + deep + " && echo x > " + deep + "leaf"},
                     {.directory = directory_.path(), .prepare = {}})
                  .exit_code,
              0);
    const auto created = events_of(trace_, "op = 'create'");
    ASSERT_EQ(created.size(), 1U);
    EXPECT_EQ(created[0]["object"]["path"], directory_.file(deep + "leaf"));
    EXPECT_EQ(calls_of(trace_, "op = 'mkdir'"), 300);
    expect_full_account(trace_);
}

TEST_F(Collector, AFilesystemThatIsUnmountedMeanwhile) {
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    const std::string place = directory_.file("mounted");
    const Outcome outcome =
        catena({"record", "-o", trace_, "--", "sh", "-c",
                "mkdir " + place + " && mount -t tmpfs none " + place + " && echo secret > " + place +
                    "/f && exec 5<" + place + "/f && umount -l " + place + " && cat <&5 > " +
                    directory_.file("copy")});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_EQ(
        calls_of(trace_, "op = 'create' and object in (select id from files where path = '" + place + "/f')"),
        1);
    const Outcome chain = catena({"chain", trace_, "file:" + directory_.file("copy"), "--format", "json"});
    ASSERT_EQ(chain.exit_code, 0) << chain.err;
    EXPECT_THAT(chain.out, testing::HasSubstr("/f"));
    expect_full_account(trace_);
}

// ---- cgroups ----

class Shares : public Collector {
  protected:
    void SetUp() override {
        Collector::SetUp();
        if (IsSkipped()) return;
        const std::string root = cgroup_root();
        if (root.empty()) GTEST_SKIP() << "the cgroup v2 tree is not mounted";
        parent_ = root + "/catena-shares-" + std::to_string(::getpid());
        for (const std::string& path : {parent_, parent_ + "/noisy", parent_ + "/quiet"}) {
            std::error_code error;
            if (!std::filesystem::create_directory(path, error))
                GTEST_SKIP() << path << ": " << error.message();
        }
    }
    void TearDown() override {
        for (const char* name : {"/noisy", "/quiet", ""}) ::rmdir((parent_ + name).c_str());
    }
    bool join(const std::string& group, pid_t pid) {
        std::ofstream procs(parent_ + "/" + group + "/cgroup.procs");
        procs << pid << std::flush;
        return procs.good();
    }
    std::string parent_;
};

TEST_F(Shares, ANoisyCgroupDoesNotStarveTheOthers) {
    Shell noisy;
    Shell quiet;
    if (!join("noisy", noisy.pid()) || !join("quiet", quiet.pid()))
        GTEST_SKIP() << "no process can be put into a cgroup";
    Command recorder(record(trace_, {"--fidelity", "full", "--ring-mib", "1", "--cgroup", parent_}));
    ASSERT_TRUE(recorder.wait_until_ready());
    recorder.signal(SIGSTOP);
    noisy.run(calls(100000));
    quiet.run(calls(100));
    recorder.signal(SIGCONT);
    quiet.end();
    noisy.end();
    recorder.signal(SIGTERM);
    ASSERT_EQ(recorder.wait().exit_code, 0);

    const Account account = account_of(trace_);
    EXPECT_GT(account.lost_share, 0);
    EXPECT_EQ(account.lost, account.lost_share)
        << "only the noisy one lost anything, and only because of its share";
    EXPECT_EQ(
        calls_of(trace_,
                 "op = 'write' and process in (select id from processes where cmdline like '%count=100 %')"),
        100);
}

}  // namespace
}  // namespace catena::kernel_test
