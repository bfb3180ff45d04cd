// Small recordings for tests, written by hand: JSON Lines like those of `catena events --format json`, in
// short. A line is an event
//   {"at":0.5,"until":0.6,"op":"write","process":"p1","object":"f1","bytes":5,"ret":5,"count":2,"tid":7}
// a description (of a process, file, socket, pipe or memory object)
//   {"process":{"id":"p1","pid":7,"exe":"/bin/cat","cmdline":"cat x","uid":0,"parent":"p0","at":0.1}}
//   {"file":{"id":"f1","path":"/tmp/x"}}
//   {"socket":{"id":"s1","protocol":"tcp","local":…,"remote":…,"peer":"s2"}}
// a loss {"loss":{"cpu":0,"lost":3,"from":0.1,"to":0.2}}, or anything else, which is kept for the test to
// read. Times are seconds after kEpoch. Event ids count from 1.
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "graph/chain.h"
#include "graph/graph.h"

namespace catena::graph {

inline constexpr std::int64_t kEpoch = 1'700'000'000'000'000'000;  // 2023-11-14T22:13:20Z

class RecordingForTest {
  public:
    // Throws what nlohmann::json throws on a bad line: a mistake in a test.
    void add_line(std::string_view line);
    void add_lines(std::string_view lines);

    // The graph; can be had several times.
    [[nodiscard]] Graph graph(Direction direction, std::int64_t slack_ns = 0) const;
    [[nodiscard]] event::EntityId id(const std::string& name);
    [[nodiscard]] std::string name(event::EntityId id) const;
    [[nodiscard]] const std::vector<event::Event>& events() const { return events_; }
    [[nodiscard]] const std::vector<Gap>& losses() const { return losses_; }
    [[nodiscard]] const std::vector<nlohmann::json>& others() const { return others_; }

    // The chain of a point; an empty one where the point is not in the recording.
    [[nodiscard]] Chain chain(const Graph& graph, std::string_view point, const ChainQuery& query) const;

  private:
    void add_event(const nlohmann::json& json);
    void add_process(const nlohmann::json& json);
    void add_socket(const nlohmann::json& json);

    std::map<std::string, event::EntityId> ids_;
    std::vector<event::Event> events_;
    std::vector<event::ProcessImage> images_;
    std::vector<event::FileName> files_;
    std::vector<event::Socket> sockets_;
    std::vector<event::Object> objects_;
    std::vector<Gap> losses_;
    std::vector<nlohmann::json> others_;
};

}  // namespace catena::graph
