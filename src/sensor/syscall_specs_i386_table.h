// What differs in the table of i386 (int 0x80, 32-bit programs). A call with the name of one of x86-64 takes the same
// arguments, and has that one's row of syscall_specs_table.h; here are the others.
#pragma once

#include <string_view>

#include "sensor/syscall_specs_table.h"

namespace catena::sensor {

// Another name, the same arguments.
struct I386Alias {
    std::string_view name;
    std::string_view like;
};

inline constexpr I386Alias kI386Aliases[] = {
    {"chown32", "chown"},
    {"fchown32", "fchown"},
    {"fcntl64", "fcntl"},
    {"lchown32", "lchown"},
    {"mmap2", "mmap"},
    {"recvmmsg_time64", "recvmmsg"},
    {"sendfile64", "sendfile"},
    {"setfsgid32", "setfsgid"},
    {"setfsuid32", "setfsuid"},
    {"setgid32", "setgid"},
    {"setgroups32", "setgroups"},
    {"setregid32", "setregid"},
    {"setresgid32", "setresgid"},
    {"setresuid32", "setresuid"},
    {"setreuid32", "setreuid"},
    {"setuid32", "setuid"},
};

// Rows of their own, by the numbers of i386 (asm/unistd_32.h, whose names are those of unistd_64.h).
inline constexpr SyscallSpec kI386Specs[] = {
    {.number = 90, .handler = CAT_H_FOLDED},   // mmap: arguments in memory
    {.number = 102, .handler = CAT_H_FOLDED},  // socketcall
    {.number = 117, .handler = CAT_H_FOLDED},  // ipc
    // truncate64 and ftruncate64: the length in two registers.
    {.number = 193, .handler = CAT_H_PATH, .op = CAT_OP_TRUNCATE, .path = 0, .arg = 1, .arg2 = 2},
    {.number = 194, .handler = CAT_H_FD, .op = CAT_OP_TRUNCATE, .fd = 0, .arg = 1, .arg2 = 2},
};

}  // namespace catena::sensor
