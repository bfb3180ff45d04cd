// RecordingHistory: a recording on disk, for a search that reads of it what it needs (graph/frontier.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "graph/history.h"
#include "graph/point.h"
#include "store/store.h"

namespace catena::cli {

// Of the entities that a point names, one of those that most flows through.
struct Busy {
    event::EntityId id;
    std::uint64_t flows = 0;      // events that carried something to or from it
    std::int64_t last_event = 0;  // of these, the last
};

// The reader outlives it. One thread.
class RecordingHistory final : public graph::History {
  public:
    explicit RecordingHistory(store::Reader& reader) : reader_(reader) {}

    base::Result<graph::HistoryExtent> extent() override;
    base::Status events(std::int64_t from_ns, std::int64_t to_ns, const Visit& visit) override;
    base::Status events_longer_than(std::int64_t ns, const Visit& visit) override;
    base::Status peers(const std::function<void(event::EntityId, event::EntityId)>& visit) override;
    base::Status births(std::int64_t from_ns, std::int64_t to_ns,
                        const std::function<void(const graph::Birth&)>& visit) override;
    base::Status describe(std::span<const event::EntityId> ids, graph::GraphBuilder& builder) override;
    base::Status traits(std::span<const event::EntityId> ids,
                        const std::function<void(event::EntityId, graph::Traits)>& visit) override;
    base::Status devices(const std::function<void(event::EntityId)>& visit) override;

    // The entities that a point names, latest first; not for event:ID.
    base::Result<std::vector<event::EntityId>> matches(const graph::Point& point);
    // Of these matches the `count` with the most flows, most first; where they have as many, the latest
    // first. Looks at every event.
    base::Result<std::vector<Busy>> busiest(const graph::Point& point,
                                            std::span<const event::EntityId> matches, std::size_t count);

  private:
    template <class T>
    base::Status describe_from(base::Status (store::Reader::*rows)(const std::string&,
                                                                   const std::function<void(T&&)>&),
                               std::span<const event::EntityId> ids, graph::GraphBuilder& builder);

    store::Reader& reader_;
    std::optional<graph::HistoryExtent> extent_;
    std::string traits_;  // table; empty before it is needed
};

}  // namespace catena::cli
