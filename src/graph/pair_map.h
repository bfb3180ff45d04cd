// Keys of pairs of nodes, in which a rule finds what it knows of the flows from one to the other.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "graph/dependence.h"

namespace catena::graph {

inline std::uint64_t pair_key(NodeIndex source, NodeIndex target) {
    return std::uint64_t{source} << 32U | target;
}

// The flows of one instant by their source. Holds until the next order().
class BySource {
  public:
    void order(std::span<const Dependence::Flow> flows) {
        flows_ = flows;
        indexes_.resize(flows.size());
        for (std::uint32_t i = 0; i < flows.size(); ++i) indexes_[i] = i;
        std::ranges::sort(indexes_, {}, [&](std::uint32_t i) { return std::pair(flows[i].source, i); });
    }

    // Indexes of the flows out of a node, in their order.
    [[nodiscard]] std::span<const std::uint32_t> of(NodeIndex source) const {
        const auto range =
            std::ranges::equal_range(indexes_, source, {}, [&](std::uint32_t i) { return flows_[i].source; });
        return {range.begin(), range.end()};
    }

  private:
    std::span<const Dependence::Flow> flows_;
    std::vector<std::uint32_t> indexes_;
};

}  // namespace catena::graph
