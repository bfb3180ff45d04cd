// EntityTable: the entities of one recording in memory, answering what a process, file, socket or object was
// at a given time. Filled once with add(), then only read; reading is safe from several threads, filling is
// not.
//
// Pointers that look-ups return hold until the next add(). Memory is proportional to the recording's distinct
// entities, not to its events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "event/entity.h"
#include "event/function.h"

namespace catena::event {

class EntityTable {
  public:
    void add(ProcessImage image);
    void add(FileName name);
    void add(Socket socket);  // replaces what was known of the socket
    void add(Object object);  // replaces what was known of the object
    void add(FunctionPath path);

    // The image that was in force at `at_ns`: the last one that began by then, or the first one where all
    // began later (an event that arrived before its process was described). Null where the process is not
    // known.
    [[nodiscard]] const ProcessImage* process(EntityId id, std::int64_t at_ns) const;
    // The name in force at `at_ns`, by the same rule.
    [[nodiscard]] const FileName* file(EntityId id, std::int64_t at_ns) const;
    [[nodiscard]] const Socket* socket(EntityId id) const;
    [[nodiscard]] const Object* object(EntityId id) const;
    // The functions that a system call was made in; null where none are known.
    [[nodiscard]] const FunctionPath* functions(std::uint32_t context) const;

    // All images or names, oldest first; empty where the entity is not known.
    [[nodiscard]] const std::vector<ProcessImage>& images(EntityId id) const;
    [[nodiscard]] const std::vector<FileName>& names(EntityId id) const;

    // What kind of entity it is; nothing where it was never described.
    [[nodiscard]] std::optional<EntityType> type(EntityId id) const;

    [[nodiscard]] std::size_t size() const {
        return processes_.size() + files_.size() + sockets_.size() + objects_.size();
    }

  private:
    std::unordered_map<EntityId, std::vector<ProcessImage>> processes_;  // by since_ns
    std::unordered_map<EntityId, std::vector<FileName>> files_;          // by since_ns
    std::unordered_map<EntityId, Socket> sockets_;
    std::unordered_map<EntityId, Object> objects_;
    std::unordered_map<std::uint32_t, FunctionPath> functions_;  // by context
};

}  // namespace catena::event
