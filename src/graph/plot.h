// Plot: what a chain is about, which headline and steps follow: the event at its near end, and the places at
// its far ends, the most telling first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "graph/chain.h"

namespace catena::graph {

// Looks at a chain, which outlives it. Indexes are those of Chain::nodes and Chain::edges.
class Plot {
  public:
    explicit Plot(const Chain& chain);

    // Flows into and out of a node in order of time, without those that join two ends of a connection.
    [[nodiscard]] const std::vector<std::size_t>& into(std::size_t node) const { return in_[node]; }
    [[nodiscard]] const std::vector<std::size_t>& out_of(std::size_t node) const { return out_[node]; }

    // The point's own event; else how the process that the point names was started; else the last thing that
    // flowed into what it names. Null where there is none.
    [[nodiscard]] const ChainEdge* effect() const { return effect_; }
    // Where a chain back can have come from: the entry points that the ranking found, then other places
    // outside of the machine, the latest first; but the first connection that somebody made to this machine
    // before all. Where nothing was ranked, files and processes that nothing flows into come last.
    [[nodiscard]] std::vector<std::size_t> origins() const;
    // Where a chain forward ends: outside of the machine first, then in other things than processes, then in
    // processes; of each, the latest first.
    [[nodiscard]] std::vector<std::size_t> ends() const;

    // Edges that lead from a node to one of the point's, or from the point to a node, each no later than the
    // next ends, over as few and as weighty ones as can be. Empty where there are none.
    [[nodiscard]] std::vector<std::size_t> way_from(std::size_t origin) const;
    [[nodiscard]] std::vector<std::size_t> way_to(std::size_t end) const;

    // The node that the point names, or the first of them; the size of Chain::nodes where there is none.
    [[nodiscard]] std::size_t start() const;

  private:
    [[nodiscard]] bool is_start(std::size_t node) const { return chain_.nodes[node].start; }
    [[nodiscard]] const ChainEdge* find_effect() const;
    [[nodiscard]] bool can_be_origin(std::size_t node) const;
    [[nodiscard]] std::vector<std::size_t> sources(event::EntityType type) const;
    [[nodiscard]] bool came_from(std::size_t node, std::size_t other) const;
    [[nodiscard]] std::vector<std::size_t> way(const std::vector<bool>& from, std::size_t to,
                                               std::int64_t until_ns) const;

    const Chain& chain_;
    std::vector<std::vector<std::size_t>> in_;
    std::vector<std::vector<std::size_t>> out_;
    std::vector<std::vector<std::size_t>> joins_;
    const ChainEdge* effect_ = nullptr;
};

}  // namespace catena::graph
