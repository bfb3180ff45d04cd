// Against llvm-cxxfilt, which shares nothing with libiberty.
#include "elf/demangle.h"

#include <gmock/gmock.h>

#include <sstream>
#include <string>
#include <vector>

#include "elf/programs_for_test.h"

namespace catena::elf {
namespace {

using testing::SizeIs;

// The k-th substitution of the Itanium ABI.
std::string substitution(unsigned k) {
    constexpr std::string_view kDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string number;
    for (unsigned rest = k; rest > 0; rest = (rest - 1) / 36) {
        number.insert(number.begin(), kDigits[(rest - 1) % 36]);
        if (rest <= 36) break;
    }
    return "S" + number + "_";
}

// A name that stands for about 2^steps words.
std::string doubling_name(unsigned steps) {
    std::string name = "_Z1f1A1BIS_S_E";
    for (unsigned i = 2; i < steps; ++i) name += "S0_I" + substitution(i) + substitution(i) + "E";
    return name;
}

TEST(Demangle, ReadsCxxAndRust) {
    EXPECT_EQ(demangle("_ZN2ns1fEi"), "ns::f(int)");
    EXPECT_EQ(demangle("_ZNSt6vectorIiSaIiEE9push_backEOi"),
              "std::vector<int, std::allocator<int> >::push_back(int&&)");
    EXPECT_EQ(demangle("_ZN2ns1fEi.cold"), "ns::f(int) [clone .cold]");
    EXPECT_EQ(demangle("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE"), "core::fmt::Formatter::pad");
    EXPECT_EQ(demangle("_ZN41_$LT$Test$u20$as$u20$core..fmt..Debug$GT$3fmt17h0123456789abcdefE"),
              "<Test as core::fmt::Debug>::fmt");
    EXPECT_EQ(demangle("_RNvCs1234_7mycrate7example"), "mycrate::example");
    EXPECT_EQ(demangle("_RNvMs_NtCs1234_7mycrate3fooNtB4_3Bar3new"), "<mycrate::foo::Bar>::new");
    EXPECT_EQ(demangle("_RINvNtC3std3mem8align_ofjdE"), "std::mem::align_of::<usize, f64>");
    EXPECT_EQ(demangle("_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_"), "cc::spawn::{closure#0}::{closure#0}");
}

TEST(Demangle, LeavesWhatIsNotMangled) {
    for (const char* name : {"", "main", "_Z", "_R", "_Ready", "_ZN", "_ZN9999999999999999999f",
                             "_RNvC99999999999a1f", "Z1f", "__Z1fv"})
        EXPECT_EQ(demangle(name), name);
}

TEST(Demangle, LeavesNamesThatStandForTooMuch) {
    EXPECT_EQ(demangle(doubling_name(5)).substr(0, 30), "f(A, B<A, A>, B<B<A, A>, B<A, ");
    EXPECT_EQ(demangle(doubling_name(60)), doubling_name(60));
    const std::string deep = "_Z1f" + std::string(100'000, 'P') + "i";
    EXPECT_EQ(demangle(deep), deep);
    for (const std::size_t length : {500U, 1000U, 1500U, 3000U, 4000U}) {
        (void)demangle("_Z1f" + std::string(length, 'P') + "i");
        (void)demangle("_Z1f" + std::string(length, 'F') + "v");
        (void)demangle("_RNvC1a" + std::string(length, 'R'));
        (void)demangle("_RMC1a" + std::string(length, 'T') + "E");
    }
}

class DemangleNames : public Programs {};

TEST_F(DemangleNames, OfTheStandardLibraryAsLlvmDoes) {
    const std::string library = "/usr/lib/x86_64-linux-gnu/libstdc++.so.6";
    shell("nm -D --defined-only " + library +
          " | awk '{sub(/@.*/, \"\", $3); print $3}' >names; llvm-cxxfilt-19 <names >truth");
    std::istringstream names(shell("cat names"));
    std::istringstream truths(shell("cat truth"));
    // Where the two differ in how they write the same: spaces and brackets, names of operators and of what is
    // no function.
    const auto plain = [](std::string text) {
        std::erase_if(text, [](char c) { return c == ' ' || c == '(' || c == ')'; });
        return text;
    };
    std::size_t all = 0;
    std::vector<std::string> different;
    std::string truth;
    for (std::string name; std::getline(names, name) && std::getline(truths, truth); ++all) {
        if (name.starts_with("_ZGT")) continue;  // LLVM does not know of transactions
        const std::string ours = demangle(name);
        if (plain(ours) != plain(truth)) different.push_back(name + ": " + ours + ", LLVM: " + truth);
    }
    EXPECT_GT(all, 4000U);
    EXPECT_THAT(different, SizeIs(testing::Le(all / 100)));
}

}  // namespace
}  // namespace catena::elf
