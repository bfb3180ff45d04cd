// SlowCloser: closes descriptors whose closing takes long in threads of its own. To be used from one thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fd.h"

namespace catena::sensor {

class SlowCloser {
  public:
    SlowCloser() = default;
    ~SlowCloser();  // once all are closed
    SlowCloser(const SlowCloser&) = delete;
    SlowCloser& operator=(const SlowCloser&) = delete;

    void put(base::Fd fd);

    // How many are not closed yet, after so long at most.
    std::size_t wait(std::chrono::milliseconds at_most);

  private:
    void run();

    std::mutex mutex_;  // guards all that follow but the threads
    std::condition_variable more_;
    std::condition_variable closed_;
    std::deque<base::Fd> waiting_;
    std::size_t left_ = 0;
    bool over_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace catena::sensor
