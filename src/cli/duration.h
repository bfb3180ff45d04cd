// Durations as people write them.
#pragma once

#include <chrono>
#include <string>

#include "base/result.h"

namespace catena::cli {

// "500ms", "10s", "1.5m", "2h"; a bare number is seconds. A Usage error otherwise, and for nothing or less.
base::Result<std::chrono::nanoseconds> parse_duration(const std::string& text);

}  // namespace catena::cli
