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
        // All of them have four digits.
        fmt::format_to(std::back_inserter(text), "\\u{:04x}",
                       static_cast<std::uint32_t>(event::code_point(character)));
    }
    return text;
}

}  // namespace catena::graph
