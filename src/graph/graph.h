// Graph: the provenance graph of a recording. Nodes are entities, edges are flows of information with an
// interval of time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include "event/event.h"
#include "graph/call_starts.h"
#include "graph/entities.h"
#include "graph/narrow_column.h"

namespace catena::graph {

using EdgeIndex = std::uint32_t;
inline constexpr EdgeIndex kNoEdge = CallStarts::kNone;

enum class Direction : std::uint8_t { Back, Forward, Both };
std::string_view to_string(Direction direction);  // "back", "forward", "both"

// Before and after every moment of a recording. Negating one gives the other, which tracking forward needs.
inline constexpr std::int64_t kAlwaysUntil = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kAlwaysFrom = -kAlwaysUntil;

// One flow from source to target.
struct Edge {
    NodeIndex source = kNoNode;
    NodeIndex target = kNoNode;
    event::Op op = event::Op::None;  // None joins the two ends of a connection, at all times
    std::int64_t begin_ns = 0;       // the earliest moment at which it can have carried something
    std::int64_t first_ns = 0;       // when its event ended (the first one, where several were merged)
    std::int64_t last_ns = 0;        // when the last one merged ended
    std::int64_t event = 0;          // id; 0 where no event stands behind it
    std::uint64_t bytes = 0;
    std::uint64_t count = 0;
};

// Whether an event is an edge at all: it succeeded, has two ends, and moved something if it is of a kind that
// moves bytes.
bool carries(const event::Event& event);

// What a node was seen to be part of.
enum class Trait : std::uint8_t {
    Written = 1,    // something flowed into it
    Accepted = 2,   // a socket that came out of accept
    Connected = 4,  // a socket that connect was called on
    Forked = 8,     // a process whose fork was recorded
};

using Traits = std::uint8_t;  // the sum of some

// A fork that is not in the recording, as far as the parent's and the child's descriptions tell of it.
struct Birth {
    event::EntityId parent;
    event::EntityId child;
    std::int64_t ts_ns = 0;
    bool operator==(const Birth&) const = default;
};

// Hostile times are kept away from the ends of the number range, so that sums cannot overflow.
inline constexpr std::int64_t kTimeLimit = std::int64_t{1} << 62;
std::int64_t clamp_time(std::int64_t ts_ns);

// Immutable, so safe to read from several threads. Made by GraphBuilder.
class Graph {
  public:
    [[nodiscard]] const Entities& entities() const { return entities_; }
    [[nodiscard]] std::size_t node_count() const { return entities_.size(); }
    [[nodiscard]] std::size_t edge_count() const { return source_.size(); }
    [[nodiscard]] Edge edge(EdgeIndex index) const;
    [[nodiscard]] NodeIndex source(EdgeIndex index) const { return source_[index]; }
    [[nodiscard]] NodeIndex target(EdgeIndex index) const { return target_[index]; }
    [[nodiscard]] std::int64_t begin_ns(EdgeIndex index) const;
    [[nodiscard]] std::int64_t last_ns(EdgeIndex index) const;
    [[nodiscard]] std::uint64_t bytes(EdgeIndex index) const { return bytes_[index]; }
    [[nodiscard]] bool has(NodeIndex node, Trait trait) const;

    // Edges into a node, by rising begin_ns; empty where the graph was built for Direction::Forward only.
    [[nodiscard]] std::span<const EdgeIndex> into(NodeIndex node) const { return into_.of(node); }
    // Edges out of a node, by falling last_ns; empty where the graph was built for Direction::Back only.
    [[nodiscard]] std::span<const EdgeIndex> out_of(NodeIndex node) const { return out_of_.of(node); }
    // The edges that an event made: none, one, or two where it carries both ways. Looks at every edge.
    [[nodiscard]] std::vector<EdgeIndex> edges_of_event(std::int64_t event) const;

    // Of the first and the last event, whether they carry anything or not; 0 where there is none.
    [[nodiscard]] std::int64_t start_ns() const { return start_ns_; }
    [[nodiscard]] std::int64_t end_ns() const { return end_ns_; }
    // Whether it holds only what one question needs (part.h).
    [[nodiscard]] bool is_part() const { return is_part_; }
    // Events that found the graph full (2^32 - 1 edges).
    [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

  private:
    friend class GraphBuilder;

    // Compressed sparse rows: the edges of node n are edges[first[n]] to edges[first[n + 1]].
    struct Adjacency {
        std::vector<EdgeIndex> first;
        std::vector<EdgeIndex> edges;
        [[nodiscard]] std::span<const EdgeIndex> of(NodeIndex node) const {
            if (first.empty()) return {};
            return std::span(edges).subspan(first[node], first[node + 1] - first[node]);
        }
    };
    template <class Key>
    Adjacency order(const std::vector<NodeIndex>& ends, Key key) const;
    [[nodiscard]] bool is_join(EdgeIndex index) const { return op_[index] == event::Op::None; }

    Entities entities_;
    std::vector<std::uint8_t> traits_;  // by node
    // One column a field, by edge.
    std::vector<NodeIndex> source_;
    std::vector<NodeIndex> target_;
    std::vector<event::Op> op_;
    std::vector<std::int64_t> first_ns_;
    NarrowColumn<std::uint32_t> lead_ns_;  // first - begin
    NarrowColumn<std::uint32_t> span_ns_;  // last - first
    NarrowColumn<std::uint32_t> event_;
    NarrowColumn<std::uint32_t> bytes_;
    NarrowColumn<std::uint16_t> count_;
    Adjacency into_;
    Adjacency out_of_;
    std::int64_t start_ns_ = 0;
    std::int64_t end_ns_ = 0;
    std::uint64_t dropped_ = 0;
    bool is_part_ = false;
};

// How long before its return a call may have begun to have its effect, where nothing else is known: longer
// than a thread is usually kept from returning, shorter than what people take for "before".
inline constexpr std::int64_t kCallSlackNs = 10'000'000;

// Builds a graph in one pass over a recording. Descriptions and events may come in any order, in any order of
// time. One thread.
class GraphBuilder {
  public:
    // `slack_ns`: see CallStarts.
    explicit GraphBuilder(std::int64_t slack_ns = 0) : starts_(slack_ns) {}

    void reserve(std::size_t events);
    void add(event::ProcessImage image) { graph_.entities_.add(std::move(image)); }
    void add(event::FileName name) { graph_.entities_.add(std::move(name)); }
    void add(event::Socket socket) { graph_.entities_.add(std::move(socket)); }
    void add(event::Object object) { graph_.entities_.add(std::move(object)); }
    // All events belong here, also those that carry nothing: they bound when the next one of their thread
    // began.
    void add(const event::Event& event);

    // A part of a recording (frontier.h): events that carry something, what is known of the rest, and nothing
    // else. How long before its return the event's call may have begun is known already.
    void add(const event::Event& event, std::int64_t lead_ns);
    void add(const Birth& birth);
    void mark(event::EntityId id, Traits traits);
    // First and last event of the whole recording. No forks are inferred then but those that were added.
    void is_part_of(std::int64_t start_ns, std::int64_t end_ns);

    // The graph, ordered for tracking in this direction. The builder is spent.
    [[nodiscard]] Graph build(Direction direction) &&;

  private:
    void add_flow(const event::Event& event, std::int64_t lead_ns, CallStarts::Thread* thread);
    void widen(const event::Event& event);
    EdgeIndex add_edge(const Edge& edge);
    void mark(NodeIndex node, Trait trait);
    void join_sockets();
    void infer_forks();

    CallStarts starts_;
    bool any_event_ = false;
    Graph graph_;
};

}  // namespace catena::graph
