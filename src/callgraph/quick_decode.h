// The few dozen instructions of which most code is made, decoded by a table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "callgraph/instruction.h"

namespace catena::callgraph {

// What Decoder says of the instruction at the beginning of `code`, several times as quick; nothing where it
// is not one of those that are known here, or where fewer than 15 bytes are left.
[[nodiscard]] std::optional<Instruction> decode_quickly(std::uint64_t address,
                                                        std::span<const std::byte> code);

}  // namespace catena::callgraph
