// Calls as lines: for people (as strace writes them) and for programs.
#pragma once

#include <string>

#include "event/call.h"
#include "event/entity_table.h"

namespace catena::event {

// "2026-11-24 10:00:00.123456789 cat[123] 0.000012 openat(AT_FDCWD, "/etc/passwd", O_RDONLY) = 3", without
// control characters.
std::string to_text_line(const Call& call, const EntityTable& entities);

// One JSON object (docs/formats/events.md).
std::string to_json_line(const Call& call, const EntityTable& entities);

}  // namespace catena::event
