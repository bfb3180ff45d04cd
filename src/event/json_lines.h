// JSON Lines: one event with the entities it names as one JSON object (docs/formats/events.md).
#pragma once

#include <string>

#include "event/entity_table.h"
#include "event/event.h"

namespace catena::event {

// One line without its newline. Always valid UTF-8: other bytes are escaped reversibly (event/escape.h).
std::string to_json_line(const Event& event, const EntityTable& entities);

// How JSON names an entity: a letter for its type ("p", "f", "s"; "o" for all others) and its id in
// hexadecimal.
std::string json_id(EntityId id, EntityType type);

}  // namespace catena::event
