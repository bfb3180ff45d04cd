// graph_build TRACE: how fast the events of a recording become a graph, on one core: from memory
// (GraphBuilder alone), and with reading them. Prints events and seconds as JSON.
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <utility>
#include <vector>

#include "graph/graph.h"
#include "store/store.h"

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

using catena::event::Event;
using catena::graph::Graph;
using catena::graph::GraphBuilder;

int main(int argc, char** argv) {
    if (argc != 2) {
        fmt::print(stderr, "usage: graph_build TRACE\n");
        return 2;
    }
    const auto reader = catena::store::open_recording(argv[1]);
    if (!reader) {
        fmt::print(stderr, "graph_build: {}\n", reader.error().message);
        return 4;
    }
    std::vector<Event> events;
    GraphBuilder read(catena::graph::kCallSlackNs);
    const auto before_reading = std::chrono::steady_clock::now();
    auto status = (*reader)->events("", [&](Event&& event) { read.add(event); });
    const Graph graph = std::move(read).build(catena::graph::Direction::Back);
    const double with_reading = seconds_since(before_reading);
    if (status) {
        status = (*reader)->events("", [&](Event&& event) { events.push_back(std::move(event)); });
    }
    if (!status) {
        fmt::print(stderr, "graph_build: {}\n", status.error().message);
        return 4;
    }
    const auto before_building = std::chrono::steady_clock::now();
    GraphBuilder builder(catena::graph::kCallSlackNs);
    builder.reserve(events.size());
    for (const Event& event : events) builder.add(event);
    const Graph again = std::move(builder).build(catena::graph::Direction::Back);
    const double building = seconds_since(before_building);
    fmt::print(R"({{"events": {}, "edges": {}, "build_s": {:.3f}, "read_and_build_s": {:.3f}}})"
               "\n",
               events.size(), again.edge_count(), building, with_reading);
    return graph.edge_count() == again.edge_count() ? 0 : 1;
}
