// Tree: a chain's processes as a tree of who started whom, each with what it did to what.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "graph/chain.h"
#include "graph/render.h"

namespace catena::graph {

// At most about `max_lines` lines of at most `columns` columns, though never narrower than 40. Where there
// are more, those of the greatest weight stay, with all that stands above them, and each process says how
// much it does not show.
std::vector<std::string> tree_lines(const Chain& chain, Colour colour, std::size_t columns,
                                    std::size_t max_lines);

}  // namespace catena::graph
