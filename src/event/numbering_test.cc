#include "event/numbering.h"

#include <gtest/gtest.h>

#include <set>

namespace catena::event {
namespace {

EntityId hash_of(std::uint64_t i) { return {(i * 0xd6e8feb86659fd93ULL >> 1U) | 1U}; }

TEST(Numbering, CountsInTheOrderOfAppearance) {
    Numbering numbering;
    EXPECT_EQ(numbering.number(hash_of(7)).value, 1U);
    EXPECT_EQ(numbering.number(hash_of(3)).value, 2U);
    EXPECT_EQ(numbering.number(hash_of(7)).value, 1U);
    EXPECT_FALSE(numbering.number({}));
    EXPECT_EQ(numbering.size(), 2U);
}

TEST(Numbering, WhatComesWhenItIsFullKeepsOneIdThatNothingElseHas) {
    constexpr std::uint64_t kRoom = 5000;
    constexpr std::uint64_t kAll = 20000;
    Numbering numbering(kRoom);
    std::set<EntityId> ids;
    for (std::uint64_t i = 0; i < kAll; ++i) ids.insert(numbering.number(hash_of(i)));
    EXPECT_EQ(ids.size(), kAll);
    EXPECT_EQ(numbering.size(), kRoom);
    for (std::uint64_t i = 0; i < kAll; ++i) EXPECT_TRUE(ids.contains(numbering.number(hash_of(i))));
    EXPECT_EQ(numbering.number(hash_of(kRoom - 1)).value, kRoom);
    EXPECT_GT(numbering.number(hash_of(kRoom)).value, std::uint64_t{1} << 62U);
}

TEST(Numbering, AnIdIsTheSameWhereverItStands) {
    Batch batch;
    batch.files.push_back({.id = hash_of(1)});
    batch.objects.push_back({.id = hash_of(2)});
    batch.sockets.push_back({.id = hash_of(3), .peer = hash_of(4)});
    batch.processes.push_back({.id = hash_of(5), .parent = hash_of(6)});
    for (std::uint64_t i = 1; i <= 4; ++i)
        batch.events.push_back({.process = hash_of(5), .object = hash_of(i)});
    batch.events.push_back({.process = hash_of(6)});
    Numbering().apply(batch);
    EXPECT_EQ(batch.files[0].id.value, 1U);
    EXPECT_EQ(batch.events[0].object, batch.files[0].id);
    EXPECT_EQ(batch.events[1].object, batch.objects[0].id);
    EXPECT_EQ(batch.events[2].object, batch.sockets[0].id);
    EXPECT_EQ(batch.events[3].object, batch.sockets[0].peer);
    EXPECT_EQ(batch.events[0].process, batch.processes[0].id);
    EXPECT_EQ(batch.events[4].process, batch.processes[0].parent);
    EXPECT_FALSE(batch.events[4].object);
}

}  // namespace
}  // namespace catena::event
