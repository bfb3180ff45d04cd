// Single numbers among the arguments of a call, as text.
#pragma once

#include <cstdint>
#include <string>

#include "sys/call_kinds.h"
#include "sys/syscalls.h"

namespace catena::sys {

// The text of an argument that says by itself what it is. Memory is written as its address.
std::string value_text(const Argument& argument, std::uint64_t value, Abi abi);

std::string mode_text(std::uint64_t mode);       // "0644"
std::string file_mode_text(std::uint64_t mode);  // "S_IFREG|0644"
std::string fd_text(std::uint64_t fd);           // -100 is "AT_FDCWD"
std::string signal_set_text(std::uint64_t set);  // "[INT TERM]", "~[KILL]"
std::string wait_status_text(std::uint32_t status);
std::string limit_text(std::uint64_t limit, bool wide);
std::string protocol_text(std::uint64_t family, std::uint64_t protocol);
std::string futex_op_text(std::uint64_t op);

}  // namespace catena::sys
