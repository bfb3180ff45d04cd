// Programs of several languages and libraries. Those without a library have exactly the set that is known in
// advance; the others have at least what strace sees.
#include <gtest/gtest.h>

#include <string>

#include "callgraph/calls_for_test.h"

namespace catena::callgraph {
namespace {

class LanguageCalls : public ProgramCalls {
  protected:
    [[nodiscard]] bool is_there(const std::string& command) const {
        return shell("command -v " + command + " || true").find(command) != std::string::npos;
    }
};

TEST_F(LanguageCalls, HandlersOfSignalsCountWhereTheyAreSet) {
    expect_exactly(R"(
struct action { void (*handler)(int); unsigned long flags; void (*restorer)(void); unsigned long mask; };
static void handler(int n) { kernel(110, n); }
static void never_set(int n) { kernel(57, n); }
void (*kept)(int) = never_set;
__asm__(".globl restore\nrestore: mov $15, %eax\n syscall\n");
void restore(void);
void _start(void) {
    struct action action = {handler, 0x04000000, restore, 0};
    register long size __asm__("r10") = 8;
    register long old __asm__("rdx") = 0;
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(13L), "D"(10L), "S"(&action), "r"(old), "r"(size) : "rcx", "r11", "memory");
    kernel(60, 0);
})",
                   {"rt_sigaction", "rt_sigreturn", "getppid", "exit"});
}

TEST_F(LanguageCalls, BothSidesOfAVforkCount) {
    expect_exactly(
        "void _start(void) { if (kernel(58, 0) == 0) { kernel(59, 0); kernel(60, 1); } kernel(61, 0); "
        "kernel(231, 0); }",
        {"vfork", "execve", "exit", "wait4", "exit_group"});
}

TEST_F(LanguageCalls, VirtualFunctionsCountWhereTheirClassesAreMade) {
    const std::string source = std::string(R"(
extern "C" void *memset(void *at, int value, unsigned long size) { auto *p = static_cast<volatile char *>(at); while (size--) *p++ = static_cast<char>(value); return at; }
extern "C" void __cxa_pure_virtual() { for (;;); }
)") + kPrelude + R"(
struct Base { virtual long run() = 0; };
struct Made : Base { long run() override; };
struct Never : Base { long run() override; };
long Made::run() { return kernel(39, 0); }
long Never::run() { return kernel(57, 0); }
Base *volatile current;
NOINLINE void make_never(void *at) { current = new (at) Never; }
extern "C" void _start() { static Made made; current = &made; current->run(); kernel(60, 0); })";
    const std::string path =
        compile("program", "inline void *operator new(unsigned long, void *at) { return at; }\n" + source,
                std::string(kFree) + " -fno-exceptions -fno-rtti -fno-threadsafe-statics", true);
    const ReachableCalls calls = analyze(path)->calls();
    EXPECT_EQ(names(calls), (Names{"getpid", "exit"}));
    EXPECT_TRUE(calls.unresolved.empty());
}

TEST_F(LanguageCalls, StaticPieWithRelocatedTablesHasTheSameCalls) {
    expect_exactly(R"(
static long one(void) { return kernel(39, 0); }
static long two(void) { return kernel(110, 0); }
static long (*const table[])(void) = {one, two};
void _start(void) { table[choice & 1](); kernel(60, 0); })",
                   {"getpid", "getppid", "exit"}, std::string(kFree) + " -static-pie -fpie");
}

TEST_F(LanguageCalls, RustWithoutALibraryHasExactlyItsCalls) {
    if (!is_there("rustc")) GTEST_SKIP() << "rustc is not installed";
    write("program.rs", R"(#![no_std]
#![no_main]
use core::arch::asm;
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! { loop {} }
#[inline(always)]
fn kernel(number: i64, a: i64) -> i64 {
    let result: i64;
    unsafe { asm!("syscall", inlateout("rax") number => result, in("rdi") a, out("rcx") _, out("r11") _) };
    result
}
trait Act { fn act(&self) -> i64; }
struct One; struct Two; struct Never;
impl Act for One { fn act(&self) -> i64 { kernel(39, 0) } }
impl Act for Two { fn act(&self) -> i64 { kernel(110, 0) } }
impl Act for Never { fn act(&self) -> i64 { kernel(57, 0) } }
#[inline(never)]
#[no_mangle]
pub extern "C" fn unused() -> i64 { let x: &dyn Act = &Never; core::hint::black_box(x).act() }
#[no_mangle]
pub extern "C" fn _start() -> ! {
    let acts: [&dyn Act; 2] = [&One, &Two];
    for each in core::hint::black_box(acts) { each.act(); }
    kernel(60, 0);
    loop {}
}
)");
    shell(
        "rustc -O --edition 2021 -C panic=abort -C link-arg=-nostartfiles -C link-arg=-nostdlib -C "
        "link-arg=-static "
        "-C relocation-model=static program.rs -o program 2>errors || (cat errors; false)");
    const ReachableCalls calls = analyze(path("program"))->calls();
    EXPECT_EQ(names(calls), (Names{"getpid", "getppid", "exit"}));
    EXPECT_TRUE(calls.unresolved.empty());
}

TEST_F(LanguageCalls, HoldWhatAProgramOfRustMakes) {
    if (!is_there("rustc")) GTEST_SKIP() << "rustc is not installed";
    write("program.rs", R"(
fn main() {
    let thread = std::thread::spawn(|| std::fs::read("/etc/hostname").map(|b| b.len()).unwrap_or(0));
    println!("{}", thread.join().unwrap());
    let _ = std::net::TcpStream::connect("127.0.0.1:1");
}
)");
    shell("rustc -O program.rs -o program 2>errors || (cat errors; false)");
    expect_all_that_run_makes(path("program"), {"ptrace", "reboot", "mount"});
}

TEST_F(LanguageCalls, HoldWhatAProgramOfMuslMakes) {
    if (!is_there("musl-gcc")) GTEST_SKIP() << "musl-gcc is not installed";
    write("program.c", R"(
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <unistd.h>
static void *run(void *p) { getppid(); return p; }
int main(void) {
    pthread_t id;
    pthread_create(&id, 0, run, 0);
    pthread_join(id, 0);
    printf("%p\n", (void *)getpwnam("root"));
    return 0;
})");
    for (const char* options : {"-O2 -static", "-O2 -static -static-pie"}) {
        shell(std::string("musl-gcc ") + options + " program.c -o program");
        expect_all_that_run_makes(path("program"), {"ptrace", "reboot", "mount", "bpf"});
        EXPECT_TRUE(analyze(path("program"))->calls().unresolved.empty()) << options;
    }
}

TEST_F(LanguageCalls, HoldWhatAProgramOfGoMakes) {
    if (!is_there("go")) GTEST_SKIP() << "go is not installed (Debian's golang-go)";
    write("program.go",
          "package main\nimport \"fmt\"\nimport \"os\"\nfunc main() { fmt.Println(os.Getppid()) }\n");
    shell("HOME=$PWD GOCACHE=$PWD/cache go build -o program program.go");
    expect_all_that_run_makes(path("program"), {"reboot"});
}

}  // namespace
}  // namespace catena::callgraph
