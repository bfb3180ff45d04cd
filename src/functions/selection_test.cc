#include "functions/selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace catena::functions {
namespace {

using base::ErrorCode;
using testing::HasSubstr;

// A kernel that steps over none of the instructions that one can do without.
constexpr Ability kAble = {.kinds = {SiteKind::Emulated, SiteKind::OptimisedNop, SiteKind::Emulated,
                                     SiteKind::Emulated, SiteKind::Emulated, SiteKind::Emulated,
                                     SiteKind::Emulated}};
const SelectOptions kSelf = {
    .exe = "/proc/self/exe", .libraries = {}, .allow_single_step = false, .ability = kAble};

extern "C" [[gnu::noinline, gnu::used]] int selection_test_function_to_find(int n) { return n * 3; }

TEST(Selection, FindsByGlobEachFunctionOnce) {
    const auto found = select({"exe:selection_test_*", "exe:selection_*_to_find"}, kSelf);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_EQ(found->size(), 1U);
    EXPECT_EQ(found->front().function.symbol, "selection_test_function_to_find");
    EXPECT_EQ(found->front().function.id, 1U);
}

TEST(Selection, NamesAreMatchedWithAndWithoutArguments) {
    EXPECT_TRUE(matches("ns::f", "_ZN2ns1fEi", "ns::f(int)"));
    EXPECT_TRUE(matches("ns::f(int)", "_ZN2ns1fEi", "ns::f(int)"));
    EXPECT_TRUE(matches("_ZN2ns*", "_ZN2ns1fEi", "ns::f(int)"));
    EXPECT_FALSE(matches("ns::g*", "_ZN2ns1fEi", "ns::f(int)"));
}

TEST(Selection, SaysWhatIsClose) {
    const auto found = select({"exe:selection_test_function_to_fond"}, kSelf);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::NotFound);
    EXPECT_THAT(found.error().message, HasSubstr("selection_test_function_to_find"));
}

TEST(Selection, WhatIsNoPatternOrNoProgramIsRefused) {
    for (const char* text : {"main", ":main", "exe:", "lib:libc*", "lib::x"}) {
        const auto found = select({text}, kSelf);
        ASSERT_FALSE(found) << text;
        EXPECT_EQ(found.error().code, ErrorCode::Usage) << text;
    }
    const auto no_elf = select({"/etc/passwd:*"}, kSelf);
    ASSERT_FALSE(no_elf);
    EXPECT_EQ(no_elf.error().code, ErrorCode::BadInput);
    const auto missing = select({"/no/such/file:*"}, kSelf);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    const auto library = select({"lib:libnosuchlibrary*:*"}, kSelf);
    ASSERT_FALSE(library);
    EXPECT_EQ(library.error().code, ErrorCode::NotFound);
}

TEST(Selection, FindsLibrariesByName) {
    const auto found = select({"lib:libc.so*:getppid"}, kSelf);
    ASSERT_TRUE(found) << found.error().message;
    ASSERT_GE(found->size(), 1U);
    EXPECT_THAT(found->front().function.binary, HasSubstr("libc.so"));
}

TEST(Selection, OfSlowSitesOnlyThoseAllowedAreWatched) {
    SelectOptions options = kSelf;
    const auto strict = select({"lib:libc.so*:*"}, options);
    options.allow_single_step = true;
    const auto all = select({"lib:libc.so*:*"}, options);
    ASSERT_TRUE(strict && all);
    const auto watched = [](const Selected& each) { return each.function.watched; };
    const auto slow = std::ranges::count_if(
        *strict, [](const Selected& each) { return each.function.site == "single-stepped"; });
    EXPECT_GT(slow, 0);
    EXPECT_EQ(std::ranges::count_if(*all, watched) - std::ranges::count_if(*strict, watched), slow);
}

}  // namespace
}  // namespace catena::functions
