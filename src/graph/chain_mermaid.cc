// A chain as a flowchart of Mermaid, which many wikis and code hosts draw. Colours and shapes are those of
// the Graphviz form.
#include <fmt/format.h>

#include <iterator>
#include <string_view>

#include "event/escape.h"
#include "event/json_lines.h"
#include "graph/render.h"

namespace catena::graph {
namespace {

using event::EntityType;

struct Shape {
    std::string_view open;
    std::string_view close;
    std::string_view style;
};

Shape shape_of(EntityType type) {
    switch (type) {
        case EntityType::Process:
            return {"[", "]", "process"};
        case EntityType::Socket:
            return {"{", "}", "network"};
        case EntityType::User:
            return {"{{", "}}", "agent"};
        default:
            return {"([", "])", "artifact"};
    }
}

bool is_plain(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view(" .,:/-+()[]=").find(c) != std::string_view::npos;
}

// Printable text inside the quotes of Mermaid, where `#` and a number stand for a character. So does all that
// could be taken for an end of the quotes, Markdown, HTML or a directive.
std::string quoted(std::string_view text) {
    constexpr std::string_view kOwn = "ﬂ";  // begins what Mermaid puts for such numbers until it draws
    std::string quoted = "\"";
    while (!text.empty()) {
        const bool own = text.starts_with(kOwn);
        if (own) {
            quoted += "#64258;";
        } else if (is_plain(text[0])) {
            quoted += text[0];
        } else {
            fmt::format_to(std::back_inserter(quoted), "#{};", static_cast<int>(text[0]));
        }
        text.remove_prefix(own ? kOwn.size() : 1);
    }
    return quoted + '"';
}

}  // namespace

std::string to_mermaid(const Chain& chain) {
    std::string text = "flowchart LR\n";
    const auto out = std::back_inserter(text);
    const auto id_of = [](const ChainNode& node) { return event::json_id(node.id, node.type); };
    for (const ChainNode& node : chain.nodes) {
        const Shape shape = shape_of(node.type);
        fmt::format_to(out, "    {}{}{}{}:::{}\n", id_of(node), shape.open, quoted(node.label), shape.close,
                       shape.style);
    }
    for (const ChainEdge& edge : chain.edges) {
        const std::string source = id_of(chain.nodes[edge.source]);
        const std::string target = id_of(chain.nodes[edge.target]);
        if (edge.op == event::Op::None) {
            fmt::format_to(out, "    {} -.- {}\n", source, target);
        } else {
            fmt::format_to(out, "    {} -->|{}| {}\n", source, quoted(edge_label(edge)), target);
        }
    }
    for (const ChainNode& node : chain.nodes) {
        if (node.start) fmt::format_to(out, "    style {} stroke-width:4px\n", id_of(node));
    }
    return text +
           "    classDef process fill:#cae1ff,stroke:#000,color:#000\n"
           "    classDef artifact fill:#fff68f,stroke:#000,color:#000\n"
           "    classDef network fill:#9aff9a,stroke:#000,color:#000\n"
           "    classDef agent fill:#ffc1c1,stroke:#000,color:#000\n";
}

}  // namespace catena::graph
