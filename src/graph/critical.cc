// What is shown of a ranked tracking: what weighs enough, the best entry point whatever it weighs, and from
// each of these the way to the point over which most of its weight came. Of the best entry points, also all
// else by which they can have reached the point (forward tracking from them, intersected with the backward
// tracking), as long as that leaves a chain that people can read.
#include <algorithm>
#include <limits>
#include <queue>
#include <tuple>
#include <utility>

#include "graph/ranking.h"

namespace catena::graph {
namespace {

constexpr std::size_t kNone = SIZE_MAX;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

constexpr double kEnough = 0.05;  // of the point
constexpr double kWorthACause = 0.005;
constexpr std::size_t kReadable = 40;  // nodes

class Selection {
  public:
    Selection(std::span<const RankNode> nodes, std::span<const RankFlow> flows, const Ranking& ranking,
              std::size_t max_nodes)
        : nodes_(nodes), flows_(flows), ranking_(ranking), max_nodes_(max_nodes), out_(nodes.size()) {
        for (std::size_t i = 0; i < flows.size(); ++i) out_[flows[i].source].push_back(i);
        result_.nodes.assign(nodes.size(), false);
        result_.flows.assign(flows.size(), false);
    }

    Critical select() {
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (nodes_[node].start) keep(node);
        }
        for (const std::size_t node : wanted()) keep_with_way(node);
        keep_main_causes();
        for (const RankedEntry& entry : ranking_.entries) {
            const bool counts = entry.score >= kEnough || entry == ranking_.entries.front();
            if (counts && result_.nodes[entry.node]) result_.entries.push_back(entry);
        }
        for (const RankedEntry& entry : result_.entries) keep_all_ways(entry.node);
        keep_what_flowed_between();
        return std::move(result_);
    }

  private:
    // The best entry point first, then all that weighs enough, the heaviest first.
    std::vector<std::size_t> wanted() const {
        const std::size_t best = ranking_.entries.empty() ? kNone : ranking_.entries.front().node;
        std::vector<std::size_t> wanted;
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (node == best || ranking_.nodes[node] >= kEnough) wanted.push_back(node);
        }
        std::ranges::sort(wanted, {}, [&](std::size_t node) {
            return std::tuple(node != best, -ranking_.nodes[node], nodes_[node].id);
        });
        return wanted;
    }

    void keep(std::size_t node) {
        count_ += result_.nodes[node] ? 0 : 1;
        result_.nodes[node] = true;
    }

    void keep_with_way(std::size_t node) {
        std::size_t more = result_.nodes[node] ? 0 : 1;
        for (std::size_t step = ranking_.heaviest[node]; step != kNone; step = ranking_.steps[step].next)
            more += result_.nodes[target_of(step)] ? 0 : 1;
        // The best entry point and its way are there whatever the limit.
        if (any_ && count_ + more > max_nodes_) {
            result_.cut = true;
            return;
        }
        any_ = true;
        keep(node);
        keep_way(ranking_.heaviest[node]);
    }

    // A flow between two nodes that are kept may have a cause of its own that weighs little as a whole: who
    // told a server to run what somebody had it store.
    void keep_main_causes() {
        for (std::size_t step = 0; step < ranking_.steps.size(); ++step) {
            if (ranking_.steps[step].mass < kWorthACause) continue;
            if (!leads_over_kept(step) && !is_told_from_outside(step)) continue;
            std::vector<std::size_t> causes;
            std::size_t more = result_.nodes[source_of(step)] ? 0 : 1;
            for (std::size_t i = ranking_.steps[step].cause; i != kNone; i = ranking_.steps[i].cause) {
                causes.push_back(i);
                if (result_.nodes[source_of(i)]) break;
                ++more;
            }
            if (count_ + more > max_nodes_) continue;
            keep(source_of(step));
            keep_way(step);
            for (const std::size_t cause : causes) {
                result_.flows[ranking_.steps[cause].flow] = true;
                keep(source_of(cause));
            }
        }
    }

    bool leads_over_kept(std::size_t step) const {
        for (; step != kNone; step = ranking_.steps[step].next) {
            if (!result_.nodes[source_of(step)] || !result_.nodes[target_of(step)]) return false;
        }
        return true;
    }

    // A process that weighs little itself, since what it started read so much else, started something that is
    // kept because somebody outside the recording had told it to: a web server whose script was used.
    bool is_told_from_outside(std::size_t step) const {
        const RankStep& birth = ranking_.steps[step];
        return flows_[birth.flow].op == event::Op::Fork && birth.cause != kNone &&
               nodes_[source_of(birth.cause)].outside && result_.nodes[target_of(step)] &&
               leads_over_kept(birth.next);
    }

    std::size_t source_of(std::size_t step) const { return flows_[ranking_.steps[step].flow].source; }
    std::size_t target_of(std::size_t step) const { return flows_[ranking_.steps[step].flow].target; }

    void keep_way(std::size_t step) {
        for (; step != kNone; step = ranking_.steps[step].next) {
            result_.flows[ranking_.steps[step].flow] = true;
            keep(target_of(step));
        }
    }

    void keep_all_ways(std::size_t entry) {
        const std::size_t room = std::min(kReadable, max_nodes_);
        std::vector<std::size_t> more;
        reach(
            {entry}, [](std::size_t) { return true; }, [](std::size_t) {},
            [&](std::size_t node) {
                if (!result_.nodes[node]) more.push_back(node);
                return count_ + more.size() <= room;
            });
        if (count_ + more.size() > room) return;
        for (const std::size_t node : more) keep(node);
    }

    void keep_what_flowed_between() {
        std::vector<std::size_t> entries;
        entries.reserve(result_.entries.size());
        for (const RankedEntry& entry : result_.entries) entries.push_back(entry.node);
        reach(
            entries, [&](std::size_t node) { return result_.nodes[node]; },
            [&](std::size_t flow) { result_.flows[flow] = true; }, [](std::size_t) { return true; });
    }

    // Goes forward in time from nodes to all that they can have reached while it still mattered for the
    // point. Calls `over` with each flow that it goes over, and `at` with each node once, until that says
    // false.
    template <class Passes, class Over, class At>
    void reach(const std::vector<std::size_t>& from, Passes passes, Over over, At at) {
        std::vector<std::int64_t> reached_ns(nodes_.size(), kNever);
        using Arrival = std::pair<std::int64_t, std::size_t>;
        std::priority_queue<Arrival, std::vector<Arrival>, std::greater<>> queue;
        for (const std::size_t node : from) queue.emplace(reached_ns[node] = -kNever, node);
        while (!queue.empty()) {
            const auto [ns, node] = queue.top();
            queue.pop();
            if (ns > reached_ns[node]) continue;
            if (!at(node)) return;
            for (const std::size_t i : out_[node]) {
                const RankFlow& flow = flows_[i];
                const std::int64_t there_ns = std::max(ns, flow.begin_ns);
                if (!passes(flow.target) || there_ns > std::min(flow.end_ns, nodes_[flow.target].until_ns))
                    continue;
                over(i);
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
    std::vector<std::vector<std::size_t>> out_;
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
