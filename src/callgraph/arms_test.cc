// What a function does only for values that it never gets is left out, and not where it may get them.
#include "callgraph/arms.h"

#include <gtest/gtest.h>

#include <string>

#include "callgraph/calls_for_test.h"

namespace catena::callgraph {
namespace {

// A library with an event loop like systemd's: a source has its kind 40 bytes behind its beginning.
constexpr const char* kLoop = R"(
#include <stdlib.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <unistd.h>
#define NOINLINE __attribute__((noinline, noclone))
struct source { struct source *next; long space[4]; int kind; int fd; };
struct source *all;
volatile int choice;
EXPORT struct source *make(int fd, int kind);
struct source *(*volatile shown)(int, int);
EXPORT NOINLINE struct source *make(int fd, int kind) {
    struct source *s = malloc(sizeof *s);
    if (!s) return 0;
    s->next = all;
    s->kind = kind;
    s->fd = fd;
    all = s;
    return s;
}
static NOINLINE int watch(struct source *s) {
    struct statfs where;
    return fstatfs(s->fd, &where) + inotify_add_watch(s->fd, "/", IN_CREATE);
}
static NOINLINE int online(struct source *s) {
    switch (s->kind) {
        case 0: return dup(s->fd);
        case 3: return fsync(s->fd);
        case 5: return fdatasync(s->fd);
        case 7: { siginfo_t info; return waitid(P_PID, s->fd, &info, WEXITED); }
        case 8: return rmdir("/x");
        case 10: return chdir("/");
        case 12: return watch(s);
        default: return -1;
    }
}
int _nss_systemd_NAME(int fd) {
    make(fd, 0);
    make(fd, 3);
    MORE;
    int result = 0;
    for (struct source *s = all; s; s = s->next) {
        if (s->kind == 6) { sigset_t set; sigemptyset(&set); result += signalfd(s->fd, &set, 0); }
        result += online(s);
    }
    return result;
})";

class ArmCalls : public ProgramCalls {
  protected:
    // Of the loop, among those that it makes for one kind alone.
    Names calls_of(const std::string& more, const std::string& exported = "static",
                   const std::string& name = "run") {
        const std::string library =
            compile("libloop.so", kLoop,
                    "-O2 -shared -fPIC -fcf-protection=none '-DMORE=" + more + "' '-DEXPORT=" + exported +
                        "' -D_nss_systemd_NAME=_nss_systemd_" + name);
        Names some;
        const Names found = names(analyze(library)->calls());
        for (const char* each : {"dup", "fsync", "fdatasync", "waitid", "rmdir", "chdir", "inotify_add_watch",
                                 "fstatfs", "signalfd4"})
            if (found.contains(each)) some.insert(each);
        return some;
    }
    static Names everything() {
        return {"dup",     "fsync",    "fdatasync", "waitid", "rmdir", "chdir", "inotify_add_watch",
                "fstatfs", "signalfd4"};
    }
};

TEST_F(ArmCalls, EventSourcesOfKindsThatAreNeverMadeDoNothing) {
    EXPECT_EQ(calls_of("(void)0"), (Names{"dup", "fsync"}));
    EXPECT_EQ(calls_of("make(fd, choice ? 8 : 10)"), (Names{"dup", "fsync", "rmdir", "chdir"}));
}

TEST_F(ArmCalls, EventSourcesOfKindsThatAreMadeDoTheirs) {
    EXPECT_EQ(calls_of("make(fd, 12)"), (Names{"dup", "fsync", "inotify_add_watch", "fstatfs"}));
    EXPECT_EQ(calls_of("make(fd, 7)"), (Names{"dup", "fsync", "waitid"}));
    EXPECT_EQ(calls_of("make(fd, 6)"), (Names{"dup", "fsync", "signalfd4"}));
}

TEST_F(ArmCalls, EventSourcesOfAKindThatIsNotKnownDoAll) {
    EXPECT_EQ(calls_of("make(fd, choice)"), everything());
    EXPECT_EQ(calls_of("make(fd, fd)"), everything());
    // Through its address, or from another file, it can be asked for any.
    EXPECT_EQ(calls_of("shown = make"), everything());
    EXPECT_EQ(calls_of("(void)0", ""), everything());
}

TEST_F(ArmCalls, OnlySystemdsEventLoopIsKnownToKeepKindsSo) {
    const std::string other = compile("libother.so", "#define _nss_systemd_NAME loop\n" + std::string(kLoop),
                                      "-O2 -shared -fPIC -DEXPORT=static '-DMORE=(void)0'");
    EXPECT_TRUE(names(analyze(other)->calls()).contains("inotify_add_watch"));
}

// A function of a library-less program that does more for some numbers.
constexpr const char* kArguments = R"(
NOINLINE long inner(long a) { return kernel(39, a); }
NOINLINE long other(long a) { return kernel(102, a); }
NOINLINE long act(long a, int mode) {
    if (kernel(110, a)) return 1;
    if ((mode & 7) == 0) return 0;
    return mode > 4 ? other(a) : inner(a);
}
long (*volatile shown)(long, int);
)";

TEST_F(ArmCalls, WhatAFunctionDoesForOtherArgumentsIsLeftOut) {
    const std::string source(kArguments);
    expect_exactly(source + "void _start(void) { act(1, 0); act(2, 8); kernel(60, 0); }",
                   {"getppid", "exit"});
    expect_exactly(source + "void _start(void) { act(1, 0); act(choice, 1); kernel(60, 0); }",
                   {"getppid", "getpid", "exit"});
    expect_exactly(source + "void _start(void) { act(1, 5); act(2, 6); kernel(60, 0); }",
                   {"getppid", "getuid", "exit"});
}

TEST_F(ArmCalls, WhatAFunctionDoesForArgumentsThatAreNotKnownIsInTheSet) {
    const Names all{"getppid", "getpid", "getuid", "exit"};
    const std::string source(kArguments);
    expect_exactly(source + "void _start(void) { act(1, 0); act(2, choice); kernel(60, 0); }", all);
    // By its address, too.
    expect_exactly(source + "void _start(void) { act(1, 0); shown = act; shown(2, 0); kernel(60, 0); }", all);
    // Or by a function that jumps to it with what it was given.
    expect_exactly(source +
                       "NOINLINE long hand(long a, int mode) { return act(a, mode); }\n"
                       "void _start(void) { act(1, 0); hand(2, choice); kernel(60, 0); }",
                   all);
}

// As handlers of exceptions are: no instruction leads to the call of `hidden`.
TEST_F(ArmCalls, WhatIsEnteredInWaysThatAreNotSeenIsInTheSet) {
    expect_exactly(R"(
NOINLINE long hidden(long a) { return kernel(39, a); }
NOINLINE long other(long a) { return kernel(102, a); }
NOINLINE long act(long a, int mode) {
    __asm__ volatile("jmp 1f\ncall hidden\nud2\n1:" : : : "memory");
    return mode > 4 ? other(a) : kernel(110, a);
}
void _start(void) { act(1, 0); kernel(60, 0); })",
                   {"getpid", "getppid", "exit"});
}

TEST_F(ArmCalls, OtherFilesPassOtherArguments) {
    const std::string prelude = std::string(kPrelude) + kArguments;
    compile("libact.so", prelude + "long quiet(void) { return act(1, 0); }",
            "-O2 -shared -fPIC -nostdlib -Wl,-soname,libact.so -Wl,-Bsymbolic");
    const std::string options = "-O2 -nostdlib -L. -Wl,-rpath," + path("") + " -lact";
    const auto calls = [&](const std::string& body) {
        return names(analyze(compile("program", std::string(kPrelude) + body, options))->calls());
    };
    const Names quiet = calls("long quiet(void); void _start(void) { quiet(); kernel(60, 0); }");
    EXPECT_FALSE(quiet.contains("getuid"));
    EXPECT_TRUE(quiet.contains("getppid"));
    EXPECT_TRUE(calls("long act(long, int); void _start(void) { act(1, choice); kernel(60, 0); }")
                    .contains("getuid"));
}

TEST_F(ArmCalls, RealpathAsksForNoPermissions) {
    const Names resolves = names(
        analyze(
            compile("program",
                    "#include <stdlib.h>\nint main(int n, char **v) { return realpath(v[n - 1], 0) == 0; }",
                    "-O2"))
            ->calls());
    EXPECT_FALSE(resolves.contains("getgroups"));
    EXPECT_TRUE(resolves.contains("faccessat2"));
    const Names asks = names(
        analyze(
            compile("program",
                    "#define _GNU_SOURCE\n#include <fcntl.h>\n#include <unistd.h>\n"
                    "int main(int n, char **v) { return faccessat(AT_FDCWD, v[n - 1], R_OK, AT_EACCESS); }",
                    "-O2"))
            ->calls());
    EXPECT_TRUE(asks.contains("getgroups"));
}

TEST_F(ArmCalls, ModuleOfSystemdWaitsForNoChildrenSignalsOrFiles) {
    const std::string module = "/lib/x86_64-linux-gnu/libnss_systemd.so.2";
    if (::access(module.c_str(), R_OK) != 0) GTEST_SKIP() << module << " is not there";
    shell(
        "mkdir -p root/etc root/lib64 root/lib/x86_64-linux-gnu && cp -L /lib64/ld-linux-x86-64.so.2 "
        "root/lib64/ && "
        "cp -L " +
        module + " $(ldd " + module + " | grep -o '/lib/[^ ]*') root/lib/x86_64-linux-gnu/");
    write("root/etc/nsswitch.conf", "passwd: files systemd\n");
    compile("root/program", "#include <pwd.h>\nint main(int n, char **v) { return getpwnam(v[n - 1]) == 0; }",
            "-O2");
    ProgramOptions options = without_cache();
    options.load.root = path("root");
    const Names calls = names(analyze("/program", options)->calls());
    for (const char* each : {"inotify_init1", "inotify_add_watch", "inotify_rm_watch", "signalfd4", "waitid",
                             "pidfd_send_signal"})
        EXPECT_FALSE(calls.contains(each)) << each;
    for (const char* each : {"epoll_wait", "connect", "timerfd_settime"})
        EXPECT_TRUE(calls.contains(each)) << each;
}

}  // namespace
}  // namespace catena::callgraph
