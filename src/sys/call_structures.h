// Structures in a program's memory, as text.
#pragma once

#include <optional>
#include <string>

#include "sys/call_kinds.h"
#include "sys/call_memory.h"
#include "sys/syscalls.h"

namespace catena::sys {

// The text of a piece; nothing where the kind has no structure or the piece is too short for it.
std::optional<std::string> structure_text(Kind kind, const Piece& piece, Abi abi);

std::string socket_address_text(const Piece& piece);
std::string vectors_text(const Piece& piece, Abi abi);

// struct msghdr with its parts, which may be missing.
std::string message_text(const Piece& header, const Piece* address, const Piece* vectors, Abi abi);

// pollfd with what was asked for, or (returned) only those that something happened to.
std::string poll_text(const Piece& piece);
std::string poll_result_text(const Piece& piece);

std::string fd_set_text(const Piece& piece, std::uint64_t count);

}  // namespace catena::sys
