// On whose behalf a process ran, as fields of its JSON object: the same in events and in chains.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "event/entity.h"

namespace catena::event {

// Adds what is known; what has nothing to say is absent.
void put_attribution(nlohmann::ordered_json& json, const Attribution& attribution);

}  // namespace catena::event
