// Narrative: which steps of a chain are told.
#pragma once

#include <cstddef>
#include <vector>

#include "graph/chain.h"
#include "graph/step.h"

namespace catena::graph {

struct Narrative {
    std::vector<Step> steps{};  // by first_ns
    std::size_t more = 0;       // that are not told
};

// At most `limit` steps. First the way from the best place that the chain can have come from to the point (or
// from the point to where it can have reached), then those from the next best, then steps that have to do
// with what is told already, by weight.
Narrative narrative_of(const Chain& chain, std::size_t limit);

}  // namespace catena::graph
