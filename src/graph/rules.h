// The named rules by which a chain leaves out what would only tire its reader. Each can be switched off.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "graph/graph.h"
#include "graph/tracker.h"

namespace catena::graph {

enum class Rule : std::uint8_t { Loader, SystemFiles, KernelFiles, Terminals, Helpers };
inline constexpr std::size_t kRuleCount = 5;

struct RuleText {
    std::string_view name;      // "system-files"
    std::string_view singular;  // "system file that nothing wrote"
    std::string_view plural;
    std::string_view help;  // which nodes it takes, for --help; lines end in newlines
};
const RuleText& text_of(Rule rule);
extern const RuleText kRank;  // the ranking, which is switched off in the same way
std::optional<Rule> rule_from_string(std::string_view name);

// Which rules are switched off.
using KeptRules = std::array<bool, kRuleCount>;

// Decides for each node of a graph, once, and counts what tracking left out for it. The graph outlives it.
// Not thread-safe.
class Pruner {
  public:
    struct Taken {
        std::uint64_t nodes = 0;
        std::uint64_t edges = 0;  // flows between these nodes and the rest
        std::uint64_t bytes = 0;  // that these moved
    };

    Pruner(const Graph& graph, KeptRules kept) : graph_(graph), kept_(kept), verdicts_(graph.node_count()) {}

    // Whether a rule that is not switched off takes the node.
    bool takes(NodeIndex node);
    // Takes what is only seen in what tracking found: out of a backward one, helpers.
    void prune(Tracking& tracking, std::span<const Moment> starts);
    // Adds up what was taken around what tracking found with takes().
    void count(Direction direction, Window window, const Tracking& tracking);
    // The rule that is made for this node, switched off or not.
    [[nodiscard]] std::optional<Rule> rule_for(NodeIndex node) const;
    [[nodiscard]] Taken taken(Rule rule) const { return taken_[static_cast<std::size_t>(rule)]; }

  private:
    static constexpr std::uint8_t kNotJudged = 0;
    static constexpr std::uint8_t kStays = 1;
    static constexpr std::uint8_t kTaken = 2;  // plus the number of the rule

    const Graph& graph_;
    KeptRules kept_;
    std::vector<std::uint8_t> verdicts_;
    std::unordered_set<NodeIndex> counted_;
    std::array<Taken, kRuleCount> taken_{};
};

}  // namespace catena::graph
