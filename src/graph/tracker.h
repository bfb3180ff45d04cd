// Time-respecting tracking through a graph: what can have led to a node (backward), and what it can have led
// to (forward).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace catena::graph {

// A node and the moment that counts for it. Backward: what flowed into it no later than then matters.
// Forward: what flowed out of it no earlier than then matters.
struct Moment {
    NodeIndex node = kNoNode;
    std::int64_t ns = 0;
    bool operator==(const Moment&) const = default;
};

// Only what happened in here is followed, ends included.
struct Window {
    std::int64_t since_ns = kAlwaysFrom;
    std::int64_t until_ns = kAlwaysUntil;
    bool operator==(const Window&) const = default;
};

struct Tracking {
    std::vector<Moment> nodes;     // each once, with its widest moment, nearest in time to the start first
    std::vector<EdgeIndex> edges;  // between these nodes, each once
    // There were more than max_nodes. Then this is what is nearest in time: `edges` holds no flow that leads
    // beyond the moment of the last node.
    bool cut = false;
};

// Tracks in one direction (Back or Forward; the graph must have been built for it). Nodes for which
// `leave_out` holds are neither reported nor passed through, unless one starts there. It is asked once an
// edge.
Tracking track(const Graph& graph, Direction direction, std::span<const Moment> starts, Window window,
               std::size_t max_nodes, const std::function<bool(NodeIndex)>& leave_out);

// What lies on the ways from one of `from` to one of `to` that respect time: every node and every edge of the
// answer is part of one such way within the window. That is less than what tracking forward and tracking
// backward both find: what came of `from` may have reached a node only after it could last have mattered to
// `to`. Nodes come in the order in which they were reached, with that moment. The graph must have been built
// for Direction::Both.
Tracking track_between(const Graph& graph, std::span<const Moment> from, std::span<const Moment> to,
                       Window window, std::size_t max_nodes, const std::function<bool(NodeIndex)>& leave_out);

}  // namespace catena::graph
