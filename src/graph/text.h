// Small pieces of text for people.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace catena::graph {

// event::escape_for_terminal, with the middle left out where there are more than `width` bytes.
std::string shown(std::string_view bytes, std::size_t width = 160);

// "1,234".
std::string with_commas(std::uint64_t number);

// "1 file", "2 files"; the plural is the singular and an s where none is given.
std::string counted(std::uint64_t number, std::string_view singular, std::string_view plural = {});

}  // namespace catena::graph
