#include "graph/dependence.h"

#include <algorithm>
#include <array>

#include "graph/causality_preserved.h"
#include "graph/full_dependence.h"
#include "graph/source_dependence.h"

namespace catena::graph {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"cpr", "fd", "sd"};

}  // namespace

std::string_view to_string(ReductionRule rule) { return kNames.at(static_cast<std::size_t>(rule)); }

std::optional<ReductionRule> reduction_rule_from_string(std::string_view name) {
    const auto* const found = std::ranges::find(kNames, name);
    if (found == kNames.end()) return std::nullopt;
    return static_cast<ReductionRule>(found - kNames.begin());
}

void Dependence::join(NodeIndex node, NodeIndex peer) {
    if (node >= peers_.size()) peers_.resize(std::max<std::size_t>(node + 1, peers_.size() * 2), kNoNode);
    peers_[node] = peer;
}

std::unique_ptr<Dependence> make_dependence(ReductionRule rule, const DependenceLimits& limits) {
    switch (rule) {
        case ReductionRule::Cpr:
            return std::make_unique<CausalityPreserved>(limits);
        case ReductionRule::Fd:
            return std::make_unique<FullDependence>(limits);
        case ReductionRule::Sd:
            return std::make_unique<SourceDependence>(limits);
    }
    return nullptr;
}

}  // namespace catena::graph
