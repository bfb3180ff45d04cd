#include "sys/syscalls.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "sys/syscalls_i386_table.h"
#include "sys/syscalls_x86_64_table.h"

namespace catena::sys {
namespace {

TEST(Syscalls, NumbersAreThoseOfTheHeaders) {
    EXPECT_EQ(syscall_number("read"), SYS_read);
    EXPECT_EQ(syscall_number("openat2"), SYS_openat2);
    EXPECT_EQ(syscall_number("process_vm_writev"), SYS_process_vm_writev);
    EXPECT_EQ(syscall_name(SYS_execve), "execve");
    EXPECT_EQ(syscall_name(SYS_copy_file_range), "copy_file_range");
}

TEST(Syscalls, CallsNewerThanTheHeadersAreKnown) {
    EXPECT_EQ(syscall_number("fchmodat2"), 452);
    EXPECT_EQ(syscall_number("fchmodat2", Abi::I386), 452);
    EXPECT_EQ(syscall_name(335), "uretprobe");
}

TEST(Syscalls, EveryRowIsFoundBothWays) {
    for (const SyscallRow& row : kSyscallsX64) {
        EXPECT_EQ(syscall_name(row.number), row.name);
        EXPECT_EQ(syscall_number(row.name), row.number);
    }
    for (const SyscallRow& row : kSyscallsI386) {
        EXPECT_EQ(syscall_name(row.number, Abi::I386), row.name);
        EXPECT_EQ(syscall_number(row.name, Abi::I386), row.number);
    }
}

TEST(Syscalls, TablesAreOrderedWithoutDoubles) {
    const auto strictly_rising = [](const auto& rows) {
        return std::ranges::adjacent_find(rows, std::ranges::greater_equal(), &SyscallRow::number) ==
               std::end(rows);
    };
    EXPECT_TRUE(strictly_rising(kSyscallsX64));
    EXPECT_TRUE(strictly_rising(kSyscallsI386));
}

TEST(Syscalls, ArchitecturesDiffer) {
    EXPECT_EQ(syscall_name(3, Abi::I386), "read");
    EXPECT_EQ(syscall_name(3), "close");
    EXPECT_EQ(syscall_number("mmap2"), std::nullopt);
    EXPECT_EQ(syscall_number("mmap2", Abi::I386), 192);
}

TEST(Syscalls, UnknownOnesAreEmpty) {
    EXPECT_EQ(syscall_name(-1), "");
    EXPECT_EQ(syscall_name(400), "");
    EXPECT_EQ(syscall_name(100000), "");
    EXPECT_EQ(syscall_number("no_such_call"), std::nullopt);
}

}  // namespace
}  // namespace catena::sys
