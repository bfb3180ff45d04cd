// Entities: the nodes of a graph and their descriptions: dense numbers on top of event::EntityTable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "event/entity_table.h"
#include "graph/dense_index.h"

namespace catena::graph {

using NodeIndex = std::uint32_t;  // dense, in order of first mention
inline constexpr NodeIndex kNoNode = UINT32_MAX;

// Filled first, then only read; reading is safe from several threads. What it hands out holds until the next
// add().
class Entities {
  public:
    void add(event::ProcessImage image);
    void add(event::FileName name);
    void add(event::Socket socket);  // replaces what was known of the socket
    void add(event::Object object);  // replaces what was known of the object

    // The node of an id. A new one has `type` until a description says otherwise.
    NodeIndex intern(event::EntityId id, event::EntityType type);

    [[nodiscard]] std::size_t size() const { return ids_.size(); }
    [[nodiscard]] std::optional<NodeIndex> find(event::EntityId id) const;
    [[nodiscard]] event::EntityId id(NodeIndex node) const { return ids_[node]; }
    [[nodiscard]] event::EntityType type(NodeIndex node) const { return types_[node]; }

    // Oldest first; empty where the node is something else or was never described.
    [[nodiscard]] std::span<const event::ProcessImage> images(NodeIndex node) const;
    [[nodiscard]] std::span<const event::FileName> names(NodeIndex node) const;
    // The one that held at that moment: the last that began by then, or else the first. Null where there is
    // none.
    [[nodiscard]] const event::ProcessImage* image_at(NodeIndex node, std::int64_t ts_ns) const;
    [[nodiscard]] const event::FileName* name_at(NodeIndex node, std::int64_t ts_ns) const;
    // Null where the node is something else or was never described.
    [[nodiscard]] const event::Socket* socket(NodeIndex node) const;
    [[nodiscard]] const event::Object* object(NodeIndex node) const;

  private:
    NodeIndex describe(event::EntityId id, event::EntityType type);
    [[nodiscard]] bool is(NodeIndex node, event::EntityType type) const { return types_[node] == type; }

    event::EntityTable table_;
    DenseIndex nodes_;
    std::vector<event::EntityId> ids_;
    // A hostile recording may describe one id in two tables; the type that was said last decides which of
    // them is read.
    std::vector<event::EntityType> types_;
};

}  // namespace catena::graph
