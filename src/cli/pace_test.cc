#include "cli/pace.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/fd.h"

namespace catena::cli {
namespace {

using namespace std::chrono_literals;

// Whether this thread comes to be scheduled so, looking at the ring meanwhile or not.
bool becomes(int policy, Pace& pace, bool looks = true) {
    for (int i = 0; i < 1000; ++i) {
        if (looks) pace.looked(1'000'000'000);
        if (::sched_getscheduler(0) == policy) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

class PaceTest : public testing::Test {
  protected:
    void SetUp() override { pace_.join(); }
    void TearDown() override { pace_.hurry(); }

    std::atomic<double> fill_ = 0;
    base::Fd ring_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    std::atomic<int> rooms_made_ = 0;
    Pace pace_{[this] { return fill_.load(); }, [this] { ++rooms_made_; }, ring_.get()};
};

TEST_F(PaceTest, NobodyWaitsBeforeThereIsAnythingToBeConsiderateOf) {
    std::this_thread::sleep_for(300ms);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
}

TEST_F(PaceTest, IsIdleWhileTheRingHasRoomAndHasItsShareWhenItFills) {
    pace_.relax();
    ASSERT_TRUE(becomes(SCHED_IDLE, pace_));
    const int before = rooms_made_;
    fill_ = 0.5;
    ASSERT_EQ(::eventfd_write(ring_.get(), 1), 0);
    ASSERT_TRUE(becomes(SCHED_OTHER, pace_));
    for (int i = 0; i < 1000 && rooms_made_ == before; ++i) std::this_thread::sleep_for(10ms);
    EXPECT_GT(rooms_made_, before);
    // Until it is nearly empty again.
    fill_ = 0.2;
    std::this_thread::sleep_for(100ms);
    pace_.looked(1'000'000'000);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    fill_ = 0.01;
    EXPECT_TRUE(becomes(SCHED_IDLE, pace_));
    pace_.hurry();
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
}

TEST_F(PaceTest, AReaderThatDoesNotComeRoundGetsItsShare) {
    pace_.relax();
    ASSERT_TRUE(becomes(SCHED_IDLE, pace_));
    EXPECT_TRUE(becomes(SCHED_OTHER, pace_, false));
}

TEST_F(PaceTest, RowsThatWaitToBeCommittedGiveItsShareUntilTheyAre) {
    pace_.relax();
    ASSERT_TRUE(becomes(SCHED_IDLE, pace_));
    pace_.took();
    ASSERT_TRUE(becomes(SCHED_OTHER, pace_));
    pace_.committed();
    EXPECT_TRUE(becomes(SCHED_IDLE, pace_));
}

TEST_F(PaceTest, WhoeverHoldsLocksHasItsShareMeanwhile) {
    pace_.relax();
    ASSERT_TRUE(becomes(SCHED_IDLE, pace_));
    {
        const Pace::Share share(pace_);
        EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
    }
    EXPECT_EQ(::sched_getscheduler(0), SCHED_IDLE);
}

}  // namespace
}  // namespace catena::cli
