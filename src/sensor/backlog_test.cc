#include "sensor/backlog.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <deque>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

namespace catena::sensor {
namespace {

namespace fs = std::filesystem;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kMost = std::uint64_t{64} << 20U;

class BacklogTest : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "catena-backlog-XXXXXX").string();
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { fs::remove_all(folder_); }

    static Bytes some(std::mt19937& random, std::size_t most) {
        const std::size_t size = random() % most;
        Bytes bytes(size, static_cast<std::byte>(random()));
        return bytes;
    }

    std::string folder_;
};

// Against a plain queue, with takers that stop anywhere.
TEST_F(BacklogTest, GivesBackWhatItGotInOrder) {
    for (unsigned seed = 0; seed < 5; ++seed) {
        std::mt19937 random(seed);
        Backlog backlog(folder_, kMost);
        std::deque<Bytes> expected;
        for (int round = 0; round < 40; ++round) {
            for (unsigned i = random() % 3000; i > 0; --i) {
                ASSERT_TRUE(backlog.has_room());
                expected.push_back(some(random, 700));
                backlog.put(expected.back());
            }
            unsigned left = random() % 4000;
            const bool all = left >= expected.size();
            const bool stopped = backlog.consume([&](std::span<const std::byte> record) {
                EXPECT_TRUE(std::ranges::equal(record, expected.front()));
                expected.pop_front();
                return --left > 0;
            });
            ASSERT_EQ(backlog.empty(), expected.empty());
            if (all && left > 0) {
                ASSERT_FALSE(stopped);
            }
        }
        while (backlog.consume([&](std::span<const std::byte> record) {
            EXPECT_TRUE(std::ranges::equal(record, expected.front()));
            expected.pop_front();
            return false;
        })) {
        }
        EXPECT_TRUE(expected.empty());
        EXPECT_EQ(backlog.bytes(), 0U);
        EXPECT_TRUE(backlog.status().has_value());
    }
    EXPECT_TRUE(fs::is_empty(folder_)) << "its file has no name";
}

TEST_F(BacklogTest, TakesNoMoreThanItMay) {
    Backlog none(folder_, 0);
    EXPECT_FALSE(none.has_room());
    Backlog backlog(folder_, std::uint64_t{3} << 20U);
    const Bytes record(1000);
    int put = 0;
    for (; backlog.has_room(); ++put) backlog.put(record);
    EXPECT_EQ(put, ((3 << 20) + 1003) / 1004);
    int got = 0;
    backlog.consume([&](std::span<const std::byte>) { return ++got < 10; });
    EXPECT_TRUE(backlog.has_room()) << "ten have gone";
}

TEST_F(BacklogTest, WhereTheDiskRefusesItKeepsWhatItHasAndTakesNoMore) {
    Backlog backlog(folder_ + "/none", kMost);
    const Bytes record(1000, std::byte{7});
    int put = 0;
    for (; backlog.has_room(); ++put) backlog.put(record);
    EXPECT_LE(put, 1100) << "no more than a block is in memory";
    int got = 0;
    backlog.consume([&](std::span<const std::byte> each) {
        EXPECT_TRUE(std::ranges::equal(each, record));
        ++got;
        return true;
    });
    EXPECT_EQ(got, put);
    EXPECT_TRUE(backlog.has_room()) << "it may try again";
}

}  // namespace
}  // namespace catena::sensor
