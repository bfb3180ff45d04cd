#include "base/generation_map.h"

#include <gtest/gtest.h>

#include <string>

namespace catena::base {
namespace {

TEST(GenerationMap, HoldsTwoGenerationsAndCountsWhatItForgets) {
    GenerationMap<int, int> map(100);
    for (int i = 0; i < 1000; ++i) map.insert(i, i);
    EXPECT_LE(map.size(), 200U);
    EXPECT_EQ(map.size() + map.forgotten(), 1000U);
    EXPECT_EQ(map.find(0), nullptr);
    ASSERT_NE(map.find(999), nullptr);
}

TEST(GenerationMap, WhatIsLookedUpIsKept) {
    GenerationMap<int, int> map(100);
    for (int i = 0; i < 1000; ++i) {
        map.insert(i, i);
        ASSERT_NE(map.find(0), nullptr) << i;
    }
}

TEST(GenerationMap, StaysWithinItsBytes) {
    GenerationMap<int, std::string> map(1000, 4096);
    for (int i = 0; i < 1000; ++i) {
        map.insert(i, std::string(100, 'x'), 100);
        EXPECT_LE(map.bytes(), 2U * 4096);
    }
    EXPECT_GT(map.forgotten(), 0U);
    map.insert(-1, std::string(10000, 'x'), 10000);  // larger than all its room, and there all the same
    EXPECT_NE(map.find(-1), nullptr);
}

TEST(GenerationMap, WhatIsErasedMakesRoom) {
    GenerationMap<int, std::string> map(10, 1000);
    for (int i = 0; i < 1000; ++i) {
        map.insert(i, std::string(300, 'x'), 300);
        map.insert(i, std::string(200, 'x'), 200);
        EXPECT_EQ(map.bytes(), 200U);
        map.erase(i);
    }
    EXPECT_TRUE(map.empty());
    EXPECT_EQ(map.bytes(), 0U);
    EXPECT_EQ(map.forgotten(), 0U);
}

}  // namespace
}  // namespace catena::base
