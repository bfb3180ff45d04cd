#include "event/entity_table.h"

#include <algorithm>
#include <utility>

namespace catena::event {
namespace {

// Keeps `history` ordered by time; of equal times, what was added later counts as later. Recordings deliver
// their rows in order, so that this is an append.
template <class T>
void insert_by_time(std::vector<T>& history, T item) {
    const auto place = std::ranges::upper_bound(history, item.since_ns, {}, &T::since_ns);
    history.insert(place, std::move(item));
}

template <class T>
const std::vector<T>& history_of(const std::unordered_map<EntityId, std::vector<T>>& map, EntityId id) {
    static const std::vector<T> empty;
    const auto found = map.find(id);
    return found != map.end() ? found->second : empty;
}

template <class T>
const T* in_force(const std::vector<T>& history, std::int64_t at_ns) {
    if (history.empty()) return nullptr;
    const auto later = std::ranges::upper_bound(history, at_ns, {}, &T::since_ns);
    return later == history.begin() ? &history.front() : &*std::prev(later);
}

template <class Key, class T>
const T* find_one(const std::unordered_map<Key, T>& map, Key id) {
    const auto found = map.find(id);
    return found != map.end() ? &found->second : nullptr;
}

}  // namespace

void EntityTable::add(ProcessImage image) {
    auto& history = processes_[image.id];
    insert_by_time(history, std::move(image));
}

void EntityTable::add(FileName name) {
    auto& history = files_[name.id];
    insert_by_time(history, std::move(name));
}

void EntityTable::add(Socket socket) {
    const EntityId id = socket.id;
    sockets_.insert_or_assign(id, std::move(socket));
}

void EntityTable::add(Object object) {
    const EntityId id = object.id;
    objects_.insert_or_assign(id, std::move(object));
}

void EntityTable::add(FunctionPath path) {
    const std::uint32_t context = path.context;
    functions_.insert_or_assign(context, std::move(path));
}

const FunctionPath* EntityTable::functions(std::uint32_t context) const {
    return find_one(functions_, context);
}

const ProcessImage* EntityTable::process(EntityId id, std::int64_t at_ns) const {
    return in_force(images(id), at_ns);
}

const FileName* EntityTable::file(EntityId id, std::int64_t at_ns) const {
    return in_force(names(id), at_ns);
}

const Socket* EntityTable::socket(EntityId id) const { return find_one(sockets_, id); }

const Object* EntityTable::object(EntityId id) const { return find_one(objects_, id); }

const std::vector<ProcessImage>& EntityTable::images(EntityId id) const { return history_of(processes_, id); }

const std::vector<FileName>& EntityTable::names(EntityId id) const { return history_of(files_, id); }

std::optional<EntityType> EntityTable::type(EntityId id) const {
    if (processes_.contains(id)) return EntityType::Process;
    if (files_.contains(id)) return EntityType::File;
    if (sockets_.contains(id)) return EntityType::Socket;
    if (const Object* found = object(id)) return found->type;
    return std::nullopt;
}

}  // namespace catena::event
