// The critical part of a backward tracking, its flows and nodes weighed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "graph/graph.h"
#include "graph/tracker.h"

namespace catena::graph {

struct RankedTracking {
    struct Entry {
        NodeIndex node = kNoNode;
        double score = 0;
    };

    Tracking critical;
    std::vector<Entry> entries;  // that are in the critical part, best first
    std::unordered_map<NodeIndex, double> node_weights;
    std::unordered_map<EdgeIndex, double> edge_weights;
    std::size_t nodes_before = 0;
    std::size_t edges_before = 0;
    std::uint64_t bytes_left_out = 0;
};

// What backward tracking from `starts` found, ranked. A tracking of up to kReadableWhole nodes stays whole.
// `before`, which may be null, is another recording of the same host.
inline constexpr std::size_t kReadableWhole = 15;
RankedTracking rank_tracking(const Graph& graph, const Tracking& tracking, const std::vector<Moment>& starts,
                             std::size_t max_nodes, const Graph* before);

}  // namespace catena::graph
