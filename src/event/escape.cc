#include "event/escape.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace catena::event {
namespace {

constexpr std::string_view kDigits = "0123456789abcdef";

bool is_plain(char c) { return c > 0 && c != '\\'; }

bool is_digit(char c) { return kDigits.find(c) != std::string_view::npos; }

// Whether the byte at the start becomes `\xHH`.
bool is_escaped(std::string_view bytes) { return bytes[0] == '\0' || utf8_length(bytes) == 0; }

bool is_hex_escape(std::string_view text) {  // what follows its backslash
    return text.size() >= 3 && text[0] == 'x' && is_digit(text[1]) && is_digit(text[2]);
}

// Whether a single backslash before `rest` would be taken for the beginning of something else.
bool would_be_misread(std::string_view rest) {
    return !rest.empty() && (rest[0] == '\\' || is_hex_escape(rest) || is_escaped(rest));
}

void append_escaped(std::string& text, char byte) {
    fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<unsigned char>(byte));
}

// C0, DEL and C1 controls, line separators, and the marks and overrides of bidirectional text.
bool is_control(char32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

void append_control(std::string& text, char32_t c) {
    switch (c) {
        case '\n':
            text += "\\n";
            return;
        case '\r':
            text += "\\r";
            return;
        case '\t':
            text += "\\t";
            return;
        default:
            break;
    }
    const char* const format = c < 0x80 ? "\\x{:02x}" : "\\u{{{:x}}}";
    fmt::format_to(std::back_inserter(text), fmt::runtime(format), static_cast<std::uint32_t>(c));
}

}  // namespace

char32_t code_point(std::string_view character) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    switch (character.size()) {
        case 1:
            return byte(0);
        case 2:
            return (byte(0) & 0x1fU) << 6 | (byte(1) & 0x3fU);
        case 3:
            return (byte(0) & 0xfU) << 12 | (byte(1) & 0x3fU) << 6 | (byte(2) & 0x3fU);
        default:
            return (byte(0) & 7U) << 18 | (byte(1) & 0x3fU) << 12 | (byte(2) & 0x3fU) << 6 |
                   (byte(3) & 0x3fU);
    }
}

std::size_t utf8_length(std::string_view bytes) {
    if (bytes.empty()) return 0;
    const auto lead = static_cast<unsigned char>(bytes[0]);
    if (lead < 0x80) return 1;
    if (lead < 0xc2 || lead > 0xf4) return 0;
    const std::size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (bytes.size() < length) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((static_cast<unsigned char>(bytes[i]) & 0xc0) != 0x80) return 0;
    }
    const auto second = static_cast<unsigned char>(bytes[1]);
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0)) return 0;
    if ((lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90)) return 0;
    return length;
}

std::string escape(std::string_view bytes) {
    if (std::ranges::all_of(bytes, is_plain)) return std::string(bytes);
    std::string text;
    text.reserve(bytes.size() + 16);
    while (!bytes.empty()) {
        if (is_escaped(bytes)) {
            append_escaped(text, bytes[0]);
            bytes.remove_prefix(1);
            continue;
        }
        const std::size_t length = utf8_length(bytes);
        text += bytes.substr(0, length);
        if (bytes[0] == '\\' && would_be_misread(bytes.substr(1))) text += '\\';
        bytes.remove_prefix(length);
    }
    return text;
}

std::string unescape(std::string_view text) {
    std::string bytes;
    bytes.reserve(text.size());
    while (!text.empty()) {
        const std::string_view rest = text.substr(1);
        if (text[0] == '\\' && is_hex_escape(rest)) {
            bytes += static_cast<char>(kDigits.find(rest[1]) << 4 | kDigits.find(rest[2]));
            text.remove_prefix(4);
            continue;
        }
        bytes += text[0];
        text.remove_prefix(text.starts_with("\\\\") ? 2 : 1);
    }
    return bytes;
}

std::string escape_for_terminal(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() + 16);
    while (!bytes.empty()) {
        const std::size_t length = utf8_length(bytes);
        const std::string_view character = bytes.substr(0, std::max<std::size_t>(length, 1));
        if (length == 0) {
            append_escaped(text, bytes[0]);
        } else if (character == "\\") {
            text += "\\\\";
        } else if (const char32_t c = code_point(character); is_control(c)) {
            append_control(text, c);
        } else {
            text += character;
        }
        bytes.remove_prefix(character.size());
    }
    return text;
}

}  // namespace catena::event
