// Rarity: how unusual a flow is among all that a host was seen to do, after NoDoze (Hassan et al., "NoDoze:
// Combatting Threat Alert Fatigue with Automated Provenance Triage", NDSS 2019). What counts is in how many
// different objects a program did such a thing to such an object, whichever process ran it.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "graph/graph.h"

namespace catena::graph {

// Counts first, then answers. The answers are for the graph that it was made for; others can be added, as
// what was seen before. One thread.
class Rarity {
  public:
    explicit Rarity(const Graph& graph);

    // Another recording of this host: what happened there, too, is less rare.
    void add(const Graph& before);

    // Above 0; 1 for what was done to no other object.
    [[nodiscard]] double of(EdgeIndex edge) const;

  private:
    // What a graph's nodes are like: hashes that are the same in all recordings.
    class Classes {
      public:
        explicit Classes(const Graph& graph);
        [[nodiscard]] std::uint64_t pattern(EdgeIndex edge) const;
        [[nodiscard]] NodeIndex object(EdgeIndex edge) const;

      private:
        [[nodiscard]] std::uint64_t class_of(NodeIndex node) const;
        [[nodiscard]] bool process_acts_on_target(EdgeIndex edge) const;
        const Graph& graph_;
        std::vector<std::uint64_t> classes_;  // by node; of a process: of its last program
    };

    void count(const Graph& graph, const Classes& classes);

    Classes classes_;
    std::unordered_map<std::uint64_t, std::uint32_t> counts_;  // objects, by pattern
};

}  // namespace catena::graph
