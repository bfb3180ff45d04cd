#include "graph/rarity.h"

#include <cmath>
#include <functional>
#include <string>
#include <string_view>

namespace catena::graph {
namespace {

using event::EntityType;
using event::Flow;

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
    // The finaliser of MurmurHash3.
    std::uint64_t h = a * 0x9e3779b97f4a7c15U + b;
    h = (h ^ (h >> 33)) * 0xff51afd7ed558ccdU;
    h = (h ^ (h >> 33)) * 0xc4ceb9fe1a85ec53U;
    return h ^ (h >> 33);
}

std::uint64_t hash(std::string_view text) { return std::hash<std::string_view>{}(text); }

// A file is like its neighbours: its directory, numbers in it being as good as any other.
std::string kind_of_path(std::string_view path) {
    std::string kind;
    for (const char c : path.substr(0, path.rfind('/'))) {
        const bool digit = c >= '0' && c <= '9';
        if (digit && !kind.empty() && kind.back() == '#') continue;
        kind += digit ? '#' : c;
    }
    return kind;
}

// A connection is like others with the same host; ports differ each time.
std::string_view host_of(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    return colon == std::string_view::npos ? address : address.substr(0, colon);
}

}  // namespace

Rarity::Classes::Classes(const Graph& graph) : graph_(graph) {
    classes_.reserve(graph.node_count());
    for (NodeIndex node = 0; node < graph.node_count(); ++node) classes_.push_back(class_of(node));
}

std::uint64_t Rarity::Classes::class_of(NodeIndex node) const {
    const Entities& entities = graph_.entities();
    const auto type = static_cast<std::uint64_t>(entities.type(node));
    if (const auto images = entities.images(node); !images.empty()) return mix(type, hash(images.back().exe));
    if (const auto names = entities.names(node); !names.empty())
        return mix(type, hash(kind_of_path(names.front().path)));
    if (const event::Socket* socket = entities.socket(node))
        return mix(type, hash(host_of(socket->remote.empty() ? socket->local : socket->remote)));
    return mix(type, 0);
}

// Of two processes, the one that the flow comes from acts, or the one that it goes to where it only looks.
bool Rarity::Classes::process_acts_on_target(EdgeIndex edge) const {
    const bool from_process = graph_.entities().type(graph_.source(edge)) == EntityType::Process;
    const bool to_process = graph_.entities().type(graph_.target(edge)) == EntityType::Process;
    return from_process && !(to_process && event::flow_of(graph_.edge(edge).op) == Flow::In);
}

NodeIndex Rarity::Classes::object(EdgeIndex edge) const {
    return process_acts_on_target(edge) ? graph_.target(edge) : graph_.source(edge);
}

std::uint64_t Rarity::Classes::pattern(EdgeIndex edge) const {
    const NodeIndex object = this->object(edge);
    const NodeIndex actor = object == graph_.target(edge) ? graph_.source(edge) : graph_.target(edge);
    const auto op = static_cast<std::uint64_t>(graph_.edge(edge).op);
    return mix(mix(classes_[actor], op), classes_[object]);
}

Rarity::Rarity(const Graph& graph) : classes_(graph) { count(graph, classes_); }

void Rarity::add(const Graph& before) { count(before, Classes(before)); }

void Rarity::count(const Graph& graph, const Classes& classes) {
    std::unordered_set<std::uint64_t> seen;
    for (EdgeIndex edge = 0; edge < graph.edge_count(); ++edge) {
        const std::uint64_t pattern = classes.pattern(edge);
        if (seen.insert(mix(pattern, classes.object(edge))).second) ++counts_[pattern];
    }
}

double Rarity::of(EdgeIndex edge) const {
    const auto at = counts_.find(classes_.pattern(edge));
    const std::uint32_t count = at == counts_.end() ? 1 : at->second;
    return 1 / (1 + std::log2(static_cast<double>(count)));
}

}  // namespace catena::graph
