// Structures of a fixed layout, as text: "{tv_sec=1, tv_nsec=0}".
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "sys/call_kinds.h"
#include "sys/call_memory.h"
#include "sys/syscalls.h"

namespace catena::sys {

constexpr std::size_t pointer_width(Abi abi) { return abi == Abi::X64 ? 8 : 4; }

// Nothing where the kind is none of these, or the piece too short.
std::optional<std::string> fields_text(Kind kind, const Piece& piece, Abi abi);

}  // namespace catena::sys
