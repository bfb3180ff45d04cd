#include "sys/call_values.h"

#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>

#include "sys/call_memory.h"
#include "sys/flag_names.h"

namespace catena::sys {
namespace {

constexpr std::uint32_t kFutexFlags = 0x180;  // FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME
constexpr std::uint64_t kWideInfinity = ~0ULL;
constexpr int kAtFdCwd = -100;
constexpr std::uint32_t kFamilyInet = 2;
constexpr std::uint32_t kFamilyInet6 = 10;
constexpr std::uint32_t kFamilyNetlink = 16;

std::int32_t as_int(std::uint64_t value) { return static_cast<std::int32_t>(value); }
std::uint32_t as_uint(std::uint64_t value) { return static_cast<std::uint32_t>(value); }

std::string device_text(std::uint64_t device) {
    // The kernel's new_encode_dev: 12 bits of major amid 20 of minor.
    return fmt::format("makedev({:#x}, {:#x})", device >> 8U & 0xfffU,
                       (device & 0xffU) | (device >> 12U & 0xfff00U));
}

std::string long_text(std::uint64_t value, Abi abi) {
    return abi == Abi::I386 ? fmt::format("{}", as_int(value))
                            : fmt::format("{}", static_cast<std::int64_t>(value));
}

// Numbers of ordinary C types.
std::string plain_text(Kind kind, std::uint64_t value, Abi abi) {
    switch (kind) {
        case Kind::Int:
        case Kind::Pid:
            return fmt::format("{}", as_int(value));
        case Kind::Uint:
            return fmt::format("{}", as_uint(value));
        case Kind::Long:
            return long_text(value, abi);
        case Kind::Size:
            return fmt::format("{}", value);
        case Kind::Mode:
        case Kind::OpenMode:
            return mode_text(value & 0xffffU);
        case Kind::Device:
            return device_text(value);
        case Kind::Id:
            return as_uint(value) == 0xffffffffU ? "-1" : fmt::format("{}", as_uint(value));
        case Kind::Hex:
        case Kind::High:
        case Kind::FutexArg:
        case Kind::FcntlArg:
        case Kind::PrctlArg:
        case Kind::KeyctlArg:
            return value == 0 ? "0" : fmt::format("{:#x}", value);
        default:
            return address_text(value);
    }
}

}  // namespace

std::string mode_text(std::uint64_t mode) { return mode == 0 ? "000" : fmt::format("0{:02o}", mode); }

std::string file_mode_text(std::uint64_t mode) {
    constexpr std::array<std::pair<std::uint32_t, std::string_view>, 7> kTypes = {{{0140000, "S_IFSOCK"},
                                                                                   {0120000, "S_IFLNK"},
                                                                                   {0100000, "S_IFREG"},
                                                                                   {0060000, "S_IFBLK"},
                                                                                   {0040000, "S_IFDIR"},
                                                                                   {0020000, "S_IFCHR"},
                                                                                   {0010000, "S_IFIFO"}}};
    for (const auto& [type, name] : kTypes) {
        if ((mode & 0170000U) == type) return fmt::format("{}|{}", name, mode_text(mode & 07777U));
    }
    return mode_text(mode);
}

std::string fd_text(std::uint64_t fd) {
    return as_int(fd) == kAtFdCwd ? "AT_FDCWD" : fmt::format("{}", as_int(fd));
}

std::string signal_set_text(std::uint64_t set) {
    // Of a set that has most signals, those are told that it lacks.
    const bool inverse = __builtin_popcountll(set) > 42;
    if (inverse) set = ~set;
    std::string text = inverse ? "~[" : "[";
    for (int signal = 1; signal <= 64; ++signal) {
        if ((set >> static_cast<unsigned>(signal - 1) & 1U) == 0) continue;
        if (text.back() != '[') text += ' ';
        std::string name = signal_name(signal);
        text += name.starts_with("SIG") ? name.substr(3) : name;
    }
    return text + ']';
}

std::string wait_status_text(std::uint32_t status) {
    const std::uint32_t low = status & 0x7fU;
    const std::uint32_t high = status >> 8U & 0xffU;
    if (status == 0xffff) return "[{WIFCONTINUED(s)}]";
    if (low == 0x7f)
        return fmt::format("[{{WIFSTOPPED(s) && WSTOPSIG(s) == {}}}]", signal_name(static_cast<int>(high)));
    if (low == 0) return fmt::format("[{{WIFEXITED(s) && WEXITSTATUS(s) == {}}}]", high);
    return fmt::format("[{{WIFSIGNALED(s) && WTERMSIG(s) == {}{}}}]", signal_name(static_cast<int>(low)),
                       (status & 0x80U) != 0 ? " && WCOREDUMP(s)" : "");
}

std::string limit_text(std::uint64_t limit, bool wide) {
    if (limit == kWideInfinity) return wide ? "RLIM64_INFINITY" : "RLIM_INFINITY";
    if (!wide && limit == 0xffffffffU) return "RLIM_INFINITY";
    if (limit > 1024 && limit % 1024 == 0) return fmt::format("{}*1024", limit / 1024);
    return fmt::format("{}", limit);
}

std::string protocol_text(std::uint64_t family, std::uint64_t protocol) {
    const std::uint32_t number = as_uint(protocol);
    if (family == kFamilyInet || family == kFamilyInet6) return value_name(number, Names::InetProtocols);
    if (family == kFamilyNetlink) return value_name(number, Names::NetlinkProtocols);
    return fmt::format("{}", number);
}

std::string futex_op_text(std::uint64_t op) {
    const std::uint32_t number = as_uint(op);
    std::string text = value_name(number & ~kFutexFlags, Names::FutexOps);
    // As the headers name the two together.
    if ((number & 0x80U) != 0) text += "_PRIVATE";
    if ((number & 0x100U) != 0) text += "|FUTEX_CLOCK_REALTIME";
    return text;
}

std::string value_text(const Argument& argument, std::uint64_t value, Abi abi) {
    switch (argument.kind) {
        case Kind::Fd:
        case Kind::DirFd:
            return argument.kind == Kind::DirFd ? fd_text(value) : fmt::format("{}", as_int(value));
        case Kind::Signal:
            return signal_name(as_int(value));
        case Kind::Flags:
            if (argument.names == Names::AccessChecks && value == 0) return "F_OK";
            return flag_names(abi == Abi::X64 && value >> 32U != 0xffffffffU ? value : as_uint(value),
                              argument.names);
        case Kind::Named: {
            const std::string name = value_name(as_uint(value), argument.names);
            return as_int(value) < 0 && name.starts_with("0x") ? fmt::format("{}", as_int(value)) : name;
        }
        case Kind::OpenFlags:
            return open_flags(as_uint(value));
        case Kind::CloneFlags:
            return clone_flags(value);
        case Kind::Protection:
            return mmap_prot(as_uint(value));
        case Kind::MapFlags:
            return mmap_flags(as_uint(value));
        case Kind::Family:
            return socket_family(as_uint(value));
        case Kind::SocketType:
            return socket_type(as_uint(value));
        case Kind::PtraceRequest:
            return ptrace_request(as_uint(value));
        case Kind::FutexOp:
            return futex_op_text(value);
        case Kind::IoctlRequest:
            return ioctl_request(as_uint(value));
        default:
            return plain_text(argument.kind, value, abi);
    }
}

}  // namespace catena::sys
