// Full dependence for stored histories: wire/merge.h, with what a kernel program cannot wait for or remember.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/generation_map.h"
#include "graph/dependence.h"
#include "graph/node_table.h"
#include "graph/pair_map.h"
#include "wire/merge.h"

namespace catena::graph {

class FullDependence final : public Dependence {
  public:
    explicit FullDependence(const DependenceLimits& limits) : pairs_(limits.pairs) {}

    void blur(NodeIndex node, std::int64_t until_ns, bool out) override;
    void judge(std::int64_t ts_ns, std::span<const Flow> flows, std::vector<Judgement>& judgements) override;

  private:
    static constexpr NodeIndex kSeveral = kNoNode - 1;
    struct Node {
        std::uint64_t version = 1;  // 0 is none
        std::int64_t blurred_until_ns = std::numeric_limits<std::int64_t>::min();
        std::uint64_t instant = 0;  // the last one that brought it news
        NodeIndex giver = kNoNode;  // who alone did
        std::uint64_t before = 0;   // its version until then
        bool echoed = false;        // by an echo
    };

    void learn(NodeIndex index);
    void give(NodeIndex source, NodeIndex target, bool echo);
    void find_news(std::span<const Flow> flows, std::vector<Judgement>& judgements);
    void carry(std::int64_t ts_ns, const Flow& flow, Judgement& judgement);
    void follow(NodeIndex target);

    NodeTable<Node> nodes_;
    std::vector<NodeIndex> news_;  // nodes that this instant brings something
    // Of a slot: source, token and own; count is its run, last_ns the instant at which it began.
    base::GenerationMap<std::uint64_t, cat_slot> pairs_;
    BySource by_source_;
    std::uint64_t instant_ = 0;
    std::uint64_t runs_ = 0;
    std::int64_t ts_ns_ = 0;
};

}  // namespace catena::graph
