// Backward tracking after King and Chen, "Backtracking intrusions", SOSP 2003. An edge into a node can have
// mattered if it began no later than the node's moment; its source then matters up to the edge's end, or up
// to that moment if that is earlier. Equal times count as possibly causal.
//
// A node's moment is thus the largest over all paths of the smallest time on the path, which is Dijkstra's
// problem with min and max for + and min: taking nodes from a heap by the largest moment first, the first
// time a node comes out its moment is final, and every edge is looked at once. Forward tracking is the same
// on the mirror image: time negated, edges turned round.
#include "graph/tracker.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <queue>

namespace catena::graph {
namespace {

// The graph as seen in one direction: as if always tracking backward.
class View {
  public:
    View(const Graph& graph, Direction direction)
        : graph_(graph), forward_(direction == Direction::Forward) {}

    std::int64_t time(std::int64_t ns) const { return forward_ ? -ns : ns; }
    std::span<const EdgeIndex> edges(NodeIndex node) const {
        return forward_ ? graph_.out_of(node) : graph_.into(node);
    }
    NodeIndex near(EdgeIndex edge) const { return forward_ ? graph_.source(edge) : graph_.target(edge); }
    NodeIndex other(EdgeIndex edge) const { return forward_ ? graph_.target(edge) : graph_.source(edge); }
    std::int64_t begin(EdgeIndex edge) const {
        return forward_ ? -graph_.last_ns(edge) : graph_.begin_ns(edge);
    }
    std::int64_t end(EdgeIndex edge) const {
        return forward_ ? -graph_.begin_ns(edge) : graph_.last_ns(edge);
    }
    // Of the window, in this view's time.
    std::int64_t oldest(Window window) const { return forward_ ? -window.until_ns : window.since_ns; }
    std::int64_t newest(Window window) const { return forward_ ? -window.since_ns : window.until_ns; }

  private:
    const Graph& graph_;
    bool forward_;
};

struct Candidate {
    std::int64_t time;
    std::uint32_t hops;
    NodeIndex node;
    event::EntityId id;
    // The heap gives the latest first, then the nearest, then the one with the lowest id: the same answer
    // every time, whatever order the graph was built in and whatever else it holds.
    bool operator<(const Candidate& other) const {
        if (time != other.time) return time < other.time;
        if (hops != other.hops) return hops > other.hops;
        return id > other.id;
    }
};

}  // namespace

Tracking track(const Graph& graph, Direction direction, std::span<const Moment> starts, Window window,
               std::size_t max_nodes, const std::function<bool(NodeIndex)>& leave_out) {
    const View view(graph, direction);
    const std::int64_t oldest = view.oldest(window);
    std::vector<std::int64_t> best(graph.node_count(), kAlwaysFrom);
    std::vector<bool> seen(graph.node_count());
    std::vector<bool> done(graph.node_count());
    std::priority_queue<Candidate> heap;
    const auto discover = [&](NodeIndex node, std::int64_t time, std::uint32_t hops) {
        if (seen[node] && time <= best[node]) return;
        seen[node] = true;
        best[node] = time;
        heap.push({time, hops, node, graph.entities().id(node)});
    };
    for (const Moment& start : starts) {
        discover(start.node, std::min(view.time(start.ns), view.newest(window)), 0);
    }

    Tracking result;
    while (!heap.empty()) {
        const Candidate at = heap.top();
        heap.pop();
        if (done[at.node]) continue;
        if (result.nodes.size() >= max_nodes) {
            result.cut = true;
            break;
        }
        done[at.node] = true;
        result.nodes.push_back({at.node, view.time(at.time)});
        for (const EdgeIndex edge : view.edges(at.node)) {
            if (view.begin(edge) > at.time) break;  // and so are all behind it
            const std::int64_t time = std::min(at.time, view.end(edge));
            const NodeIndex other = view.other(edge);
            if (time < oldest || (!seen[other] && leave_out(other))) continue;
            result.edges.push_back(edge);
            if (!done[other]) discover(other, time, at.hops + 1);
        }
    }
    if (result.cut) {
        const std::int64_t horizon = view.time(result.nodes.empty() ? 0 : result.nodes.back().ns);
        std::erase_if(result.edges, [&](EdgeIndex edge) {
            return !done[view.other(edge)] || std::min(best[view.near(edge)], view.end(edge)) < horizon;
        });
    }
    return result;
}

// Forward gives the earliest moment at which something can have come to a node, backward the latest one at
// which it can still have gone on; a node is on a way if the first is not after the second. An edge is if
// there is a moment within its interval that is neither before its source was reached nor after its target
// last mattered.
Tracking track_between(const Graph& graph, std::span<const Moment> from, std::span<const Moment> to,
                       Window window, std::size_t max_nodes,
                       const std::function<bool(NodeIndex)>& leave_out) {
    enum class Verdict : std::uint8_t { None, Stays, Goes };
    std::vector<Verdict> verdicts(graph.node_count());
    for (const auto& ends : {from, to}) {
        for (const Moment& moment : ends) verdicts[moment.node] = Verdict::Stays;
    }
    const Tracking forward = track(graph, Direction::Forward, from, window, SIZE_MAX, [&](NodeIndex node) {
        if (verdicts[node] == Verdict::None)
            verdicts[node] = leave_out(node) ? Verdict::Goes : Verdict::Stays;
        return verdicts[node] == Verdict::Goes;
    });
    // What forward has not come to is not on a way.
    const Tracking back = track(graph, Direction::Back, to, window, SIZE_MAX,
                                [&](NodeIndex node) { return verdicts[node] != Verdict::Stays; });

    constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();  // before kAlwaysFrom
    std::vector<std::int64_t> latest(graph.node_count(), kNever);
    std::vector<std::int64_t> earliest(graph.node_count(), kAlwaysUntil);
    for (const Moment& moment : back.nodes) latest[moment.node] = moment.ns;
    std::vector<bool> taken(graph.node_count());
    Tracking result;
    for (const Moment& moment : forward.nodes) {
        earliest[moment.node] = moment.ns;
        if (moment.ns > latest[moment.node] || result.cut) continue;
        result.cut = result.nodes.size() >= max_nodes;
        if (result.cut) continue;
        taken[moment.node] = true;
        result.nodes.push_back(moment);
    }
    std::ranges::copy_if(forward.edges, std::back_inserter(result.edges), [&](EdgeIndex edge) {
        const NodeIndex source = graph.source(edge);
        const NodeIndex target = graph.target(edge);
        return taken[source] && taken[target] &&
               std::max(earliest[source], graph.begin_ns(edge)) <=
                   std::min(latest[target], graph.last_ns(edge));
    });
    return result;
}

}  // namespace catena::graph
