#include "sensor/slow_closer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>

namespace catena::sensor {
namespace {

using std::chrono::milliseconds;

// A pipe whose read end sees the end once the write end is closed.
struct Watched {
    base::Fd read;
    base::Fd write;
};

Watched make_watched() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return {base::Fd(ends[0]), base::Fd(ends[1])};
}

bool has_ended(const Watched& pipe) {
    pollfd end{.fd = pipe.read.get(), .events = POLLIN, .revents = 0};
    ::poll(&end, 1, 0);
    return (end.revents & POLLHUP) != 0;
}

TEST(SlowCloser, ClosesAllThatItIsGiven) {
    std::array<Watched, 100> pipes;
    SlowCloser closer;
    for (Watched& each : pipes) {
        each = make_watched();
        EXPECT_FALSE(has_ended(each));
        closer.put(std::move(each.write));
    }
    std::size_t before = pipes.size();
    while (const std::size_t left = closer.wait(milliseconds(10))) {
        EXPECT_LE(left, before);
        before = left;
    }
    for (const Watched& each : pipes) EXPECT_TRUE(has_ended(each));
}

TEST(SlowCloser, EndsOnceAllAreClosed) {
    std::array<Watched, 100> pipes;
    {
        SlowCloser closer;
        for (Watched& each : pipes) {
            each = make_watched();
            closer.put(std::move(each.write));
        }
    }
    for (const Watched& each : pipes) EXPECT_TRUE(has_ended(each));
}

TEST(SlowCloser, HasNothingToWaitForWhereItGotNothing) {
    SlowCloser closer;
    EXPECT_EQ(closer.wait(milliseconds(0)), 0U);
}

}  // namespace
}  // namespace catena::sensor
