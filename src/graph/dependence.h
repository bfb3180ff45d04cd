// Dependence: which flows of a stored history bring something new, by the rule of a reduction.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "graph/entities.h"

namespace catena::graph {

// What a reduction keeps of a history (docs/decisions/0028).
enum class ReductionRule : std::uint8_t {
    Cpr,  // flows between the same two, while nothing came into the first or left the second: every answer
    Fd,   // full dependence: backward from every moment, forward from every node and from all that brought
          // something new
    Sd    // source dependence: from which sources a node can come
};
std::string_view to_string(ReductionRule rule);  // "cpr", "fd", "sd"
std::optional<ReductionRule> reduction_rule_from_string(std::string_view name);

// What a rule may remember. Less costs rows, never an answer.
struct DependenceLimits {
    std::size_t pairs = std::size_t{1} << 18U;  // at least so many of those used last, at most twice as many
    std::size_t source_bytes = std::size_t{256} << 20U;  // of sets of sources (Sd)
};

// One rule over one history, instant by instant. Not thread-safe.
class Dependence {
  public:
    struct Flow {
        NodeIndex source = kNoNode;
        NodeIndex target = kNoNode;
    };
    enum class Verdict : std::uint8_t {
        News,    // it has to stay
        Echo,    // it has to stay, though it brings its target nothing but what that had given
        Repeat,  // it can be merged into a row of the same run
        Covered  // it can go, though there may be no row to merge it into (Sd)
    };
    struct Judgement {
        Verdict verdict = Verdict::News;
        std::uint64_t run = 0;  // flows of one run can share a row: nothing new has come between them
    };

    Dependence() = default;
    virtual ~Dependence() = default;
    Dependence(const Dependence&) = delete;
    Dependence& operator=(const Dependence&) = delete;

    // Whatever flows into `node` comes out of `peer` at once, always. Before the flows.
    void join(NodeIndex node, NodeIndex peer);
    // Something may have come into the node (`out`: out of it) at any time until then, without a flow that
    // says so. It can be called before a judge() only.
    virtual void blur(NodeIndex node, std::int64_t until_ns, bool out) = 0;
    // A node that is asked for as a source (Sd). Before the flows.
    virtual void add_source(NodeIndex /*node*/) {}

    // All that flowed in one instant, which is later than that of the call before; judgements are by flow.
    // Flows of one instant are all taken to have been able to carry each other, as tracking takes them.
    virtual void judge(std::int64_t ts_ns, std::span<const Flow> flows,
                       std::vector<Judgement>& judgements) = 0;

  protected:
    // kNoNode where there is none.
    [[nodiscard]] NodeIndex peer_of(NodeIndex node) const {
        return node < peers_.size() ? peers_[node] : kNoNode;
    }
    // What blurs a node blurs what it comes out of as well. until_of(node) says until when it is, to change.
    template <class UntilOf>
    void blur_with_peers(NodeIndex node, std::int64_t until_ns, UntilOf until_of) {
        std::size_t steps = 0;
        for (NodeIndex at = node; at != kNoNode; at = peer_of(at)) {
            std::int64_t& blurred_until_ns = until_of(at);
            if (steps++ > 0 && blurred_until_ns >= until_ns) break;
            blurred_until_ns = std::max(blurred_until_ns, until_ns);
        }
    }

  private:
    std::vector<NodeIndex> peers_;
};

std::unique_ptr<Dependence> make_dependence(ReductionRule rule, const DependenceLimits& limits);

}  // namespace catena::graph
