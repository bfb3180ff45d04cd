#include "graph/time_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <optional>

namespace catena::graph {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// Reads a piece of text from its front; every step says whether it matched, and nothing is consumed where it
// did not.
class Scanner {
  public:
    explicit Scanner(std::string_view text) : text_(text) {}

    bool at_end() const { return text_.empty(); }
    bool skip(char wanted) {
        if (text_.empty() || text_[0] != wanted) return false;
        text_.remove_prefix(1);
        return true;
    }
    // Exactly `digits` digits.
    std::optional<int> number(std::size_t digits) {
        int value = 0;
        if (text_.size() < digits) return std::nullopt;
        const auto [end, error] = std::from_chars(text_.data(), text_.data() + digits, value);
        if (error != std::errc{} || end != text_.data() + digits || text_[0] == '-') return std::nullopt;
        text_.remove_prefix(digits);
        return value;
    }
    // ".5" as nanoseconds; 0 where there is no dot.
    std::optional<std::int64_t> fraction() {
        if (!skip('.')) return 0;
        std::int64_t value = 0;
        std::int64_t unit = kSecond;
        while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') {
            unit /= 10;
            value += unit * (text_[0] - '0');
            text_.remove_prefix(1);
        }
        if (unit == kSecond) return std::nullopt;
        return value;
    }

  private:
    std::string_view text_;
};

// "10:00", "10:00:00", "10:00:00.5".
std::optional<std::int64_t> scan_clock(Scanner& scanner) {
    const auto hour = scanner.number(2);
    if (!hour || !scanner.skip(':')) return std::nullopt;
    const auto minute = scanner.number(2);
    if (!minute || *hour > 23 || *minute > 59) return std::nullopt;
    std::int64_t ns = *hour * kHour + *minute * kMinute;
    if (scanner.skip(':')) {
        const auto second = scanner.number(2);
        const auto fraction = second ? scanner.fraction() : std::nullopt;
        if (!fraction || *second > 60) return std::nullopt;
        ns += *second * kSecond + *fraction;
    }
    return ns;
}

std::optional<std::int64_t> scan_date(Scanner& scanner) {
    const auto year = scanner.number(4);
    if (!year || !scanner.skip('-')) return std::nullopt;
    const auto month = scanner.number(2);
    if (!month || !scanner.skip('-')) return std::nullopt;
    const auto day = scanner.number(2);
    if (!day || *year < 1678 || *year > 2261) return std::nullopt;  // what 64-bit nanoseconds can say
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(*month)),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok()) return std::nullopt;
    return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

// How much the local clock is ahead of UTC at that moment.
std::int64_t zone_at(std::int64_t ns) {
    const std::time_t seconds = ns / kSecond;
    std::tm local{};
    if (::localtime_r(&seconds, &local) == nullptr) return 0;
    return local.tm_gmtoff * kSecond;
}

// The moment at which the local clock shows this. Near a change of the clock the second look settles it.
std::int64_t from_local(std::int64_t clock_ns) {
    const std::int64_t guess = clock_ns - zone_at(clock_ns);
    return clock_ns - zone_at(guess);
}

// "Z" or "+01:00": what to take off the clock time.
std::optional<std::int64_t> scan_zone(Scanner& scanner) {
    if (scanner.skip('Z') || scanner.skip('z')) return 0;
    const int sign = scanner.skip('+') ? 1 : scanner.skip('-') ? -1 : 0;
    if (sign == 0) return std::nullopt;
    const auto offset = scan_clock(scanner);
    if (!offset) return std::nullopt;
    return sign * *offset;
}

std::optional<std::int64_t> parse_absolute(std::string_view text) {
    Scanner scanner(text);
    const auto date = scan_date(scanner);
    if (!date || !(scanner.skip('T') || scanner.skip('t') || scanner.skip(' '))) return std::nullopt;
    const auto clock = scan_clock(scanner);
    if (clock && scanner.at_end()) return from_local(*date + *clock);
    const auto zone = clock ? scan_zone(scanner) : std::nullopt;
    if (!zone || !scanner.at_end()) return std::nullopt;
    return *date + *clock - *zone;
}

std::optional<std::int64_t> parse_clock(std::string_view text, std::int64_t start_ns, std::int64_t end_ns) {
    Scanner scanner(text);
    const auto clock = scan_clock(scanner);
    if (!clock || !scanner.at_end()) return std::nullopt;
    const std::int64_t start = start_ns + zone_at(start_ns);
    const std::int64_t day = start - (start % kDay + kDay) % kDay;
    const std::int64_t ns = from_local(day + *clock);
    const std::int64_t next_day = from_local(day + kDay + *clock);
    return ns < start_ns && next_day <= end_ns ? next_day : ns;
}

std::optional<std::int64_t> parse_relative(std::string_view text, std::int64_t start_ns) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), value);
    if (error != std::errc{} || !(value >= 0)) return std::nullopt;
    const std::string_view unit(end, text.data() + text.size());
    double scale = 0;
    if (unit == "ns") scale = 1;
    if (unit == "us" || unit == "µs") scale = 1e3;
    if (unit == "ms") scale = 1e6;
    if (unit == "s" || unit.empty()) scale = 1e9;
    if (unit == "m" || unit == "min") scale = 60e9;
    if (unit == "h") scale = 3600e9;
    if (scale == 0 || value * scale > 1e18) return std::nullopt;
    return start_ns + std::llround(value * scale);
}

}  // namespace

base::Result<std::int64_t> parse_moment(std::string_view text, std::int64_t start_ns, std::int64_t end_ns) {
    if (text.starts_with('+')) {
        if (const auto ns = parse_relative(text, start_ns)) return *ns;
    } else if (const auto absolute = parse_absolute(text)) {
        return *absolute;
    } else if (const auto clock = parse_clock(text, start_ns, end_ns)) {
        return *clock;
    }
    return base::fail(base::ErrorCode::Usage,
                      fmt::format("'{}' is not a time; write 2026-11-21T10:00:00Z, 10:00:00 or +1.5s", text));
}

namespace {

// A moment as a clock and a calendar show it that are ahead of UTC by `zone`.
struct Civil {
    std::chrono::year_month_day date;
    std::int64_t rest_ns;  // since midnight
};

Civil civil(std::int64_t ns, std::int64_t zone) {
    // Days and the rest apart, so that nothing overflows at the ends of what 64 bits hold.
    std::int64_t day = ns / kDay - (ns % kDay < 0 ? 1 : 0);
    std::int64_t rest = (ns % kDay < 0 ? kDay : 0) + ns % kDay + zone;
    const std::int64_t carry = rest < 0 ? -1 : rest >= kDay ? 1 : 0;
    day += carry;
    rest -= carry * kDay;
    return {std::chrono::sys_days(std::chrono::days(day)), rest};
}

std::string day_text(const Civil& at) {
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(at.date.year()),
                       static_cast<unsigned>(at.date.month()), static_cast<unsigned>(at.date.day()));
}

std::string second_text(const Civil& at) {
    return fmt::format("{:02}:{:02}:{:02}", at.rest_ns / kHour, at.rest_ns / kMinute % 60,
                       at.rest_ns / kSecond % 60);
}

}  // namespace

std::string format_day(std::int64_t ns) { return day_text(civil(ns, zone_at(ns))); }

std::string format_clock(std::int64_t ns) {
    const Civil at = civil(ns, zone_at(ns));
    return fmt::format("{}.{:06}", second_text(at), at.rest_ns % kSecond / 1000);
}

std::string format_zone(std::int64_t ns) {
    const std::int64_t zone = zone_at(ns);
    if (zone == 0) return "Z";
    return fmt::format("{}{:02}:{:02}", zone < 0 ? '-' : '+', std::abs(zone) / kHour,
                       std::abs(zone) / kMinute % 60);
}

std::string format_moment(std::int64_t ns) {
    return fmt::format("{}T{}{}", format_day(ns), format_clock(ns), format_zone(ns));
}

std::string format_utc(std::int64_t ns) {
    const Civil at = civil(ns, 0);
    return fmt::format("{}T{}.{:09}Z", day_text(at), second_text(at), at.rest_ns % kSecond);
}

std::string format_offset(std::int64_t ns) {
    const std::int64_t us = std::abs(ns) / 1000;
    return fmt::format("{}{}.{:06} s", ns < 0 ? '-' : '+', us / 1'000'000, us % 1'000'000);
}

std::string format_duration(std::int64_t ns) {
    ns = std::max<std::int64_t>(ns, 0);
    // One digit behind the point for small numbers, none where it would be 0.
    const auto rounded = [ns](std::int64_t unit, const char* name) {
        const std::int64_t tenths = ns / (unit / 10);
        if (tenths >= 100 || tenths % 10 == 0) return fmt::format("{} {}", tenths / 10, name);
        return fmt::format("{}.{} {}", tenths / 10, tenths % 10, name);
    };
    if (ns < 1000) return fmt::format("{} ns", ns);
    if (ns < 1'000'000) return fmt::format("{} µs", ns / 1000);
    if (ns < kSecond) return rounded(1'000'000, "ms");
    if (ns < kMinute) return rounded(kSecond, "s");
    if (ns < kHour) return fmt::format("{} min {} s", ns / kMinute, ns / kSecond % 60);
    return fmt::format("{} h {} min", ns / kHour, ns / kMinute % 60);
}

}  // namespace catena::graph
