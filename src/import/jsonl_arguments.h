// The arguments of a call in Catena's JSON Lines, back into event::Event::arg: the inverse of
// event::arguments().
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "event/event.h"
#include "import/json.h"

namespace catena::import {

inline constexpr std::array<std::string_view, 15> kArgumentNames = {
    "flags", "mode",      "length", "uid",     "gid",    "euid", "egid",   "old_fd",
    "prot",  "exit_code", "signal", "request", "family", "type", "backlog"};

// Sets arg (and ret of an exit that does not have it). `first` is the place of the first of kArgumentNames in
// `fields`. Returns the name of a field that could not be understood; empty where all were.
std::string_view read_arguments(event::Event& event, JsonFields& fields, std::size_t first);

}  // namespace catena::import
