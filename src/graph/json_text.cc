#include "graph/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <iterator>

#include "event/escape.h"

namespace catena::graph {

std::string json_for_terminal(std::string_view json) {
    std::string text;
    text.reserve(json.size());
    while (!json.empty()) {
        const std::string_view character = json.substr(0, std::max<std::size_t>(event::utf8_length(json), 1));
        json.remove_prefix(character.size());
        const bool ascii = character.size() == 1 && character[0] != 0x7f;
        if (ascii || event::escape_for_terminal(character) == character) {
            text += character;
            continue;
        }
        // All of them have at most three bytes.
        unsigned code = static_cast<unsigned char>(character[0]) & (character.size() == 2 ? 0x1fU : 0x0fU);
        if (character.size() == 1) code = static_cast<unsigned char>(character[0]);
        for (const char byte : character.substr(1))
            code = code << 6 | (static_cast<unsigned char>(byte) & 0x3fU);
        fmt::format_to(std::back_inserter(text), "\\u{:04x}", code);
    }
    return text;
}

}  // namespace catena::graph
