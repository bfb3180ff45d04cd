#include "graph/ranked_tracking.h"

#include <algorithm>
#include <utility>

#include "graph/ranking.h"
#include "graph/rarity.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

// A tracking as the ranking sees it: places instead of nodes of the graph.
struct Input {
    std::vector<RankNode> nodes;
    std::vector<RankFlow> flows;
};

Input input_of(const Graph& graph, const Tracking& tracking, const std::vector<Moment>& starts,
               const Graph* before) {
    Input input;
    std::unordered_map<NodeIndex, std::size_t> places;
    for (const Moment& moment : tracking.nodes) {
        places.emplace(moment.node, input.nodes.size());
        const EntityType type = graph.entities().type(moment.node);
        input.nodes.push_back({.until_ns = moment.ns,
                               .start = std::ranges::find(starts, moment.node, &Moment::node) != starts.end(),
                               .outside = type == EntityType::Socket,
                               .id = graph.entities().id(moment.node).value});
    }
    Rarity rarity(graph);
    if (before != nullptr) rarity.add(*before);
    for (const EdgeIndex index : tracking.edges) {
        const Edge edge = graph.edge(index);
        const bool join = edge.op == Op::None;
        const std::size_t target = places.at(edge.target);
        if (join) input.nodes[target].outside = false;
        input.flows.push_back({.source = places.at(edge.source),
                               .target = target,
                               .op = edge.op,
                               .begin_ns = edge.begin_ns,
                               .end_ns = edge.last_ns,
                               .bytes = edge.bytes,
                               .rarity = join ? 1 : rarity.of(index)});
    }
    return input;
}

Critical everything(const Input& input, const Ranking& ranking) {
    return {.nodes = std::vector<bool>(input.nodes.size(), true),
            .flows = std::vector<bool>(input.flows.size(), true),
            .entries = ranking.entries};
}

}  // namespace

RankedTracking rank_tracking(const Graph& graph, const Tracking& tracking, const std::vector<Moment>& starts,
                             std::size_t max_nodes, const Graph* before) {
    const Input input = input_of(graph, tracking, starts, before);
    const Ranking ranking = rank(input.nodes, input.flows);
    const bool whole = input.nodes.size() <= std::min(kReadableWhole, max_nodes);
    const Critical critical =
        whole ? everything(input, ranking) : critical_part(input.nodes, input.flows, ranking, max_nodes);
    RankedTracking result{.nodes_before = input.nodes.size(), .edges_before = input.flows.size()};
    result.critical.cut = tracking.cut || critical.cut;
    for (std::size_t i = 0; i < input.nodes.size(); ++i) {
        if (!critical.nodes[i]) continue;
        result.critical.nodes.push_back(tracking.nodes[i]);
        result.node_weights.emplace(tracking.nodes[i].node, ranking.nodes[i]);
    }
    for (std::size_t i = 0; i < input.flows.size(); ++i) {
        if (critical.flows[i]) {
            result.critical.edges.push_back(tracking.edges[i]);
            result.edge_weights.emplace(tracking.edges[i], ranking.flows[i]);
        } else {
            result.bytes_left_out += input.flows[i].bytes;
        }
    }
    for (const RankedEntry& entry : critical.entries)
        result.entries.push_back({.node = tracking.nodes[entry.node].node, .score = entry.score});
    return result;
}

}  // namespace catena::graph
