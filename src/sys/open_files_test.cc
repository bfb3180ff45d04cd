#include "sys/open_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace catena::sys {
namespace {

class OpenFiles : public testing::Test {
  protected:
    OpenFiles() { ::getrlimit(RLIMIT_NOFILE, &before_); }
    ~OpenFiles() override { ::setrlimit(RLIMIT_NOFILE, &before_); }

    [[nodiscard]] static rlim_t soft_limit() {
        rlimit limit{};
        ::getrlimit(RLIMIT_NOFILE, &limit);
        return limit.rlim_cur;
    }

    rlimit before_{};
};

TEST_F(OpenFiles, TheLimitIsRaisedWithinTheHardOne) {
    const rlimit low{.rlim_cur = 100, .rlim_max = before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
    ASSERT_TRUE(allow_open_files(500));
    EXPECT_GT(soft_limit(), 500U);
    EXPECT_LT(soft_limit(), 1000U);
}

TEST_F(OpenFiles, ALimitThatIsHighEnoughStays) {
    const rlim_t before = soft_limit();
    ASSERT_TRUE(allow_open_files(1));
    EXPECT_EQ(soft_limit(), before);
}

// More than fs.nr_open can be is beyond root, too.
TEST_F(OpenFiles, WhatMayNotBeIsSaidWithTheLimit) {
    const auto allowed = allow_open_files(std::size_t{1} << 40U);
    ASSERT_FALSE(allowed);
    EXPECT_THAT(allowed.error().message, testing::HasSubstr(std::to_string(before_.rlim_max)));
    EXPECT_EQ(soft_limit(), before_.rlim_cur);
}

}  // namespace
}  // namespace catena::sys
