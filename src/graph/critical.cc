// What is shown of a ranked tracking: the best entry points, what weighs enough, and from each of them the
// way to the point that most of its weight came. Between these, whatever can have carried something from an
// entry point to the point: forward tracking from the entry points, intersected with the backward tracking.
#include <algorithm>
#include <limits>
#include <queue>
#include <utility>

#include "graph/ranking.h"

namespace catena::graph {
namespace {

using event::Op;

constexpr std::size_t kNone = SIZE_MAX;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

constexpr double kNodeWeight = 0.02;  // of the whole point
constexpr double kEntryShare = 0.1;   // of the best entry's score

class Selection {
  public:
    Selection(std::span<const RankNode> nodes, std::span<const RankFlow> flows, const Ranking& ranking,
              std::size_t max_nodes)
        : nodes_(nodes), flows_(flows), ranking_(ranking), max_nodes_(max_nodes) {
        result_.nodes.assign(nodes.size(), false);
        result_.flows.assign(flows.size(), false);
    }

    Critical select() {
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (nodes_[node].start) keep(node);
        }
        for (const std::size_t node : wanted()) keep_with_way(node);
        for (const RankedEntry& entry : ranking_.entries) {
            if (result_.nodes[entry.node]) result_.entries.push_back(entry);
        }
        keep_what_flowed_between();
        return std::move(result_);
    }

  private:
    // The best entry point first, then all that weighs enough, the heaviest first.
    std::vector<std::size_t> wanted() const {
        std::vector<std::size_t> wanted;
        const double best = ranking_.entries.empty() ? 0 : ranking_.entries.front().score;
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (ranking_.nodes[node] >= kNodeWeight) wanted.push_back(node);
        }
        for (const RankedEntry& entry : ranking_.entries) {
            if (entry.score >= best * kEntryShare && ranking_.nodes[entry.node] < kNodeWeight)
                wanted.push_back(entry.node);
        }
        const std::size_t first = ranking_.entries.empty() ? kNone : ranking_.entries.front().node;
        std::ranges::sort(wanted, {}, [&](std::size_t node) {
            return std::tuple(node != first, -ranking_.nodes[node], nodes_[node].id);
        });
        return wanted;
    }

    void keep(std::size_t node) {
        count_ += result_.nodes[node] ? 0 : 1;
        result_.nodes[node] = true;
    }

    void keep_with_way(std::size_t node) {
        std::size_t more = result_.nodes[node] ? 0 : 1;
        for (std::size_t step = ranking_.heaviest[node]; step != kNone; step = ranking_.steps[step].next) {
            const std::size_t target = flows_[ranking_.steps[step].flow].target;
            more += result_.nodes[target] ? 0 : 1;
        }
        // The best entry point and its way are there whatever the limit.
        if (any_ && count_ + more > max_nodes_) {
            result_.cut = true;
            return;
        }
        any_ = true;
        keep(node);
        for (std::size_t step = ranking_.heaviest[node]; step != kNone; step = ranking_.steps[step].next) {
            result_.flows[ranking_.steps[step].flow] = true;
            keep(flows_[ranking_.steps[step].flow].target);
        }
    }

    void keep_what_flowed_between() {
        std::vector<std::vector<std::size_t>> out(nodes_.size());
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            if (result_.nodes[flows_[i].source] && result_.nodes[flows_[i].target])
                out[flows_[i].source].push_back(i);
        }
        std::vector<std::int64_t> reached_ns(nodes_.size(), kNever);
        using Arrival = std::pair<std::int64_t, std::size_t>;
        std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> queue;
        for (const RankedEntry& entry : result_.entries)
            queue.emplace(reached_ns[entry.node] = -kNever, entry.node);
        while (!queue.empty()) {
            const auto [ns, node] = queue.top();
            queue.pop();
            if (ns > reached_ns[node]) continue;
            for (const std::size_t i : out[node]) {
                const RankFlow& flow = flows_[i];
                const std::int64_t there_ns = std::max(ns, flow.begin_ns);
                if (there_ns > std::min(flow.end_ns, nodes_[flow.target].until_ns)) continue;
                result_.flows[i] = true;
                if (there_ns >= reached_ns[flow.target]) continue;
                reached_ns[flow.target] = there_ns;
                queue.emplace(there_ns, flow.target);
            }
        }
    }

    std::span<const RankNode> nodes_;
    std::span<const RankFlow> flows_;
    const Ranking& ranking_;
    std::size_t max_nodes_;
    std::size_t count_ = 0;
    bool any_ = false;
    Critical result_;
};

}  // namespace

Critical critical_part(std::span<const RankNode> nodes, std::span<const RankFlow> flows,
                       const Ranking& ranking, std::size_t max_nodes) {
    return Selection(nodes, flows, ranking, max_nodes).select();
}

}  // namespace catena::graph
