// The forms in which a chain is shown. Each gives the whole text, with a newline at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "graph/chain.h"

namespace catena::graph {

enum class Colour : std::uint8_t { Off, On };

// How much of a chain is told to people.
struct StoryLimits {
    std::size_t steps = 15;
    std::size_t tree_lines = 80;
    std::size_t columns = 120;
};
inline constexpr StoryLimits kAllOfIt = {.steps = SIZE_MAX, .tree_lines = SIZE_MAX, .columns = 120};

// A story: one sentence; numbered steps in order of time; the processes as a tree; what was left out; what
// was lost.
std::string to_text(const Chain& chain, Colour colour, const StoryLimits& limits = {});

// docs/formats/chain.md says what each of these holds.
std::string to_json(const Chain& chain, const StoryLimits& limits = {});
std::string to_dot(const Chain& chain);      // Graphviz
std::string to_prov(const Chain& chain);     // W3C PROV-JSON
std::string to_mermaid(const Chain& chain);  // a flowchart

// "read 8 bytes ×2 10:00:00.000000": the label of a flow in pictures.
std::string edge_label(const ChainEdge& edge);

// The story's first sentence.
std::string headline(const Chain& chain);

}  // namespace catena::graph
