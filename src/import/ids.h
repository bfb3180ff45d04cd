// Ids of what a foreign log describes: hashes, as those of live recordings are (docs/decisions/0005), of the
// log's own name for the thing.
#pragma once

#include <string_view>

#include "event/entity.h"

namespace catena::import {

// The id of what a log calls `name` within `space` ("cadets", or a host and a kind of thing). The same for
// the same two texts on every machine. 62 bits, never 0.
event::EntityId id_of(std::string_view space, std::string_view name);

}  // namespace catena::import
