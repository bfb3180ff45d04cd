// A chain for Graphviz. Arrows go the way of the data; colours and shapes say what a node is.
#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "event/escape.h"
#include "event/json_lines.h"
#include "graph/render.h"
#include "graph/text.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

using event::EntityType;

std::string_view style_of(EntityType type) {
    switch (type) {
        case EntityType::Process:
            return "shape=box, fillcolor=lightskyblue";
        case EntityType::File:
            return "shape=ellipse, fillcolor=khaki1";
        case EntityType::Socket:
            return "shape=diamond, fillcolor=palegreen";
        case EntityType::Pipe:
            return "shape=ellipse, fillcolor=lightgrey";
        case EntityType::Memory:
            return "shape=ellipse, fillcolor=thistle";
        case EntityType::User:
            return "shape=octagon, fillcolor=white";
    }
    return "shape=box";
}

// Printable text inside the quotes of DOT: there, a backslash begins an escape of Graphviz's own.
std::string quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + '"';
}

std::string edge_label(const Chain& chain, const ChainEdge& edge) {
    std::string label(event::to_string(edge.op));
    if (edge.bytes > 0) label += ' ' + counted(edge.bytes, "byte");
    if (edge.count > 1) label += " ×" + with_commas(edge.count);
    return label + ' ' + format_offset(edge.first_ns - chain.start_ns);
}

}  // namespace

std::string to_dot(const Chain& chain) {
    std::string dot =
        "digraph chain {\n    rankdir=LR;\n    node [style=filled, fontname=\"sans-serif\"];\n"
        "    edge [fontname=\"sans-serif\", fontsize=10];\n";
    const auto out = std::back_inserter(dot);
    fmt::format_to(out, "    label={};\n", quoted(event::escape_for_terminal(chain.point)));
    const auto id_of = [](const ChainNode& node) { return event::json_id(node.id, node.type); };
    for (const ChainNode& node : chain.nodes) {
        fmt::format_to(out, "    {} [label={}, {}{}];\n", quoted(id_of(node)), quoted(node.label),
                       style_of(node.type), node.start ? ", penwidth=3" : "");
    }
    for (const ChainEdge& edge : chain.edges) {
        const std::string ends = fmt::format("{} -> {}", quoted(id_of(chain.nodes[edge.source])),
                                             quoted(id_of(chain.nodes[edge.target])));
        if (edge.op == event::Op::None) {
            fmt::format_to(out, "    {} [dir=none, style=dashed];\n", ends);
        } else {
            fmt::format_to(out, "    {} [label={}];\n", ends, quoted(edge_label(chain, edge)));
        }
    }
    return dot + "}\n";
}

}  // namespace catena::graph
