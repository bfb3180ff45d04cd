#include "sys/syscalls.h"

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>

#include "sys/syscalls_i386_table.h"
#include "sys/syscalls_x32_table.h"
#include "sys/syscalls_x86_64_table.h"

namespace catena::sys {
namespace {

using NameIndex = std::unordered_map<std::string_view, int>;

NameIndex index_names(std::span<const SyscallRow> rows) {
    NameIndex index;
    for (const SyscallRow& row : rows) index.emplace(row.name, row.number);
    return index;
}

}  // namespace

std::string_view to_string(Abi abi) {
    switch (abi) {
        case Abi::I386:
            return "i386";
        case Abi::X32:
            return "x32";
        default:
            return "x86-64";
    }
}

Abi abi_from_string(std::string_view name) {
    if (name == to_string(Abi::I386)) return Abi::I386;
    return name == to_string(Abi::X32) ? Abi::X32 : Abi::X64;
}

std::span<const SyscallRow> syscalls(Abi abi) {
    switch (abi) {
        case Abi::I386:
            return kSyscallsI386;
        case Abi::X32:
            return kSyscallsX32;
        default:
            return kSyscallsX64;
    }
}

std::string_view syscall_name(int number, Abi abi) {
    const auto rows = syscalls(abi);
    const auto row = std::ranges::lower_bound(rows, number, {}, &SyscallRow::number);
    return row != rows.end() && row->number == number ? row->name : std::string_view();
}

std::optional<int> syscall_number(std::string_view name, Abi abi) {
    static const NameIndex x86_64 = index_names(kSyscallsX64);
    static const NameIndex i386 = index_names(kSyscallsI386);
    static const NameIndex x32 = index_names(kSyscallsX32);
    const NameIndex& index = abi == Abi::X64 ? x86_64 : abi == Abi::I386 ? i386 : x32;
    const auto found = index.find(name);
    if (found == index.end()) return std::nullopt;
    return found->second;
}

}  // namespace catena::sys
