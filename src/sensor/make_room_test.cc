// What the ring cannot hold waits in the backlog: with a reader that never looks, nothing is lost.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <memory>

#include "base/fd.h"
#include "sensor/sensor.h"

namespace catena::sensor {
namespace {

constexpr int kBursts = 40;
constexpr int kCallsABurst = 2000;  // a fifth of the ring, with what else there is

// A process that makes a burst of calls for each byte it gets, and then answers with one.
class Worker {
  public:
    Worker() {
        std::array<int, 2> orders{};
        std::array<int, 2> answers{};
        if (::pipe(orders.data()) != 0 || ::pipe(answers.data()) != 0) return;
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(orders[1]);
            char order = 0;
            while (::read(orders[0], &order, 1) == 1) {
                for (int i = 0; i < kCallsABurst; ++i) ::syscall(SYS_getppid);
                (void)!::write(answers[1], &order, 1);
            }
            ::_exit(0);
        }
        ::close(orders[0]);
        ::close(answers[1]);
        orders_.reset(orders[1]);
        answers_.reset(answers[0]);
        // glibc 2.36 declares pidfd_open for C only.
        pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    }
    ~Worker() { end(); }

    [[nodiscard]] int pidfd() const { return pidfd_.get(); }
    void burst() {
        char byte = 1;
        ASSERT_EQ(::write(orders_.get(), &byte, 1), 1);
        ASSERT_EQ(::read(answers_.get(), &byte, 1), 1);
    }
    void end() {
        orders_.reset();
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
        pid_ = -1;
    }

  private:
    pid_t pid_ = -1;
    base::Fd orders_, answers_, pidfd_;
};

// What a sensor with a ring of 1 MiB told of eight rings full of calls, when it is read at the end only.
struct Told {
    Progress progress;
    std::uint64_t calls = 0;
    std::uint64_t bursts_calls = 0;
};

void record(std::uint64_t backlog_bytes, Told& told) {
    Worker worker;
    Options options;
    options.fidelity = Fidelity::Full;
    options.ring_bytes = std::uint64_t{1} << 20U;
    options.backlog_folder = testing::TempDir();
    options.backlog_bytes = backlog_bytes;
    auto sensor = Sensor::create(options);
    ASSERT_TRUE(sensor.has_value()) << sensor.error().message;
    ASSERT_TRUE((*sensor)->track(worker.pidfd()).has_value());
    for (int i = 0; i < kBursts; ++i) {
        worker.burst();
        (*sensor)->make_room();
    }
    worker.end();
    (*sensor)->stop();
    const auto drain = [&] {
        for (bool more = true; more;) {
            event::Batch batch;
            more = (*sensor)->poll(batch);
            told.calls += batch.calls.size();
            for (const event::Call& call : batch.calls) told.bursts_calls += call.nr == SYS_getppid ? 1 : 0;
        }
    };
    drain();
    ASSERT_TRUE((*sensor)->collect_waiting().has_value());
    drain();
    told.progress = (*sensor)->progress();
    EXPECT_EQ((*sensor)->backlog_bytes().value_or(1), 0U);
}

class MakeRoom : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto able = Sensor::create({}); !able) GTEST_SKIP() << able.error().message;
    }
};

TEST_F(MakeRoom, NothingIsLostThatTheBacklogHasRoomFor) {
    Told told;
    record(std::uint64_t{64} << 20U, told);
    EXPECT_EQ(told.bursts_calls, std::uint64_t{kBursts} * kCallsABurst);
    EXPECT_EQ(told.progress.lost, 0U);
    EXPECT_EQ(told.progress.lost_calls, 0U);
    EXPECT_EQ(told.calls, told.progress.calls);
}

TEST_F(MakeRoom, WithoutRoomTheRingLosesAndCounts) {
    Told told;
    record(0, told);
    EXPECT_LT(told.bursts_calls, std::uint64_t{kBursts} * kCallsABurst);
    EXPECT_GT(told.progress.lost_calls, 0U);
    EXPECT_EQ(told.calls, told.progress.calls - told.progress.lost_calls);
}

}  // namespace
}  // namespace catena::sensor
