#include "event/escape.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace catena::event {
namespace {

TEST(Escape, ValidTextStaysAsItIs) {
    EXPECT_EQ(escape("/etc/passwd"), "/etc/passwd");
    EXPECT_EQ(escape("Grüße 漢字 🦉\n"), "Grüße 漢字 🦉\n");
    EXPECT_EQ(escape(""), "");
}

TEST(Escape, InvalidBytesAndBackslashes) {
    EXPECT_EQ(escape("a\xff\x80z"), "a\\xff\\x80z");
    EXPECT_EQ(escape("a\\xffz"), "a\\\\xffz") << "would be read as the byte";
    EXPECT_EQ(escape("a\\b\\"), "a\\b\\") << "cannot be misread";
    EXPECT_EQ(escape("\\\\"), "\\\\\\");
    EXPECT_EQ(escape("\\\xff"), "\\\\\\xff");
    EXPECT_EQ(escape(std::string_view("a\0b", 3)), "a\\x00b");
    EXPECT_EQ(escape("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
    EXPECT_EQ(escape("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
    EXPECT_EQ(escape("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
    EXPECT_EQ(escape("x\xe6\xbc"), "x\\xe6\\xbc") << "cut short";
}

TEST(Escape, UnescapeGivesTheBytesBack) {
    std::mt19937 random(1);
    const std::string alphabet = "\\\\x0fa\xff\xc3\xbc\xe6\xbc\xa2\n";
    for (int round = 0; round < 20000; ++round) {
        std::string bytes(random() % 12, ' ');
        for (char& c : bytes) {
            c = random() % 4 == 0 ? static_cast<char>(random()) : alphabet[random() % alphabet.size()];
        }
        const std::string text = escape(bytes);
        ASSERT_EQ(unescape(text), bytes);
        for (std::string_view rest = text; !rest.empty();) {
            const std::size_t length = utf8_length(rest);
            ASSERT_GT(length, 0U);
            rest.remove_prefix(length);
        }
    }
}

TEST(Escape, UnescapeLeavesForeignBackslashes) {
    EXPECT_EQ(unescape("\\n \\x4 \\xzz \\"), "\\n \\x4 \\xzz \\");
}

TEST(Escape, TerminalControlsCannotGetThrough) {
    EXPECT_EQ(escape_for_terminal("a\x1b[31mred"), "a\\x1b[31mred");
    EXPECT_EQ(escape_for_terminal("a\nb\tc\rd\x7f"), "a\\nb\\tc\\rd\\x7f");
    EXPECT_EQ(escape_for_terminal("\xc2\x9b"), "\\u{9b}") << "C1: CSI";
    EXPECT_EQ(escape_for_terminal("\u202egnp.exe"), "\\u{202e}gnp.exe") << "right-to-left override";
    EXPECT_EQ(escape_for_terminal("\x9b"
                                  "31m\\"),
              "\\x9b31m\\\\");
    EXPECT_EQ(escape_for_terminal("Grüße 漢字"), "Grüße 漢字");
}

}  // namespace
}  // namespace catena::event
