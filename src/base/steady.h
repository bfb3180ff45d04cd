// Nanoseconds of the steady clock, for what lasts and what is due: unlike the wall clock it never jumps.
#pragma once

#include <chrono>
#include <cstdint>

namespace catena::base {

inline std::int64_t steady_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

}  // namespace catena::base
