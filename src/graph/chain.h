// Chain: the answer to "where did this come from" or "what came of it", ready to be shown: the nodes and
// flows that tracking found, less what the rules left out, flows of one kind between two nodes joined into
// one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "graph/graph.h"
#include "graph/point.h"
#include "graph/rules.h"
#include "graph/tracker.h"

namespace catena::graph {

// Events that the recorder saw but could not keep.
struct Gap {
    std::int32_t cpu = 0;
    std::uint64_t lost = 0;
    std::int64_t from_ns = 0;
    std::int64_t to_ns = 0;
    bool operator==(const Gap&) const = default;
};

// What one rule of pruning, or the ranking ("rank"), kept out of a chain.
struct LeftOut {
    std::string_view rule{};      // the name that --keep takes; static storage, as the other two
    std::string_view singular{};  // "system file that nothing wrote"
    std::string_view plural{};
    std::uint64_t nodes = 0;
    std::uint64_t edges = 0;  // flows between these nodes and the rest, and of the ranking: all that it took
    std::uint64_t bytes = 0;  // that these flows moved
    bool operator==(const LeftOut&) const = default;
};

// Where what reached the point came from (backward), or where it ended (forward).
struct EntryPoint {
    std::size_t node = 0;  // index into Chain::nodes
    double score = 0;      // 0 to 1: its share in the point
    bool operator==(const EntryPoint&) const = default;
};

struct ChainNode {
    NodeIndex node = kNoNode;
    event::EntityId id{};
    event::EntityType type = event::EntityType::File;
    std::string
        label{};  // printable: "cat (813)", "/tmp/up", "10.0.0.1:4000 → 10.0.0.2:80 (tcp)", "pipe:[12]"
    bool start = false;        // the point names it
    bool end = false;          // of a chain between two points: the other point names it
    std::int64_t time_ns = 0;  // up to when (backward) or from when on (forward) it matters
    bool dull = false;         // a rule would have left it out, were it not switched off
    bool accepted = false;  // a socket that somebody connected to; its remote end is the one that connected
    // Descriptions, in the graph's entities.
    std::vector<const event::ProcessImage*> images{};  // of a process: those that took part, oldest first
    std::vector<const event::FileName*> names{};  // of a file: the name at that time first, then its others
    const event::Socket* socket = nullptr;
    double weight = 1;  // 0 to 1: how much of the point went through it; 1 where nothing was ranked
};

struct ChainEdge {
    std::size_t source = 0;  // index into Chain::nodes
    std::size_t target = 0;
    event::Op op = event::Op::None;  // None joins the two ends of a connection
    std::int64_t first_ns = 0;       // both 0 where op is None
    std::int64_t last_ns = 0;
    std::uint64_t count = 0;
    std::uint64_t bytes = 0;
    std::vector<std::int64_t> events{};  // ids, rising
    double weight = 1;                   // 0 to 1: how much of the point went this way
    // The innermost of the functions that made these system calls, each once, as far as functions were
    // watched.
    std::vector<std::string> functions{};
};

struct Chain {
    std::string point;       // as it was written; several with spaces between them
    std::string to;          // of a chain between two points: where it ends; its direction is Forward
    std::int64_t event = 0;  // that the point names, where it carried something
    Direction direction = Direction::Back;
    std::vector<ChainNode> nodes;          // nearest in time to the point first
    std::vector<ChainEdge> edges;          // by first_ns; those that join come first
    bool windowed = false;                 // only a part of the recording's time was looked at
    bool cut = false;                      // there were more than the nodes asked for
    std::vector<Gap> gaps;                 // losses that can have hidden a part of this chain
    std::vector<LeftOut> left_out;         // those that took something, in the order of the rules
    bool ranked = false;                   // weights and entries say something
    std::vector<EntryPoint> entries{};     // kept ones, best first
    std::size_t nodes_before_ranking = 0;  // after the rules; the same as there are where not ranked
    std::size_t edges_before_ranking = 0;
    std::uint64_t events = 0;   // behind the edges
    std::int64_t start_ns = 0;  // of the recording
    std::int64_t end_ns = 0;
    std::size_t recorded_nodes = 0;  // both 0 where only a part of a large recording was looked at
    std::size_t recorded_edges = 0;
    std::string note;

    [[nodiscard]] bool complete() const { return !cut && gaps.empty(); }
};

// Ranking looks at everything that tracking finds, up to so many nodes: 100 MB of memory, a second.
inline constexpr std::size_t kMostRanked = 200'000;

struct ChainQuery {
    Direction direction = Direction::Back;
    Window window{};
    std::size_t max_nodes = SIZE_MAX;
    KeptRules kept{};
    bool rank = false;              // backward, keep the critical part only
    const Graph* before = nullptr;  // another recording of this host, to know what is rare
    // Only what lies between the anchor and this one, which outlives the query; direction is Forward then.
    const Anchor* to = nullptr;
};

// The graph must have been built for the query's direction (for Both where it has a `to`) and must outlive
// the chain. `losses` are those of the whole recording.
Chain make_chain(const Graph& graph, std::span<const Point> points, const Anchor& anchor,
                 const ChainQuery& query, const std::vector<Gap>& losses);

}  // namespace catena::graph
