// catena seccomp, as its users run it, on the real kernel.
#include <gmock/gmock.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "cli/program_fixture.h"
#include "cli/seccomp_run.h"
#include "seccomp/filter.h"

namespace catena::cli {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// What a C program of today needs to start, and to print.
constexpr const char* kStart[] = {
    "read",       "write",     "close",    "mmap",       "mprotect",        "munmap",
    "brk",        "pread64",   "access",   "arch_prctl", "set_tid_address", "set_robust_list",
    "rseq",       "prlimit64", "openat",   "newfstatat", "fstat",           "getrandom",
    "exit_group", "futex",     "readlink", "execve"};

class Seccomp : public ProgramTest {
  protected:
    void SetUp() override {
        if (auto able = seccomp::check_kernel(seccomp::Listener::Yes); !able)
            GTEST_SKIP() << able.error().message;
    }

    void write(const std::string& name, const std::string& text) { std::ofstream(path(name)) << text; }

    // A profile with what a program needs to start, and these.
    std::string profile(std::vector<std::string> calls, std::vector<std::string> without = {}) {
        calls.insert(calls.end(), std::begin(kStart), std::end(kStart));
        nlohmann::json json = {{"catena_profile", 1}, {"calls", nlohmann::json::array()}};
        for (const std::string& each : calls) {
            if (std::ranges::find(without, each) == without.end()) json["calls"].push_back({{"name", each}});
        }
        write("p.json", json.dump());
        return path("p.json");
    }

    // Compiles a C program.
    std::string program(const std::string& source, const std::string& flags = "-O1") {
        write("program.c", "#define _GNU_SOURCE\n" + source);
        const Outcome built = shell("cc -g -fno-inline -fno-optimize-sibling-calls " + flags +
                                    " program.c -o program -pthread");
        EXPECT_EQ(built.exit_code, 0) << built.err;
        return path("program");
    }

    Outcome shell(const std::string& line) {
        return run({"/bin/sh", "-c", "cd " + path("") + " && " + line});
    }

    Outcome under(const std::string& profile, std::vector<std::string> command,
                  std::vector<std::string> options = {}) {
        std::vector<std::string> words = {"seccomp", "run", "--profile", profile};
        words.insert(words.end(), options.begin(), options.end());
        words.emplace_back("--");
        words.insert(words.end(), command.begin(), command.end());
        return catena(words);
    }
};

constexpr const char* kAsksForParent = R"(
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
#include <sys/syscall.h>
__attribute__((noipa)) long ask_parent(void) { errno = 0; long r = syscall(SYS_getppid); return r < 0 ? -errno : 1; }
int main(void) { printf("%ld\n", ask_parent()); return 3; }
)";

TEST_F(Seccomp, ACallThatIsNotThereIsRefusedAndToldWithItsFunctionAndLibrary) {
    const Outcome refused = under(profile({}), {program(kAsksForParent)});
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_EQ(refused.out, "-1\n");
    EXPECT_THAT(refused.err, HasSubstr("refused (EPERM) getppid() of " + path("program")));
    EXPECT_THAT(
        refused.err,
        HasSubstr("syscall in libc.so.6, called by ask_parent in program, called by main in program"));
    EXPECT_THAT(refused.err, HasSubstr(R"(add {"name": "getppid", "number": 110} to )"));
    const Outcome allowed = under(profile({"getppid"}), {path("program")});
    EXPECT_EQ(allowed.out, "1\n");
    EXPECT_EQ(allowed.err, "");
}

TEST_F(Seccomp, UnknownCallsAreNotImplemented) {
    const Outcome refused = under(profile({}), {program(R"(
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
int main(void) { errno = 0; syscall(599, 1, 2); printf("%d\n", errno); return 0; }
)")});
    EXPECT_EQ(refused.out, "38\n");
    EXPECT_THAT(refused.err, HasSubstr("refused (ENOSYS) syscall_0x257("));
}

TEST_F(Seccomp, LearningConvergesInOneRun) {
    const std::string file = profile({});
    const Outcome learned = under(file, {program(kAsksForParent)}, {"--learn"});
    EXPECT_EQ(learned.exit_code, 3);
    EXPECT_EQ(learned.out, "1\n");
    EXPECT_THAT(learned.err,
                AllOf(HasSubstr("learned getppid()"), HasSubstr("p.json has 23 calls now, and had 22")));
    const Outcome again = under(file, {path("program")});
    EXPECT_EQ(again.out, "1\n");
    EXPECT_EQ(again.err, "");
    const Outcome explained = catena({"seccomp", "explain", file});
    EXPECT_THAT(
        explained.out,
        ContainsRegex("getppid +observed +both +1 +learned: syscall in libc.so.6, called by ask_parent"));
}

TEST_F(Seccomp, LogOnlyTellsAndLetsPass) {
    const Outcome passed = under(profile({}), {program(kAsksForParent)}, {"--log-only"});
    EXPECT_EQ(passed.out, "1\n");
    EXPECT_THAT(passed.err, HasSubstr("let pass getppid()"));
    EXPECT_EQ(catena({"seccomp", "run", "--profile", "x", "--learn", "--log-only", "--", "true"}).exit_code,
              kUsage);
}

TEST_F(Seccomp, PathsOfRefusedCallsAreShown) {
    const Outcome refused = under(profile({}), {program(R"(
#include <sys/stat.h>
int main(void) { return mkdir("/nonexistent/folder", 0700) == 0; }
)")});
    EXPECT_THAT(refused.err, HasSubstr(R"(mkdir("/nonexistent/folder", 0700))"));
}

TEST_F(Seccomp, AProfileThatLacksWhatTheLoaderNeedsSaysSo) {
    const Outcome refused = under(profile({}, {"mmap", "execve"}), {program(kAsksForParent)});
    EXPECT_NE(refused.exit_code, 3);  // ld.so complains, or falls over
    EXPECT_THAT(refused.err, AllOf(HasSubstr("refused (EPERM) mmap("), HasSubstr("in ld-linux-x86-64.so.2")));
}

TEST_F(Seccomp, TheExecOfTheCommandNeedsNoRuleAndALaterOneDoes) {
    EXPECT_EQ(under(profile({"getppid"}, {"execve"}), {program(kAsksForParent)}).err, "");
    const Outcome later = under(profile({}, {"execve"}), {program(R"(
#include <unistd.h>
int main(void) { execl("/bin/true", "true", (char *)0); return 9; }
)")});
    EXPECT_EQ(later.exit_code, 9);
    EXPECT_THAT(later.err, HasSubstr(R"(refused (EPERM) execve("/bin/true")"));
}

TEST_F(Seccomp, ThreadsForksAndStaticProgramsAreUnderIt) {
    constexpr const char* kMany = R"(
#include <pthread.h>
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
static void *ask(void *sum) { for (int i = 0; i < 50; i++) if (syscall(SYS_getppid) == -1 && errno == EPERM) __atomic_add_fetch((int *)sum, 1, __ATOMIC_RELAXED); return 0; }
int main(void) {
    int sum = 0, status;
    pthread_t t[8];
    pid_t child = fork();
    for (int i = 0; i < 8; i++) pthread_create(&t[i], 0, ask, &sum);
    for (int i = 0; i < 8; i++) pthread_join(t[i], 0);
    if (!child) _exit(sum == 400 ? 7 : 8);
    waitpid(child, &status, 0);
    printf("%d %d\n", sum, WEXITSTATUS(status));
}
)";
    const std::string file = profile({"clone", "clone3", "rt_sigprocmask", "rt_sigaction", "wait4", "madvise",
                                      "exit", "sched_yield", "getpid", "gettid"});
    const Outcome dynamic = under(file, {program(kMany)});
    EXPECT_EQ(dynamic.out, "400 7\n") << dynamic.err;
    EXPECT_THAT(dynamic.err, HasSubstr("catena: 799 more of the calls that were told"));
    const Outcome statically = under(file, {program(kMany, "-O1 -static")});
    EXPECT_EQ(statically.out, "400 7\n") << statically.err;
    EXPECT_THAT(statically.err, HasSubstr("called by ask in program"));
}

TEST_F(Seccomp, SignalsInterruptNothingForGood) {
    const Outcome outcome =
        under(profile({"rt_sigaction", "rt_sigreturn", "setitimer", "getpid", "kill"}), {program(R"(
#include <signal.h>
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/time.h>
static void tick(int s) { (void)s; }
int main(void) {
    struct sigaction a = { .sa_handler = tick, .sa_flags = SA_RESTART };
    struct itimerval often = { { 0, 200 }, { 0, 200 } };
    int refused = 0;
    sigaction(SIGALRM, &a, 0);
    setitimer(ITIMER_REAL, &often, 0);
    for (int i = 0; i < 300; i++) refused += syscall(SYS_getppid) == -1 && errno == EPERM;
    printf("%d\n", refused);
}
)")});
    EXPECT_EQ(outcome.out, "300\n") << outcome.err;
}

TEST_F(Seccomp, TheCommandsExitCodeIsKept) {
    const std::string file = profile({"kill", "getpid", "gettid", "tgkill", "rt_sigprocmask"});
    EXPECT_EQ(
        under(file, {program("#include <signal.h>\nint main(void) { return raise(SIGTERM); }")}).exit_code,
        143);
    EXPECT_EQ(under(file, {path("missing")}).exit_code, 127);
    EXPECT_EQ(under(file, {path("p.json")}).exit_code, 126);
    write("nothing", "not a program");
    ::chmod(path("nothing").c_str(), 0755);
    const Outcome failed = under(file, {path("nothing")});
    EXPECT_EQ(failed.exit_code, 126);
    EXPECT_THAT(failed.err, HasSubstr("Exec format error"));
}

TEST_F(Seccomp, WithoutPrivilegesItWorksTheSame) {
    if (::geteuid() != 0) GTEST_SKIP() << "this is the ordinary case already";
    const std::string file = profile({});
    const std::string binary = program(kAsksForParent);
    ::chmod(path("").c_str(), 0755);
    // In process, since nobody else may read the folder with the libraries of catena on some machines.
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::dup2(::open(path("told").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666), STDERR_FILENO);
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
        if (::setgroups(0, nullptr) != 0 || ::setresgid(65534, 65534, 65534) != 0 ||
            ::setresuid(65534, 65534, 65534) != 0)
            ::_exit(99);
        ::prctl(PR_SET_DUMPABLE, 1);  // as after the exec that an ordinary user would have made
        const int code = run_under_profile({.profile = file, .command = {binary}});
        std::fflush(stderr);
        ::_exit(code);
    }
    int status = 0;
    ::waitpid(pid, &status, 0);
    std::ifstream told(path("told"));
    const std::string text((std::istreambuf_iterator<char>(told)), {});
    EXPECT_EQ(WEXITSTATUS(status), 3) << text;
    EXPECT_THAT(text, AllOf(HasSubstr("-1\n"), HasSubstr("called by ask_parent in program")));
}

TEST_F(Seccomp, WhatIsForStartUpAloneIsRefusedOnceAProcessServes) {
    profile({"socket", "bind", "poll", "getppid", "socketpair", "rt_sigprocmask", "clone", "wait4"});
    std::ifstream old(path("p.json"));
    auto json = nlohmann::json::parse(old);
    json["serving_begins"] = {"poll"};
    for (auto& call : json["calls"]) {
        if (call["name"] == "getppid") call["phase"] = "start-up";
    }
    write("phases.json", json.dump());
    const std::string server = program(R"(
#include <poll.h>
#include <stdio.h>
#include <errno.h>
#include <unistd.h>
#include <sys/wait.h>
#include <sys/syscall.h>
static int ask(void) { return syscall(SYS_getppid) == -1 ? errno : 0; }
int main(void) {
    int before = ask(), after = 0;
    for (int i = 0; i < 400 && !after; i++) { poll(0, 0, 25); after = ask(); }
    if (!fork()) _exit(ask());
    int status;
    wait(&status);
    printf("%d %d %d\n", before, after, WEXITSTATUS(status));
}
)");
    const Outcome phased = under(path("phases.json"), {server}, {"--phases"});
    EXPECT_EQ(phased.out, "0 1 1\n") << phased.err;
    EXPECT_THAT(phased.err, HasSubstr("allowed for start-up only: make its phase \"both\""));
}

TEST_F(Seccomp, BadProfilesAreRefusedBeforeAnythingRuns) {
    const auto refusal = [&](const std::string& text) {
        write("bad.json", text);
        const Outcome outcome = under(path("bad.json"), {"/bin/echo", "ran"});
        EXPECT_EQ(outcome.exit_code, kBadInput) << text;
        EXPECT_EQ(outcome.out, "");
        return outcome.err;
    };
    EXPECT_THAT(refusal(R"({"catena_profile": 1, "calls": []})"), HasSubstr("allows no system call at all"));
    EXPECT_THAT(refusal(R"({"catena_profile": 1, "calls": [{"name": "opne"}]})"),
                HasSubstr("not known: opne"));
    EXPECT_THAT(refusal(R"({"catena_profile": 1, "calls": [{"name")"), HasSubstr("not JSON"));
    EXPECT_THAT(under(path("none.json"), {"true"}).err, HasSubstr("none.json: there is no such file"));
}

TEST_F(Seccomp, ProfilesAreComparedAndJudged) {
    profile({});
    ::rename(path("p.json").c_str(), path("a.json").c_str());
    profile({"splice"}, {"futex"});
    const Outcome diff = catena({"seccomp", "diff", path("a.json"), path("p.json")});
    EXPECT_EQ(diff.exit_code, kNegative);
    EXPECT_EQ(diff.out, "- futex\n+ splice\n");
    EXPECT_EQ(catena({"seccomp", "diff", path("a.json"), path("a.json")}).exit_code, kDone);
    const Outcome audit = catena({"seccomp", "audit", path("p.json")});
    EXPECT_THAT(audit.out, AllOf(HasSubstr("22 of "), ContainsRegex("reachable +CVE-2022-0847"),
                                 ContainsRegex("closed +CVE-2014-3153")));
    const auto json =
        nlohmann::json::parse(catena({"seccomp", "audit", path("p.json"), "--format", "json"}).out);
    EXPECT_EQ(json["allowed"], 22);
    const Outcome oci =
        catena({"seccomp", "export", path("p.json"), "--format", "oci", "-o", path("oci.json")});
    EXPECT_EQ(oci.exit_code, kDone) << oci.err;
    EXPECT_EQ(catena({"seccomp", "diff", path("p.json"), path("oci.json")}).exit_code, kDone);
}

// With a recorder: as root, where the kernel allows it.
class SeccompDerive : public Seccomp {
  protected:
    void SetUp() override {
        Seccomp::SetUp();
        if (::geteuid() != 0) GTEST_SKIP() << "recording needs root";
        const Outcome tried =
            catena({"record", "--fidelity", "full", "-o", path("try.catena"), "--", "/bin/true"});
        if (tried.exit_code != 0) GTEST_SKIP() << tried.err;
    }

    // Records the command, derives a profile, and runs it again under it: the same output, and nothing is
    // told.
    void runs_under_its_own_profile(const std::string& binary, const std::vector<std::string>& command) {
        std::vector<std::string> record = {"record", "--fidelity", "full", "-o", path("t.catena"), "--"};
        record.insert(record.end(), command.begin(), command.end());
        const Outcome recorded = catena(record);
        const Outcome made = catena({"seccomp", "derive", "--observed", "--binary", binary, "--trace",
                                     path("t.catena"), "-o", path("made.json")});
        ASSERT_EQ(made.exit_code, kDone) << made.err;
        const Outcome again = under(path("made.json"), command);
        EXPECT_EQ(again.out, recorded.out);
        EXPECT_EQ(again.exit_code, recorded.exit_code);
        EXPECT_EQ(again.err, "");
    }
};

TEST_F(SeccompDerive, ProgramsRunUnderTheirObservedProfiles) {
    runs_under_its_own_profile("/bin/ls", {"ls", "-l", "/etc/apt"});
    runs_under_its_own_profile("/bin/sh", {"sh", "-c", "ls /etc/apt | wc -l; echo done > /dev/null; exit 5"});
    const std::string threads = program(R"(
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *work(void *n) { usleep(50000); __atomic_add_fetch((int *)n, 1, __ATOMIC_RELAXED); return 0; }
int main(void) {
    int n = 0;
    pthread_t t[4];
    for (int i = 0; i < 4; i++) pthread_create(&t[i], 0, work, &n);
    for (int i = 0; i < 4; i++) pthread_join(t[i], 0);
    printf("%d\n", n);
}
)");
    const Outcome first = run({threads});
    EXPECT_EQ(first.out, "4\n");
    runs_under_its_own_profile(threads, {threads});
}

TEST_F(SeccompDerive, AServersPhasesAreSplitWhereItBeginsToWait) {
    const std::string server = program(R"(
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
int main(void) {
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t size = sizeof a;
    int s = socket(AF_INET, SOCK_STREAM, 0), e = epoll_create1(0), c = socket(AF_INET, SOCK_STREAM, 0);
    bind(s, (void *)&a, size);
    listen(s, 1);
    getsockname(s, (void *)&a, &size);
    connect(c, (void *)&a, size);
    struct epoll_event event = { .events = EPOLLIN }, got;
    epoll_ctl(e, EPOLL_CTL_ADD, s, &event);
    if (epoll_wait(e, &got, 1, -1) == 1) puts("served");
    close(accept(s, 0, 0));
    return 0;
}
)");
    runs_under_its_own_profile(server, {server});
    std::ifstream file(path("made.json"));
    const auto json = nlohmann::json::parse(file);
    EXPECT_EQ(json["serving_begins"], nlohmann::json::array({"epoll_wait"}));
    std::map<std::string, std::string> phases;
    for (const auto& call : json["calls"]) phases[call["name"]] = call["phase"];
    EXPECT_EQ(phases["listen"], "start-up");
    EXPECT_EQ(phases["mprotect"], "start-up");
    EXPECT_EQ(phases["accept"], "serving");
    EXPECT_EQ(phases["close"], "both");
    EXPECT_EQ(phases["exit_group"], "both");
}

TEST_F(SeccompDerive, RecordingsThatCannotCarryAProfileAreRefusedAndDoubtsAreTold) {
    catena({"record", "-o", path("causal.catena"), "--", "/bin/ls"});
    const Outcome causal = catena({"seccomp", "derive", "--observed", "--trace", path("causal.catena")});
    EXPECT_EQ(causal.exit_code, kBadInput);
    EXPECT_THAT(causal.err, HasSubstr("Record with --fidelity full"));
    const Outcome other = catena(
        {"seccomp", "derive", "--observed", "--binary", "/usr/bin/gcc", "--trace", path("try.catena")});
    EXPECT_EQ(other.exit_code, kBadInput);
    EXPECT_THAT(other.err, HasSubstr("has no process that ran"));
    const Outcome whole = catena({"seccomp", "derive", "--observed", "--trace", path("try.catena")});
    EXPECT_EQ(whole.exit_code, kDone);
    EXPECT_THAT(whole.err, Not(HasSubstr("begins after the program did")));
    const Outcome late = shell("true; (while :; do sleep 0.01; done) & " + std::string(CATENA_PROGRAM) +
                               " record --fidelity full -o late.catena --duration 1s --pid $! && kill $!; " +
                               std::string(CATENA_PROGRAM) +
                               " seccomp derive --observed --binary /bin/sh --trace late.catena");
    EXPECT_EQ(late.exit_code, kDone) << late.err;
    EXPECT_THAT(late.err, HasSubstr("late.catena begins after the program did: its start-up is not in it"));
    EXPECT_EQ(catena({"seccomp", "derive"}).exit_code, kUsage);
    EXPECT_EQ(catena({"seccomp", "derive", "--observed", "--static", "--trace", "x"}).exit_code, kUsage);
}

}  // namespace
}  // namespace catena::cli
