// Watching functions of programs that are odd, change under the recording, or are many; and of a recorder
// that stands still or is killed. What the program itself says is the truth.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "function_ways.h"
#include "harness.h"
#include "sensor/probe.h"

namespace catena::kernel_test {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;

class FunctionFaults : public testing::Test {
  protected:
    void SetUp() override {
        if (const std::string reason = why_not_recordable(); !reason.empty()) GTEST_SKIP() << reason;
    }

    [[nodiscard]] std::vector<std::string> recorder(const std::string& binary, const std::string& mode,
                                                    const std::vector<std::string>& scope) const {
        std::vector<std::string> arguments = {
            catena_path(), "record",           "-o",          trace_,           "--ready-fd",       "9",
            "--functions", binary + ":middle", "--functions", binary + ":leaf", "--functions-mode", mode};
        arguments.insert(arguments.end(), scope.begin(), scope.end());
        return arguments;
    }

    // What was recorded in the words of the program.
    [[nodiscard]] std::string counted() const {
        const auto of = [&](const std::string& name) {
            return value_of(trace_,
                            "select coalesce((select sum(count) from function_counts c join functions "
                            "f on f.id = c.function where f.name = '" +
                                name + "'), 0)");
        };
        return "middle " + of("middle") + " leaf " + of("leaf") + "\n";
    }

    static void ask(Command& program) {
        ASSERT_EQ(::write(program.input(), "x", 1), 1);
        ASSERT_TRUE(program.wait_until_ready());
    }

    // A copy of the test program that this test may do anything to.
    [[nodiscard]] std::string copy(const std::string& name) const {
        fs::copy_file(program_path("function_calls"), directory_.file(name));
        return directory_.file(name);
    }

    // Writes bytes into the file, or cuts it.
    static void damage(const std::string& path, std::streamoff at, const std::string& bytes) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(at);
        file << bytes;
    }

    void compile(const std::string& source, const std::string& line) const {
        std::ofstream(directory_.file("source.c")) << source;
        const Outcome done =
            run({"sh", "-c", line}, {.directory = directory_.path().string(), .prepare = {}});
        ASSERT_EQ(done.exit_code, 0) << done.err;
    }

    // The program `many`, which calls each of its functions f0, f1, … once.
    void compile_many(int functions) const {
        std::string code = ".text\n";
        std::string calls = ".globl main\nmain: push %rbp\n";
        for (int i = 0; i < functions; ++i) {
            const std::string name = "f" + std::to_string(i);
            code += ".globl " + name + "\n.type " + name + ", @function\n" + name +
                    ": push %rbx\npop %rbx\nret\n.size " + name + ", .-" + name + "\n";
            calls += "call " + name + "\n";
        }
        calls += "pop %rbp\nxor %eax, %eax\nret\n.section .note.GNU-stack,\"\",@progbits\n";
        std::ofstream(directory_.file("many.s")) << code << calls;
        compile("", "cc -static -o many many.s");
    }

    TempDir directory_;
    std::string trace_ = directory_.file("t.catena");
};

using FunctionFaultWays = EachWay<FunctionFaults>;
INSTANTIATE_TEST_SUITE_P(Probes, FunctionFaultWays, testing::Values(Ways::Best, Ways::Singly), name_of);

TEST_F(FunctionFaults, ProgramsLinkedInOtherWaysAreCountedExactly) {
    const std::string source = CATENA_PROGRAM_SOURCES "/function_calls.c";
    for (const std::string compiler : {"cc -O1 -static-pie", "cc -O1 -pie", "musl-gcc -O1 -static-pie"}) {
        if (compiler.starts_with("musl") && ::access("/usr/bin/musl-gcc", X_OK) != 0) continue;
        const std::string program = directory_.file("linked");
        compile("", compiler + " -pthread -o linked " + source);
        const Outcome done =
            catena({"record", "-o", trace_, "--functions", "exe:middle", "--functions", "exe:leaf",
                    "--functions-mode", "count", "--", program, "calls", "1000"});
        ASSERT_EQ(done.exit_code, 0) << compiler << done.err;
        EXPECT_EQ(counted(), done.out) << compiler;
    }
}

TEST_F(FunctionFaults, FilesThatAreNoProgramsAreRefusedInWords) {
    const auto refused = [&](const std::string& path) {
        const Outcome done = catena({"record", "-o", trace_, "--functions", path + ":*", "--", "true"});
        EXPECT_GT(done.exit_code, 0) << path;
        EXPECT_LT(done.exit_code, 128) << path;
        EXPECT_FALSE(fs::exists(trace_)) << path;
        EXPECT_THAT(done.err, HasSubstr(path));
        return done.err;
    };
    const std::string small = copy("32bit");
    damage(small, 4, "\x01");                     // EI_CLASS
    damage(small, 18, std::string("\x03\0", 2));  // e_machine
    EXPECT_THAT(refused(small), HasSubstr("32-bit"));
    const std::string cut = copy("cut");
    fs::resize_file(cut, 40);
    refused(cut);
    const std::string headers_only = copy("headers_only");
    fs::resize_file(headers_only, 1000);
    refused(headers_only);
    std::ofstream(directory_.file("empty"));
    refused(directory_.file("empty"));
    compile("int nothing = 1;", "cc -shared -nostdlib -o data source.c && strip data");
    EXPECT_THAT(refused(directory_.file("data")), HasSubstr("no functions"));
}

// The kernel runs such a program, since it does not look at sections. Names are lost with them.
TEST_F(FunctionFaults, AProgramWhoseSectionHeadersLieIsWatchedByAddress) {
    for (const std::string offset : {"\xff\xff\xff\xff\xff\xff\xff\x7f", "\x01"}) {
        const std::string lying = directory_.file("lying");
        fs::copy_file(program_path("function_calls"), lying, fs::copy_options::overwrite_existing);
        damage(lying, 40, offset);  // e_shoff
        const Outcome done = catena({"record", "-o", trace_, "--functions", "exe:*", "--functions-mode",
                                     "count", "--", lying, "calls", "1000"});
        ASSERT_EQ(done.exit_code, 0) << done.err;
        EXPECT_EQ(done.out, "middle 1000 leaf 2000\n");
        EXPECT_EQ(value_of(trace_,
                           "select string_agg(n, ' ' order by n) from (select sum(count)::varchar as n from "
                           "function_counts group by function having sum(count) >= 1000)"),
                  "1000 2000");
    }
}

TEST_F(FunctionFaults, APackedProgramRunsAndWhatIsSaidOfItIsTrue) {
    if (::access("/usr/bin/upx", X_OK) != 0) GTEST_SKIP() << "upx is not installed";
    const std::string packed = copy("packed");
    compile("", "upx -qq -1 packed");
    const Outcome done = catena({"record", "-o", trace_, "--functions", "exe:*", "--functions-mode", "count",
                                 "--", packed, "calls", "1000"});
    // All that the file has is what unpacks it.
    if (done.exit_code == 0) {
        EXPECT_EQ(done.out, "middle 1000 leaf 2000\n");
        EXPECT_EQ(counted(), "middle 0 leaf 0\n");
    } else {
        EXPECT_THAT(done.err, AnyOf(HasSubstr("no functions"), HasSubstr("none of")));
    }
}

// Probes are on the file that had the name when recording began.
TEST_P(FunctionFaultWays, WhatRunsAReplacedOrDeletedFileIsCountedOnAndItsSuccessorIsNot) {
    const std::string file = copy("replaced");
    Command old({file, "asked", "100"});
    ASSERT_TRUE(old.wait_until_ready());
    Command recording(recorder(file, "count", {"--host"}));
    ASSERT_TRUE(recording.wait_until_ready());
    ask(old);
    fs::rename(copy("successor"), file);
    EXPECT_EQ(run({file, "calls", "7"}).out, "middle 7 leaf 14\n");
    ask(old);
    fs::remove(file);
    ask(old);
    old.close_input();
    const Outcome truth = old.wait();
    recording.signal(SIGINT);
    ASSERT_EQ(recording.wait().exit_code, 0);
    EXPECT_EQ(truth.out, "middle 300 leaf 600\n");
    EXPECT_EQ(counted(), truth.out);
}

TEST_P(FunctionFaultWays, AThousandForksAreCounted) {
    const Outcome done =
        catena({"record", "-o", trace_, "--functions", "exe:middle", "--functions", "exe:leaf",
                "--functions-mode", "count", "--", program_path("function_calls"), "forks", "1000"});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, "middle 1000 leaf 2000\n");
    EXPECT_EQ(counted(), done.out);
}

TEST_P(FunctionFaultWays, AFileThatTwoHundredProcessesHaveMappedIsCountedInEach) {
    const std::string program = program_path("function_calls");
    Command crowd({program, "crowd", "200"});
    ASSERT_TRUE(crowd.wait_until_ready());
    Command recording(recorder(program, "count", {"--pid", std::to_string(crowd.pid())}));
    ASSERT_TRUE(recording.wait_until_ready());
    ASSERT_EQ(::write(crowd.input(), "x", 1), 1);
    const Outcome truth = crowd.wait();
    ASSERT_EQ(recording.wait().exit_code, 0);
    EXPECT_EQ(truth.out, "middle 200 leaf 400\n");
    EXPECT_EQ(counted(), truth.out);
}

TEST_P(FunctionFaultWays, ALibraryThatIsLoadedLaterIsWatched) {
    compile("void middle(void) { __asm__ volatile(\"\" ::: \"rbx\", \"memory\"); }",
            "cc -O1 -shared -fPIC -o plugin.so source.c");
    compile(
        "#include <dlfcn.h>\n#include <stdio.h>\n"
        "int main(void) { for (int load = 0; load < 3; load++) { void *file = dlopen(\"./plugin.so\", "
        "RTLD_NOW);\n"
        "void (*call)(void) = dlsym(file, \"middle\"); for (int i = 0; i < 100; i++) call(); dlclose(file); "
        "}\n"
        "puts(\"middle 300 leaf 0\"); }",
        "cc -o loader source.c");
    const Outcome done =
        catena({"record", "-o", trace_, "--functions", directory_.file("plugin.so") + ":middle",
                "--functions-mode", "count", "--", directory_.file("loader")},
               {.directory = directory_.path().string(), .prepare = {}});
    ASSERT_EQ(done.exit_code, 0) << done.err;
    EXPECT_EQ(done.out, "middle 300 leaf 0\n");
    EXPECT_EQ(counted(), done.out);
}

TEST_F(FunctionFaults, FortyThousandFunctionsAreCountedEach) {
    if (const auto tried = sensor::try_uprobe(sensor::UprobeWay::Together); !tried)
        GTEST_SKIP() << "one by one they take half an hour: uprobe.multi: " << tried.error().message;
    compile_many(40000);
    for (const std::string mode : {"count", "once"}) {
        const Outcome done = catena({"record", "-o", trace_, "--functions", "exe:f[0-9]*", "--functions-mode",
                                     mode, "--", directory_.file("many")});
        ASSERT_EQ(done.exit_code, 0) << done.err;
        EXPECT_EQ(value_of(trace_, "select count(distinct function) from function_counts"), "40000") << mode;
        if (mode == "count") {
            EXPECT_EQ(value_of(trace_, "select sum(count) from function_counts"), "40000");
        }
    }
}

// How many bytes of its program's code a process has otherwise than the file: where the probes are.
std::size_t probes_in(pid_t pid, const std::string& program) {
    std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.find(" r-xp ") == std::string::npos || !line.ends_with(program)) continue;
        std::istringstream words(line);
        std::string range, rights, offset;
        words >> range >> rights >> offset;
        const auto begin = std::stoull(range, nullptr, 16);
        const auto end = std::stoull(range.substr(range.find('-') + 1), nullptr, 16);
        std::string here(end - begin, '\0'), there(end - begin, '\0');
        std::ifstream("/proc/" + std::to_string(pid) + "/mem")
            .seekg(static_cast<std::streamoff>(begin))
            .read(here.data(), static_cast<std::streamsize>(here.size()));
        std::ifstream(program)
            .seekg(static_cast<std::streamoff>(std::stoull(offset, nullptr, 16)))
            .read(there.data(), static_cast<std::streamsize>(there.size()));
        std::size_t count = 0;
        for (std::size_t i = 0; i < here.size(); ++i)
            count += here[i] != there[i] && here[i] == '\xcc' ? 1 : 0;
        return count;
    }
    return 0;
}

TEST_P(FunctionFaultWays, OnceTakesAProbeAwayOnceItWasHitAndLeavesTheOthers) {
    const std::string program = program_path("function_calls");
    Command target({program, "asked", "1"});
    ASSERT_TRUE(target.wait_until_ready());
    std::vector<std::string> arguments = recorder(program, "once", {"--pid", std::to_string(target.pid())});
    arguments.insert(arguments.end(), {"--functions", program + ":never"});
    Command recording(arguments);
    ASSERT_TRUE(recording.wait_until_ready());
    EXPECT_EQ(probes_in(target.pid(), program), 3U);
    ask(target);
    const auto begin = std::chrono::steady_clock::now();
    while (probes_in(target.pid(), program) > 1 &&
           std::chrono::steady_clock::now() - begin < std::chrono::seconds(30))
        ask(target);
    EXPECT_EQ(probes_in(target.pid(), program), 1U);
    target.close_input();
    target.wait();
    ASSERT_EQ(recording.wait().exit_code, 0);
    EXPECT_EQ(counted(), "middle 1 leaf 1\n");
}

// Where probes are placed one by one each is an open file.
TEST_F(FunctionFaults, MoreProbesThanFilesCanBeOpenAreRefusedAndTheCommandDoesNotStart) {
    compile_many(1000);
    ::setenv("CATENA_PROBES", "singly", 1);
    Command recording({catena_path(), "record", "-o", trace_, "--functions",
                       directory_.file("many") + ":f[0-9]*", "--", "sh", "-c", "echo started >&9"},
                      {.directory = "", .prepare = [] {
                           const rlimit few{.rlim_cur = 400, .rlim_max = 400};
                           if (::prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0) != 0 ||
                               ::setrlimit(RLIMIT_NOFILE, &few) != 0)
                               ::_exit(123);
                       }});
    ::unsetenv("CATENA_PROBES");
    EXPECT_FALSE(recording.wait_until_ready()) << "the command started";
    const Outcome done = recording.wait();
    EXPECT_EQ(done.exit_code, 3) << done.err;
    EXPECT_THAT(done.err, HasSubstr("1000 probes"));
    EXPECT_THAT(done.err, HasSubstr("400 open files"));
}

TEST_P(FunctionFaultWays, AnInterruptWhileProbesArePlacedEndsItBeforeTheCommandStarts) {
    Command recording({catena_path(), "record", "-o", trace_, "--functions",
                       program_path("function_calls") + ":middle", "--", "sh", "-c", "echo started >&9"},
                      {.directory = "", .prepare = [] {
                           sigset_t interrupt;
                           sigemptyset(&interrupt);
                           sigaddset(&interrupt, SIGINT);
                           ::sigprocmask(SIG_BLOCK, &interrupt, nullptr);
                           ::raise(SIGINT);  // and so it waits for whoever looks for it
                       }});
    EXPECT_FALSE(recording.wait_until_ready()) << "the command started";
    const Outcome done = recording.wait();
    EXPECT_EQ(done.exit_code, 4) << done.err;
    EXPECT_THAT(done.err, HasSubstr("while probes were placed"));
    EXPECT_EQ(value_of(trace_, "select value from meta where key = 'state'"), "complete");
}

// Taking probes away takes long one by one. By then the recording is complete.
TEST_F(FunctionFaults, WhoDoesNotWaitForProbesToGoHasACompleteRecording) {
    compile_many(150);
    ::setenv("CATENA_PROBES", "singly", 1);
    Command recording({catena_path(), "record", "-o", trace_, "--ready-fd", "9", "--functions",
                       directory_.file("many") + ":f[0-9]*", "--functions-mode", "count", "--host"});
    ASSERT_TRUE(recording.wait_until_ready());
    ::unsetenv("CATENA_PROBES");
    run({directory_.file("many")});
    while (recording.is_running_after(std::chrono::milliseconds(20))) recording.signal(SIGTERM);
    const Outcome done = recording.wait();
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_THAT(done.err, HasSubstr("left to a process"));
    EXPECT_EQ(value_of(trace_, "select value from meta where key = 'state'"), "complete");
    EXPECT_EQ(value_of(trace_, "select sum(count) from function_counts"), "150");
}

TEST_P(FunctionFaultWays, WhatAReaderThatStandsStillLosesIsCountedExactly) {
    const std::string program = program_path("function_calls");
    Command target({program, "asked", "100000"});
    ASSERT_TRUE(target.wait_until_ready());
    Command recording(
        recorder(program, "events", {"--ring-mib", "1", "--pid", std::to_string(target.pid())}));
    ASSERT_TRUE(recording.wait_until_ready());
    recording.signal(SIGSTOP);
    ask(target);
    recording.signal(SIGCONT);
    target.close_input();
    ASSERT_EQ(target.wait().out, "middle 100000 leaf 200000\n");
    ASSERT_EQ(recording.wait().exit_code, 0);
    const std::string per_cpu =
        "(select max(function_calls) as calls, max(lost_function_calls) as lost from loss group by cpu)";
    EXPECT_EQ(value_of(trace_, "select sum(calls) from " + per_cpu), "300000");
    EXPECT_EQ(value_of(trace_, "select sum(lost) > 0 from " + per_cpu), "true");
    EXPECT_EQ(value_of(trace_, "select sum(calls) - sum(lost) from " + per_cpu),
              value_of(trace_, "select count(*) from calls"));
}

TEST_P(FunctionFaultWays, AKilledRecorderLeavesTheTargetAloneAndTheNextOneCountsAnew) {
    const std::string program = program_path("function_calls");
    Command target({program, "asked", "100"});
    ASSERT_TRUE(target.wait_until_ready());
    const std::vector<std::string> scope = {"--pid", std::to_string(target.pid())};
    {
        Command killed(recorder(program, "count", scope));
        ASSERT_TRUE(killed.wait_until_ready());
        ask(target);
        killed.signal(SIGKILL);
        killed.wait();
    }
    ask(target);
    trace_ = directory_.file("second.catena");
    Command recording(recorder(program, "count", scope));
    ASSERT_TRUE(recording.wait_until_ready());
    ask(target);
    target.close_input();
    const Outcome truth = target.wait();
    EXPECT_EQ(truth.exit_code, 0);
    EXPECT_EQ(truth.out, "middle 300 leaf 600\n");
    ASSERT_EQ(recording.wait().exit_code, 0);
    EXPECT_EQ(counted(), "middle 100 leaf 200\n");
}

TEST_P(FunctionFaultWays, OfACgroupOnlyItsOwnProcessesAreCounted) {
    if (cgroup_root().empty()) GTEST_SKIP() << "the cgroup v2 tree is not mounted";
    const std::string program = program_path("function_calls");
    const std::string group = cgroup_root() + "/catena-functions-" + std::to_string(::getpid());
    std::error_code error;
    if (!fs::create_directory(group, error)) GTEST_SKIP() << group << ": " << error.message();
    {
        Command inside({program, "asked", "10"});
        Command outside({program, "asked", "1000"});
        ASSERT_TRUE(inside.wait_until_ready() && outside.wait_until_ready());
        std::ofstream(group + "/cgroup.procs") << inside.pid();
        Command recording(recorder(program, "count", {"--cgroup", group}));
        ASSERT_TRUE(recording.wait_until_ready());
        ask(inside);
        ask(outside);
        inside.close_input();
        inside.wait();
        recording.signal(SIGINT);
        EXPECT_EQ(recording.wait().exit_code, 0);
    }
    EXPECT_EQ(counted(), "middle 10 leaf 20\n");
    fs::remove(group, error);
}

}  // namespace
}  // namespace catena::kernel_test
