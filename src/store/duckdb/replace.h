// Replaces what is at a path by nothing, if it is a recording: users must not lose any other file to a
// mistyped -o.
#pragma once

#include <string>

#include "base/result.h"

namespace catena::store::duckdb {

// Removes a recording and its logs. Fine where there is nothing, or an empty file; BadInput where there is
// anything else or somebody holds the recording.
base::Status make_room(const std::string& path);

}  // namespace catena::store::duckdb
