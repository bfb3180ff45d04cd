// POINT: where a chain starts, as written on the command line, and what it means in a recording.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "graph/graph.h"
#include "graph/tracker.h"

namespace catena::graph {

enum class PointKind : std::uint8_t { File, Process, Exe, Socket, Event };

struct Point {
    PointKind kind = PointKind::File;
    std::string text{};       // as it was written
    std::string value{};      // behind the first colon; addresses in their canonical form
    std::string bytes{};      // value, with \xHH undone: what chains print can be asked for
    std::int64_t number = 0;  // of a process or an event
};

// Usage error where it is none of file:/path, process:PID, exe:/path, socket:ADDR:PORT, socket:/path,
// event:ID.
base::Result<Point> parse_point(std::string_view text);

// What a point means in a graph: where tracking starts in each direction.
struct Anchor {
    std::vector<Moment> back{};
    std::vector<Moment> forward{};
    std::vector<NodeIndex> nodes{};  // that the point names, to be marked in the chain
    std::vector<EdgeIndex> edges{};  // of an event: part of the chain whatever tracking says
    std::string note{};              // where the point names several things; else empty

    // What another point means as well.
    void add(const Anchor& other);
};

// For all points but event:ID. Nothing where the point is not in the recording.
std::optional<Anchor> find_anchor(const Graph& graph, const Point& point);

// Of an event, which the graph may know as an edge or, where it carries nothing, not at all: then its process
// is meant at that time.
std::optional<Anchor> find_anchor(const Graph& graph, const event::Event& event);

// Up to five points that the recording has and that are spelt like this one, the closest first.
std::vector<std::string> close_points(const Graph& graph, const Point& point);

}  // namespace catena::graph
