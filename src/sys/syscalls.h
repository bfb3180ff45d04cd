// System calls by number and name, per architecture. Constant data; safe from any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace catena::sys {

enum class Abi : std::uint8_t {
    X64,
    I386,  // int 0x80 and 32-bit programs
    X32,   // 64-bit registers and 32-bit pointers; numbers are without their bit 30
};

struct SyscallRow {
    int number;
    std::string_view name;
};

// "x86-64", "i386", "x32".
std::string_view to_string(Abi abi);
Abi abi_from_string(std::string_view name);  // X64 for anything else

// "openat" for 257; empty where there is no such call. Points to static storage.
std::string_view syscall_name(int number, Abi abi = Abi::X64);

// All calls of an ABI, ordered by number.
std::span<const SyscallRow> syscalls(Abi abi);

std::optional<int> syscall_number(std::string_view name, Abi abi = Abi::X64);

}  // namespace catena::sys
