// Frontier: tracking through a recording that stays where it is. It follows track() (tracker.h) through time,
// reading the recording slice by slice, and keeps the events that the tracking looks at: a part of the graph,
// on which tracking gives what it gives on the whole.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/result.h"
#include "graph/call_starts.h"
#include "graph/history.h"
#include "graph/tracker.h"

namespace catena::graph {

// As Moment, of an entity.
struct Start {
    event::EntityId id;
    std::int64_t ns = 0;
};

// An event that carries something, as tracking needs it.
struct Row {
    std::int64_t id = 0;
    std::int64_t ts_ns = 0;
    std::int64_t last_ns = 0;
    std::int64_t bytes = 0;
    std::uint64_t count = 0;
    event::EntityId process{};
    event::EntityId object{};
    std::int64_t lead_ns = 0;  // how long before its return it may have begun (CallStarts)
    std::int32_t ret = 0;
    event::Op op = event::Op::None;
    bool kept = false;
};

event::Event event_of(const Row& row);

// The row of an event; nothing where it carries nothing.
base::Result<std::optional<Row>> find_row(History& history, const event::Event& event,
                                          std::int64_t slack_ns = kCallSlackNs);

// In one direction. The history outlives it. One thread.
//
// Memory: a slice has at most `slice_events` events (more where they share one moment); kept are `max_flows`
// and what their last slice has. A search that has so many is at its end, and says from where on it has not
// looked.
class Frontier {
  public:
    struct Limits {
        std::int64_t slack_ns = kCallSlackNs;
        std::size_t max_flows = 1'000'000;
        std::size_t slice_events = 500'000;
        std::int64_t long_ns = 2'000'000'000;  // what lasts longer is read at the beginning
    };

    // Direction is Back or Forward.
    static base::Result<Frontier> create(History& history, Direction direction, Window window, Limits limits);

    void start(const Start& start);
    // Never passes through these, unless it starts there. What flows from them is kept.
    void avoid(event::EntityId id) { avoided_.insert(id.value); }
    // Goes on until this many nodes have been found that lead somewhere, or the end.
    base::Status advance(std::size_t nodes);

    [[nodiscard]] bool at_end() const { return at_end_; }
    // Whether the end is that of the room for flows, not that of the window or the recording.
    [[nodiscard]] bool is_full() const { return rows_.size() >= limits_.max_flows && !saw_all_; }
    // All that the tracking finds down (forward: up) to this moment has been looked at.
    [[nodiscard]] std::int64_t horizon_ns() const { return time(settled_); }
    // What was kept: what the tracking finds down to there, and the flows between. What lies beyond was only
    // seen.
    void add_rows_to(std::vector<const Row*>& rows) const;  // hold until it advances
    [[nodiscard]] std::vector<Birth> births() const;
    [[nodiscard]] std::vector<event::EntityId> entities() const;

  private:
    Frontier(History& history, Direction direction, Window window, Limits limits)
        : history_(history),
          forward_(direction == Direction::Forward),
          oldest_(forward_ ? -window.until_ns : window.since_ns),
          newest_(forward_ ? -window.since_ns : window.until_ns),
          limits_(limits) {}

    // One way of a row, in this direction's time: as if always tracking backward.
    struct Flow {
        event::EntityId near;
        event::EntityId far;
        std::int64_t begin;
        std::int64_t end;
    };
    // The flows of some rows by their near end. Filled, then asked.
    class Index {
      public:
        void add(event::EntityId near, std::uint32_t row);
        void close();
        [[nodiscard]] std::span<const std::uint32_t> of(event::EntityId near) const;

      private:
        DenseIndex nears_;
        std::vector<std::pair<std::uint32_t, std::uint32_t>> entries_;  // number of the near end, row
        std::vector<std::uint32_t> first_;
        std::vector<std::uint32_t> rows_;
    };
    struct Candidate {
        std::int64_t time;
        std::uint32_t node;
        bool operator<(const Candidate& other) const { return time < other.time; }
    };
    struct Node {
        std::int64_t time = kAlwaysFrom;
        bool done = false;
        bool leads_on = false;  // something flows into it
    };

    [[nodiscard]] std::int64_t time(std::int64_t ns) const { return forward_ ? -ns : ns; }
    base::Status prepare();
    base::Status load_peers();
    base::Status load_long_rows();
    base::Status next_slice();
    base::Result<std::size_t> load_slice(std::int64_t from, std::int64_t to, std::size_t limit);
    void index(std::vector<Row>& rows, Index& index);
    void settle(std::size_t nodes);
    void go_through(const Index& index, std::vector<Row>& rows, event::EntityId near, std::int64_t time);
    void leave_slice();
    void forget_rows_not_kept();
    void follow(Row& row, const Flow& flow, std::int64_t time);
    bool reach(event::EntityId near, event::EntityId far, std::int64_t time);
    void discover(event::EntityId id, std::int64_t time);
    [[nodiscard]] const Node* node_of(event::EntityId id) const;
    [[nodiscard]] bool is_done(event::EntityId id) const;
    [[nodiscard]] bool is_found(event::EntityId id) const;
    template <class Visit>
    void each_flow(const Row& row, Visit visit) const;

    History& history_;
    bool forward_;
    std::int64_t oldest_;
    std::int64_t newest_;
    Limits limits_;
    HistoryExtent extent_;

    DenseIndex numbers_;  // of the nodes that were discovered
    std::vector<event::EntityId> ids_;
    std::vector<Node> nodes_;
    std::priority_queue<Candidate> heap_;
    std::size_t found_ = 0;  // nodes that are done and lead on

    std::vector<Row> slice_;  // and rows of earlier ones that may still matter
    Index slice_index_;
    std::vector<Row> long_;  // and births
    Index long_index_;
    std::unordered_map<std::uint64_t, std::vector<event::EntityId>> peers_;  // by near end
    std::unordered_set<std::uint64_t> avoided_;
    std::unordered_set<std::uint64_t> met_;  // of the avoided

    std::int64_t before_ =
        0;  // a flow begins at most this long before its row's ts_ns, in this direction's time
    std::int64_t after_ = 0;                   // and ends at most this long after it
    std::optional<std::int64_t> read_from_;    // rows from there on were read
    std::vector<std::int64_t> sample_;         // moments of events of the slice that was read last
    std::int64_t width_ns_ = 0;                // of the next slice
    std::int64_t slice_floor_ = kAlwaysUntil;  // down to there, the rows that were read decide
    std::int64_t settled_ = kAlwaysUntil;
    bool was_last_ = false;  // there is no further slice
    bool at_end_ = false;
    bool saw_all_ = false;
    std::vector<Row> rows_;
    std::vector<Birth> births_;
};

}  // namespace catena::graph
