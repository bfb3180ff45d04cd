// Reduction: makes a smaller recording of one that is there (graph/history_reducer.h).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "event/batch.h"
#include "event/op.h"
#include "graph/history_reducer.h"
#include "store/store.h"

namespace catena::cli {

// Reads events in slices of time, so that putting them in order takes little memory, and writes rows as they
// are complete. One thread.
class Reduction {
  public:
    // Asked every so often, with how many of how many rows have been read; false ends it.
    using Proceed = std::function<bool(std::uint64_t done, std::uint64_t all)>;

    Reduction(store::Reader& reader, store::Writer& writer, const graph::ReductionOptions& options,
              Proceed proceed)
        : reader_(reader),
          writer_(writer),
          options_(options),
          reducer_(options),
          proceed_(std::move(proceed)) {}

    // `from` is what the recording says it was made of.
    base::Status run(const std::string& from);

    struct Rows {
        std::uint64_t before = 0;
        std::uint64_t after = 0;
        bool operator==(const Rows&) const = default;
    };
    // By operation.
    [[nodiscard]] const std::array<Rows, event::kOpCount>& rows() const { return rows_; }
    [[nodiscard]] Rows flows() const { return flows_; }
    [[nodiscard]] const graph::HistoryReducer::Counts& counts() const { return reducer_.counts(); }
    [[nodiscard]] std::uint64_t calls() const { return calls_; }  // system calls, which are left out
    [[nodiscard]] std::uint64_t function_calls() const { return function_calls_; }  // left out, too

  private:
    base::Status measure();
    base::Status copy_entities();
    [[nodiscard]] bool watched_functions() const;  // whether the recording did
    base::Status find_forks();
    base::Status find_slices();
    base::Status each_event(const std::function<base::Status(event::Event&&)>& visit);
    base::Status survey();
    base::Status reduce();
    base::Status copy_accounts();
    base::Status write_meta(const std::string& from);
    base::Status put(event::Batch& batch, bool in_any_case);
    base::Status put_rows(std::vector<event::Event>& rows);

    store::Reader& reader_;
    store::Writer& writer_;
    graph::ReductionOptions options_;
    graph::HistoryReducer reducer_;
    Proceed proceed_;
    std::array<Rows, event::kOpCount> rows_{};
    Rows flows_;
    std::uint64_t all_rows_ = 0;
    std::uint64_t calls_ = 0;
    std::uint64_t function_calls_ = 0;
    std::int64_t start_ns_ = 0;
    std::int64_t end_ns_ = 0;
    std::unordered_set<std::uint64_t> forked_;  // processes whose fork is an event
    std::vector<std::string> slices_;           // SQL conditions
    std::uint64_t done_ = 0;
    event::Batch batch_;
};

}  // namespace catena::cli
