// Causality-preserved reduction: Xu et al., "High fidelity data reduction for big data security dependency
// analyses", CCS 2016.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/generation_map.h"
#include "graph/dependence.h"
#include "graph/node_table.h"

namespace catena::graph {

class CausalityPreserved final : public Dependence {
  public:
    explicit CausalityPreserved(const DependenceLimits& limits) : pairs_(limits.pairs) {}

    void blur(NodeIndex node, std::int64_t until_ns, bool out) override;
    void judge(std::int64_t ts_ns, std::span<const Flow> flows, std::vector<Judgement>& judgements) override;

  private:
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
    // The last two instants at which something came in, or went out.
    struct Times {
        std::int64_t last_ns = kNever;
        std::int64_t before_ns = kNever;
        std::int64_t blurred_until_ns = kNever;

        void note(std::int64_t ts_ns);
        // Whether there was one after `since_ns` and before `ts_ns`.
        [[nodiscard]] bool between(std::int64_t since_ns, std::int64_t ts_ns) const;
    };
    struct Node {
        Times in;
        Times out;
    };
    struct Run {
        std::uint64_t number = 0;
        std::int64_t since_ns = 0;
    };

    bool interrupted(const Flow& flow, std::int64_t since_ns, std::int64_t ts_ns);

    NodeTable<Node> nodes_;
    base::GenerationMap<std::uint64_t, Run> pairs_;
    std::uint64_t runs_ = 0;
};

}  // namespace catena::graph
