// A walk from the point back in time: at a node and a moment it takes one of the flows that came in by then,
// with a probability proportional to the flow's weight, and goes on from the flow's source at the flow's
// time. How likely the walk comes through a node is the node's weight; where nothing came in by then, or
// where data came in from outside the recording, it ends, and how likely it ends there is the score of that
// entry point.
//
// All walks at once are one pass over the flows from the latest to the earliest. Each flow takes its part of
// what has come to its target so far; a node whose flows are all used up keeps the rest. Time runs one way,
// so cycles need no iteration, and nothing that came too late gets a share. A flow that went on for a while
// is there twice, at its end and at its beginning, for those walks that came to its target in between.
#include "graph/ranking.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

constexpr std::size_t kNone = SIZE_MAX;

// A flow, or all flows, of one operation from one node to another.
struct Group {
    std::uint64_t bytes = 0;
    double sum = 0;
    double best = 0;
};

class Weigher {
  public:
    Weigher(std::span<const RankNode> nodes, std::span<const RankFlow> flows)
        : nodes_(nodes), flows_(flows), group_of_(flows.size()), out_(nodes.size()), in_(nodes.size()) {
        std::map<std::tuple<std::size_t, std::size_t, Op>, std::size_t> numbers;
        for (std::size_t i = 0; i < flows.size(); ++i) {
            const RankFlow& flow = flows[i];
            if (flow.op == Op::None) continue;
            const auto [at, is_new] =
                numbers.try_emplace({flow.source, flow.target, flow.op}, groups_.size());
            if (is_new) groups_.emplace_back();
            group_of_[i] = at->second;
            groups_[at->second].bytes += flow.bytes;
            out_[flow.source].push_back(i);
            in_[flow.target].push_back(i);
        }
        for (auto& row : out_) {
            std::ranges::sort(row, {}, [&](std::size_t i) { return std::pair(flows_[i].end_ns, key(i)); });
        }
        count_neighbours();
    }

    // Flows between the same two nodes share the weight of the best of them, or else a thousand small reads
    // of one file would count for more than one of another.
    std::vector<double> weights() {
        std::vector<double> weights(flows_.size(), 1);
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            if (flows_[i].op == Op::None) continue;
            weights[i] = weight_of(i);
            Group& group = groups_[group_of_[i]];
            group.sum += weights[i];
            group.best = std::max(group.best, weights[i]);
        }
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            if (flows_[i].op == Op::None) continue;
            const Group& group = groups_[group_of_[i]];
            weights[i] *= group.best / group.sum;
        }
        return weights;
    }

  private:
    std::tuple<std::int64_t, std::uint64_t, Op, std::uint64_t> key(std::size_t i) const {
        const RankFlow& flow = flows_[i];
        return {flow.begin_ns, nodes_[flow.target].id, flow.op, flow.bytes};
    }

    void count_neighbours() {
        std::vector<std::set<std::size_t>> sources(nodes_.size());
        std::vector<std::set<std::size_t>> targets(nodes_.size());
        for (const RankFlow& flow : flows_) {
            sources[flow.target].insert(flow.source);
            targets[flow.source].insert(flow.target);
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            concentration_.push_back(
                concentration(sources[i].size(), std::max<std::size_t>(1, targets[i].size())));
        }
    }

    // What became of what came in: the soonest flow out of the target that is not straight back, or the
    // point.
    struct Next {
        std::int64_t gap_ns;
        std::uint64_t bytes;
    };
    Next next_after(std::size_t i) const {
        constexpr std::ptrdiff_t kLooks = 16;
        const RankFlow& flow = flows_[i];
        const auto& row = out_[flow.target];
        const auto from =
            std::ranges::lower_bound(row, flow.begin_ns, {}, [&](std::size_t o) { return flows_[o].end_ns; });
        const auto to = from + std::min(kLooks, row.end() - from);
        const auto next =
            std::find_if(from, to, [&](std::size_t o) { return flows_[o].target != flow.source; });
        if (nodes_[flow.target].start) {
            const Next point = at_point(i);
            if (next == to || point.gap_ns <= gap(flow, flows_[*next].begin_ns)) return point;
        }
        if (next == to) return {.gap_ns = gap(flow, nodes_[flow.target].until_ns), .bytes = 0};
        return {.gap_ns = gap(flow, flows_[*next].begin_ns), .bytes = groups_[group_of_[*next]].bytes};
    }
    // The point's time is that of the last thing that came to it; its data amount the most that one thing
    // brought.
    Next at_point(std::size_t i) const {
        const std::size_t point = flows_[i].target;
        Next next{.gap_ns = 0, .bytes = 0};
        std::int64_t last_ns = flows_[i].end_ns;
        for (const std::size_t other : in_[point]) {
            last_ns = std::max(last_ns, flows_[other].end_ns);
            next.bytes = std::max(next.bytes, groups_[group_of_[other]].bytes);
        }
        next.gap_ns = gap(flows_[i], std::min(last_ns, nodes_[point].until_ns));
        return next;
    }
    static std::int64_t gap(const RankFlow& flow, std::int64_t ns) {
        return std::max<std::int64_t>(0, ns - flow.end_ns);
    }

    double weight_of(std::size_t i) const {
        const RankFlow& flow = flows_[i];
        const Next next = next_after(i);
        return time_closeness(next.gap_ns) * data_likeness(groups_[group_of_[i]].bytes, next.bytes) *
               concentration_[flow.source] * flow.rarity;
    }

    std::span<const RankNode> nodes_;
    std::span<const RankFlow> flows_;
    std::vector<std::size_t> group_of_;
    std::vector<Group> groups_;
    std::vector<std::vector<std::size_t>> out_;  // by rising end
    std::vector<std::vector<std::size_t>> in_;
    std::vector<double> concentration_;
};

class Walk {
  public:
    Walk(std::span<const RankNode> nodes, std::span<const RankFlow> flows)
        : nodes_(nodes),
          flows_(flows),
          weights_(Weigher(nodes, flows).weights()),
          mass_(nodes.size()),
          remaining_(nodes.size()),
          joins_(nodes.size()),
          most_(nodes.size()) {
        ranking_.nodes.assign(nodes.size(), 0);
        ranking_.flows.assign(flows.size(), 0);
        ranking_.heaviest.assign(nodes.size(), kNone);
    }

    Ranking go() {
        prepare();
        const auto starts = static_cast<double>(std::ranges::count_if(nodes_, &RankNode::start));
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (nodes_[node].start) arrive(node, 1 / starts, kNone);
        }
        for (const Turn& turn : turns_) take(turn);
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (mass_[node] > 0) ranking_.entries.push_back({node, mass_[node]});
            ranking_.nodes[node] = std::min(1.0, ranking_.nodes[node]);
        }
        for (double& weight : ranking_.flows) weight = std::min(1.0, weight);
        std::ranges::sort(ranking_.entries, [&](const RankedEntry& a, const RankedEntry& b) {
            return a.score != b.score ? a.score > b.score : nodes_[a.node].id < nodes_[b.node].id;
        });
        return std::move(ranking_);
    }

  private:
    struct Turn {
        std::int64_t ns;
        std::size_t flow;
        double left;  // the weights of this turn and of all later ones of the same target
    };

    void prepare() {
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            const RankFlow& flow = flows_[i];
            if (flow.op == Op::None) {
                joins_[flow.target].push_back(i);
                continue;
            }
            const std::int64_t latest_ns = std::min(flow.end_ns, nodes_[flow.target].until_ns);
            turns_.push_back({.ns = latest_ns, .flow = i, .left = 0});
            if (flow.begin_ns < latest_ns) turns_.push_back({.ns = flow.begin_ns, .flow = i, .left = 0});
        }
        const std::vector<std::size_t> hops = hops_to_start();
        std::ranges::sort(turns_, {}, [&](const Turn& turn) {
            const RankFlow& flow = flows_[turn.flow];
            return std::tuple(-turn.ns, hops[flow.target], nodes_[flow.target].id, nodes_[flow.source].id,
                              flow.op, flow.begin_ns, flow.end_ns, flow.bytes);
        });
        for (auto turn = turns_.rbegin(); turn != turns_.rend(); ++turn) {
            turn->left = remaining_[flows_[turn->flow].target] += weights_[turn->flow];
        }
        for (auto& row : joins_) {
            std::ranges::sort(row, {}, [&](std::size_t i) { return nodes_[flows_[i].source].id; });
        }
    }

    // Of several things at one time, what is nearer to the point comes later.
    std::vector<std::size_t> hops_to_start() const {
        std::vector<std::vector<std::size_t>> sources(nodes_.size());
        for (const RankFlow& flow : flows_) sources[flow.target].push_back(flow.source);
        std::vector<std::size_t> hops(nodes_.size(), kNone);
        std::queue<std::size_t> queue;
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (!nodes_[node].start) continue;
            hops[node] = 0;
            queue.push(node);
        }
        for (; !queue.empty(); queue.pop()) {
            const std::size_t node = queue.front();
            for (const std::size_t source : sources[node]) {
                if (hops[source] != kNone) continue;
                hops[source] = hops[node] + 1;
                queue.push(source);
            }
        }
        return hops;
    }

    void take(const Turn& turn) {
        const RankFlow& flow = flows_[turn.flow];
        remaining_[flow.target] = turn.left - weights_[turn.flow];
        if (mass_[flow.target] <= 0) return;
        const double outside = nodes_[flow.target].outside ? 1 : 0;
        move(turn.flow, mass_[flow.target] * (weights_[turn.flow] / (turn.left + outside)));
    }

    void move(std::size_t flow, double mass) {
        const std::size_t target = flows_[flow].target;
        ranking_.flows[flow] += mass;
        mass_[target] = std::max(0.0, mass_[target] - mass);
        ranking_.steps.push_back({.flow = flow, .next = ranking_.heaviest[target]});
        arrive(flows_[flow].source, mass, ranking_.steps.size() - 1);
    }

    void arrive(std::size_t node, double mass, std::size_t step) {
        settle(node, mass, step);
        // What was read from one end of a connection came from the other: most of it goes on at once. It does
        // not come straight back.
        const bool came_by_join = step != kNone && flows_[ranking_.steps[step].flow].op == Op::None;
        if (came_by_join || joins_[node].empty()) return;
        const double part = mass / (static_cast<double>(joins_[node].size()) + remaining_[node]);
        for (const std::size_t join : joins_[node]) move(join, part);
    }

    void settle(std::size_t node, double mass, std::size_t step) {
        mass_[node] += mass;
        ranking_.nodes[node] += mass;
        if (nodes_[node].start || mass <= most_[node]) return;
        most_[node] = mass;
        ranking_.heaviest[node] = step;
    }

    std::span<const RankNode> nodes_;
    std::span<const RankFlow> flows_;
    std::vector<double> weights_;
    std::vector<double> mass_;                     // what has come to a node and not gone on
    std::vector<double> remaining_;                // weights of the turns that a node has still before it
    std::vector<std::vector<std::size_t>> joins_;  // into a node
    std::vector<double> most_;                     // that came to a node at once
    std::vector<Turn> turns_;
    Ranking ranking_;
};

}  // namespace

// Falls with the order of magnitude: 1 at once, 0.6 after a millisecond, 0.13 after a second, 0.06 after an
// hour.
double time_closeness(std::int64_t gap_ns) {
    constexpr double kUnitNs = 1e6;
    return 1 / (1 + std::log1p(static_cast<double>(std::max<std::int64_t>(0, gap_ns)) / kUnitNs));
}

// 1 for equal amounts, 0.5 for twice as much and for what has no amount (a fork), 0.1 for a thousand times.
double data_likeness(std::uint64_t bytes, std::uint64_t others) {
    if (bytes == 0 || others == 0) return 0.5;
    return 1 / (1 + std::abs(std::log2(static_cast<double>(bytes) / static_cast<double>(others))));
}

// Low for what many use and nothing feeds: settings, libraries, shells that start everything.
double concentration(std::size_t sources, std::size_t targets) {
    return static_cast<double>(sources + 1) /
           static_cast<double>(sources + std::max<std::size_t>(1, targets));
}

Ranking rank(std::span<const RankNode> nodes, std::span<const RankFlow> flows) {
    return Walk(nodes, flows).go();
}

}  // namespace catena::graph
