#include "graph/plot.h"

#include <algorithm>
#include <queue>
#include <tuple>
#include <utility>

#include "graph/label.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

// A stretch of a way that is looked for backwards: at which node it begins, and up to when what is there
// matters.
struct Stretch {
    std::size_t node = 0;
    std::int64_t until_ns = 0;
    std::size_t edge = 0;  // its first
    std::size_t next = 0;  // the stretch behind that edge; SIZE_MAX at the end of the way
};

constexpr std::size_t kMostStretches = 200'000;

// Long ways and light edges cost. Who started whom is easier to follow than who had mapped what.
int cost_of(const Chain& chain, const ChainEdge& edge) {
    if (edge.op == Op::None) return 2;
    const bool dull = chain.nodes[edge.source].dull || chain.nodes[edge.target].dull;
    const bool faint = edge.op == Op::Load || edge.op == Op::Mmap || edge.op == Op::Kill;
    return (edge.op == Op::Fork ? 8 : 10) + (dull ? 20 : 0) + (faint ? 10 : 0) +
           static_cast<int>(10 * (1 - std::clamp(edge.weight, 0.0, 1.0)));
}

}  // namespace

Plot::Plot(const Chain& chain)
    : chain_(chain), in_(chain.nodes.size()), out_(chain.nodes.size()), joins_(chain.nodes.size()) {
    for (std::size_t i = 0; i < chain.edges.size(); ++i) {
        const ChainEdge& edge = chain.edges[i];
        if (edge.op == Op::None) {
            joins_[edge.source].push_back(i);
            joins_[edge.target].push_back(i);
        } else {
            out_[edge.source].push_back(i);
            in_[edge.target].push_back(i);
        }
    }
    effect_ = find_effect();
}

std::size_t Plot::start() const {
    const auto start = std::ranges::find_if(chain_.nodes, &ChainNode::start);
    return static_cast<std::size_t>(start - chain_.nodes.begin());
}

const ChainEdge* Plot::find_effect() const {
    const ChainEdge* last = nullptr;
    const ChainEdge* birth = nullptr;
    for (const ChainEdge& edge : chain_.edges) {
        if (edge.op == Op::None) continue;
        if (chain_.event != 0 && std::ranges::binary_search(edge.events, chain_.event)) return &edge;
        if (!is_start(edge.target)) continue;
        if (last == nullptr || edge.last_ns >= last->last_ns) last = &edge;
        if (edge.op == Op::Fork && birth == nullptr) birth = &edge;
    }
    return birth != nullptr ? birth : last;
}

// What a chain back starts from is not where it came from. Of an event, that is only the end that it flowed
// into.
bool Plot::can_be_origin(std::size_t node) const {
    if (chain_.event != 0 && effect_ != nullptr) return node != static_cast<std::size_t>(effect_->target);
    return !is_start(node);
}

// Nodes of a type that nothing in the chain flows into, the latest first.
std::vector<std::size_t> Plot::sources(EntityType type) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
        const bool source = in_[i].empty() && !out_[i].empty();
        if (chain_.nodes[i].type == type && can_be_origin(i) && source) found.push_back(i);
    }
    return found;
}

std::vector<std::size_t> Plot::origins() const {
    std::vector<std::size_t> found;
    for (const EntryPoint& entry : chain_.entries) {
        const bool is_end = chain_.direction == Direction::Forward;
        if (!is_end && can_be_origin(entry.node) && !out_[entry.node].empty()) found.push_back(entry.node);
    }
    const auto ranked = static_cast<std::ptrdiff_t>(found.size());
    for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
        const bool outside = can_be_origin(i) && is_external(chain_.nodes[i]) && !out_[i].empty();
        if (outside && std::ranges::find(found, i) == found.end()) found.push_back(i);
    }
    std::sort(found.begin() + ranked, found.end(), [&](std::size_t a, std::size_t b) {
        const auto rank = [&](std::size_t i) {
            return std::tuple(is_inbound(chain_.nodes[i]), chain_.nodes[i].time_ns, chain_.nodes.size() - i);
        };
        return rank(a) > rank(b);
    });
    // Nothing happens on a machine earlier than that somebody connects to it.
    const auto inbound =
        std::ranges::find_if(found, [&](std::size_t i) { return is_inbound(chain_.nodes[i]); });
    if (inbound != found.end()) std::rotate(found.begin(), inbound, inbound + 1);
    if (ranked > 0) return found;

    std::vector<std::size_t> files = sources(EntityType::File);
    const auto was_read = [&](std::size_t i) {
        return std::ranges::any_of(out_[i],
                                   [&](std::size_t edge) { return chain_.edges[edge].op == Op::Read; });
    };
    // Nodes are nearest in time first.
    std::ranges::sort(files, {},
                      [&](std::size_t i) { return std::tuple(chain_.nodes[i].dull, !was_read(i), i); });
    found.insert(found.end(), files.begin(), files.end());
    const std::vector<std::size_t> processes = sources(EntityType::Process);
    found.insert(found.end(), processes.rbegin(), processes.rend());
    return found;
}

std::vector<std::size_t> Plot::ends() const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
        if (chain_.nodes[i].end && !is_start(i) && !in_[i].empty()) found.push_back(i);
    }
    if (!found.empty()) return found;
    for (const EntryPoint& entry : chain_.entries) {
        const bool is_end = chain_.direction == Direction::Forward;
        if (is_end && !is_start(entry.node) && !in_[entry.node].empty()) found.push_back(entry.node);
    }
    if (!found.empty()) return found;
    const auto rank = [&](std::size_t i) {
        const ChainNode& node = chain_.nodes[i];
        const int kind = is_external(node) ? 2 : node.type != EntityType::Process ? 1 : 0;
        return std::pair(kind, chain_.edges[in_[i].back()].last_ns);
    };
    for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
        if (is_start(i) || in_[i].empty()) continue;
        const ChainNode& node = chain_.nodes[i];
        const bool goes_on = std::ranges::any_of(
            out_[i], [&](std::size_t edge) { return !came_from(i, chain_.edges[edge].target); });
        const bool has_peer = node.socket != nullptr && node.socket->peer;
        if (is_external(node) || (!goes_on && !has_peer)) found.push_back(i);
    }
    std::ranges::sort(
        found, [&](std::size_t a, std::size_t b) { return rank(a) != rank(b) ? rank(a) > rank(b) : a < b; });
    // Processes that went no further say nothing where something else was reached.
    if (!found.empty() && rank(found.front()).first > 0)
        std::erase_if(found, [&](std::size_t i) { return rank(i).first == 0; });
    return found;
}

bool Plot::came_from(std::size_t node, std::size_t other) const {
    return std::ranges::any_of(in_[node],
                               [&](std::size_t edge) { return chain_.edges[edge].source == other; });
}

std::vector<std::size_t> Plot::way_from(std::size_t origin) const {
    std::vector<bool> from(chain_.nodes.size());
    from[origin] = true;
    if (effect_ == nullptr) return {};
    const auto effect = static_cast<std::size_t>(effect_ - chain_.edges.data());
    const bool about_process = chain_.event == 0 && chain_.nodes[effect_->target].type == EntityType::Process;
    if (about_process) return way(from, effect_->target, kAlwaysUntil);
    std::vector<std::size_t> edges = way(from, effect_->source, effect_->last_ns);
    if (!edges.empty() || origin == effect_->source) edges.push_back(effect);
    return edges;
}

std::vector<std::size_t> Plot::way_to(std::size_t end) const {
    std::vector<bool> from(chain_.nodes.size());
    for (std::size_t i = 0; i < from.size(); ++i) from[i] = is_start(i);
    if (chain_.event != 0 && effect_ != nullptr) {
        from.assign(from.size(), false);
        from[effect_->target] = true;
    }
    return way(from, end, kAlwaysUntil);
}

// Dijkstra's search, backwards from the end. A node is looked at again only if it is reached so that it
// matters up to a later moment than by any cheaper way.
std::vector<std::size_t> Plot::way(const std::vector<bool>& from, std::size_t to,
                                   std::int64_t until_ns) const {
    using Entry = std::tuple<int, std::int64_t, std::size_t>;  // cost, the moment negated, stretch
    std::vector<Stretch> stretches = {{.node = to, .until_ns = until_ns, .edge = 0, .next = SIZE_MAX}};
    std::vector<std::int64_t> latest(chain_.nodes.size(), kAlwaysFrom);
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> open;
    open.emplace(0, -until_ns, 0);
    while (!open.empty() && stretches.size() < kMostStretches) {
        const int cost = std::get<0>(open.top());
        const std::size_t index = std::get<2>(open.top());
        open.pop();
        const Stretch at = stretches[index];
        if (from[at.node]) {
            std::vector<std::size_t> edges;
            for (std::size_t i = index; stretches[i].next != SIZE_MAX; i = stretches[i].next)
                edges.push_back(stretches[i].edge);
            return edges;
        }
        if (at.until_ns <= latest[at.node]) continue;
        latest[at.node] = at.until_ns;
        const auto extend = [&](std::size_t edge, std::size_t node, std::int64_t moment) {
            if (moment <= latest[node]) return;
            open.emplace(cost + cost_of(chain_, chain_.edges[edge]), -moment, stretches.size());
            stretches.push_back({.node = node, .until_ns = moment, .edge = edge, .next = index});
        };
        for (const std::size_t edge : in_[at.node]) {
            const ChainEdge& flow = chain_.edges[edge];
            // What tracking takes for the begin of a flow can lie that much before the first return.
            if (at.until_ns != kAlwaysUntil && flow.first_ns > at.until_ns + kCallSlackNs) continue;
            extend(edge, flow.source, std::min(at.until_ns, flow.last_ns));
        }
        for (const std::size_t edge : joins_[at.node]) {
            const ChainEdge& join = chain_.edges[edge];
            extend(edge, join.source == at.node ? join.target : join.source, at.until_ns);
        }
    }
    return {};
}

}  // namespace catena::graph
