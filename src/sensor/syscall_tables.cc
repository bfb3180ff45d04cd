#include "sensor/syscall_tables.h"

#include <bpf/libbpf.h>

#include "catena.skel.h"
#include "event/op.h"
#include "sensor/syscall_specs_i386_table.h"
#include "sensor/syscall_specs_table.h"
#include "sys/syscalls.h"

namespace catena::sensor {
namespace {

cat_syscall to_row(const SyscallSpec& spec) {
    return {.handler = spec.handler,
            .op = spec.op,
            .fd = spec.fd,
            .fd2 = spec.fd2,
            .dir = spec.dir,
            .path = spec.path,
            .dir2 = spec.dir2,
            .path2 = spec.path2,
            .arg = spec.arg,
            .arg2 = spec.arg2,
            .like = spec.number};
}

}  // namespace

void fill_syscall_tables(std::span<cat_syscall, std::size_t{2} * CAT_SYSCALLS> tables) {
    const auto x86_64 = tables.first<CAT_SYSCALLS>();
    const auto i386 = tables.last<CAT_SYSCALLS>();
    for (const SyscallSpec& spec : kSyscallSpecs) {
        x86_64[spec.number] = to_row(spec);
        const auto number = sys::syscall_number(sys::syscall_name(spec.number), sys::Abi::I386);
        if (number) i386[static_cast<std::size_t>(*number)] = to_row(spec);
    }
    for (const I386Alias& alias : kI386Aliases) {
        const auto number = sys::syscall_number(alias.name, sys::Abi::I386);
        const auto like = sys::syscall_number(alias.like, sys::Abi::X64);
        if (number && like) {
            i386[static_cast<std::size_t>(*number)] = x86_64[static_cast<std::size_t>(*like)];
        }
    }
    for (const SyscallSpec& spec : kI386Specs) i386[spec.number] = to_row(spec);
}

void fill_tables(catena_bpf& skeleton) {
    for (std::size_t op = 0; op < event::kOpCount; ++op) {
        skeleton.rodata->cat_flows[op] =
            static_cast<std::uint8_t>(event::flow_of(static_cast<event::Op>(op)));
    }
    fill_syscall_tables(skeleton.rodata->cat_syscalls);
}

}  // namespace catena::sensor
