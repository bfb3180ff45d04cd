// catena analyze --what syscalls and callgraph, through the program itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class AnalyzeProgram : public ProgramTest {
  protected:
    AnalyzeProgram() {
        write("program.c", R"(
static inline long kernel(long number) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number) : "rcx", "r11", "memory");
    return result;
}
__attribute__((noinline)) void used(void) { kernel(39); }
__attribute__((noinline)) void unused(void) { used(); kernel(59); }
volatile long any;
void _start(void) { used(); kernel(any); kernel(60); }
)");
        EXPECT_EQ(shell("gcc -O2 -nostdlib -static -fcf-protection=none program.c -o program").exit_code, 0);
    }

    void write(const std::string& name, const std::string& content) { std::ofstream(path(name)) << content; }
    Outcome shell(const std::string& line) {
        return run({"/bin/sh", "-c", "cd " + path("") + " && " + line});
    }
};

TEST_F(AnalyzeProgram, TextHasCallsTheirWaysAndWhatIsNotKnown) {
    const Outcome text = catena({"analyze", path("program"), "--what", "syscalls"});
    EXPECT_EQ(text.exit_code, kDone) << text.err;
    EXPECT_THAT(text.out,
                AllOf(HasSubstr("getpid"), HasSubstr("_start > used"), HasSubstr("could not be found out")));
    EXPECT_THAT(text.out, testing::Not(HasSubstr("execve")));
}

TEST_F(AnalyzeProgram, JsonHasEvidence) {
    const auto json = nlohmann::json::parse(
        catena({"analyze", path("program"), "--what", "syscalls", "--format", "json"}).out);
    ASSERT_EQ(json["calls"].size(), 2U);
    EXPECT_EQ(json["calls"][0]["name"], "getpid");
    EXPECT_EQ(json["calls"][0]["evidence"][0]["path"], (std::vector<std::string>{"_start", "used"}));
    EXPECT_EQ(json["unresolved"].size(), 1U);
    EXPECT_EQ(json["unresolved"][0]["function"], "_start");
}

TEST_F(AnalyzeProgram, WhyAnswersForCallsAndFunctions) {
    EXPECT_THAT(catena({"analyze", path("program"), "--what", "syscalls", "--why", "getpid"}).out,
                HasSubstr("_start > used"));
    const Outcome used = catena({"analyze", path("program"), "--what", "callgraph", "--why", "used"});
    EXPECT_EQ(used.exit_code, kDone);
    EXPECT_THAT(used.out, AllOf(HasSubstr("can run"), HasSubstr("unused"), HasSubstr("dropped")));
    EXPECT_EQ(catena({"analyze", path("program"), "--what", "callgraph", "--why", "unused"}).exit_code,
              kNegative);
    EXPECT_EQ(catena({"analyze", path("program"), "--what", "callgraph", "--why", "nobody"}).exit_code,
              kNegative);
}

TEST_F(AnalyzeProgram, CallGraphIsTextJsonOrDot) {
    EXPECT_THAT(catena({"analyze", path("program"), "--what", "callgraph"}).out,
                HasSubstr("entered from outside"));
    const auto json = nlohmann::json::parse(
        catena({"analyze", path("program"), "--what", "callgraph", "--format", "json"}).out);
    EXPECT_EQ(json["functions"].size(), 2U);
    const Outcome dot =
        shell(std::string(CATENA_PROGRAM) + " analyze program --what callgraph --format dot | dot -Tplain");
    EXPECT_EQ(dot.exit_code, 0) << dot.err;
    EXPECT_THAT(dot.out, HasSubstr("used"));
}

TEST_F(AnalyzeProgram, ScriptIsAnsweredByItsInterpreterAndSaysSo) {
    write("script", "#!" + path("program") + " -x\necho\n");
    const Outcome script = catena({"analyze", path("script"), "--what", "syscalls"});
    EXPECT_EQ(script.exit_code, kDone) << script.err;
    EXPECT_THAT(script.out, AllOf(HasSubstr("getpid"), HasSubstr("is a script")));
}

TEST_F(AnalyzeProgram, BadInputIsTold) {
    EXPECT_EQ(catena({"analyze", path("program.c"), "--what", "syscalls"}).exit_code, kBadInput);
    EXPECT_EQ(catena({"analyze", path("missing"), "--what", "syscalls"}).exit_code, kBadInput);
    shell("head -c 50 program >short");
    EXPECT_EQ(catena({"analyze", path("short"), "--what", "callgraph"}).exit_code, kBadInput);
    shell(
        "printf '.globl _start\\n_start: ret\\n' | as --32 -o start.o - && ld -m elf_i386 start.o -o start");
    EXPECT_EQ(catena({"analyze", path("start"), "--what", "syscalls"}).exit_code, kNotPossible);
    EXPECT_EQ(catena({"analyze", path("program"), "--what", "syscalls", "--from", "nobody"}).exit_code,
              kBadInput);
    EXPECT_EQ(catena({"analyze", path("program"), "--why", "used"}).exit_code, kUsage);
    EXPECT_EQ(catena({"analyze", path("program"), "--what", "syscalls", "--format", "dot"}).exit_code,
              kUsage);
    EXPECT_EQ(catena({"analyze", path("program"), "--what", "syscalls", "--lines"}).exit_code, kUsage);
}

}  // namespace
}  // namespace catena::cli
