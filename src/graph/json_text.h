// JSON that can be looked at in a terminal.
#pragma once

#include <string>
#include <string_view>

namespace catena::graph {

// The same JSON with the control characters that it allows in strings, and those that reorder text, as
// \uHHHH.
std::string json_for_terminal(std::string_view json);

}  // namespace catena::graph
