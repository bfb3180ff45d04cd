// The tables of system calls as the kernel programs want them, from the rows of syscall_specs_table.h (x86-64) and
// syscall_specs_i386_table.h.
#pragma once

#include <span>

#include "wire/records.h"

namespace catena::sensor {

void fill_syscall_tables(std::span<cat_syscall, CAT_SYSCALLS> x86_64,
                         std::span<cat_syscall, CAT_SYSCALLS> i386);

}  // namespace catena::sensor
