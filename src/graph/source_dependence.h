// Source dependence: Hossain et al., "Dependence-preserving data compaction for scalable forensic analysis",
// USENIX Security 2018.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "base/generation_map.h"
#include "graph/dependence.h"
#include "graph/node_table.h"
#include "graph/pair_map.h"
#include "graph/source_set.h"

namespace catena::graph {

class SourceDependence final : public Dependence {
  public:
    explicit SourceDependence(const DependenceLimits& limits);

    void add_source(NodeIndex node) override;
    void blur(NodeIndex node, std::int64_t until_ns, bool out) override;
    void judge(std::int64_t ts_ns, std::span<const Flow> flows, std::vector<Judgement>& judgements) override;

  private:
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
    struct Node {
        SourceSet sources;          // that can have reached it
        std::uint64_t version = 0;  // of the set
        std::int64_t blurred_until_ns = kNever;
        std::uint64_t replaced = 0;  // the instant at which its set was, for want of memory
    };
    struct Run {
        std::uint64_t number = 0;
        std::uint64_t version = 0;  // of the source's set
    };

    SourceSet new_source() { return SourceSet::of(sources_++, memory_); }
    bool learn(NodeIndex index, SourceSet sources);
    void settle(NodeIndex index, std::int64_t ts_ns);
    void spread(std::span<const Flow> flows, std::vector<Judgement>& judgements);

    std::size_t most_bytes_;
    SourceSet::Memory memory_ = std::make_shared<std::size_t>(0);
    std::uint32_t sources_ = 0;
    NodeTable<Node> nodes_;
    base::GenerationMap<std::uint64_t, Run> pairs_;
    BySource by_source_;
    std::vector<std::uint32_t> waiting_;  // flows whose source has learned something
    std::uint64_t instant_ = 1;
    std::uint64_t runs_ = 0;
};

}  // namespace catena::graph
