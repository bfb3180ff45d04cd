// catena analyze, as its users run it.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/command.h"
#include "cli/program_fixture.h"

namespace catena::cli {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kSource = R"(namespace shop {
__attribute__((noipa)) int price(int count) { return count * 3; }
}
extern "C" __attribute__((noipa)) int plain(int x) { return x + 1; }
extern "C" int other(int x) __attribute__((alias("plain")));
int main(int argc, char**) { return shop::price(argc) + plain(argc); }
)";

class Analyze : public ProgramTest {
  protected:
    Analyze() {
        std::ofstream(path("program.cc")) << kSource;
        EXPECT_EQ(shell("g++ -g -O1 -fno-lto program.cc -o program").exit_code, 0);
    }

    Outcome shell(const std::string& line) {
        return run({"/bin/sh", "-c", "cd " + path("") + " && " + line});
    }
};

TEST_F(Analyze, ListsFunctionsWithNameAddressSizeAndSource) {
    const Outcome text = catena({"analyze", path("program")});
    EXPECT_EQ(text.exit_code, kDone) << text.err;
    EXPECT_THAT(text.out, StartsWith("address"));
    EXPECT_THAT(text.out, ContainsRegex("\n0x[0-9a-f]+ +[0-9]+  symtab +shop::price\\(int\\)\n"));
    EXPECT_THAT(text.out, ContainsRegex("\n0x[0-9a-f]+ +[0-9]+  symtab +other, plain\n"));
    EXPECT_EQ(text.err, "");
}

TEST_F(Analyze, ListsLibrariesWithWhoAskedForThemAndWhatIsMissing) {
    ASSERT_EQ(shell("echo 'int f(void){return 0;}' > f.c && gcc -shared -o libgone.so f.c && "
                    "gcc -shared -o libasks.so f.c -Wl,--no-as-needed -L. -lgone && "
                    "echo 'int main(void){return 0;}' > m.c && gcc -o user m.c -Wl,--no-as-needed -L. -lasks "
                    "-Wl,--unresolved-symbols=ignore-all '-Wl,-rpath,$ORIGIN'")
                  .exit_code,
              0);
    const Outcome whole = catena({"analyze", path("user"), "--what", "libraries"});
    EXPECT_EQ(whole.exit_code, kNegative) << whole.err;
    EXPECT_THAT(whole.out, ContainsRegex("libasks.so +needed +runpath +[^\n]*/user\n"));
    EXPECT_THAT(whole.out, ContainsRegex("libgone.so +needed +MISSING +[^\n]*/libasks.so\n"));
    const Outcome json = catena(
        {"analyze", path("user"), "--what", "libraries", "--format", "json", "--library-path", path("")});
    EXPECT_EQ(json.exit_code, kDone) << json.err;
    const auto parsed = nlohmann::json::parse(json.out);
    EXPECT_EQ(parsed["kind"], "dynamic");
    EXPECT_EQ(parsed["objects"][0]["requests"][0]["reason"], "program");
    EXPECT_THAT(json.out, HasSubstr("libgone.so"));
    EXPECT_EQ(catena({"analyze", path("user"), "--what", "libraries", "--later", "pan"}).exit_code, kUsage);
}

TEST_F(Analyze, JsonHasTheSameAddressesAndSizesAsNm) {
    const Outcome json =
        catena({"analyze", path("program"), "--what", "functions", "--format", "json", "--lines"});
    EXPECT_EQ(json.exit_code, kDone) << json.err;
    const auto parsed = nlohmann::json::parse(json.out);
    EXPECT_EQ(parsed["file"], path("program"));
    EXPECT_EQ(parsed["what"], "functions");
    std::map<std::string, nlohmann::json> by_symbol;
    for (const auto& each : parsed["functions"]) by_symbol[each.value("symbol", "")] = each;
    std::istringstream names(shell("nm -S program | awk '$3 == \"T\" {print $1, $2, $4}'").out);
    std::size_t compared = 0;
    std::string address, size, symbol;
    for (; names >> address >> size >> symbol; ++compared) {
        if (symbol == "plain") continue;  // an alias of "other"
        ASSERT_TRUE(by_symbol.contains(symbol)) << symbol;
        EXPECT_EQ(std::stoull(by_symbol[symbol]["address"].get<std::string>(), nullptr, 16),
                  std::stoull(address, nullptr, 16));
        EXPECT_EQ(by_symbol[symbol]["size"], std::stoull(size, nullptr, 16));
    }
    EXPECT_GE(compared, 4U);
    EXPECT_EQ(by_symbol["_ZN4shop5priceEi"]["name"], "shop::price(int)");
    EXPECT_EQ(by_symbol["_ZN4shop5priceEi"]["source"], "symtab");
    EXPECT_EQ(by_symbol["_ZN4shop5priceEi"]["line"]["line"], 2);
    EXPECT_THAT(by_symbol["_ZN4shop5priceEi"]["line"]["file"].get<std::string>(), HasSubstr("program.cc"));
    EXPECT_EQ(by_symbol["other"]["aliases"], nlohmann::json::array({"plain"}));
}

TEST_F(Analyze, LinesAreShownWhereThereAreDebugSymbolsAndMissedWhereThereAreNone) {
    EXPECT_THAT(catena({"analyze", path("program"), "--lines"}).out,
                HasSubstr("program.cc:2  shop::price(int)\n"));
    shell("strip program");
    const Outcome stripped = catena({"analyze", path("program"), "--lines"});
    EXPECT_EQ(stripped.exit_code, kDone);
    EXPECT_THAT(stripped.out, HasSubstr("eh-frame"));
    EXPECT_THAT(stripped.err, HasSubstr("has no source lines; they come with its debug symbols"));
}

TEST_F(Analyze, WhatIsNoProgramIsBadInputAndSaysWhatToDo) {
    const Outcome missing = catena({"analyze", path("missing")});
    EXPECT_EQ(missing.exit_code, kBadInput);
    EXPECT_THAT(missing.err, AllOf(StartsWith("catena: "), HasSubstr(path("missing")),
                                   HasSubstr("there is no such file")));
    EXPECT_THAT(missing.out, IsEmpty());
    const Outcome script = catena({"analyze", path("program.cc")});
    EXPECT_EQ(script.exit_code, kBadInput);
    EXPECT_THAT(script.err, HasSubstr("is no ELF file; name a program or a library"));
    EXPECT_EQ(catena({"analyze", path("")}).exit_code, kBadInput);
    shell("head -c 50 program >short");
    EXPECT_EQ(catena({"analyze", path("short")}).exit_code, kBadInput);
    shell("gcc -x c++ -c program.cc -o object.o");
    EXPECT_THAT(catena({"analyze", path("object.o")}).err, HasSubstr("is an object file"));
    EXPECT_EQ(catena({"analyze", path("object.o")}).exit_code, kBadInput);
}

TEST_F(Analyze, OtherMachinesAreNotSupported) {
    shell(
        "printf '.globl _start\\n_start: ret\\n' | as --32 -o start.o - && ld -m elf_i386 start.o -o start");
    const Outcome other = catena({"analyze", path("start")});
    EXPECT_EQ(other.exit_code, kNotPossible);
    EXPECT_THAT(other.err, HasSubstr("is a 32-bit x86 program"));
}

TEST_F(Analyze, AProgramWithoutFunctionsIsANegativeAnswer) {
    shell("printf '.globl _start\\n.data\\n_start: .quad 1\\n' | as -o start.o - && ld start.o -o start");
    const Outcome none = catena({"analyze", path("start")});
    EXPECT_EQ(none.exit_code, kNegative);
    EXPECT_EQ(none.out, "");
    EXPECT_THAT(none.err, HasSubstr("has no functions"));
    const Outcome json = catena({"analyze", path("start"), "--format", "json"});
    EXPECT_EQ(json.exit_code, kNegative);
    EXPECT_THAT(nlohmann::json::parse(json.out)["functions"], IsEmpty());
}

TEST_F(Analyze, NamesCannotMoveTheCursorOrBreakJson) {
    shell(
        "printf '.globl \"a\\033[2Jb\"\\n.type \"a\\033[2Jb\",@function\\n\"a\\033[2Jb\": ret\\n' | as -o "
        "x.o - && ld -e 0 x.o -o x");
    const Outcome text = catena({"analyze", path("x")});
    EXPECT_EQ(text.exit_code, kDone) << text.err;
    EXPECT_THAT(text.out, AllOf(HasSubstr("a\\x1b[2Jb"), testing::Not(HasSubstr("\033"))));
    const auto parsed = nlohmann::json::parse(catena({"analyze", path("x"), "--format", "json"}).out);
    EXPECT_EQ(parsed["functions"][0]["symbol"], "a\033[2Jb");
}

TEST_F(Analyze, OutputThatCannotBeWrittenIsTold) {
    const Outcome full = shell(std::string(CATENA_PROGRAM) + " analyze program >/dev/full");
    EXPECT_EQ(full.exit_code, kBadInput);
    EXPECT_THAT(full.err, HasSubstr("standard output cannot be written"));
}

}  // namespace
}  // namespace catena::cli
