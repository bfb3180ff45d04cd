#include "functions/call_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <vector>

namespace catena::functions {
namespace {

using testing::ElementsAre;

constexpr std::uint32_t kNone = CallTree::kNone;
constexpr std::uint64_t kTop = 0x7ffd00001000;

std::vector<std::uint32_t> callers(const std::vector<std::uint64_t>& stacks) {
    CallTree tree;
    std::vector<std::uint32_t> result;
    for (const std::uint64_t stack : stacks) result.push_back(tree.add(stack));
    return result;
}

TEST(CallTree, LowerStackPointerIsACalleeEqualASiblingHigherAReturn) {
    //                  main   a            b (sibling)  c in b       d, called by main
    EXPECT_THAT(callers({kTop, kTop - 0x20, kTop - 0x20, kTop - 0x40, kTop - 0x20}),
                ElementsAre(kNone, 0, 0, 2, 0));
}

TEST(CallTree, ATailCallStandsInThePlaceOfWhoeverJumped) {
    EXPECT_THAT(callers({kTop, kTop - 0x20, kTop - 0x20, kTop - 0x60}), ElementsAre(kNone, 0, 0, 2));
}

TEST(CallTree, LongjmpAndExceptionsLeaveManyAtOnce) {
    EXPECT_THAT(callers({kTop, kTop - 0x20, kTop - 0x40, kTop - 0x60, kTop - 0x80, kTop - 0x20}),
                ElementsAre(kNone, 0, 1, 2, 3, 0));
}

TEST(CallTree, AHandlerOnAnotherStackHangsOnWhatItInterrupts) {
    constexpr std::uint64_t kAlternate = 0x55550000;
    EXPECT_THAT(
        callers({kTop, kTop - 0x20, kAlternate, kAlternate - 0x20, kTop - 0x40, kTop - 0x20, kAlternate}),
        ElementsAre(kNone, 0, 1, 2, 1, 0, 5));
}

TEST(CallTree, CoroutinesKeepTheirOwnCalls) {
    constexpr std::uint64_t kFirst = 0x7f0000000000;
    constexpr std::uint64_t kSecond = kFirst + 2 * kStackGapBytes;
    EXPECT_THAT(callers({kTop, kFirst, kSecond, kFirst - 0x20, kSecond - 0x20, kTop - 0x20}),
                ElementsAre(kNone, 0, 1, 1, 2, 0));
}

TEST(CallTree, AnotherProgramBeginsAnew) {
    CallTree tree;
    tree.add(kTop);
    tree.clear();
    EXPECT_EQ(tree.add(kTop - 0x20), kNone);
}

TEST(CallTree, ManyStacksAreBounded) {
    CallTree tree;
    for (std::uint64_t i = 1; i <= 2 * CallTree::kMaxStacks; ++i) tree.add(i * 4 * kStackGapBytes);
    EXPECT_EQ(tree.add(2 * CallTree::kMaxStacks * 4 * kStackGapBytes - 0x20), 2 * CallTree::kMaxStacks - 1);
}

// The obvious one: a program that runs, whose frames are as large as it likes, and that knows who called
// whom.
struct Obvious {
    std::vector<std::uint64_t> stacks;
    std::vector<std::uint32_t> callers;
};

void run_obvious(Obvious& into, std::uint64_t stack, std::uint32_t caller, const std::vector<int>& shape,
                 std::size_t& at, int frame) {
    const auto self = static_cast<std::uint32_t>(into.stacks.size());
    into.stacks.push_back(stack);
    into.callers.push_back(caller);
    // A shape is how many calls each function makes, in the order in which they begin.
    const int calls = at < shape.size() ? shape[at++] : 0;
    for (int i = 0; i < calls; ++i)
        run_obvious(into, stack - static_cast<std::uint64_t>(frame), self, shape, at, frame % 48 + 16);
}

TEST(CallTree, IsThatOfEverySmallProgram) {
    std::size_t programs = 0;
    std::vector<int> shape(6);
    const std::function<void(std::size_t)> each = [&](std::size_t position) {
        if (position == shape.size()) {
            Obvious program;
            std::size_t at = 0;
            run_obvious(program, kTop, kNone, shape, at, 16);
            ASSERT_EQ(callers(program.stacks), program.callers);
            ++programs;
            return;
        }
        for (int calls = 0; calls <= 3; ++calls) {
            shape[position] = calls;
            each(position + 1);
        }
    };
    each(0);
    EXPECT_EQ(programs, 4096U);
}

}  // namespace
}  // namespace catena::functions
