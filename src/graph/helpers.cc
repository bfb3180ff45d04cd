// From each child of each process, whatever is joined to it either way, but for the parent, is gathered.
// Where that meets anything but processes and pipes, or a start, or grows beyond a bound, the child is no
// helper.
#include "graph/helpers.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

// Whatever is larger is not just a help.
constexpr std::size_t kMostTogether = 64;

class Finder {
  public:
    Finder(const Graph& graph, const Tracking& tracking, std::span<const Moment> starts) : graph_(graph) {
        for (const Moment& start : starts) starts_.insert(start.node);
        for (const EdgeIndex edge : tracking.edges) {
            const NodeIndex source = graph.source(edge);
            const NodeIndex target = graph.target(edge);
            neighbours_[source].push_back(target);
            neighbours_[target].push_back(source);
            if (graph.edge(edge).op == Op::Fork) forks_.emplace_back(source, target);
        }
    }

    std::vector<NodeIndex> find(const Tracking& tracking) {
        std::unordered_set<NodeIndex> helpers;
        for (const auto& [parent, child] : forks_) {
            if (helpers.contains(child)) continue;
            const std::unordered_set<NodeIndex> together = together_with(child, parent);
            helpers.insert(together.begin(), together.end());
        }
        std::vector<NodeIndex> found;
        for (const Moment& moment : tracking.nodes) {
            if (helpers.contains(moment.node)) found.push_back(moment.node);
        }
        return found;
    }

  private:
    // Empty where it is not a help.
    std::unordered_set<NodeIndex> together_with(NodeIndex child, NodeIndex parent) const {
        std::unordered_set<NodeIndex> together = {child};
        std::vector<NodeIndex> waiting = {child};
        while (!waiting.empty()) {
            const NodeIndex node = waiting.back();
            waiting.pop_back();
            const EntityType type = graph_.entities().type(node);
            const bool helps = type == EntityType::Process || type == EntityType::Pipe;
            if (!helps || starts_.contains(node) || together.size() > kMostTogether) return {};
            for (const NodeIndex other : neighbours_.at(node)) {
                if (other != parent && together.insert(other).second) waiting.push_back(other);
            }
        }
        return together;
    }

    const Graph& graph_;
    std::unordered_set<NodeIndex> starts_;
    std::unordered_map<NodeIndex, std::vector<NodeIndex>> neighbours_;
    std::vector<std::pair<NodeIndex, NodeIndex>> forks_;
};

}  // namespace

std::vector<NodeIndex> helpers_in(const Graph& graph, const Tracking& tracking,
                                  std::span<const Moment> starts) {
    return Finder(graph, tracking, starts).find(tracking);
}

}  // namespace catena::graph
