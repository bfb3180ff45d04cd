#include "graph/entities.h"

#include <utility>

namespace catena::graph {

using event::EntityType;

NodeIndex Entities::intern(event::EntityId id, EntityType type) {
    const auto [node, is_new] = nodes_.intern(id.value);
    if (is_new) {
        ids_.push_back(id);
        types_.push_back(type);
    }
    return node;
}

NodeIndex Entities::describe(event::EntityId id, EntityType type) {
    const NodeIndex node = intern(id, type);
    types_[node] = type;
    return node;
}

void Entities::add(event::ProcessImage image) {
    describe(image.id, EntityType::Process);
    table_.add(std::move(image));
}

void Entities::add(event::FileName name) {
    describe(name.id, EntityType::File);
    table_.add(std::move(name));
}

void Entities::add(event::Socket socket) {
    describe(socket.id, EntityType::Socket);
    table_.add(std::move(socket));
}

void Entities::add(event::Object object) {
    describe(object.id, object.type);
    table_.add(std::move(object));
}

std::optional<NodeIndex> Entities::find(event::EntityId id) const { return nodes_.find(id.value); }

std::span<const event::ProcessImage> Entities::images(NodeIndex node) const {
    if (!is(node, EntityType::Process)) return {};
    return table_.images(ids_[node]);
}

std::span<const event::FileName> Entities::names(NodeIndex node) const {
    if (!is(node, EntityType::File)) return {};
    return table_.names(ids_[node]);
}

const event::ProcessImage* Entities::image_at(NodeIndex node, std::int64_t ts_ns) const {
    return is(node, EntityType::Process) ? table_.process(ids_[node], ts_ns) : nullptr;
}

const event::FileName* Entities::name_at(NodeIndex node, std::int64_t ts_ns) const {
    return is(node, EntityType::File) ? table_.file(ids_[node], ts_ns) : nullptr;
}

const event::Socket* Entities::socket(NodeIndex node) const {
    return is(node, EntityType::Socket) ? table_.socket(ids_[node]) : nullptr;
}

const event::Object* Entities::object(NodeIndex node) const { return table_.object(ids_[node]); }

}  // namespace catena::graph
