// Part: the part of a recording that one question needs, as a graph.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "graph/frontier.h"
#include "graph/graph.h"
#include "graph/history.h"
#include "graph/rules.h"
#include "graph/tracker.h"

namespace catena::graph {

// What make_chain will be asked.
struct PartQuery {
    Direction direction = Direction::Back;  // Both: each way from its starts
    Window window{};
    std::size_t max_nodes = SIZE_MAX;
    KeptRules kept{};
    std::vector<Start> back{};
    std::vector<Start> forward{};
    std::vector<Row> rows{};  // belong to the part whatever the search says
    Frontier::Limits limits{};
};

struct Part {
    Graph graph;
    // Where the search ran out of room (Limits::max_flows): the window inside which the part has everything.
    Window window{};
    bool is_full = false;
};

// On the part, track() within its window gives the nodes, moments and flows that it gives on the whole
// recording.
base::Result<Part> find_part(History& history, const PartQuery& query);

}  // namespace catena::graph
