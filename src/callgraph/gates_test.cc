// What is left out although code refers to it, and what is not left out any more once something asks for it.
#include "callgraph/gates.h"

#include <gtest/gtest.h>

#include <string>

#include "callgraph/calls_for_test.h"
#include "callgraph/why.h"

namespace catena::callgraph {
namespace {

class GatedCalls : public ProgramCalls {
  protected:
    Names calls_of(const std::string& source, const std::string& options = "-O2") {
        return names(analyze(compile("program", source, options))->calls());
    }

    // Those of `some` that are among the calls.
    static Names those_of(const Names& calls, const Names& some) {
        Names both;
        std::ranges::set_intersection(calls, some, std::inserter(both, both.end()));
        return both;
    }

    // A folder with libc, its loader and a module of the name service switch whose functions make calls that
    // nobody else makes.
    std::string root_with_module(const std::string& configuration) const {
        compile("libnss_mine.so.2", R"(
#include <unistd.h>
#include <sys/syscall.h>
int _nss_mine_getpwnam_r(void) { return syscall(SYS_swapon); }
int _nss_mine_getpwuid_r(void) { return syscall(SYS_swapoff); }
int _nss_mine_getgrnam_r(void) { return syscall(SYS_reboot); })",
                "-O2 -shared -fPIC");
        shell(
            "mkdir -p root/etc root/lib64 root/lib/x86_64-linux-gnu && cp -L /lib64/ld-linux-x86-64.so.2 "
            "root/lib64/ && cp -L /lib/x86_64-linux-gnu/libc.so.6 libnss_mine.so.2 "
            "root/lib/x86_64-linux-gnu/");
        write("root/etc/nsswitch.conf", configuration);
        return path("root");
    }

    ReachableCalls calls_in_root(const std::string& source, const std::string& configuration) const {
        ProgramOptions options = without_cache();
        options.load.root = root_with_module(configuration);
        compile("root/program", source, "-O2");
        return analyze("/program", options)->calls();
    }
};

constexpr const char* kAsksForUser =
    "#include <pwd.h>\nint main(int n, char **v) { return getpwnam(v[n - 1]) == 0; }";

TEST_F(GatedCalls, ModulesOfNssAreAskedForWhatCodeLooksUpInTheirDatabases) {
    const ReachableCalls calls = calls_in_root(kAsksForUser, "passwd: files mine\ngroup: files mine\n");
    EXPECT_TRUE(names(calls).contains("swapon"));
    EXPECT_FALSE(names(calls).contains("swapoff"));  // by number: nothing asks for that
    EXPECT_FALSE(names(calls).contains("reboot"));   // groups: nothing asks for them
}

TEST_F(GatedCalls, ModulesOfNssThatAreNotConfiguredForTheDatabaseAreLeftOut) {
    const ReachableCalls calls = calls_in_root(kAsksForUser, "passwd: files\ngroup: files mine\n");
    EXPECT_FALSE(names(calls).contains("swapon"));
    EXPECT_EQ(std::ranges::count_if(
                  calls.binaries,
                  [](const std::string& each) { return each.find("libnss_mine") != std::string::npos; }),
              0);
}

TEST_F(GatedCalls, ShadowIsAskedWhereUsersAreWhenItHasNoLine) {
    const NssConfiguration nss{
        Root(root_with_module("passwd: files mine\nhosts: dns [!UNAVAIL=return] mine\n"))};
    EXPECT_TRUE(nss.services("shadow").contains("mine"));
    EXPECT_TRUE(nss.services("hosts").contains("mine"));
    EXPECT_TRUE(nss.services("rpc").contains("files"));
    EXPECT_FALSE(nss.services("rpc").contains("mine"));
}

TEST_F(GatedCalls, FunctionsOfNssHaveAServiceAndADatabase) {
    using Pair = std::pair<std::string_view, std::string_view>;
    EXPECT_EQ(nss_function("_nss_mdns4_minimal_gethostbyname4_r"), Pair("mdns4_minimal", "gethostbyname4_r"));
    EXPECT_EQ(nss_function("_nss_files_parse_pwent"), Pair());
    EXPECT_EQ(nss_database("initgroups_dyn"), "group");
    EXPECT_EQ(nss_database("getspnam_r"), "shadow");
    EXPECT_EQ(nss_database("getnetgrent_r"), "netgroup");
    EXPECT_EQ(nss_database("getnetbyname_r"), "networks");
    EXPECT_EQ(nss_database("getpid"), "");
}

TEST_F(GatedCalls, ResolverIsNoPartOfALookUpOfUsers) {
    EXPECT_FALSE(calls_of(kAsksForUser).contains("sendmmsg"));
    EXPECT_TRUE(
        calls_of("#include <netdb.h>\nint main(int n, char **v) { return gethostbyname(v[n - 1]) == 0; }")
            .contains("sendmmsg"));
}

TEST_F(GatedCalls, GlobLooksUsersUpWhereItIsToldTo) {
    const std::string source =
        "#include <glob.h>\nvolatile int flags;\nint main(void) { glob_t g; return "
        "glob(\"~/*\", FLAGS, 0, &g); }";
    EXPECT_FALSE(calls_of(source, "-O2 -DFLAGS=GLOB_ERR").contains("connect"));
    EXPECT_TRUE(calls_of(source, "-O2 -DFLAGS=GLOB_TILDE").contains("connect"));
    EXPECT_TRUE(calls_of(source, "-O2 -DFLAGS=flags").contains("connect"));
    const std::string taken =
        "#include <glob.h>\nvoid *volatile kept;\nint main(void) { kept = (void *)glob; "
        "return ((int (*)(const char *, int, void *, void *))kept)(\"~\", 0, 0, 0); }";
    EXPECT_TRUE(calls_of(taken).contains("connect"));
}

constexpr const char* kMutex = R"(
#include <pthread.h>
int main(void) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    PROTOCOL;
    pthread_mutex_t mutex;
    pthread_mutex_init(&mutex, &attributes);
    return pthread_mutex_lock(&mutex) + pthread_mutex_unlock(&mutex);
})";

TEST_F(GatedCalls, PrioritiesChangeOnlyWithMutexesThatHaveACeiling) {
    const std::string with =
        "-O2 '-DPROTOCOL=pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_PROTECT)'";
    const std::string program = compile("ceiling", kMutex, with);
    expect_all_that_run_makes(program, {"ptrace"});
    EXPECT_TRUE(traced(program).contains("sched_setscheduler"));
    const Names without = calls_of(kMutex, "-O2 -DPROTOCOL=");
    for (const char* each : {"sched_setscheduler", "sched_getparam", "sched_getscheduler",
                             "sched_get_priority_max", "sched_get_priority_min"})
        EXPECT_FALSE(without.contains(each)) << each;
}

constexpr const char* kThread = R"(
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
static void *run(void *p) { return p; }
int main(void) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    struct sched_param parameters = {0};
    pthread_attr_setschedparam(&attributes, &parameters);
    SETTING;
    pthread_t id;
    return pthread_create(&id, &attributes, run, 0) || pthread_join(id, 0);
})";

TEST_F(GatedCalls, ThreadsGetASchedulingOfTheirOwnWhereAttributesSaySo) {
    const std::string inherit =
        compile("inherit", kThread,
                "-O2 '-DSETTING=pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED)'");
    expect_all_that_run_makes(inherit, {"sched_setaffinity"});
    EXPECT_TRUE(traced(inherit).contains("sched_setscheduler"));
    const std::string affinity = compile(
        "affinity", kThread, "-O2 '-DSETTING=pthread_attr_setaffinity_np(&attributes, sizeof set, &set)'");
    expect_all_that_run_makes(affinity, {"sched_setscheduler"});
    EXPECT_TRUE(traced(affinity).contains("sched_setaffinity"));
    const Names without = calls_of(kThread, "-O2 -DSETTING=");
    EXPECT_FALSE(without.contains("sched_setscheduler"));
    EXPECT_FALSE(without.contains("sched_setaffinity"));
}

TEST_F(GatedCalls, LoaderStartsProgramsOnlyWhereItIsStartedItself) {
    const Names calls = calls_of("int main(void) { return 0; }");
    EXPECT_FALSE(calls.contains("execve"));
    EXPECT_FALSE(calls.contains("setitimer"));
    EXPECT_FALSE(calls.contains("uname"));
    EXPECT_LE(calls.size(), 40U) << testing::PrintToString(calls);
    EXPECT_TRUE(calls_of("#include <sys/utsname.h>\nint main(void) { struct utsname u; return uname(&u); }")
                    .contains("uname"));
}

TEST_F(GatedCalls, WhatTheLoaderCallsOfLibcByItsNameCanRun) {
    const auto program = analyze(compile("program", "int main(void) { return 0; }", "-O2"));
    const auto found = functions_named(program->linked(), "__libc_early_init");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(program->reach().reached(found.front()));
}

// Starts /bin/true with what SETTING has set in the attributes and the actions.
constexpr const char* kSpawn = R"(
#define _GNU_SOURCE
#include <spawn.h>
#include <sys/wait.h>
volatile short flags;
static void set(posix_spawnattr_t *a, short value) { posix_spawnattr_setflags(a, value); }
int main(void) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
    SETTING;
    char *const arguments[] = {"/bin/true", 0};
    pid_t child;
    if (posix_spawn(&child, "/bin/true", &actions, &attributes, arguments, 0)) return 1;
    int status;
    return waitpid(child, &status, 0) != child;
})";

TEST_F(GatedCalls, ChildrenOfPosixSpawnDoWhatAttributesSay) {
    const auto with = [&](const std::string& setting) {
        return calls_of(kSpawn, "-O2 '-DSETTING=" + setting + "'");
    };
    const auto flags = [&](const std::string& value) {
        return with("posix_spawnattr_setflags(&attributes, " + value + ")");
    };
    const Names doubtful{"setpgid",   "setsid",    "sched_setparam", "sched_setscheduler",
                         "setresuid", "setresgid", "getuid",         "getgid",
                         "getpgid",   "chdir",     "fchdir",         "close_range"};
    for (const std::string& each :
         {std::string("(void)0"), std::string("posix_spawnattr_setflags(&attributes, "
                                              "POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)")}) {
        const Names none = with(each);
        for (const std::string& call : doubtful) EXPECT_FALSE(none.contains(call)) << call << " by " << each;
    }
    EXPECT_EQ(those_of(flags("POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK"), doubtful), Names{"setsid"});
    EXPECT_EQ(those_of(flags("POSIX_SPAWN_SETPGROUP"), doubtful), Names{"setpgid"});
    EXPECT_EQ(those_of(flags("POSIX_SPAWN_SETSCHEDPARAM"), doubtful),
              (Names{"sched_setparam", "sched_setscheduler"}));
    EXPECT_EQ(those_of(flags("POSIX_SPAWN_RESETIDS"), doubtful),
              (Names{"getuid", "getgid", "setresuid", "setresgid"}));
    // What the flags are is not known, in a register or by who calls.
    EXPECT_EQ(those_of(flags("flags"), doubtful).size(), 8U);
    EXPECT_EQ(those_of(with("void (*volatile kept)(posix_spawnattr_t *, short) = set; kept(&attributes, 0)"),
                       doubtful)
                  .size(),
              8U);
    EXPECT_EQ(those_of(with("posix_spawn_file_actions_addchdir_np(&actions, \"/\")"), doubtful),
              Names{"chdir"});
    EXPECT_EQ(those_of(with("posix_spawn_file_actions_addfchdir_np(&actions, 0)"), doubtful),
              Names{"fchdir"});
    EXPECT_EQ(those_of(with("posix_spawn_file_actions_addclosefrom_np(&actions, 3)"), doubtful),
              Names{"close_range"});
}

TEST_F(GatedCalls, WhatChildrenOfPosixSpawnDoIsInTheSet) {
    const std::string program = compile(
        "spawn", kSpawn,
        "-O2 '-DSETTING=posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_RESETIDS);"
        "posix_spawn_file_actions_addchdir_np(&actions, \"/\");"
        "posix_spawn_file_actions_addclosefrom_np(&actions, 3)'");
    expect_all_that_run_makes(program, {"setsid", "sched_setparam", "fchdir"});
    const Names seen = traced(program);
    for (const char* each : {"setpgid", "setresuid", "setresgid", "chdir", "close_range"})
        EXPECT_TRUE(seen.contains(each)) << each;
}

TEST_F(GatedCalls, SystemSetsNoFlagsThatAskForMore) {
    const Names calls =
        calls_of("#include <stdlib.h>\nint main(int n, char **v) { return system(v[n - 1]); }");
    EXPECT_TRUE(calls.contains("execve"));
    for (const char* each : {"setsid", "setpgid", "setresuid", "close_range", "sched_setscheduler", "chdir"})
        EXPECT_FALSE(calls.contains(each)) << each;
}

TEST_F(GatedCalls, WhyTellsWhatIsWaitedFor) {
    ProgramOptions options = without_cache();
    options.load.root = root_with_module("passwd: files mine\n");
    compile("root/program", kAsksForUser, "-O2");
    const auto program = analyze("/program", options);
    const auto found = functions_named(program->linked(), "_nss_mine_getpwuid_r");
    ASSERT_EQ(found.size(), 1U);
    const Why answer = why(program->linked(), program->reach(), found.front());
    EXPECT_FALSE(answer.reached);
    EXPECT_TRUE(std::ranges::any_of(answer.referrers, [](const Referrer& each) {
        return each.how.find("asks the name service switch for getpwuid_r") != std::string::npos;
    }));
}

}  // namespace
}  // namespace catena::callgraph
