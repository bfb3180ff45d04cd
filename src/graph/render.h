// The forms in which a chain is shown. Each gives the whole text, with a newline at the end.
#pragma once

#include <cstdint>
#include <string>

#include "graph/chain.h"

namespace catena::graph {

enum class Colour : std::uint8_t { Off, On };

// A story: one sentence, numbered steps in order of time, what was left out, what was lost.
std::string to_text(const Chain& chain, Colour colour);

// docs/formats/chain.md.
std::string to_json(const Chain& chain);

// For Graphviz.
std::string to_dot(const Chain& chain);

// The story's first sentence, without a full stop's newline.
std::string headline(const Chain& chain);

}  // namespace catena::graph
