#include "functions/branch_targets.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <vector>

#include "elf/functions.h"
#include "functions/entry_site.h"

// The second of these functions runs the tail of the first, as code does whose tails the linker or the
// compiler has merged. A probe on the push would count it as a call of the first.
__asm__(
    ".text\n"
    ".type branch_targets_test_entered, @function\n"
    "branch_targets_test_entered: mov %edi, %eax\n"
    "0: push %rbx\npop %rbx\nret\n"
    ".size branch_targets_test_entered, .-branch_targets_test_entered\n"
    ".type branch_targets_test_enters, @function\n"
    "branch_targets_test_enters: mov $1, %eax\njmp 0b\n"
    ".size branch_targets_test_enters, .-branch_targets_test_enters\n"
    ".type branch_targets_test_alone, @function\n"
    "branch_targets_test_alone: mov %edi, %eax\npush %rbx\npop %rbx\nret\n"
    ".size branch_targets_test_alone, .-branch_targets_test_alone\n");

namespace catena::functions {
namespace {

constexpr Ability kAble = {.kinds = {SiteKind::Emulated, SiteKind::OptimisedNop, SiteKind::Emulated,
                                     SiteKind::Emulated, SiteKind::Emulated, SiteKind::Emulated,
                                     SiteKind::Emulated}};

struct File {
    explicit File(const std::string& path)
        : image(elf::Image::open(path).value()), functions(elf::functions(image).value()) {}
    elf::Image image;
    std::vector<elf::Function> functions;
    BranchTargets targets{image, functions};

    [[nodiscard]] Site site_of(const std::string& name) const {
        const auto found = std::ranges::find(functions, name, &elf::Function::name);
        return found == functions.end() ? Site{} : entry_site(image, *found, kAble, targets).site;
    }
};

TEST(BranchTargets, NoProbeGoesBehindAnEntryThatAnotherFunctionJumpsBehind) {
    const File self("/proc/self/exe");
    EXPECT_EQ(self.site_of("branch_targets_test_entered").kind, SiteKind::SingleStepped);
    EXPECT_EQ(self.site_of("branch_targets_test_entered").into_function, 0U);
    EXPECT_EQ(self.site_of("branch_targets_test_alone").kind, SiteKind::Emulated);
    EXPECT_EQ(self.site_of("branch_targets_test_alone").into_function, 2U);
}

// Direct branches as objdump sees them.
std::set<std::uint64_t> targets_by_objdump(const std::string& path) {
    std::set<std::uint64_t> targets;
    const std::string line =
        "objdump -d -w --no-show-raw-insn " + path +
        R"( | sed -nE 's/^ +[0-9a-f]+:\t((bnd|notrack) )?(j|call|loop|xbegin)[a-z,]* +([0-9a-f]+)( <.*)?$/\4/p')";
    std::FILE* pipe = ::popen(line.c_str(), "r");
    std::array<char, 64> text{};
    while (std::fgets(text.data(), text.size(), pipe) != nullptr)
        targets.insert(std::strtoull(text.data(), nullptr, 16));
    ::pclose(pipe);
    return targets;
}

TEST(BranchTargets, AreThoseThatObjdumpSees) {
    const std::string path = "/lib/x86_64-linux-gnu/libresolv.so.2";
    const File file(path);
    std::set<std::uint64_t> entries;
    for (const elf::Function& function : file.functions) entries.insert(function.address);
    const auto all = targets_by_objdump(path);
    ASSERT_GT(all.size(), 500U);
    std::size_t behind_entries = 0;
    for (const std::uint64_t entry : entries) {
        for (std::uint64_t at = entry + 1;
             at < entry + BranchTargets::kMostBehindEntry && !entries.contains(at); ++at) {
            EXPECT_EQ(file.targets.contains(at), all.contains(at)) << std::hex << at;
            behind_entries += all.contains(at) ? 1 : 0;
        }
    }
    EXPECT_GT(behind_entries, 100U);
}

}  // namespace
}  // namespace catena::functions
