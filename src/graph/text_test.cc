#include "graph/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "graph/columns.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kNoon = 1'795'262'400 * kSecond;  // 2026-11-21T12:00:00Z

void set_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
}

TEST(Text, LongNamesLoseTheirMiddle) {
    EXPECT_EQ(shown("/short"), "/short");
    EXPECT_EQ(shown("0123456789", 4), "01…89");
    EXPECT_EQ(shown("ééééé", 5), "é…é");  // cut between characters
    EXPECT_EQ(shown("a\x1b[2Jb"), "a\\x1b[2Jb");
    EXPECT_LE(shown(std::string(5000, '\x80'), 10).size(), 10 * 4 + std::string("…").size());
}

TEST(Text, NumbersAreGrouped) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(1234567), "1,234,567");
    EXPECT_EQ(counted(1, "byte"), "1 byte");
    EXPECT_EQ(counted(12304, "entry", "entries"), "12,304 entries");
}

TEST(Columns, WideCharactersTakeTwoAndMarksAndColoursNone) {
    EXPECT_EQ(columns_of("abc"), 3U);
    EXPECT_EQ(columns_of("\xe6\x97\xa5x"), 3U);  // 日x
    EXPECT_EQ(columns_of("e\xcc\x81"), 1U);      // e and an acute accent
    EXPECT_EQ(columns_of("\x1b[1mab\x1b[0m"), 2U);
    EXPECT_EQ(columns_of("\xf0\x9f\x98\x80"), 2U);
}

TEST(Columns, WhatIsTooWideLosesItsMiddle) {
    EXPECT_EQ(fitted("abcdef", 6), "abcdef");
    EXPECT_EQ(fitted("abcdef", 5), "ab…ef");
    EXPECT_EQ(fitted("abcdef", 1), "…");
    EXPECT_EQ(fitted("\xe6\x97\xa5\xe6\x9c\xac\xe6\x97\xa5", 4), "…\xe6\x97\xa5");
}

TEST(Columns, LinesBreakAtSpacesAndLongWordsAnywhere) {
    using testing::ElementsAre;
    EXPECT_THAT(wrapped("one two  three", 9), ElementsAre("one two", "three"));
    EXPECT_THAT(wrapped("one two  three", 14), ElementsAre("one two  three"));
    EXPECT_THAT(wrapped("abcdefgh i", 3), ElementsAre("abc", "def", "gh", "i"));
    EXPECT_THAT(wrapped("a abcdef", 3), ElementsAre("a", "abc", "def"));
    EXPECT_THAT(wrapped("", 3), ElementsAre(""));
    EXPECT_THAT(wrapped("\x1b[1mone two\x1b[0m", 3), ElementsAre("\x1b[1mone", "two\x1b[0m"));
}

TEST(TimeText, MomentsHaveParts) {
    set_zone("UTC-2");
    EXPECT_EQ(format_day(kNoon + 11 * 3600 * kSecond), "2026-11-22");
    EXPECT_EQ(format_clock(kNoon + 1000), "14:00:00.000001");
    EXPECT_EQ(format_zone(kNoon), "+02:00");
    EXPECT_EQ(format_utc(kNoon + 1), "2026-11-21T12:00:00.000000001Z");
    set_zone("UTC");
    EXPECT_EQ(format_zone(kNoon), "Z");
    EXPECT_EQ(format_utc(-1), "1969-12-31T23:59:59.999999999Z");
    EXPECT_EQ(format_utc(INT64_MAX), "2262-04-11T23:47:16.854775807Z");
    EXPECT_EQ(format_utc(INT64_MIN), "1677-09-21T00:12:43.145224192Z");
    set_zone("UTC-14");
    EXPECT_EQ(format_moment(INT64_MAX), "2262-04-12T13:47:16.854775+14:00");
    set_zone("UTC+12");
    EXPECT_EQ(format_moment(INT64_MIN), "1677-09-20T12:12:43.145224-12:00");
    set_zone("UTC");
}

TEST(TimeText, MomentsAreReadInAllTheirForms) {
    set_zone("UTC");
    const auto parse = [](const char* text) {
        return parse_moment(text, kNoon, kNoon + 3600 * kSecond).value();
    };
    EXPECT_EQ(parse("2026-11-21T12:00:00Z"), kNoon);
    EXPECT_EQ(parse("2026-11-21T13:00:00.25+01:00"), kNoon + kSecond / 4);
    EXPECT_EQ(parse("2026-11-21 06:30:00-05:30"), kNoon);
    EXPECT_EQ(parse("12:30"), kNoon + 1800 * kSecond);
    EXPECT_EQ(parse("12:00:01.000000001"), kNoon + kSecond + 1);
    EXPECT_EQ(parse("+1.5s"), kNoon + 1'500'000'000);
    EXPECT_EQ(parse("+2m"), kNoon + 120 * kSecond);
    EXPECT_EQ(parse("+3us"), kNoon + 3000);
}

TEST(TimeText, ClockTimesAreLocal) {
    set_zone("UTC-2");  // POSIX: two hours ahead of UTC
    EXPECT_EQ(parse_moment("14:00:00", kNoon, kNoon + 1).value(), kNoon);
    EXPECT_EQ(parse_moment("2026-11-21T14:00:00", kNoon, kNoon + 1).value(), kNoon);
    EXPECT_EQ(format_moment(kNoon + 1000), "2026-11-21T14:00:00.000001+02:00");
    EXPECT_EQ(parse_moment(format_moment(kNoon), 0, 0).value(), kNoon);
    set_zone("UTC");
    EXPECT_EQ(format_moment(kNoon), "2026-11-21T12:00:00.000000Z");
    EXPECT_EQ(format_moment(-1000), "1969-12-31T23:59:59.999999Z");
}

TEST(TimeText, ClockTimesAfterMidnightAreTheNextDays) {
    set_zone("UTC");
    EXPECT_EQ(parse_moment("01:00", kNoon, kNoon + 86400 * kSecond).value(), kNoon + 13 * 3600 * kSecond);
    EXPECT_EQ(parse_moment("01:00", kNoon, kNoon + 3600 * kSecond).value(), kNoon - 11 * 3600 * kSecond);
}

TEST(TimeText, WhatIsNoTimeIsRefused) {
    for (const char* text :
         {"", "noon", "25:00", "12:60", "2026-02-30T00:00:00Z", "2026-11-21", "2026-11-21T12:00:00X", "+",
          "+s", "+-1s", "+1x", "12:00:00.", "+nan", "+1e300h", "99999-01-01T00:00:00Z", "12:00 "}) {
        EXPECT_FALSE(parse_moment(text, kNoon, kNoon)) << text;
    }
}

TEST(TimeText, DurationsAreRounded) {
    EXPECT_EQ(format_duration(-5), "0 ns");
    EXPECT_EQ(format_duration(350), "350 ns");
    EXPECT_EQ(format_duration(12'345), "12 µs");
    EXPECT_EQ(format_duration(3'140'000), "3.1 ms");
    EXPECT_EQ(format_duration(1'200'000'000), "1.2 s");
    EXPECT_EQ(format_duration(250 * kSecond), "4 min 10 s");
    EXPECT_EQ(format_duration(7500 * kSecond), "2 h 5 min");
    EXPECT_EQ(format_offset(1'203'456'789), "+1.203456 s");
    EXPECT_EQ(format_offset(-1000), "-0.000001 s");
}

}  // namespace
}  // namespace catena::graph
