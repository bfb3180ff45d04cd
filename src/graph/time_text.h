// Moments and durations as people write and read them. Clock times are those of the machine's time zone (TZ).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace catena::graph {

// A moment of a recording that lasts from start_ns to end_ns (nanoseconds since 1970). Understands
//   2026-11-21T10:00:00.5Z, 2026-11-21T11:00:00+01:00   RFC 3339; local time where no offset is given
//   10:00, 10:00:00, 10:00:00.5                         local time, of the recording's (first) day or of the
//   next +1.5s, +200ms, +3m, +1h, +7us, +7ns                 after the recording's start
base::Result<std::int64_t> parse_moment(std::string_view text, std::int64_t start_ns, std::int64_t end_ns);

// "2026-11-21T11:00:00.123456+01:00", "2026-11-21T10:00:00.123456Z" where the local time is UTC.
std::string format_moment(std::int64_t ns);

// Its parts: the local day "2026-11-21", the local clock "11:00:00.123456", and how that is ahead of UTC:
// "+01:00" or "Z".
std::string format_day(std::int64_t ns);
std::string format_clock(std::int64_t ns);
std::string format_zone(std::int64_t ns);

// "2026-11-21T10:00:00.123456789Z": RFC 3339 and xsd:dateTime, exact and the same everywhere.
std::string format_utc(std::int64_t ns);

// "+1.203456 s", with a sign, for the moments of one recording.
std::string format_offset(std::int64_t ns);

// Rounded for reading: "350 ns", "12 µs", "3.1 ms", "1.2 s", "4 min 10 s", "2 h 5 min". Negative ones count
// as 0.
std::string format_duration(std::int64_t ns);

}  // namespace catena::graph
