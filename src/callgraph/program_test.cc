// Programs whose set of system calls is known before they are analysed. Those without a library have exactly
// that set.
#include "callgraph/program.h"

#include <gtest/gtest.h>

#include <string>

#include "callgraph/calls_for_test.h"
#include "callgraph/why.h"

namespace catena::callgraph {
namespace {

TEST_F(ProgramCalls, NumberIsFoundInInlineAssembly) {
    expect_exactly("void _start(void) { kernel(39, 0); kernel(60, 0); }", {"getpid", "exit"});
}

TEST_F(ProgramCalls, CodeThatNothingReachesIsNotCounted) {
    expect_exactly("void unused(void) { kernel(59, 0); } void _start(void) { kernel(60, 0); }", {"exit"});
}

TEST_F(ProgramCalls, NumberIsFollowedThroughBranchesAndArithmetic) {
    expect_exactly(
        "void _start(void) { kernel(choice ? 102 : 104, 0); kernel(choice == 3 ? 107 : 108, 0); kernel(60, "
        "0); }",
        {"getuid", "getgid", "geteuid", "getegid", "exit"});
}

TEST_F(ProgramCalls, NumberIsWhatABranchComparedItWith) {
    expect_exactly(R"(
__asm__(".globl f\nf: test %rdi,%rdi\n je 1f\n cmp $39,%rdi\n jne 2f\n mov %rdi,%rax\n syscall\n2: ret\n"
        "1: mov %rdi,%rax\n syscall\n ret\n");
long f(long);
void _start(void) { f(choice); kernel(60, 0); })",
                   {"read", "getpid", "exit"});
}

TEST_F(ProgramCalls, WrapperIsResolvedAtEachCallOfIt) {
    expect_exactly(R"(
NOINLINE long inner(long unused, long number) { return kernel(number, unused); }
NOINLINE long outer(long number) { return inner(choice, number) + 1; }
void _start(void) { outer(39); inner(1, 110); kernel(60, 0); })",
                   {"getpid", "getppid", "exit"});
}

TEST_F(ProgramCalls, WrapperThatCallsItselfEnds) {
    expect_exactly(R"(
NOINLINE long again(long number, int left) { if (left == 0) return kernel(number, 0); again(number, left - 1); return choice; }
void _start(void) { again(39, choice); kernel(60, 0); })",
                   {"getpid", "exit"});
}

TEST_F(ProgramCalls, NumberThatLiesOnTheStackIsFound) {
    expect_exactly("long _start(void) { long number = 39; long other = 60; return kernel(number, other); }",
                   {"getpid"}, "-O0 -nostdlib -static -fno-stack-protector -ffreestanding");
}

TEST_F(ProgramCalls, WrapperThroughAPointerThatOnlyTheProgramKnowsIsResolvedAtItsCalls) {
    expect_exactly(R"(
NOINLINE long wrapper(long number) { return kernel(number, 0); }
long (*volatile pointer)(long) = wrapper;
void _start(void) { pointer(39); kernel(60, 0); })",
                   {"getpid", "exit"});
}

// As libcap does: structures of functions that are handed on from function to function.
constexpr const char* kCallbacks = R"(
struct caller { long (*three)(long, long); long (*six)(long, long); };
static NOINLINE long three(long number, long a) { return kernel(number, a); }
static NOINLINE long six(long number, long a) { return kernel(number, a + 1); }
int before[2] = {1, 2};
static struct caller one = {three, six};
static struct caller other = {three, six};
void set(long (*f)(long, long)) { one.three = f; }
static NOINLINE long inner(struct caller *c, long a) { return c->three(39, a) + choice; }
static NOINLINE long outer(struct caller *c, long a) { inner(c, a); inner(c, 2); return c->six(choice == 3 ? 110 : 102, a) + 1; }
)";

TEST_F(ProgramCalls, WrapperInAStructureOfCallbacksIsResolvedAtTheCallsThroughIt) {
    const std::string start = std::string(kCallbacks) + R"(
void _start(void) { outer(&one, 1); other.three(104, 2); outer(choice ? &one : &other, 2); kernel(60, before[choice]); })";
    const Names expected = {"getpid", "getppid", "getuid", "getgid", "exit"};
    expect_exactly(start, expected);
    expect_exactly(start, expected, std::string(kFree) + " -static-pie -fpie");
    expect_exactly(start, expected, std::string(kFree) + " -s -static-pie -fpie");
    expect_exactly(start, expected, "-O1 -nostdlib -static -fno-stack-protector -ffreestanding");
}

TEST_F(ProgramCalls, WrapperThatIsGivenAwayIsUnresolved) {
    const std::string calls[] = {
        "struct caller **hidden; void _start(void) { hidden[choice] = &one; kernel(60, 0); }",
        "long (**hidden)(long, long); void _start(void) { *hidden = one.six; kernel(60, 0); }",
        "void (*unknown)(void *); void _start(void) { unknown(&other); kernel(60, 0); }",
        "void (*unknown)(void *); NOINLINE void tell(struct caller *c) { unknown(c); choice = 1; }"
        "void _start(void) { tell(&one); kernel(60, 0); }",
        "void (*unknown)(void *); void _start(void) { struct caller *on_stack[2] = {0, &one}; "
        "unknown(on_stack); "
        "kernel(60, 0); }",
        "long (*unknown)(long, long); NOINLINE struct caller *give(void) { return choice ? &one : &other; }"
        "void _start(void) { give(); kernel(60, 0); }",
        "void _start(void) { long (*f)(long, long) = six; __asm__ volatile(\"movq %0, %%xmm0\" :: \"r\"(f)); "
        "kernel(60, 0); }",
    };
    for (const std::string& each : calls) {
        const ReachableCalls found = free_calls(kCallbacks + each, std::string(kFree) + " -static-pie -fpie");
        ASSERT_FALSE(found.unresolved.empty()) << each;
        EXPECT_NE(found.unresolved.front().reason.find("given away"), std::string::npos)
            << each << found.unresolved.front().reason;
        EXPECT_FALSE(found.unresolved.front().numbers);  // any
    }
}

TEST_F(ProgramCalls, WrapperThatTheLoaderKnowsIsUnresolved) {
    const ReachableCalls calls = free_calls(R"(
static NOINLINE long wrapper(long number) { return kernel(number, 0); }
__attribute__((section(".init_array"), used)) static long (*const first)(long) = wrapper;
void _start(void) { kernel(60, 0); })");
    ASSERT_FALSE(calls.unresolved.empty());
    EXPECT_NE(calls.unresolved.front().reason.find("its address is taken"), std::string::npos);
}

TEST_F(ProgramCalls, NumberForSyscallIsFollowedThroughWrappersOfTheProgram) {
    const std::string program = compile("wraps", R"(
#include <unistd.h>
#include <sys/syscall.h>
__attribute__((noinline)) static long mine(long a, long number) { return syscall(number, a) + 1; }
int main(void) { return mine(1, SYS_getpgid) + mine(0, SYS_getsid) == 0; })",
                                        "-O2");
    const ReachableCalls calls = analyze(program)->calls();
    EXPECT_TRUE(calls.unresolved.empty()) << calls.unresolved.front().reason;
    EXPECT_TRUE(names(calls).contains("getpgid"));
    EXPECT_TRUE(names(calls).contains("getsid"));
}

TEST_F(ProgramCalls, NumberFromMemoryIsUnresolved) {
    const ReachableCalls calls = free_calls("void _start(void) { kernel(choice, 0); kernel(60, 0); }");
    EXPECT_EQ(names(calls), Names{"exit"});
    EXPECT_EQ(calls.unresolved.size(), 1U);
}

TEST_F(ProgramCalls, CallbacksInStructuresCountWhereTheStructureIsUsed) {
    const std::string source = R"(
struct operations { long (*open)(void); long (*close)(void); };
long used_open(void) { return kernel(39, 0); }
long used_close(void) { return kernel(110, 0); }
long other_open(void) { return kernel(59, 0); }
const struct operations used __attribute__((aligned(32))) = {used_open, used_close};
const struct operations other __attribute__((aligned(32))) = {other_open, other_open};
const struct operations *volatile current;
long never(void) { current = &other; return 0; }
void _start(void) { current = &used; current->open(); kernel(60, 0); })";
    expect_exactly(source, {"getpid", "getppid", "exit"});
    expect_exactly(source, {"getpid", "getppid", "exit"}, std::string(kFree) + " -static-pie -fpie");
}

TEST_F(ProgramCalls, StrippedProgramsHaveTheSameCalls) {
    expect_exactly(R"(
NOINLINE long wrapper(long number) { return kernel(number, 0); }
long handler(void) { return wrapper(39); }
long (*volatile pointer)(void);
void _start(void) { pointer = handler; pointer(); kernel(60, 0); })",
                   {"getpid", "exit"}, std::string(kFree) + " -s");
}

TEST_F(ProgramCalls, JumpTablesAreFollowed) {
    expect_exactly(R"(
NOINLINE long number_of(int which) {
    switch (which) {
        case 0: return kernel(39, 0);
        case 1: return kernel(102, 1);
        case 2: return kernel(104, 2);
        case 3: return kernel(107, 3);
        case 4: return kernel(108, 4);
        case 5: return kernel(110, 5);
        case 6: return kernel(111, 6);
    }
    return 0;
}
void _start(void) { number_of(choice); kernel(60, 0); })",
                   {"getpid", "getuid", "getgid", "geteuid", "getegid", "getppid", "getpgrp", "exit"});
}

TEST_F(ProgramCalls, TailCallsAreCalls) {
    expect_exactly(R"(
NOINLINE long last(long a) { return kernel(39, a); }
NOINLINE long first(long a) { return last(a + 1); }
void _start(void) { first(1); kernel(60, 0); })",
                   {"getpid", "exit"});
}

TEST_F(ProgramCalls, The32BitDoorHasItsOwnTable) {
    expect_exactly(R"(void _start(void) { __asm__ volatile("mov $20, %eax\n int $0x80\n"); kernel(60, 0); })",
                   {"i386:getpid", "exit"});
}

TEST_F(ProgramCalls, BytesOfDataAreNoSystemCalls) {
    expect_exactly(R"(
__asm__(".text\n.globl f\n.type f,@function\nf: .cfi_startproc\n ret\n.cfi_endproc\n.size f,.-f\n"
        ".byte 0xb8,59,0,0,0,0x0f,0x05\n.p2align 4\n");
void f(void);
void _start(void) { f(); kernel(60, 0); })",
                   {"exit"});
}

TEST_F(ProgramCalls, JumpIntoAnInstructionIsReadBothWaysAndTold) {
    const ReachableCalls calls = free_calls(R"(
__asm__(".text\n.globl f\n.type f,@function\nf: .cfi_startproc\n jmp 1f+1\n1: .byte 0xb9\n mov $39,%eax\n syscall\n ret\n"
        ".cfi_endproc\n.size f,.-f\n");
void f(void);
void _start(void) { f(); kernel(60, 0); })");
    EXPECT_TRUE(names(calls).contains("getpid") || !calls.unresolved.empty());
    ASSERT_EQ(calls.doubts.size(), 1U);
    EXPECT_NE(calls.doubts.front().find("inside of an instruction"), std::string::npos);
}

TEST_F(ProgramCalls, FromAFunctionOnlyWhatItReachesCounts) {
    const std::string path = compile("program", std::string(kPrelude) + R"(
NOINLINE void serve(void) { kernel(39, 0); }
void _start(void) { kernel(110, 0); serve(); kernel(60, 0); })",
                                     kFree);
    ProgramOptions options = without_cache();
    options.from = {"serve"};
    EXPECT_EQ(names(analyze(path, options)->calls()), Names{"getpid"});
    options.from = {"nobody"};
    const auto none = Program::analyze(path, options);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, base::ErrorCode::NotFound);
}

TEST_F(ProgramCalls, WhyNamesThoseWhoReachAndThoseWhoDoNot) {
    const std::string path = compile("program", std::string(kPrelude) + R"(
NOINLINE void wanted(void) { kernel(39, 0); }
NOINLINE void user(void) { wanted(); kernel(1, 1); }
NOINLINE void dead(void) { wanted(); kernel(2, 2); }
void _start(void) { user(); kernel(60, 0); })",
                                     kFree);
    const auto program = analyze(path);
    const auto found = functions_named(program->linked(), "wanted");
    ASSERT_EQ(found.size(), 1U);
    const Why answer = why(program->linked(), program->reach(), found.front());
    EXPECT_TRUE(answer.reached);
    EXPECT_EQ(answer.path, (std::vector<std::string>{"_start", "user", "wanted"}));
    ASSERT_EQ(answer.referrers.size(), 2U);
    EXPECT_TRUE(answer.referrers[0].can_run);
    EXPECT_FALSE(answer.referrers[1].can_run);
}

constexpr const char* kLibrary = R"(
#define _GNU_SOURCE
#include <pthread.h>
#include <search.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
extern char **environ;
static void on_signal(int n) { (void)n; getppid(); }
static void *thread(void *p) { syscall(SYS_getuid); return p; }
static int compare(const void *a, const void *b) { geteuid(); return *(const int *)a - *(const int *)b; }
int main(void) {
    int numbers[] = {3, 1, 2};
    qsort(numbers, 3, sizeof *numbers, compare);
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    pthread_t id;
    pthread_create(&id, NULL, thread, NULL);
    pthread_join(id, NULL);
    if (vfork() == 0) _exit(0);
    wait(NULL);
    pid_t child;
    char *args[] = {"true", NULL};
    posix_spawnp(&child, "true", NULL, NULL, args, environ);
    waitpid(child, NULL, 0);
    printf("%d\n", numbers[0]);
    return 0;
}
)";

TEST_F(ProgramCalls, HoldAllThatAProgramOfGlibcMakes) {
    const Names never = {"ptrace", "reboot", "mount", "bpf", "listen", "init_module", "semget"};
    expect_all_that_run_makes(compile("dynamic", kLibrary, "-O2"), never);
    expect_all_that_run_makes(compile("static", kLibrary, "-O2 -static"), never);
    expect_all_that_run_makes(compile("static-pie", kLibrary, "-O2 -static-pie"), never);
}

TEST_F(ProgramCalls, HoldWhatAProgramOfCxxMakes) {
    const std::string path = compile("virtual", R"(
#include <stdexcept>
#include <iostream>
#include <memory>
#include <unistd.h>
struct Base { virtual ~Base() = default; virtual int run() = 0; };
struct One : Base { int run() override { return getppid(); } };
struct Two : Base { int run() override { if (getuid() != 12345678) throw std::runtime_error("x"); return 0; } };
int main(int count, char**) {
    std::unique_ptr<Base> base;
    if (count > 5) base = std::make_unique<One>(); else base = std::make_unique<Two>();
    try { base->run(); } catch (const std::exception& e) { std::cout << e.what() << getpgrp() << std::endl; }
})",
                                     "-O2", true);
    expect_all_that_run_makes(path, {"ptrace", "reboot"});
    EXPECT_TRUE(names(analyze(path)->calls()).contains("getppid"));
}

TEST_F(ProgramCalls, LibraryOpenedByAConstantNameIsLookedAt) {
    compile("libplugin.so", "#include <unistd.h>\nint plugin(void) { return getpgid(0); }",
            "-O2 -shared -fPIC");
    const std::string program = compile("opens", R"(
#include <dlfcn.h>
int main(void) {
    void *library = dlopen("./libplugin.so", RTLD_NOW);
    if (!library) return 1;
    int (*plugin)(void) = (int (*)(void))dlsym(library, "plugin");
    return plugin && plugin() > 0 ? 0 : 1;
})",
                                        "-O2");
    const std::string absolute = compile("opens-absolute", R"(
#include <dlfcn.h>
int main(void) {
    void *library = dlopen(")" + path("libplugin.so") + R"(", RTLD_NOW);
    int (*plugin)(void) = (int (*)(void))dlsym(library, "plugin");
    return plugin() > 0 ? 0 : 1;
})",
                                         "-O2");
    EXPECT_TRUE(names(analyze(absolute)->calls()).contains("getpgid"));
    expect_all_that_run_makes(absolute, {"ptrace"});
}

TEST_F(ProgramCalls, CacheGivesTheSameAnswerAndADamagedOneIsIgnored) {
    const std::string program =
        compile("cached", "#include <stdio.h>\nint main(void) { return puts(\"x\") < 0; }", "-O2");
    ProgramOptions options = without_cache();
    const Names expected = names(analyze(program, options)->calls());
    options.cache_folder = path("cache");
    EXPECT_EQ(names(analyze(program, options)->calls()), expected);
    EXPECT_NE(shell("ls cache | wc -l"), "0\n");
    EXPECT_EQ(names(analyze(program, options)->calls()), expected);
    shell("for f in cache/*; do printf 'X' | dd of=$f bs=1 seek=200 conv=notrunc 2>/dev/null; done");
    EXPECT_EQ(names(analyze(program, options)->calls()), expected);
    shell("for f in cache/*; do truncate -s 100 $f; done");
    EXPECT_EQ(names(analyze(program, options)->calls()), expected);
}

// Its code would not be there to be looked at, and a filter made of what is would end the whole program.
TEST_F(ProgramCalls, AProgramThatIsCutShortIsRefused) {
    const std::string program = compile("whole", "int main(void) { return 0; }", "-O2");
    shell("head -c 2000 whole > cut");
    const auto cut = Program::analyze(path("cut"), without_cache());
    ASSERT_FALSE(cut.has_value());
    EXPECT_EQ(cut.error().code, base::ErrorCode::BadInput);
    EXPECT_TRUE(cut.error().message.contains("cut short")) << cut.error().message;
    EXPECT_TRUE(Program::analyze(program, without_cache()).has_value());
}

TEST_F(ProgramCalls, CacheIsWhatAnswersTheSecondTime) {
    const std::string program = compile("cached", "int main(void) { return 0; }", "-O2");
    const elf::Image image = elf::image_of(program);
    const CodeCache cache(path("cache"));
    EXPECT_FALSE(cache.find(image));
    ObjectCode code;
    code.functions.push_back({.address = 1, .end = 2, .name = "kept"});
    code.doubts = {"a doubt"};
    cache.keep(image, code);
    const auto found = cache.find(image);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->functions.front().name, "kept");
    EXPECT_EQ(found->doubts, code.doubts);
    code.edges.push_back({.from = 0, .to = 7});  // leads nowhere
    cache.keep(image, code);
    EXPECT_FALSE(cache.find(image));
}

}  // namespace
}  // namespace catena::callgraph
