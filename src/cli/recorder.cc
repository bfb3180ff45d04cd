#include "cli/recorder.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/steady.h"

namespace catena::cli {
namespace {

using base::steady_ns;

constexpr std::size_t kQueuedBatches = 3;
constexpr std::int64_t kCommitEveryNs =
    250'000'000;  // well within the promised second, on a busy machine too
constexpr std::int64_t kCollectEveryNs = 250'000'000;  // and what threads keep with it
constexpr std::chrono::milliseconds kRest{50};
constexpr std::chrono::milliseconds kQuietRest{200};

bool same_counts(const event::Accounting& a, const event::Accounting& b) {
    return a.seen == b.seen && a.stored == b.stored && a.merged == b.merged && a.filtered == b.filtered &&
           a.lost == b.lost &&  // and then its parts
           a.calls == b.calls && a.lost_calls == b.lost_calls && a.function_calls == b.function_calls &&
           a.lost_function_calls == b.lost_function_calls;
}

}  // namespace

Recorder::Recorder(std::unique_ptr<sensor::Sensor> sensor, std::unique_ptr<store::Writer> writer)
    : sensor_(std::move(sensor)),
      writer_(std::move(writer)),
      pace_([this] { return sensor_->fill(); }, [this] { sensor_->make_room(); }, sensor_->wait_fd()),
      queue_(kQueuedBatches),
      last_commit_ns_(steady_ns()) {
    event::Batch first;
    first.meta = sensor_->description();
    first.meta["state"] = "recording";
    queue_.push({std::move(first), true});
    thread_ = std::jthread([this] { write_all(); });
}

Recorder::~Recorder() { queue_.close(); }

void Recorder::write_all() {
    pace_.join();
    while (auto order = queue_.pop()) {
        numbering_.apply(order->batch);
        auto done = writer_->append(order->batch);
        if (done && order->commit) {
            done = writer_->commit();
            pace_.committed();
            if (done) committed_seen_ = order->seen;
        }
        if (done) continue;
        const std::lock_guard lock(failure_mutex_);
        failure_ = done.error();
        queue_.close();
        return;
    }
}

base::Status Recorder::failure() {
    const std::lock_guard lock(failure_mutex_);
    if (failure_) return std::unexpected(*failure_);
    return {};
}

std::uint64_t Recorder::missing() {
    const std::uint64_t seen = sensor_->progress().seen;
    return seen - std::min<std::uint64_t>(seen, committed_seen_);
}

// Adds the rows of the CPUs whose counts have changed.
void Recorder::add_accounting(Order& order) {
    std::vector<event::Accounting> now = sensor_->accounting();
    for (std::size_t cpu = 0; cpu < now.size(); ++cpu) {
        order.seen += now[cpu].seen;
        if (cpu < last_accounting_.size() && same_counts(now[cpu], last_accounting_[cpu])) continue;
        if (now[cpu].seen != 0 || now[cpu].calls != 0 || now[cpu].function_calls != 0)
            order.batch.accounting.push_back(now[cpu]);
    }
    last_accounting_ = std::move(now);
}

void Recorder::give_way() {
    pace_.join();
    pace_.relax();
}

std::chrono::milliseconds Recorder::rest() const { return quiet_ ? kQuietRest : kRest; }

base::Status Recorder::pump() {
    pace_.looked(std::chrono::nanoseconds(2 * rest() + kRest / 5).count());
    if (steady_ns() - last_collect_ns_ >= kCollectEveryNs) {
        // Where no call was seen since, no thread has anything to tell.
        const sensor::Progress progress = sensor_->progress();
        if (progress.waits_uncounted || progress.seen != last_seen_) {
            const Pace::Share share(
                pace_);  // it locks what waits with each thread, which the thread may want
            if (auto collected = sensor_->collect_waiting(); !collected) return collected;
        }
        last_seen_ = progress.seen;
        last_collect_ns_ = steady_ns();
    }
    {
        const Pace::Share share(pace_);  // until they are gone, the recorded pays for them
        if (auto dropped = sensor_->drop_called_functions(); !dropped) return dropped;
    }
    if (const auto backlog = sensor_->backlog_bytes(); !backlog) return std::unexpected(backlog.error());
    quiet_ = true;
    bool more = true;
    while (more) {
        Order order;
        more = sensor_->poll(order.batch);
        quiet_ = quiet_ && order.batch.empty();
        if (!order.batch.empty()) {
            uncommitted_ = true;
            pace_.took();
        }
        const std::int64_t now = steady_ns();
        if (uncommitted_ && now - last_commit_ns_ >= kCommitEveryNs) {
            add_accounting(order);
            order.commit = true;
            uncommitted_ = false;
            last_commit_ns_ = now;
        }
        if (order.batch.empty() && !order.commit) continue;
        if (!queue_.push(std::move(order))) return failure();
        // One round takes what waited when it began, so that the caller can look at its clock and its
        // signals.
        if (more) return {};
    }
    return {};
}

base::Status Recorder::put(event::Batch batch) {
    if (!queue_.push({std::move(batch), false})) return failure();
    uncommitted_ = true;
    return {};
}

// Hands over all that waits.
void Recorder::drain() {
    bool more = true;
    while (more) {
        event::Batch batch;
        more = sensor_->poll(batch);
        if (!queue_.push({std::move(batch), false})) return;
    }
}

base::Status Recorder::finish(std::map<std::string, std::string> meta) {
    pace_.hurry();
    sensor_->stop();
    drain();
    const base::Status collected = sensor_->collect_waiting();
    drain();
    Order last;
    add_accounting(last);
    last.batch.meta = std::move(meta);
    auto counts = sensor_->function_counts();
    const base::Status counted = counts ? base::Status() : std::unexpected(counts.error());
    if (counts) last.batch.function_counts = std::move(*counts);
    last.batch.meta["state"] = "complete";
    last.commit = true;
    queue_.push(std::move(last));
    queue_.close();
    thread_.join();
    if (auto failed = failure(); !failed) return failed;
    if (auto closed = writer_->finish(); !closed) return closed;
    return counted ? collected : counted;
}

}  // namespace catena::cli
