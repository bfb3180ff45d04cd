// History: a recording that is too large to be a graph in memory, as a search through it asks for it. What
// keeps recordings implements this; src/graph knows of no store.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "base/result.h"
#include "event/event.h"
#include "graph/graph.h"

namespace catena::graph {

// Of all events of a recording.
struct HistoryExtent {
    std::uint64_t events = 0;
    std::int64_t first_ns = 0;    // the lowest Event::ts_ns
    std::int64_t latest_ns = 0;   // the highest Event::ts_ns
    std::int64_t end_ns = 0;      // the highest Event::last_ns
    std::int64_t longest_ns = 0;  // the longest time from a ts_ns to its last_ns
};

class History {
  public:
    using Visit = std::function<void(const event::Event&)>;

    virtual ~History() = default;

    virtual base::Result<HistoryExtent> extent() = 0;
    // The events with from_ns <= ts_ns <= to_ns, in any order. Of each what a graph is made of: id, ts_ns,
    // last_ns, op, process, tid, object, bytes, ret, count.
    virtual base::Status events(std::int64_t from_ns, std::int64_t to_ns, const Visit& visit) = 0;
    // The events that last longer than that, in any order.
    virtual base::Status events_longer_than(std::int64_t ns, const Visit& visit) = 0;
    // For each socket that names another one as its peer: the two.
    virtual base::Status peers(const std::function<void(event::EntityId, event::EntityId)>& visit) = 0;
    // The processes whose fork was not recorded, but whose parent and whose beginning, between these moments,
    // are known (GraphBuilder says what of).
    virtual base::Status births(std::int64_t from_ns, std::int64_t to_ns,
                                const std::function<void(const Birth&)>& visit) = 0;
    // Tells the builder all descriptions of these entities.
    virtual base::Status describe(std::span<const event::EntityId> ids, GraphBuilder& builder) = 0;
    // What these entities were seen to be part of in the whole recording.
    virtual base::Status traits(std::span<const event::EntityId> ids,
                                const std::function<void(event::EntityId, Traits)>& visit) = 0;
    // The files that a rule may take although something wrote them (devices, terminals): passing through one
    // would lead to all who ever used it. May give others as well.
    virtual base::Status devices(const std::function<void(event::EntityId)>& visit) = 0;
};

}  // namespace catena::graph
