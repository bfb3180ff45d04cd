#include "sensor/slow_closer.h"

#include <utility>

namespace catena::sensor {
namespace {

// For a uprobe's link the kernel waits several times, the last of them with a lock of the whole system: four
// threads need half the time of one, and twelve no less (measured on Linux 6.1; docs/functions.md).
constexpr std::size_t kThreads = 4;

}  // namespace

SlowCloser::~SlowCloser() {
    {
        const std::lock_guard lock(mutex_);
        over_ = true;
    }
    more_.notify_all();
}

void SlowCloser::put(base::Fd fd) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(fd));
        ++left_;
    }
    more_.notify_one();
    if (threads_.size() < kThreads) threads_.emplace_back([this] { run(); });
}

std::size_t SlowCloser::wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    closed_.wait_for(lock, at_most, [this] { return left_ == 0; });
    return left_;
}

void SlowCloser::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        more_.wait(lock, [this] { return over_ || !waiting_.empty(); });
        if (waiting_.empty()) return;
        base::Fd fd = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        fd.reset();
        lock.lock();
        if (--left_ == 0) closed_.notify_all();
    }
}

}  // namespace catena::sensor
