// The tables of system calls as the kernel programs want them, from the rows of syscall_specs_table.h
// (x86-64) and syscall_specs_i386_table.h.
#pragma once

#include <span>

#include "wire/records.h"

struct catena_bpf;  // NOLINT(readability-identifier-naming): the name that bpftool gives

namespace catena::sensor {

// x86-64 first, i386 behind it.
void fill_syscall_tables(std::span<cat_syscall, std::size_t{2} * CAT_SYSCALLS> tables);

// Between opening and loading: these, and which way each operation carries. Without, the verifier sees other
// programs than those that record.
void fill_tables(catena_bpf& skeleton);

}  // namespace catena::sensor
