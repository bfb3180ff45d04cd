// Random recordings for tests: every operation between a few entities that have the worst of names, some of
// them described in contradiction to what is done with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "graph/chain.h"
#include "graph/graph.h"

namespace catena::graph {

class RandomRecording {
  public:
    // The same seed gives the same recording everywhere.
    explicit RandomRecording(std::uint64_t seed);

    [[nodiscard]] Graph graph(Direction direction) const;
    // Of a point that is in it; which one depends on the seed.
    [[nodiscard]] Chain chain(const Graph& graph, Direction direction) const;
    [[nodiscard]] Direction direction() const;

    [[nodiscard]] const std::vector<event::Event>& events() const { return events_; }

  private:
    std::uint64_t below(std::uint64_t limit);
    std::string name();
    void describe(std::uint64_t number);
    void add_event();

    std::uint64_t seed_;
    std::uint64_t state_;
    std::vector<event::Event> events_;
    std::vector<event::ProcessImage> images_;
    std::vector<event::FileName> files_;
    std::vector<event::Socket> sockets_;
    std::vector<event::Object> objects_;
};

}  // namespace catena::graph
