// Repacks a finished recording that is not large: while it is written, it is in blocks that are made for
// much, and a part of them is free in the end.
#pragma once

#include <string>

namespace catena::store::duckdb {

// Where repack works; a recorder that is killed meanwhile leaves it.
std::string repack_path(const std::string& path);

// Replaces the recording, which nobody may have open, by one that holds the same in less space. Leaves it as
// it is where it is too large to be worth the time, or where anything fails: it is whole either way.
void repack(const std::string& path);

}  // namespace catena::store::duckdb
