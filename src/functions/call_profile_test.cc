#include "functions/call_profile.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace catena::functions {
namespace {

constexpr std::uint64_t kTop = 0x7ffd00001000;

void enter(CallProfile& profile, std::uint32_t function, std::uint64_t stack) {
    profile.add({.function = function, .stack = stack});
}

std::string path_of(const CallProfile& profile, std::uint32_t node) {
    const CallProfile::Node& at = profile.nodes()[node];
    const std::string name = std::to_string(at.function);
    return at.parent == CallProfile::kNone ? name : path_of(profile, at.parent) + ";" + name;
}

std::map<std::string, std::uint64_t> calls_by_path(const CallProfile& profile) {
    std::map<std::string, std::uint64_t> calls;
    for (std::uint32_t node = 0; node < profile.nodes().size(); ++node)
        calls[path_of(profile, node)] += profile.nodes()[node].calls;
    return calls;
}

TEST(CallProfile, CallsOfOnePathAreAddedUp) {
    CallProfile profile;
    enter(profile, 1, kTop);
    for (int i = 0; i < 3; ++i) {
        enter(profile, 2, kTop - 0x20);
        enter(profile, 3, kTop - 0x40);
    }
    enter(profile, 3, kTop - 0x20);
    const std::map<std::string, std::uint64_t> expected = {{"1", 1}, {"1;2", 3}, {"1;2;3", 3}, {"1;3", 1}};
    EXPECT_EQ(calls_by_path(profile), expected);
    EXPECT_EQ(profile.roots().size(), 1U);
    EXPECT_EQ(profile.overflowed(), 0U);
}

TEST(CallProfile, AnotherThreadBeginsAtTheRootsAndSharesThePaths) {
    CallProfile profile;
    enter(profile, 1, kTop);
    profile.begin_thread();
    enter(profile, 2, kTop - 0x20);  // would be a call of 1 in the first thread
    profile.begin_thread();
    enter(profile, 1, kTop);
    const std::map<std::string, std::uint64_t> expected = {{"1", 2}, {"2", 1}};
    EXPECT_EQ(calls_by_path(profile), expected);
    EXPECT_EQ(profile.roots().size(), 2U);
}

// A program that calls and returns at random says itself by which path each call came.
TEST(CallProfile, HasThePathsOfARandomProgram) {
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        CallProfile profile;
        std::map<std::string, std::uint64_t> expected;
        for (int thread = 0; thread < 3; ++thread) {
            profile.begin_thread();
            std::vector<std::pair<std::string, std::uint64_t>> open = {{"", kTop}};
            for (int call = 0; call < 200; ++call) {
                // At least what is outermost stays open: the next call of nobody would be at its place.
                while (open.size() > 2 && random() % 3 == 0) open.pop_back();
                if (open.size() > 20) open.resize(10);
                const auto function = static_cast<std::uint32_t>(random() % 4);
                // Frames of one function have one size, as without alloca.
                const std::uint64_t stack = open.back().second - 0x20 * open.size();
                const std::string path =
                    (open.back().first.empty() ? "" : open.back().first + ";") + std::to_string(function);
                enter(profile, function, stack);
                ++expected[path];
                open.emplace_back(path, stack);
            }
        }
        ASSERT_EQ(calls_by_path(profile), expected) << round;
    }
}

// Beyond the bound a call counts with its caller's path, which is not lost.
TEST(CallProfile, PathsBeyondTheBoundAreCounted) {
    CallProfile profile;
    enter(profile, 0, kTop);
    const auto paths = static_cast<std::uint32_t>(CallProfile::kMaxNodes + 10);
    for (std::uint32_t function = 1; function < paths; ++function) enter(profile, function, kTop - 0x20);
    EXPECT_EQ(profile.nodes().size(), CallProfile::kMaxNodes);
    EXPECT_EQ(profile.overflowed(), 10U);
    enter(profile, 1, kTop - 0x20);
    EXPECT_EQ(profile.overflowed(), 10U) << "a path that has its place keeps it";
}

TEST(CallProfile, ReturnsEndCallsAndSayHowLongTheyTook) {
    CallProfile profile;
    profile.add({.ts_ns = 10, .function = 1, .stack = kTop});
    profile.add({.ts_ns = 20, .function = 2, .stack = kTop - 0x20});
    profile.leave({.ts_ns = 25, .function = 2, .stack = kTop - 0x20});
    // Further down than the call that has returned, and no call of it.
    profile.add({.ts_ns = 30, .function = 3, .stack = kTop - 0x40});
    profile.leave({.ts_ns = 90, .function = 9, .stack = kTop - 0x80});  // of no call that is open
    profile.leave({.ts_ns = 100, .function = 1, .stack = kTop});
    const std::map<std::string, std::uint64_t> expected = {{"1", 1}, {"1;2", 1}, {"1;3", 1}};
    EXPECT_EQ(calls_by_path(profile), expected);
    EXPECT_EQ(profile.nodes()[0].total_ns, 90);
    EXPECT_EQ(profile.nodes()[0].timed_calls, 1U);
    EXPECT_EQ(profile.nodes()[1].total_ns, 5);
    EXPECT_EQ(profile.nodes()[2].timed_calls, 0U);
}

TEST(CallProfile, ThoseThatAreKnownToBeOverCallNothing) {
    CallProfile profile;
    enter(profile, 1, kTop);
    enter(profile, 2, kTop - 0x20);
    enter(profile, 3, kTop - 0x40);
    profile.add({.function = 4, .stack = kTop - 0x60, .returned = 2});
    const std::map<std::string, std::uint64_t> expected = {{"1", 1}, {"1;2", 1}, {"1;2;3", 1}, {"1;4", 1}};
    EXPECT_EQ(calls_by_path(profile), expected);
}

TEST(CallProfile, AnOutermostFunctionIsCalledByNone) {
    CallProfile profile;
    enter(profile, 1, kTop);
    profile.add({.function = 2, .stack = kTop - 0x20}, true);
    enter(profile, 3, kTop - 0x40);
    const std::map<std::string, std::uint64_t> expected = {{"1", 1}, {"2", 1}, {"2;3", 1}};
    EXPECT_EQ(calls_by_path(profile), expected);
}

}  // namespace
}  // namespace catena::functions
