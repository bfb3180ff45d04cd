// Text in the columns of a terminal. What comes in is printable UTF-8 (event/escape.h), but for the colours
// that we put into it ourselves (ESC [ … m), which take no column.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace catena::graph {

// How many columns the text takes: two for a wide character (Unicode's East Asian Width W and F), none for a
// mark that sits on the character before it.
std::size_t columns_of(std::string_view text);

// The text without colours, its middle replaced by "…" where it takes more than `columns`.
std::string fitted(std::string_view text, std::size_t columns);

// The text in lines of at most `columns`, broken at spaces; a word that is longer is broken where a line
// ends.
std::vector<std::string> wrapped(std::string_view text, std::size_t columns);

}  // namespace catena::graph
