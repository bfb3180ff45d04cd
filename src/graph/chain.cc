#include "graph/chain.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "graph/label.h"
#include "graph/ranked_tracking.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

class ChainMaker {
  public:
    ChainMaker(const Graph& graph, const Anchor& anchor, const ChainQuery& query)
        : graph_(graph), anchor_(anchor), query_(query), pruner_(graph, query.kept) {}

    Chain make() {
        if (query_.direction != Direction::Forward) follow(Direction::Back, anchor_.back);
        if (query_.direction != Direction::Back) follow(Direction::Forward, anchor_.forward);
        add_asked_edges();
        for (const NodeIndex node : anchor_.nodes) {
            if (const auto at = places_.find(node); at != places_.end())
                chain_.nodes[at->second].start = true;
        }
        for (const NodeIndex node : query_.to != nullptr ? query_.to->nodes : std::vector<NodeIndex>()) {
            if (const auto at = places_.find(node); at != places_.end()) chain_.nodes[at->second].end = true;
        }
        join_edges();
        describe_nodes();
        count_left_out();
        count_ranking();
        weigh();
        return std::move(chain_);
    }

  private:
    void follow(Direction direction, const std::vector<Moment>& starts) {
        const bool ranked = query_.rank && direction == Direction::Back;
        // The second of two directions gets the room that the first left, but always room for its starts.
        const std::size_t left = query_.max_nodes - std::min(query_.max_nodes, chain_.nodes.size());
        const std::size_t room = std::min(query_.max_nodes, std::max(left, starts.size()));
        const auto leave_out = [&](NodeIndex node) { return pruner_.takes(node); };
        Tracking tracking =
            query_.to == nullptr
                ? track(graph_, direction, starts, query_.window, ranked ? kMostRanked : room, leave_out)
                : track_between(graph_, starts, query_.to->back, query_.window, query_.max_nodes, leave_out);
        pruner_.count(direction, told_window(direction, tracking), tracking);
        if (direction == Direction::Back) pruner_.prune(tracking, starts);
        if (ranked) tracking = rank(tracking, starts, room);
        for (const Moment& moment : tracking.nodes) place(moment.node, moment.ns);
        edges_.insert(edges_.end(), tracking.edges.begin(), tracking.edges.end());
        chain_.cut |= tracking.cut;
    }

    // Those of events that points name. Between two points, those from which a way goes on, or to which one
    // leads.
    void add_asked_edges() {
        std::vector<EdgeIndex> edges = anchor_.edges;
        if (query_.to != nullptr) {
            const auto is_off = [&](NodeIndex node) { return !places_.contains(node); };
            std::erase_if(edges, [&](EdgeIndex edge) { return is_off(graph_.target(edge)); });
            std::ranges::copy_if(query_.to->edges, std::back_inserter(edges),
                                 [&](EdgeIndex edge) { return !is_off(graph_.source(edge)); });
        }
        for (const EdgeIndex edge : edges) {
            place(graph_.source(edge), graph_.last_ns(edge));
            place(graph_.target(edge), graph_.last_ns(edge));
            edges_.push_back(edge);
        }
    }

    // The window, up to where the tracking was cut.
    [[nodiscard]] Window told_window(Direction direction, const Tracking& tracking) const {
        Window window = query_.window;
        if (!tracking.cut || tracking.nodes.empty()) return window;
        const std::int64_t horizon = tracking.nodes.back().ns;
        if (direction == Direction::Back) window.since_ns = std::max(window.since_ns, horizon);
        if (direction == Direction::Forward) window.until_ns = std::min(window.until_ns, horizon);
        return window;
    }

    Tracking rank(const Tracking& tracking, const std::vector<Moment>& starts, std::size_t room) {
        ranked_ = rank_tracking(graph_, tracking, starts, room, query_.before);
        chain_.ranked = true;
        return ranked_.critical;
    }

    // Ranking comes last in the list: it saw only what the rules had left.
    void count_ranking() {
        chain_.nodes_before_ranking = chain_.nodes.size();
        chain_.edges_before_ranking = edges_.size();
        if (!chain_.ranked) return;
        const std::size_t nodes = ranked_.nodes_before - ranked_.critical.nodes.size();
        const std::size_t edges = ranked_.edges_before - ranked_.critical.edges.size();
        chain_.nodes_before_ranking += nodes;
        chain_.edges_before_ranking += edges;
        if (edges == 0) return;
        chain_.left_out.push_back({.rule = kRank.name,
                                   .singular = kRank.singular,
                                   .plural = kRank.plural,
                                   .nodes = nodes,
                                   .edges = edges,
                                   .bytes = ranked_.bytes_left_out});
    }

    void weigh() {
        if (!chain_.ranked) return;
        for (ChainNode& node : chain_.nodes) {
            const auto at = ranked_.node_weights.find(node.node);
            if (at != ranked_.node_weights.end()) node.weight = at->second;
        }
        for (const RankedTracking::Entry& entry : ranked_.entries)
            chain_.entries.push_back({.node = places_.at(entry.node), .score = entry.score});
    }

    // What the ranking did not see (the forward part, the point's own event) weighs 1.
    double weight_of(EdgeIndex edge) const {
        const auto at = ranked_.edge_weights.find(edge);
        return at == ranked_.edge_weights.end() ? 1 : at->second;
    }

    void count_left_out() {
        for (std::size_t i = 0; i < kRuleCount; ++i) {
            const Pruner::Taken& taken = pruner_.taken(static_cast<Rule>(i));
            const RuleText& rule = text_of(static_cast<Rule>(i));
            if (taken.nodes == 0) continue;
            chain_.left_out.push_back({.rule = rule.name,
                                       .singular = rule.singular,
                                       .plural = rule.plural,
                                       .nodes = taken.nodes,
                                       .edges = taken.edges,
                                       .bytes = taken.bytes});
        }
    }

    std::size_t place(NodeIndex node, std::int64_t time_ns) {
        const auto [at, is_new] = places_.try_emplace(node, chain_.nodes.size());
        if (is_new) chain_.nodes.push_back({.node = node, .time_ns = time_ns});
        return at->second;
    }

    struct Flow {
        std::size_t source;
        std::size_t target;
        Op op;
        EdgeIndex edge;
        [[nodiscard]] auto kind() const { return std::tuple(source, target, op); }
    };

    // What tracking found, each once; flows of the same kind between the same two nodes side by side.
    std::vector<Flow> flows() {
        std::ranges::sort(edges_);
        edges_.erase(std::ranges::unique(edges_).begin(), edges_.end());
        std::set<std::pair<std::size_t, std::size_t>> joins;
        std::vector<Flow> flows;
        flows.reserve(edges_.size());
        for (const EdgeIndex index : edges_) {
            const Edge edge = graph_.edge(index);
            flows.push_back({places_.at(edge.source), places_.at(edge.target), edge.op, index});
            if (edge.op == Op::None) joins.emplace(flows.back().source, flows.back().target);
        }
        // What joins two sockets both ways is told once.
        std::erase_if(flows, [&](const Flow& flow) {
            return flow.op == Op::None && flow.source > flow.target &&
                   joins.contains({flow.target, flow.source});
        });
        std::ranges::sort(flows, {}, [](const Flow& flow) { return std::pair(flow.kind(), flow.edge); });
        return flows;
    }

    // One edge for all flows of the same kind between the same two nodes.
    void join_edges() {
        const Flow* previous = nullptr;
        const std::vector<Flow> all = flows();
        for (const Flow& flow : all) {
            const bool is_new = previous == nullptr || previous->kind() != flow.kind();
            if (is_new)
                chain_.edges.push_back(
                    {.source = flow.source, .target = flow.target, .op = flow.op, .weight = 0});
            chain_.edges.back().weight = std::min(1.0, chain_.edges.back().weight + weight_of(flow.edge));
            previous = &flow;
            if (flow.op != Op::None) add_to(chain_.edges.back(), graph_.edge(flow.edge), is_new);
        }
        for (ChainEdge& edge : chain_.edges) {
            std::ranges::sort(edge.events);
            chain_.events += edge.events.size();
        }
        std::ranges::sort(chain_.edges, {}, [](const ChainEdge& edge) {
            const std::int64_t event = edge.events.empty() ? 0 : edge.events.front();
            return std::tuple(edge.op != Op::None, edge.first_ns, event, edge.source, edge.target, edge.op);
        });
    }

    static void add_to(ChainEdge& sum, const Edge& edge, bool is_first) {
        sum.first_ns = is_first ? edge.first_ns : std::min(sum.first_ns, edge.first_ns);
        sum.last_ns = is_first ? edge.last_ns : std::max(sum.last_ns, edge.last_ns);
        sum.count += edge.count;
        sum.bytes += edge.bytes;
        if (edge.event != 0) sum.events.push_back(edge.event);
    }

    void describe_nodes() {
        std::vector<std::vector<const ChainEdge*>> around(chain_.nodes.size());
        for (const ChainEdge& edge : chain_.edges) {
            around[edge.source].push_back(&edge);
            around[edge.target].push_back(&edge);
        }
        for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
            ChainNode& node = chain_.nodes[i];
            const Entities& entities = graph_.entities();
            node.id = entities.id(node.node);
            node.type = entities.type(node.node);
            node.socket = entities.socket(node.node);
            node.dull = pruner_.rule_for(node.node).has_value();
            node.accepted = graph_.has(node.node, Trait::Accepted);
            if (node.type == EntityType::Process) node.images = images_of(i, around[i]);
            if (node.type == EntityType::File) node.names = names_of(i, around[i]);
            node.label = label_of(graph_, node);
        }
    }

    // The images that a process had while it took part. That it was forked, as a copy of its parent, and then
    // ran a program, does not count as taking part where it did anything else.
    std::vector<const event::ProcessImage*> images_of(std::size_t place,
                                                      const std::vector<const ChainEdge*>& around) const {
        const NodeIndex node = chain_.nodes[place].node;
        const auto all = graph_.entities().images(node);
        std::vector<const event::ProcessImage*> taking_part;
        for (const event::ProcessImage& image : all) {
            const std::int64_t until_ns = &image == &all.back() ? kAlwaysUntil : (&image + 1)->since_ns;
            const std::int64_t since_ns = &image == &all.front() ? kAlwaysFrom : image.since_ns;
            const bool active = std::ranges::any_of(around, [&](const ChainEdge* edge) {
                const bool birth = edge->target == place &&
                                   (edge->op == Op::Fork || edge->op == Op::Exec || edge->op == Op::Load);
                return !birth && edge->first_ns < until_ns && edge->last_ns >= since_ns;
            });
            if (active) taking_part.push_back(&image);
        }
        if (!taking_part.empty() || all.empty()) return taking_part;
        // Only born, or only asked about: what it was in the end, as far as it matters here.
        const bool forward = query_.direction == Direction::Forward;
        return {forward ? &all.back() : graph_.entities().image_at(node, chain_.nodes[place].time_ns)};
    }

    std::vector<const event::FileName*> names_of(std::size_t place,
                                                 const std::vector<const ChainEdge*>& around) const {
        std::int64_t last_ns = kAlwaysFrom;
        for (const ChainEdge* edge : around) last_ns = std::max(last_ns, edge->last_ns);
        const NodeIndex node = chain_.nodes[place].node;
        const event::FileName* now = graph_.entities().name_at(node, around.empty() ? kAlwaysUntil : last_ns);
        std::vector<const event::FileName*> names;
        if (now != nullptr) names.push_back(now);
        for (const event::FileName& name : graph_.entities().names(node)) {
            const bool known =
                std::ranges::any_of(names, [&](const auto* other) { return other->path == name.path; });
            if (!known) names.push_back(&name);
        }
        return names;
    }

    const Graph& graph_;
    const Anchor& anchor_;
    const ChainQuery& query_;
    Pruner pruner_;
    RankedTracking ranked_;
    Chain chain_;
    std::unordered_map<NodeIndex, std::size_t> places_;
    std::vector<EdgeIndex> edges_;
};

// Losses that can have hidden something: before the latest moment that matters backward, after the earliest
// forward.
std::vector<Gap> gaps_in(const std::vector<Gap>& losses, const ChainQuery& query, const Anchor& anchor) {
    Window window = query.window;
    std::int64_t latest = kAlwaysFrom;
    std::int64_t earliest = kAlwaysUntil;
    for (const Moment& moment : anchor.back) latest = std::max(latest, moment.ns);
    for (const Moment& moment : anchor.forward) earliest = std::min(earliest, moment.ns);
    if (query.direction == Direction::Back) window.until_ns = std::min(window.until_ns, latest);
    if (query.direction == Direction::Forward) window.since_ns = std::max(window.since_ns, earliest);
    std::vector<Gap> gaps;
    std::ranges::copy_if(losses, std::back_inserter(gaps), [&](const Gap& gap) {
        return gap.from_ns <= window.until_ns && gap.to_ns >= window.since_ns;
    });
    return gaps;
}

}  // namespace

Chain make_chain(const Graph& graph, std::span<const Point> points, const Anchor& anchor,
                 const ChainQuery& query, const std::vector<Gap>& losses) {
    Chain chain = ChainMaker(graph, anchor, query).make();
    for (const Point& point : points) chain.point += (chain.point.empty() ? "" : " ") + point.text;
    if (points.size() == 1 && !anchor.edges.empty()) chain.event = points.front().number;
    chain.direction = query.direction;
    chain.windowed = query.window != Window{};
    chain.gaps = gaps_in(losses, query, anchor);
    chain.start_ns = graph.start_ns();
    chain.end_ns = graph.end_ns();
    chain.recorded_nodes = graph.is_part() ? 0 : graph.node_count();
    chain.recorded_edges = graph.is_part() ? 0 : graph.edge_count();
    chain.note = anchor.note;
    return chain;
}

}  // namespace catena::graph
