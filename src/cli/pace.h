// Pace: what processor time the recorder's threads get. As long as the ring has room and nothing has waited
// for long, they take only what nobody else wants (SCHED_IDLE), so that a burst of the recorded is paid for
// when it is over; else they get their share like everybody (SCHED_OTHER). A thread of its own decides, since
// those at SCHED_IDLE might not get to it. Thread-safe.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/steady.h"

namespace catena::cli {

class Pace {
  public:
    // `fill` says how full the ring is, from 0 to 1; `make_room` is to see that it does not get full, once
    // the threads have their share. Both are called from Pace's thread. `ring` is a descriptor that becomes
    // readable when the ring begins to fill; it has to outlive this. Until relax() nobody waits.
    Pace(std::function<double()> fill, std::function<void()> make_room, int ring);
    ~Pace();
    Pace(const Pace&) = delete;
    Pace& operator=(const Pace&) = delete;

    // The current thread goes by this pace from now on, and whatever threads it starts.
    void join();

    // From now on there is something to be considerate of; until hurry().
    void relax();
    void hurry();

    // The reader has looked at the ring, and is to do so again within this time; it has taken rows that are
    // to be committed; what it had taken is committed.
    void looked(std::int64_t longest_ns) { due_ns_ = base::steady_ns() + longest_ns; }
    void took();
    void committed() { oldest_ns_ = 0; }

    // While this lives the current thread has its share: for what holds locks that the recorded may want.
    class Share {
      public:
        explicit Share(Pace& pace);
        ~Share();
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

      private:
        Pace& pace_;
    };

  private:
    void run(const std::stop_token& stop);
    [[nodiscard]] bool pressing(double fill) const;
    void set_idle(bool idle);

    std::function<double()> fill_;
    std::function<void()> make_room_;
    base::Fd over_;     // an eventfd: this ends
    base::Fd wakeups_;  // an epoll: says once that the ring begins to fill, or that this ends
    std::atomic<bool> considerate_ = false;
    std::atomic<std::int64_t> due_ns_ = 0;
    std::atomic<std::int64_t> oldest_ns_ = 0;  // when the first row was taken that is not committed; 0: none
    std::mutex mutex_;                         // guards those below
    std::vector<pid_t> threads_;
    bool idle_ = false;
    std::jthread thread_;  // last: ends before what it uses
};

}  // namespace catena::cli
