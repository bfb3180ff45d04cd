// Programs whose arguments of system calls are known before they are analysed.
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "callgraph/calls_for_test.h"

namespace catena::callgraph {
namespace {

using Values = std::vector<std::uint64_t>;

constexpr const char* kThree = R"(
INLINE long kernel3(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}
)";

class Arguments : public ProgramCalls {
  protected:
    // What the argument can be; nothing where it can be anything.
    static std::optional<Values> argument(const ReachableCalls& calls, const char* name,
                                          std::uint32_t index) {
        const auto number = static_cast<std::uint32_t>(sys::syscall_number(name).value());
        for (const ReachableCall& call : calls.calls) {
            if (call.number != number || call.i386) continue;
            for (const ArgumentValues& each : call.arguments) {
                if (each.index != index) continue;
                EXPECT_EQ(each.known, each.reason.empty()) << each.reason;
                return each.known ? std::optional(each.values) : std::nullopt;
            }
        }
        ADD_FAILURE() << name << " is not made, or argument " << index << " has no rule";
        return std::nullopt;
    }

    ReachableCalls calls_of(const std::string& source, const std::string& options = kFree) {
        return free_calls(kThree + source, options);
    }
    // Optimised and not, with and without symbols.
    void expect(const std::string& source, const char* name, std::uint32_t index,
                const std::optional<Values>& expected) {
        for (const std::string& options :
             {std::string(kFree), std::string(kFree) + " -s -static-pie -fpie",
              std::string("-O0 -nostdlib -static -fno-stack-protector -ffreestanding")})
            EXPECT_EQ(argument(calls_of(source, options), name, index), expected) << source << options;
    }
    ReachableCalls library_calls(const std::string& source, const std::string& options = "-O2") {
        return analyze(compile("program", source, options))->calls();
    }
};

TEST_F(Arguments, ConstantsOfAllSitesAreTheSet) {
    expect(
        "void _start(void) { kernel3(16, 0, 0x5401, 0); if (choice) kernel3(16, 1, 0x5413, 0); kernel(60, "
        "0); }",
        "ioctl", 1, Values{0x5401, 0x5413});
}

TEST_F(Arguments, CodeThatNothingReachesDoesNotCount) {
    expect(R"(
NOINLINE long wrapper(long request) { return kernel3(16, 0, request, 0); }
void unused(void) { wrapper(0x5412); }
void _start(void) { wrapper(0x5401); kernel(60, 0); })",
           "ioctl", 1, Values{0x5401});
}

TEST_F(Arguments, ConstantsThatMeetAreBothPossible) {
    expect(
        "void _start(void) { long family = 10; if (choice) family = 2; kernel3(41, family, 1, 0); kernel(60, "
        "0); }",
        "socket", 0, Values{2, 10});
}

TEST_F(Arguments, OneConstantAndSomethingElseIsAnything) {
    expect(
        "void _start(void) { long family = choice; if (family < 3) family = 2; kernel3(41, family, 1, 0); "
        "kernel(60, 0); }",
        "socket", 0, std::nullopt);
}

TEST_F(Arguments, WrappersAreResolvedAtTheirCalls) {
    expect(R"(
NOINLINE long inner(long unused, long option, long number) { return kernel3(number, option, unused, 0); }
NOINLINE long outer(long option) { return inner(choice, option, 157) + 1; }
void _start(void) { outer(15); outer(38); inner(1, 22, 157); inner(2, 7, 39); kernel(60, 0); })",
           "prctl", 0, Values{15, 22, 38});
}

// A wrapper is given the same number twice, and different arguments.
TEST_F(Arguments, ArgumentsGoWithTheNumberThatTheyAreGivenWith) {
    expect(R"(
NOINLINE long call(long number, long a) { return kernel3(number, a, 0, 0); }
NOINLINE long either(long number) { return choice ? call(number, 15) + 1 : call(number, 38) + 2; }
void _start(void) { either(157); kernel(60, 0); })",
           "prctl", 0, Values{15, 38});
}

TEST_F(Arguments, WrapperWhoseAddressIsGivenAwayTakesAnything) {
    expect(R"(
NOINLINE long wrapper(long request) { return kernel3(16, 0, request, 0); }
long (**volatile hidden)(long);
void _start(void) { *hidden = wrapper; wrapper(0x5401); kernel(60, 0); })",
           "ioctl", 1, std::nullopt);
}

TEST_F(Arguments, WrapperInATableThatOnlyTheProgramKnowsIsResolvedWhereItIsCalled) {
    const std::string source = R"(
NOINLINE long wrapper(long request) { return kernel3(16, 0, request, 0); }
NOINLINE long other(long request) { return kernel3(157, request, 0, 0); }
static long (*volatile table[2])(long) __attribute__((aligned(32))) = {wrapper, other};
void _start(void) { table[0](0x5401); table[1](15); kernel(60, 0); })";
    EXPECT_EQ(argument(calls_of(source), "ioctl", 1), (Values{15, 0x5401}));
    EXPECT_EQ(argument(calls_of(source), "prctl", 0), (Values{15, 0x5401}));
}

TEST_F(Arguments, ValuesFromATableInMemoryCanBeAnything) {
    expect(R"(
long families[3] = {1, 2, 10};
void _start(void) { kernel3(41, families[choice], 1, 0); kernel(60, 0); })",
           "socket", 0, std::nullopt);
}

TEST_F(Arguments, FlagsThatAreNotLookedAtAreLeftOut) {
    const std::string source = R"(
NOINLINE long open_one(long type) { return kernel3(41, 1, type, 0); }
void _start(void) { open_one(1 | 02000000); long type = choice ? 2 : 1; open_one(type | 04000); kernel(60, 0); })";
    expect(source, "socket", 1, Values{1, 2});
    expect(source, "socket", 0, Values{1});
}

TEST_F(Arguments, NegativeNumbersAreThoseOfTheirLowerHalf) {
    expect("void _start(void) { kernel(135, -1); if (choice) kernel(135, 0xffffffffu); kernel(60, 0); }",
           "personality", 0, Values{0xffffffff});
    expect(R"(
NOINLINE long wrapper(int persona) { return kernel(135, persona); }
void _start(void) { wrapper(-2); kernel(60, 0); })",
           "personality", 0, Values{0xfffffffe});
}

TEST_F(Arguments, AParameterOfWhichALesserPartIsTakenCanBeAnything) {
    expect(R"(
NOINLINE long wrapper(unsigned short request) { return kernel3(16, 0, request, 0); }
void _start(void) { wrapper(choice); kernel(60, 0); })",
           "ioctl", 1, std::nullopt);
}

TEST_F(Arguments, AnArrayOnTheStackThatIsWrittenSomewhereHoldsAnything) {
    expect(R"(
void _start(void) {
    volatile long families[4] = {1, 1, 1, 1};
    families[choice & 3] = choice;
    kernel3(41, families[1], 1, 0);
    kernel(60, 0);
})",
           "socket", 0, std::nullopt);
    expect(R"(
void _start(void) {
    volatile long families[4] = {1, 1, 1, 1};
    for (volatile long *at = families; at != families + 4; ++at) *at = choice;
    kernel3(41, families[1], 1, 0);
    kernel(60, 0);
})",
           "socket", 0, std::nullopt);
    expect(R"(
void _start(void) {
    volatile long one = 1, other = 1;
    volatile long *which = choice ? &one : &other;
    *which = choice;
    kernel3(41, one, 1, 0);
    kernel(60, 0);
})",
           "socket", 0, std::nullopt);
}

TEST_F(Arguments, AStructureOfTheCallerCanHaveBeenChanged) {
    expect(R"(
struct hints { long family; long type; };
NOINLINE void complete(struct hints *h) { if (h->family == 0) h->family = choice; }
NOINLINE long open_one(struct hints *h) { complete(h); return kernel3(41, h->family, h->type, 0) + 1; }
void _start(void) { struct hints h = {0, 1}; open_one(&h); kernel(60, 0); })",
           "socket", 0, std::nullopt);
}

// As tcsetattr of glibc: which of three is asked for by a small number that the caller gives.
TEST_F(Arguments, ASmallNumberThatWasComparedIsASet) {
    const std::string source = R"(
NOINLINE long set(unsigned how) { if (how > 2) return 0; return kernel3(16, 0, 0x5402 + how, 0); }
NOINLINE long below(unsigned how) { if (how < 2) return kernel3(157, how + 15, 0, 0); return kernel3(135, how, 0, 0); }
void _start(void) { set(choice); below(choice); kernel(60, 0); })";
    for (const char* options : {kFree, "-O1 -nostdlib -static -fno-stack-protector -ffreestanding"}) {
        const ReachableCalls calls = calls_of(source, options);
        EXPECT_EQ(argument(calls, "ioctl", 1), (Values{0x5402, 0x5403, 0x5404})) << options;
        EXPECT_EQ(argument(calls, "prctl", 0), (Values{15, 16})) << options;
        EXPECT_EQ(argument(calls, "personality", 0), std::nullopt) << options;
    }
}

TEST_F(Arguments, ComparisonsOfNumbersWithASignAreNoBounds) {
    const auto request = [&](const char* branch) {
        return argument(calls_of(std::string("__asm__(\".globl f\\nf: cmp $2,%esi\\n ") + branch +
                                 R"( 1f\n lea 0x5402(%rsi),%esi\n mov $16,%eax\n syscall\n1: ret\n");
void f(long, long);
void _start(void) { f(0, choice); kernel(60, 0); })"),
                        "ioctl", 1);
    };
    EXPECT_EQ(request("jg"), std::nullopt);
    EXPECT_EQ(request("ja"), (Values{0x5402, 0x5403, 0x5404}));
    EXPECT_EQ(request("jae"), (Values{0x5402, 0x5403}));
    EXPECT_EQ(request("jb"), std::nullopt);
}

// The number that was compared is still what the caller gives where the ways meet again.
TEST_F(Arguments, ABoundHoldsOnItsWayAlone) {
    const ReachableCalls calls = calls_of(R"(
__asm__(".globl f\nf: cmp $3,%esi\n jae 1f\n xor %edx,%edx\n1: mov $16,%eax\n syscall\n"
        "lea 1(%rsi),%edi\n mov $157,%eax\n syscall\n ret\n");
void f(long, long);
void _start(void) { f(0, 0x5401); f(0, 1); kernel(60, 0); })");
    EXPECT_EQ(argument(calls, "ioctl", 1), (Values{1, 0x5401}));
    EXPECT_EQ(argument(calls, "prctl", 0), std::nullopt);
}

TEST_F(Arguments, ASiteOfAnyNumberCanGiveAnything) {
    const ReachableCalls calls =
        calls_of("void _start(void) { kernel3(16, 0, 0x5401, 0); kernel(choice, 0); kernel(60, 0); }");
    EXPECT_FALSE(calls.unresolved.empty());
    EXPECT_EQ(argument(calls, "ioctl", 1), std::nullopt);
}

TEST_F(Arguments, WhatTheKernelStartsTheProgramWithIsAnything) {
    const std::string source = R"(
__asm__(".globl _start\n.type _start,@function\n_start: mov $16,%eax\n syscall\n test %eax,%eax\n jz 1f\n"
        "mov $0x5401,%esi\n call _start\n1: mov $60,%eax\n syscall\n hlt\n.size _start,.-_start\n");)";
    EXPECT_EQ(argument(calls_of(source), "ioctl", 1), std::nullopt);
}

TEST_F(Arguments, AreFollowedIntoTheLibraryAndThroughSyscall) {
    const ReachableCalls calls = library_calls(R"(
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(int count, char **words) {
    int fd = socket(count > 1 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    syscall(SYS_socket, AF_UNIX, SOCK_DGRAM, 0);
    prctl(PR_SET_DUMPABLE, 0);
    syscall(SYS_prctl, PR_SET_NAME, words[0]);
    personality(0xffffffff);
    return ioctl(fd, FIONBIO, &count) + fcntl(fd, F_SETFD, FD_CLOEXEC);
})");
    EXPECT_TRUE(calls.unresolved.empty());
    EXPECT_EQ(argument(calls, "socket", 0), (Values{1, 2, 10}));
    EXPECT_EQ(argument(calls, "socket", 1), (Values{1, 2}));
    EXPECT_EQ(argument(calls, "prctl", 0), (Values{4, 15}));
    EXPECT_EQ(argument(calls, "personality", 0), (Values{0xffffffff}));
    const auto requests = argument(calls, "ioctl", 1);
    ASSERT_TRUE(requests);
    EXPECT_TRUE(std::ranges::binary_search(*requests, 0x5421U));
}

TEST_F(Arguments, ThatComeFromOutsideMakeTheLibrarysCallTakeAnything) {
    const ReachableCalls calls = library_calls(R"(
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int (*volatile other)(int, ...) = prctl;
int main(int count, char **words) {
    syscall(SYS_personality, atoi(words[1]));
    other(15, "x");
    return socket(atoi(words[1]), SOCK_STREAM, 0);
})");
    EXPECT_EQ(argument(calls, "socket", 0), std::nullopt);
    EXPECT_EQ(argument(calls, "socket", 1), Values{1});
    EXPECT_EQ(argument(calls, "prctl", 0), std::nullopt);
    EXPECT_EQ(argument(calls, "personality", 0), std::nullopt);
}

TEST_F(Arguments, OfAFunctionThatIsBothCalledAndGivenAwayCanBeAnything) {
    for (const char* options : {"-O2", "-O2 -fno-plt", "-O2 -no-pie -fno-pie"}) {
        const ReachableCalls calls = library_calls(R"(
#include <sys/prctl.h>
int (**volatile hidden)(int, ...);
int main(void) { *hidden = prctl; return prctl(15, "x"); })",
                                                   options);
        EXPECT_EQ(argument(calls, "prctl", 0), std::nullopt) << options;
    }
}

TEST_F(Arguments, OfALibraryThatMakesTheCallByAnotherNameCanBeAnything) {
    compile(
        "libown.so",
        std::string(kPrelude) + kThree + "long own(long family) { return kernel3(41, family, 1, 0) + 1; }",
        "-O2 -shared -fPIC");
    const ReachableCalls calls = library_calls("long own(long); int main(void) { return own(1) == 5; }",
                                               "-O2 -L. -lown -Wl,-rpath,'$ORIGIN'");
    EXPECT_EQ(argument(calls, "socket", 0), std::nullopt);
}

TEST_F(Arguments, OfALibraryThatHandsThemOnCanBeAnything) {
    compile("libmine.so",
            "#include <sys/socket.h>\nint mine(int family) { return socket(family, SOCK_STREAM, 0) + 1; }",
            "-O2 -shared -fPIC");
    const ReachableCalls calls = library_calls(
        "#include <sys/socket.h>\nint mine(int); int main(void) { return mine(1) + socket(2, 1, 0); }",
        "-O2 -L. -lmine -Wl,-rpath,'$ORIGIN'");
    EXPECT_EQ(argument(calls, "socket", 0), std::nullopt);
    EXPECT_EQ(argument(calls, "socket", 1), Values{1});
}

TEST_F(Arguments, AfterASecondReturnTheStackCanHoldAnything) {
    for (const char* options : {"-O2", "-O0", "-O2 -static"}) {
        const ReachableCalls calls = library_calls(R"(
#include <setjmp.h>
#include <sys/personality.h>
static jmp_buf back;
static __attribute__((noinline)) void leave(void) { longjmp(back, 1); }
int main(int count, char **words) {
    volatile unsigned long persona = 7;
    if (setjmp(back) == 0) {
        persona = count;
        leave();
    }
    return personality(persona);
})",
                                                   options);
        EXPECT_EQ(argument(calls, "personality", 0), std::nullopt) << options;
    }
}

TEST_F(Arguments, AreTheSameFromTheCache) {
    const std::string program = compile("cached", R"(
#include <sys/socket.h>
int main(void) { return socket(AF_UNIX, SOCK_STREAM, 0); })",
                                        "-O2");
    ProgramOptions options = without_cache();
    options.cache_folder = path("cache");
    for (int time = 0; time < 2; ++time)
        EXPECT_EQ(argument(analyze(program, options)->calls(), "socket", 0), Values{1}) << time;
}

}  // namespace
}  // namespace catena::callgraph
