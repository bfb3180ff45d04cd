// An event as one line for a person.
#pragma once

#include <string>

#include "event/entity_table.h"
#include "event/event.h"

namespace catena::event {

// "14:03:07.123456   1234 cat          read         /etc/passwd  120 bytes  fd 3", without a newline; local
// time. Control characters in names are escaped, so that the line is safe to print on a terminal.
std::string to_text_line(const Event& event, const EntityTable& entities);

// "14:03:07.123456", local time.
std::string time_of_day(std::int64_t ts_ns);

// The name of a process's program, without its folder; escaped for a terminal.
std::string process_name(const ProcessImage& image);

// The object in a word or two: path, addresses, label, or "pid (exe)"; escaped for a terminal.
std::string object_text(EntityId id, std::int64_t at_ns, const EntityTable& entities);

}  // namespace catena::event
