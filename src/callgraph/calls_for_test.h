// Programs of tests, and the system calls that the analysis and strace find in them.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <set>
#include <string>

#include "callgraph/program.h"
#include "elf/programs_for_test.h"
#include "sys/syscalls.h"

namespace catena::callgraph {

using Names = std::set<std::string>;

// Enters the kernel without any library.
inline constexpr const char* kPrelude = R"(
#define NOINLINE __attribute__((noinline, noclone))
#define INLINE static inline __attribute__((always_inline))
INLINE long kernel(long number, long a) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a) : "rcx", "r11", "memory");
    return result;
}
volatile int choice;
)";
inline constexpr const char* kFree =
    "-O2 -nostdlib -static -fno-stack-protector -ffreestanding -fcf-protection=none";

class ProgramCalls : public elf::Programs {
  protected:
    static std::unique_ptr<Program> analyze(const std::string& path,
                                            ProgramOptions options = without_cache()) {
        auto program = Program::analyze(path, options);
        EXPECT_TRUE(program) << program.error().message;
        return program ? std::move(*program) : nullptr;
    }

    static ProgramOptions without_cache() {
        ProgramOptions options;
        options.cache_folder.clear();
        return options;
    }

    static Names names(const ReachableCalls& calls) {
        Names names;
        for (const ReachableCall& each : calls.calls) {
            const auto abi = each.i386 ? sys::Abi::I386 : sys::Abi::X64;
            names.insert((each.i386 ? "i386:" : "") +
                         std::string(sys::syscall_name(static_cast<int>(each.number), abi)));
        }
        return names;
    }

    // Of a program without a library.
    ReachableCalls free_calls(const std::string& source, const std::string& options = kFree) {
        const std::string path = compile("program", kPrelude + source, options);
        return analyze(path)->calls();
    }
    void expect_exactly(const std::string& source, const Names& expected,
                        const std::string& options = kFree) {
        const ReachableCalls calls = free_calls(source, options);
        EXPECT_EQ(names(calls), expected) << source;
        EXPECT_TRUE(calls.unresolved.empty()) << calls.unresolved.front().reason << source;
    }

    // What a program calls when it runs, as strace sees it.
    Names traced(const std::string& command) const {
        shell("strace -f -qq -o trace " + command + " >/dev/null 2>&1 </dev/null || true");
        Names names;
        std::ifstream lines(path("trace"));
        for (std::string pid, rest; lines >> pid && std::getline(lines, rest);) {
            const std::size_t begin = rest.find_first_not_of(' ');
            const std::size_t end = rest.find('(', begin);
            const std::string name = end == std::string::npos ? "" : rest.substr(begin, end - begin);
            if (!name.empty() &&
                name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == std::string::npos)
                names.insert(name);
        }
        names.erase("execve");  // the one that starts the program is strace's
        return names;
    }
    void expect_all_that_run_makes(const std::string& program, const Names& lacks) {
        const Names found = names(analyze(program)->calls());
        const Names seen = traced(program);
        EXPECT_GT(seen.size(), 5U);
        EXPECT_TRUE(std::ranges::includes(found, seen)) << testing::PrintToString(seen);
        for (const std::string& each : lacks) EXPECT_FALSE(found.contains(each)) << each;
    }
};

}  // namespace catena::callgraph
