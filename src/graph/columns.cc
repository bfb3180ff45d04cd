#include "graph/columns.h"

#include <algorithm>
#include <array>
#include <utility>

#include "event/escape.h"

namespace catena::graph {
namespace {

struct Range {
    char32_t first;
    char32_t last;
};

// Blocks rather than characters: enough to keep lines in their width.
constexpr std::array<Range, 9> kMarks = {{{0x0300, 0x036f},
                                          {0x0483, 0x0489},
                                          {0x0591, 0x05bd},
                                          {0x064b, 0x065f},
                                          {0x200b, 0x200d},
                                          {0x20d0, 0x20ff},
                                          {0xfe00, 0xfe0f},
                                          {0xfe20, 0xfe2f},
                                          {0xe0100, 0xe01ef}}};
constexpr std::array<Range, 8> kWide = {{{0x1100, 0x115f},
                                         {0x2e80, 0x303e},
                                         {0x3041, 0xa4cf},
                                         {0xac00, 0xd7a3},
                                         {0xf900, 0xfaff},
                                         {0xff00, 0xff60},
                                         {0x1f300, 0x1faff},
                                         {0x20000, 0x3fffd}}};

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, char32_t c) {
    return std::ranges::any_of(ranges,
                               [c](const Range& range) { return range.first <= c && c <= range.last; });
}

// A character, or a colour, with the columns that it takes.
struct Glyph {
    std::string_view text;
    std::size_t columns;
};

std::vector<Glyph> glyphs_of(std::string_view text) {
    std::vector<Glyph> glyphs;
    while (!text.empty()) {
        std::size_t length = std::max<std::size_t>(event::utf8_length(text), 1);
        std::size_t columns = 1;
        if (text.starts_with("\x1b[")) {
            length = std::min(text.find('m'), text.size() - 1) + 1;
            columns = 0;
        } else if (length > 1) {
            const char32_t c = event::code_point(text.substr(0, length));
            columns = is_in(kMarks, c) ? 0 : is_in(kWide, c) ? 2 : 1;
        }
        glyphs.push_back({text.substr(0, length), columns});
        text.remove_prefix(length);
    }
    return glyphs;
}

}  // namespace

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (const Glyph& glyph : glyphs_of(text)) columns += glyph.columns;
    return columns;
}

std::string fitted(std::string_view text, std::size_t columns) {
    if (text.size() <= columns || columns_of(text) <= columns) return std::string(text);
    const std::vector<Glyph> glyphs = glyphs_of(text);
    const std::size_t room = columns > 0 ? columns - 1 : 0;
    const std::size_t head_room = room / 2;
    std::string head;
    std::string tail;
    std::size_t used = 0;
    for (auto glyph = glyphs.begin(); glyph != glyphs.end() && used + glyph->columns <= head_room; ++glyph) {
        head += glyph->text;
        used += glyph->columns;
    }
    for (auto glyph = glyphs.rbegin(); glyph != glyphs.rend() && used + glyph->columns <= room; ++glyph) {
        tail.insert(0, glyph->text);
        used += glyph->columns;
    }
    return head + "…" + tail;
}

std::vector<std::string> wrapped(std::string_view text, std::size_t columns) {
    columns = std::max<std::size_t>(columns, 2);  // room for a wide character
    std::vector<std::string> lines;
    std::string line;
    std::string word;
    std::size_t line_columns = 0;
    std::size_t word_columns = 0;
    bool word_shows = false;  // or is a colour only
    std::size_t spaces = 0;   // between the line and the word
    const auto end_line = [&] {
        lines.push_back(std::move(line));
        line.clear();
        line_columns = 0;
        spaces = 0;
    };
    const auto end_word = [&] {
        if (word.empty()) return;
        if (!word_shows) {  // a colour ends behind spaces: these still stand before the next word
            line += std::exchange(word, {});
            return;
        }
        if (line_columns > 0 && line_columns + spaces + word_columns > columns) end_line();
        line += std::string(spaces, ' ') + word;
        line_columns += spaces + word_columns;
        spaces = 0;
        word.clear();
        word_columns = 0;
        word_shows = false;
    };
    for (const Glyph& glyph : glyphs_of(text)) {
        if (glyph.text == " ") {
            end_word();
            ++spaces;
            continue;
        }
        if (word_columns + glyph.columns > columns) {  // a word that fills a line by itself
            end_word();
            end_line();
        }
        word += glyph.text;
        word_columns += glyph.columns;
        word_shows |= !glyph.text.starts_with('\x1b');
    }
    end_word();
    if (!line.empty() || lines.empty()) lines.push_back(std::move(line));
    return lines;
}

}  // namespace catena::graph
