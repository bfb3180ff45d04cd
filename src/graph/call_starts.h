// CallStarts: when calls can have begun. A recorded time is that of a call's return, but what the call
// carries can arrive before that: a reader may return first. So a call that writes is taken to have begun up
// to `slack_ns` before its return, though never before its thread's previous call returned. Where one call
// both read and wrote (sendfile, splice: two events with one thread and time), what it read can have gone on
// before it returned, too.
//
// Told of all events in order of time, also of those that carry nothing. One thread.
#pragma once

#include <cstdint>
#include <vector>

#include "event/event.h"
#include "graph/dense_index.h"

namespace catena::graph {

class CallStarts {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;

    // The returns of a thread's last calls, and the caller's number for what the last one read, if it did.
    struct Thread {
        std::int64_t last_ns = INT64_MIN;    // of its latest call
        std::int64_t before_ns = INT64_MIN;  // of the call before that
        std::uint32_t read = kNone;
    };

    explicit CallStarts(std::int64_t slack_ns) : slack_ns_(slack_ns) {}

    // The thread of an event that returned then. Null where nothing is known of it, or there is no slack.
    // Holds until the next call.
    Thread* note(const event::Event& event, std::int64_t ts_ns) { return note(event.tid, ts_ns); }
    Thread* note(std::int32_t tid, std::int64_t ts_ns) {
        if (slack_ns_ <= 0 || tid <= 0) return nullptr;
        const auto [number, is_new] = numbers_.intern(static_cast<std::uint32_t>(tid));
        if (is_new) threads_.emplace_back();
        Thread& thread = threads_[number];
        if (ts_ns > thread.last_ns) thread = {.last_ns = ts_ns, .before_ns = thread.last_ns};
        return &thread;
    }

    // How long before its return the thread's call may have begun. Sums of merged calls can be told when
    // later calls of their thread are known already: what came before them is not known any more.
    [[nodiscard]] std::int64_t lead_ns(const Thread* thread, std::int64_t ts_ns) const {
        if (thread == nullptr) return 0;
        if (thread->last_ns != ts_ns || thread->before_ns <= ts_ns - slack_ns_) return slack_ns_;
        return ts_ns - thread->before_ns - 1;
    }

  private:
    std::int64_t slack_ns_;
    DenseIndex numbers_;  // by thread id
    std::vector<Thread> threads_;
};

}  // namespace catena::graph
