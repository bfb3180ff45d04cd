// Against addr2line of binutils and of LLVM, which read DWARF by themselves, over every address of a program
// with much inlining. That of binutils 2.40 mistakes files of DWARF 5, so it is asked for DWARF 4 alone.
#include "elf/lines.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <sstream>

#include "elf/programs_for_test.h"

namespace catena::elf {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSource = R"(
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <vector>
namespace shop {
struct Order { std::string name; int count; };
static inline int square(int x) { return x * x; }
static inline int sum_of_squares(int a, int b) { return square(a) + square(b); }
class Shop {
  public:
    void add(const Order& order) { orders_[order.name] += order.count; }
    int total() const {
        int sum = 0;
        for (const auto& [name, count] : orders_) sum += sum_of_squares(count, static_cast<int>(name.size()));
        return sum;
    }
  private:
    std::map<std::string, int> orders_;
};
__attribute__((noinline)) int run(int n) {
    Shop shop;
    std::vector<int> all;
    for (int i = 0; i < n; ++i) { shop.add({"a" + std::to_string(i % 7), i}); all.push_back(square(i)); }
    std::sort(all.begin(), all.end(), [](int a, int b) { return square(a) > square(b); });
    if (n > 1000) { std::puts("many"); std::abort(); }
    return shop.total() + (all.empty() ? 0 : all.front());
}
}
int main(int argc, char** argv) { return shop::run(argc * 3) + (argv == nullptr); }
)";

struct Truth {
    std::string function;
    std::string place;
};

class LinesOfPrograms : public Programs {
  protected:
    // What it says of each address, the innermost first.
    std::vector<std::vector<Truth>> ask(const std::string& addr2line, const std::string& program,
                                        const std::vector<std::uint64_t>& addresses) {
        std::string asked;
        for (const std::uint64_t each : addresses) asked += fmt::format("{:#x}\n", each);
        write("addresses", asked);
        std::istringstream lines(shell(addr2line + " -a -i -f -e " + program + " < addresses"));
        std::vector<std::vector<Truth>> truths;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("0x")) {
                truths.emplace_back();
                continue;
            }
            std::string place;
            std::getline(lines, place);
            truths.back().push_back({line, place.substr(0, place.find(" (disc"))});
        }
        return truths;
    }

    static std::string place_of(const SourceLine& at) {
        if (at.file.empty()) return "??:0";
        return at.line == 0 ? at.file + ":?" : fmt::format("{}:{}", at.file, at.line);
    }

    // Part of the addresses for which the whole chain is the same.
    double agreement(const std::string& addr2line, const std::string& program) {
        std::vector<std::uint64_t> addresses;
        std::vector<std::string> symbols;
        for (const Function& each : functions_of(program)) {
            for (std::uint64_t i = 0; i < each.size_bytes; ++i) addresses.push_back(each.address + i);
            symbols.resize(addresses.size(), each.name);
        }
        const auto truths = ask(addr2line, program, addresses);
        EXPECT_EQ(truths.size(), addresses.size());
        const Image image = image_of(program);
        Lines lines(image, {});
        std::size_t same = 0;
        std::size_t deep = 0;
        for (std::size_t i = 0; i < std::min(addresses.size(), truths.size()); ++i) {
            const auto frames = lines.at(addresses[i]);
            deep += frames.size() > 2 ? 1 : 0;
            const bool is_right = is_same(frames, truths[i], symbols[i]);
            same += is_right ? 1 : 0;
            if (!is_right && i < same + 5) print(addresses[i], frames, truths[i]);
        }
        deep_ = deep;
        return static_cast<double>(same) / static_cast<double>(addresses.size());
    }

    static void print(std::uint64_t address, const std::vector<SourceFrame>& frames,
                      const std::vector<Truth>& truths) {
        for (const SourceFrame& each : frames)
            fmt::print("{:#x} ours: {} {}\n", address, each.function, place_of(each.at));
        for (const Truth& each : truths)
            fmt::print("{:#x} addr2line: {} {}\n", address, each.function, each.place);
    }

    // addr2line takes the name of the symbol instead of DWARF's where that is not mangled, for inlined
    // functions, too.
    static bool is_same(const std::vector<SourceFrame>& frames, const std::vector<Truth>& truth,
                        const std::string& symbol) {
        if (frames.empty()) return truth.size() == 1 && truth[0].place.starts_with("??");
        if (frames.size() != truth.size()) return false;
        for (std::size_t i = 0; i < frames.size(); ++i) {
            const std::string& name = truth[i].function;
            if (frames[i].function != name && name != symbol && name != "??") return false;
            if (place_of(frames[i].at) != truth[i].place) return false;
        }
        return true;
    }

    std::size_t deep_ = 0;  // addresses with three functions and more
};

TEST_F(LinesOfPrograms, AreThoseOfAddr2line) {
    EXPECT_GT(agreement("addr2line", compile("program", kSource, "-g -O2 -gdwarf-4", true)), 0.99);
    EXPECT_GT(deep_, 1000U);
    for (const char* options : {"-g -O2", "-g -O2 -gdwarf-4", "-g -O0", "-g3 -O3 -flto", "-g -O2 -gz"}) {
        EXPECT_GT(agreement("llvm-addr2line-19", compile("program", kSource, options, true)), 0.99)
            << options;
    }
}

TEST_F(LinesOfPrograms, AreFoundInTheDebugFile) {
    const std::string program = compile("program", kSource, "-g -O2 -Wl,--build-id=sha1", true);
    const Image whole = image_of(program);
    const std::string id = whole.build_id_text();
    const std::uint64_t run = find_function(functions_of(program), "_ZN4shop3runEi")->address;
    const auto before = Lines(whole).line_at(run);
    ASSERT_TRUE(before);
    shell(
        fmt::format("mkdir -p debug/.build-id/{0}; objcopy --only-keep-debug program "
                    "debug/.build-id/{0}/{1}.debug; strip program",
                    id.substr(0, 2), id.substr(2)));
    const Image stripped = image_of(program);
    EXPECT_EQ(Lines(stripped, {path("debug")}).line_at(run), before);
    EXPECT_FALSE(Lines(stripped, {}).line_at(run));
}

TEST_F(LinesOfPrograms, NameTheLineOfAFunctionAndOfWhatIsInlinedInIt) {
    const std::string program =
        compile("program",
                "static inline __attribute__((always_inline)) int twice(int x) {\n"
                "    return x * 2;\n"
                "}\n"
                "__attribute__((noipa)) int outer(int x) {\n"
                "    return twice(x);\n"
                "}\n"
                "int main(int argc, char** argv) { return outer(argc) + (argv == 0); }\n",
                "-g -O2");
    const Image image = image_of(program);
    Lines lines(image);
    const auto functions = functions_of(program);
    const Function* outer = find_function(functions, "outer");
    EXPECT_EQ(lines.function_line(outer->address), (SourceLine{path("program.c"), 4}));
    std::vector<SourceFrame> deepest;
    for (std::uint64_t i = 0; i < outer->size_bytes; ++i) {
        auto frames = lines.at(outer->address + i);
        if (frames.size() > deepest.size()) deepest = std::move(frames);
    }
    ASSERT_THAT(deepest, SizeIs(2));
    EXPECT_EQ(deepest[0].function, "twice");
    EXPECT_EQ(deepest[0].at, (SourceLine{path("program.c"), 2}));
    EXPECT_EQ(deepest[1].function, "outer");
    EXPECT_EQ(deepest[1].at, (SourceLine{path("program.c"), 5}));
}

TEST_F(LinesOfPrograms, AreUnknownWithoutDwarfAndOutsideOfTheProgram) {
    const Image plain = image_of(compile("plain", "int main(void) { return 0; }", "-O2"));
    Lines none(plain, {});
    EXPECT_FALSE(none.available());
    EXPECT_FALSE(none.line_at(plain.entry()));
    EXPECT_THAT(none.at(plain.entry()), IsEmpty());

    const Image image = image_of(compile("program", "int main(void) { return 0; }", "-g"));
    Lines lines(image);
    EXPECT_TRUE(lines.available());
    for (const std::uint64_t address : {std::uint64_t{0}, std::uint64_t{1}, ~std::uint64_t{0}})
        EXPECT_THAT(lines.at(address), IsEmpty());
}

}  // namespace
}  // namespace catena::elf
