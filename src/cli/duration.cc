#include "cli/duration.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <string_view>

namespace catena::cli {

base::Result<std::chrono::nanoseconds> parse_duration(const std::string& text) {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    const std::string_view unit = end;
    const double scale = unit == "ms"                  ? 1e6
                         : unit == "s" || unit.empty() ? 1e9
                         : unit == "m"                 ? 60e9
                         : unit == "h"                 ? 3600e9
                                                       : 0;
    constexpr double kLongest = 1e18;  // some 30 years
    if (end == text.c_str() || scale == 0 || !(number > 0) || number * scale > kLongest) {
        return base::fail(base::ErrorCode::Usage,
                          fmt::format("{} is no duration: write 500ms, 10s, 5m or 1h", text));
    }
    return std::chrono::nanoseconds(std::llround(number * scale));
}

}  // namespace catena::cli
