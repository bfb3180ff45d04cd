#include "cli/pace.h"

#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace catena::cli {
namespace {

// How often to look: while the ring holds something (a busy machine fills a quarter of 16 MiB in about 40
// ms), and while it does not.
constexpr int kBusyLookMs = 20;
constexpr int kQuietLookMs = 100;
constexpr double kFull = 0.25;   // of the ring: from here on the threads get their share …
constexpr double kEmpty = 0.06;  // … until no more than this is left
// A killed recorder loses no more than the last second, however busy the machine is.
constexpr std::int64_t kLongestWaitNs = 350'000'000;

// Where this is not allowed, everything is as it was: correct, but not as considerate.
void schedule(pid_t thread, bool idle) {
    const sched_param none{};
    (void)::sched_setscheduler(thread, idle ? SCHED_IDLE : SCHED_OTHER, &none);
}

}  // namespace

Pace::Pace(std::function<double()> fill, std::function<void()> make_room, int ring)
    : fill_(std::move(fill)),
      make_room_(std::move(make_room)),
      over_(::eventfd(0, EFD_CLOEXEC)),
      wakeups_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event once{.events = EPOLLIN | EPOLLET, .data = {}};
    for (const int fd : {ring, over_.get()}) ::epoll_ctl(wakeups_.get(), EPOLL_CTL_ADD, fd, &once);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Pace::~Pace() {
    thread_.request_stop();
    ::eventfd_write(over_.get(), 1);
}

void Pace::join() {
    const std::lock_guard lock(mutex_);
    threads_.push_back(::gettid());
    schedule(threads_.back(), idle_);
}

void Pace::took() {
    std::int64_t none = 0;
    oldest_ns_.compare_exchange_strong(none, base::steady_ns());
}

void Pace::relax() {
    looked(kLongestWaitNs);
    considerate_ = true;
}

void Pace::hurry() {
    considerate_ = false;
    set_idle(false);
}

bool Pace::pressing(double fill) const {
    const std::int64_t now = base::steady_ns();
    const std::int64_t oldest = oldest_ns_;
    return fill > kFull || now > due_ns_ || (oldest != 0 && now - oldest > kLongestWaitNs);
}

void Pace::run(const std::stop_token& stop) {
    double fill = 0;
    while (!stop.stop_requested()) {
        if (fill > kEmpty) {
            std::this_thread::sleep_for(std::chrono::milliseconds(kBusyLookMs));
        } else {
            epoll_event event{};
            ::epoll_wait(wakeups_.get(), &event, 1, kQuietLookMs);
        }
        fill = fill_();
        if (!considerate_ || pressing(fill)) {
            set_idle(false);
            make_room_();
        } else if (fill <= kEmpty) {
            set_idle(true);
        }
    }
}

void Pace::set_idle(bool idle) {
    const std::lock_guard lock(mutex_);
    if (idle && !considerate_) return;
    // Said again while it is so: a Share that ended meanwhile may have thought otherwise.
    if (std::exchange(idle_, idle) && idle) return;
    for (const pid_t thread : threads_) schedule(thread, idle);
}

Pace::Share::Share(Pace& pace) : pace_(pace) { schedule(::gettid(), false); }

Pace::Share::~Share() {
    bool idle = false;
    {
        const std::lock_guard lock(pace_.mutex_);
        idle = pace_.idle_ && std::ranges::find(pace_.threads_, ::gettid()) != pace_.threads_.end();
    }
    if (idle) schedule(::gettid(), true);  // and not with the lock, which Pace may want
}

}  // namespace catena::cli
