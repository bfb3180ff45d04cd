// Helpers: child processes that only report to their parent, so that nothing of what they tell it came from
// anywhere else.
#pragma once

#include <span>
#include <vector>

#include "graph/graph.h"
#include "graph/tracker.h"

namespace catena::graph {

// The nodes of a backward tracking that are helpers, and the pipes over which they report: forked by a
// process and joined to the rest of what tracking found by that process alone, with only processes and pipes
// among them. One that read a file, a connection or anything else that tracking did not leave out is none.
// Helpers of helpers are helpers. In the order of tracking.nodes.
std::vector<NodeIndex> helpers_in(const Graph& graph, const Tracking& tracking,
                                  std::span<const Moment> starts);

}  // namespace catena::graph
