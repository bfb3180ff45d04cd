// The tables of system calls as the kernel programs want them, from the rows of syscall_specs_table.h
// (x86-64) and syscall_specs_i386_table.h.
#pragma once

#include <span>

#include "wire/records.h"

namespace catena::sensor {

// x86-64 first, i386 behind it.
void fill_syscall_tables(std::span<cat_syscall, std::size_t{2} * CAT_SYSCALLS> tables);

}  // namespace catena::sensor
