// Recorder: moves what the sensor finds into a recording. The caller's thread reads the sensor; a thread of
// its own writes, so that a slow disk shows as a full ring buffer, whose losses are counted, and not as a
// slow machine.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/bounded_queue.h"
#include "base/result.h"
#include "cli/pace.h"
#include "event/batch.h"
#include "event/numbering.h"
#include "sensor/sensor.h"
#include "store/store.h"

namespace catena::cli {

class Recorder {
  public:
    Recorder(std::unique_ptr<sensor::Sensor> sensor, std::unique_ptr<store::Writer> writer);
    ~Recorder();

    sensor::Sensor& sensor() { return *sensor_; }

    // Takes what waits at the sensor and hands it to the writing thread; at least four times a second with an
    // order to commit. An error once writing has failed.
    base::Status pump();

    // Stores rows that did not come from the sensor. An error once writing has failed.
    base::Status put(event::Batch batch);

    // How long the next pump() may wait where the sensor does not call: longer after one that found nothing.
    [[nodiscard]] std::chrono::milliseconds rest() const;

    // From now on the recorded goes first, and the caller's thread is one that waits.
    void give_way();

    // Detaches the sensor, stores what waits and the last counts, and closes the recording.
    base::Status finish(std::map<std::string, std::string> meta);

    [[nodiscard]] sensor::Progress progress() { return sensor_->progress(); }

    // How many calls were seen that no part of the recording speaks of; final once finish() has returned.
    [[nodiscard]] std::uint64_t missing();

  private:
    struct Order {
        event::Batch batch;
        bool commit = false;
        std::uint64_t seen = 0;  // calls that the recording speaks of once this is committed
    };
    void write_all();
    base::Status failure();
    void drain();
    void add_accounting(Order& order);

    std::unique_ptr<sensor::Sensor> sensor_;
    std::unique_ptr<store::Writer> writer_;
    Pace pace_;
    event::Numbering numbering_;  // the writing thread's
    base::BoundedQueue<Order> queue_;
    std::int64_t last_commit_ns_ = 0;
    std::int64_t last_collect_ns_ = 0;
    std::uint64_t last_seen_ = 0;  // calls, when sums were last collected
    bool uncommitted_ = false;
    bool quiet_ = false;
    std::vector<event::Accounting> last_accounting_;
    std::atomic<std::uint64_t> committed_seen_ = 0;
    std::mutex failure_mutex_;
    std::optional<base::Error> failure_;  // of the writing thread; guarded by failure_mutex_
    std::jthread thread_;                 // last: ends before what it uses
};

}  // namespace catena::cli
