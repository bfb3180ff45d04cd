// Ranking: which part of a backward tracking is critical, after DEPIMPACT (Fang et al., "Back-Propagating
// System Dependency Impact for Attack Investigation", USENIX Security 2022). docs/decisions/0025 says what is
// theirs, what is ours, and why.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "event/op.h"

namespace catena::graph {

// What the ranking needs to know of a node that tracking found.
struct RankNode {
    std::int64_t until_ns = 0;  // up to when it matters
    bool start = false;
    bool outside = false;  // a socket whose other end the recording does not show
    std::uint64_t id = 0;  // orders what is equal otherwise; different for each node
};

// A flow between two of these nodes, by their places; begun by the time up to which its target matters.
struct RankFlow {
    std::size_t source = 0;
    std::size_t target = 0;
    event::Op op = event::Op::None;  // None joins the two ends of a connection, at all times
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
    std::uint64_t bytes = 0;
    double rarity = 1;  // above 0, at most 1
};

// A node where a part of the point's past ends, and how much of the point that is.
struct RankedEntry {
    std::size_t node = 0;
    double score = 0;
    bool operator==(const RankedEntry&) const = default;
};

// A flow that walks went over at one moment.
struct RankStep {
    std::size_t flow = 0;
    double mass = 0;               // how many of all walks
    std::size_t next = SIZE_MAX;   // the step from which most of them came; SIZE_MAX: from a start
    std::size_t cause = SIZE_MAX;  // the step to which most of them went on, if at least a third did
};

// All vectors go by place, and all weights are 0 to 1.
struct Ranking {
    std::vector<double> nodes;  // how much of the point came through it
    std::vector<double> flows;
    std::vector<RankedEntry> entries;  // all of them, best first; their scores add up to 1
    std::vector<RankStep> steps;
    std::vector<std::size_t>
        heaviest;  // of a node: index of a step, or SIZE_MAX where it has no weight or starts
};
Ranking rank(std::span<const RankNode> nodes, std::span<const RankFlow> flows);

// The part that is shown.
struct Critical {
    std::vector<bool> nodes;
    std::vector<bool> flows;
    std::vector<RankedEntry>
        entries;       // best first; a time-respecting path of kept flows leads from each to a start
    bool cut = false;  // max_nodes left no room for all that weigh enough
};
Critical critical_part(std::span<const RankNode> nodes, std::span<const RankFlow> flows,
                       const Ranking& ranking, std::size_t max_nodes);

// The features of a flow, each above 0 and at most 1.
double time_closeness(std::int64_t gap_ns);
double order_closeness(std::size_t since);
double data_likeness(std::uint64_t bytes, std::uint64_t others);
double concentration(std::size_t sources, std::size_t targets);

}  // namespace catena::graph
