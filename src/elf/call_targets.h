// Call targets: functions that nothing in the file names, found because other code calls them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "elf/code_map.h"
#include "elf/eh_frame.h"

namespace catena::elf {

// Addresses that direct calls lead to, and the entry of the file, as far as they are in none of the known
// ranges; in order. `known` is in order, too, one range an address; what has size 0 reaches up to the next.
[[nodiscard]] std::vector<std::uint64_t> unknown_call_targets(const Image& image, const CodeMap& code,
                                                              std::span<const CodeRange> known);

}  // namespace catena::elf
