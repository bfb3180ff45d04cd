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
    profile.add(1, kTop);
    for (int i = 0; i < 3; ++i) {
        profile.add(2, kTop - 0x20);
        profile.add(3, kTop - 0x40);
    }
    profile.add(3, kTop - 0x20);
    const std::map<std::string, std::uint64_t> expected = {{"1", 1}, {"1;2", 3}, {"1;2;3", 3}, {"1;3", 1}};
    EXPECT_EQ(calls_by_path(profile), expected);
    EXPECT_EQ(profile.roots().size(), 1U);
    EXPECT_EQ(profile.overflowed(), 0U);
}

TEST(CallProfile, AnotherThreadBeginsAtTheRootsAndSharesThePaths) {
    CallProfile profile;
    profile.add(1, kTop);
    profile.begin_thread();
    profile.add(2, kTop - 0x20);  // would be a call of 1 in the first thread
    profile.begin_thread();
    profile.add(1, kTop);
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
                profile.add(function, stack);
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
    profile.add(0, kTop);
    const auto paths = static_cast<std::uint32_t>(CallProfile::kMaxNodes + 10);
    for (std::uint32_t function = 1; function < paths; ++function) profile.add(function, kTop - 0x20);
    EXPECT_EQ(profile.nodes().size(), CallProfile::kMaxNodes);
    EXPECT_EQ(profile.overflowed(), 10U);
    profile.add(1, kTop - 0x20);
    EXPECT_EQ(profile.overflowed(), 10U) << "a path that has its place keeps it";
}

}  // namespace
}  // namespace catena::functions
