#include "graph/dense_index.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace catena::graph {
namespace {

TEST(DenseIndex, KeysAreNumberedInTheOrderInWhichTheyCome) {
    DenseIndex index;
    EXPECT_EQ(index.find(7), std::nullopt);
    EXPECT_EQ(index.intern(7), std::pair(0U, true));
    EXPECT_EQ(index.intern(0), std::pair(1U, true));
    EXPECT_EQ(index.intern(UINT64_MAX), std::pair(2U, true));
    EXPECT_EQ(index.intern(7), std::pair(0U, false));
    EXPECT_EQ(index.find(0), 1U);
    EXPECT_EQ(index.find(1), std::nullopt);
}

TEST(DenseIndex, NumbersStayWhileItGrows) {
    DenseIndex index;
    // Keys that differ in their high bits only, in their low bits only, and that fall on the same places.
    for (std::uint64_t i = 0; i < 30'000; ++i) index.intern(i % 3 == 0 ? i << 48 : i % 3 == 1 ? i : i << 20);
    const std::size_t size = index.size();
    for (std::uint64_t i = 0; i < 30'000; ++i) {
        EXPECT_FALSE(index.intern(i % 3 == 0 ? i << 48 : i % 3 == 1 ? i : i << 20).second);
    }
    EXPECT_EQ(index.size(), size);
}

}  // namespace
}  // namespace catena::graph
