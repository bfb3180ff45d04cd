#include "sys/call_structure_fields.h"

#include <fmt/format.h>

#include <string_view>

#include "sys/call_name_lists.h"
#include "sys/call_signatures.h"
#include "sys/call_values.h"
#include "sys/flag_names.h"

namespace catena::sys {
namespace {

// Two longs with their names.
std::string pair_text(const Piece& piece, std::size_t width, std::string_view seconds,
                      std::string_view fraction) {
    return fmt::format("{{{}={}, {}={}}}", seconds, piece.signed_number(0, width), fraction,
                       piece.signed_number(width, width));
}

std::string timespec_text(const Piece& piece, std::size_t width) {
    const std::int64_t fraction = piece.signed_number(width, width);
    // What utimensat takes for "now" and "leave it".
    if (fraction == 0x3fffffff) return "UTIME_NOW";
    if (fraction == 0x3ffffffe) return "UTIME_OMIT";
    return pair_text(piece, width, "tv_sec", "tv_nsec");
}

std::string timeval_text(const Piece& piece, std::size_t width) {
    return pair_text(piece, width, "tv_sec", "tv_usec");
}

using Half = std::string (*)(const Piece&, std::size_t);

std::string two_text(const Piece& piece, std::size_t width, Half half) {
    return fmt::format("[{}, {}]", half(piece.from(0, 2 * width), width),
                       half(piece.from(2 * width, 2 * width), width));
}

std::string interval_text(const Piece& piece, std::size_t width, Half half) {
    return fmt::format("{{it_interval={}, it_value={}}}", half(piece.from(0, 2 * width), width),
                       half(piece.from(2 * width, 2 * width), width));
}

std::string rlimit_text(const Piece& piece, std::size_t width, bool wide) {
    return fmt::format("{{rlim_cur={}, rlim_max={}}}", limit_text(piece.number(0, width), wide),
                       limit_text(piece.number(width, width), wide));
}

std::optional<std::string> time_text(Kind kind, const Piece& piece, std::size_t width) {
    switch (kind) {
        case Kind::Timespec:
            return timespec_text(piece, width);
        case Kind::Timespec64:
            return timespec_text(piece, 8);
        case Kind::Timespecs:
            return two_text(piece, width, timespec_text);
        case Kind::Timespecs64:
            return two_text(piece, 8, timespec_text);
        case Kind::Timeval:
            return timeval_text(piece, width);
        case Kind::Timevals:
            return two_text(piece, width, timeval_text);
        case Kind::Itimerval:
            return interval_text(piece, width, timeval_text);
        case Kind::Itimerspec:
            return interval_text(piece, width, timespec_text);
        case Kind::Itimerspec64:
            return interval_text(piece, 8, timespec_text);
        case Kind::Utimbuf:
            return pair_text(piece, width, "actime", "modtime");
        case Kind::Rlimit:
            return rlimit_text(piece, width, false);
        case Kind::Rlimit64:
            return rlimit_text(piece, 8, true);
        default:
            return std::nullopt;
    }
}

std::string handler_text(std::uint64_t handler) {
    if (handler == 0) return "SIG_DFL";
    if (handler == 1) return "SIG_IGN";
    return fmt::format("{:#x}", handler);
}

std::string action_text(const Piece& piece, Abi abi) {
    const std::size_t width = pointer_width(abi);
    const std::uint64_t flags = piece.number(width, width);
    std::string text =
        fmt::format("{{sa_handler={}, sa_mask={}, sa_flags={}", handler_text(piece.number(0, width)),
                    signal_set_text(piece.number(3 * width, 8)), flag_names(flags, Names::SigactionFlags));
    if ((flags & 0x4000000U) != 0) text += fmt::format(", sa_restorer={:#x}", piece.number(2 * width, width));
    return text + '}';
}

std::string old_action_text(const Piece& piece) {
    return fmt::format("{{sa_handler={}, sa_mask={}, sa_flags={}}}", handler_text(piece.number(0, 4)),
                       signal_set_text(piece.number(4, 4)),
                       flag_names(piece.number(8, 4), Names::SigactionFlags));
}

std::string stack_text(const Piece& piece, Abi abi) {
    const std::size_t width = pointer_width(abi);
    return fmt::format("{{ss_sp={}, ss_flags={}, ss_size={}}}", address_text(piece.number(0, width)),
                       flag_names(piece.number(width, 4), Names::SigaltstackFlags),
                       piece.number(2 * width, width));
}

std::string info_text(const Piece& piece, Abi abi) {
    const std::size_t union_at = abi == Abi::X64 ? 16 : 12;
    if (piece.number(0, 4) == 0) return "{}";
    return fmt::format("{{si_signo={}, si_code={}, si_pid={}, si_uid={}, si_status={}}}",
                       signal_name(static_cast<int>(piece.signed_number(0, 4))), piece.signed_number(8, 4),
                       piece.signed_number(union_at, 4), piece.number(union_at + 4, 4),
                       piece.signed_number(union_at + 8, 4));
}

std::optional<std::string> signal_text(Kind kind, const Piece& piece, Abi abi) {
    switch (kind) {
        case Kind::SignalSet:
            return signal_set_text(piece.number(0, 8));
        case Kind::OldSignalSet:
            return signal_set_text(piece.number(0, 4));
        case Kind::SignalAction:
            return action_text(piece, abi);
        case Kind::OldSignalAction:
            return old_action_text(piece);
        case Kind::SignalStack:
            return stack_text(piece, abi);
        case Kind::SignalInfo:
            return info_text(piece, abi);
        default:
            return std::nullopt;
    }
}

std::string stat_fields(std::uint64_t mode, std::uint64_t rdev_or_size, bool device) {
    if (device) {
        return fmt::format("{{st_mode={}, st_rdev=makedev({:#x}, {:#x}), ...}}", file_mode_text(mode),
                           rdev_or_size >> 8U & 0xfffU,
                           (rdev_or_size & 0xffU) | (rdev_or_size >> 12U & 0xfff00U));
    }
    return fmt::format("{{st_mode={}, st_size={}, ...}}", file_mode_text(mode), rdev_or_size);
}

bool is_device(std::uint64_t mode) { return (mode & 0170000U) == 0020000U || (mode & 0170000U) == 0060000U; }

std::optional<std::string> file_text(Kind kind, const Piece& piece, Abi abi) {
    switch (kind) {
        case Kind::Stat: {
            if (abi == Abi::I386) return stat_fields(piece.number(8, 2), piece.number(20, 4), false);
            const std::uint64_t mode = piece.number(24, 4);
            return stat_fields(mode, is_device(mode) ? piece.number(40, 8) : piece.number(48, 8),
                               is_device(mode));
        }
        case Kind::Stat64: {
            const std::uint64_t mode = piece.number(16, 4);
            return stat_fields(mode, is_device(mode) ? piece.number(32, 8) : piece.number(44, 8),
                               is_device(mode));
        }
        case Kind::Statx:
            return fmt::format("{{stx_mask={}, stx_mode={}, stx_size={}, ...}}",
                               flag_names(piece.number(0, 4), Names::StatxMask),
                               file_mode_text(piece.number(28, 2)), piece.number(40, 8));
        case Kind::OpenHow:
            return fmt::format("{{flags={}, mode={}, resolve={}}}",
                               open_flags(static_cast<std::uint32_t>(piece.number(0, 8))),
                               mode_text(piece.number(8, 8)),
                               flag_names(piece.number(16, 8), Names::ResolveFlags));
        case Kind::MountAttr:
            return fmt::format("{{attr_set={}, attr_clr={}, propagation={}, userns_fd={}}}",
                               flag_names(piece.number(0, 8), Names::MountAttrs),
                               flag_names(piece.number(8, 8), Names::MountAttrs),
                               flag_names(piece.number(16, 8), Names::MountFlags), piece.number(24, 8));
        default:
            return std::nullopt;
    }
}

std::string utsname_text(const Piece& piece) {
    constexpr std::size_t kField = 65;
    return fmt::format("{{sysname={}, nodename={}, release={}, ...}}", quoted(piece.from(0, kField).string()),
                       quoted(piece.from(kField, kField).string()),
                       quoted(piece.from(2 * kField, kField).string()));
}

std::string clone_text(const Piece& piece) {
    return fmt::format(
        "{{flags={}, pidfd={}, child_tid={}, parent_tid={}, exit_signal={}, stack={}, stack_size={:#x}, "
        "tls={}}}",
        clone_flags(piece.number(0, 8)), address_text(piece.number(8, 8)), address_text(piece.number(16, 8)),
        address_text(piece.number(24, 8)), signal_name(static_cast<int>(piece.number(32, 8))),
        address_text(piece.number(40, 8)), piece.number(48, 8), address_text(piece.number(56, 8)));
}

std::string scheduling_text(const Piece& piece) {
    return fmt::format(
        "{{size={}, sched_policy={}, sched_flags={}, sched_nice={}, sched_priority={}, sched_runtime={}, "
        "sched_deadline={}, sched_period={}}}",
        piece.number(0, 4), value_name(piece.number(4, 4), Names::SchedPolicies),
        flag_names(piece.number(8, 8), Names::SchedFlags), piece.signed_number(16, 4), piece.number(20, 4),
        piece.number(24, 8), piece.number(32, 8), piece.number(40, 8));
}

std::string bytes_text(const Piece& piece) {
    std::string text = "{\"";
    for (const std::byte byte : piece.bytes)
        text += fmt::format("\\x{:02x}", std::to_integer<unsigned>(byte));
    return text + (piece.cut ? "\"...}" : "\"}");
}

std::optional<std::string> process_text(Kind kind, const Piece& piece) {
    switch (kind) {
        case Kind::CloneArgs:
            return clone_text(piece);
        case Kind::WaitStatus:
            return wait_status_text(static_cast<std::uint32_t>(piece.number(0, 4)));
        case Kind::SchedParam:
            return fmt::format("[{}]", piece.signed_number(0, 4));
        case Kind::SchedAttr:
            return scheduling_text(piece);
        case Kind::CapHeader:
            return fmt::format("{{version={:#x}, pid={}}}", piece.number(0, 4), piece.signed_number(4, 4));
        case Kind::CapData:
            return fmt::format("{{effective={:#x}, permitted={:#x}, inheritable={:#x}}}",
                               piece.number(0, 4) | piece.number(12, 4) << 32U,
                               piece.number(4, 4) | piece.number(16, 4) << 32U,
                               piece.number(8, 4) | piece.number(20, 4) << 32U);
        default:
            return std::nullopt;
    }
}

std::optional<std::string> other_text(Kind kind, const Piece& piece, Abi abi) {
    switch (kind) {
        case Kind::FdPair:
            return fmt::format("[{}, {}]", piece.signed_number(0, 4), piece.signed_number(4, 4));
        case Kind::IntPointer:
            return fmt::format("[{}]", piece.signed_number(0, 4));
        case Kind::LongPointer:
            return fmt::format("[{}]", piece.signed_number(0, pointer_width(abi)));
        case Kind::Int64Pointer:
            return fmt::format("[{}]", piece.signed_number(0, 8));
        case Kind::Utsname:
            return utsname_text(piece);
        case Kind::UringParams:
            return fmt::format(
                "{{flags={}, sq_thread_cpu={}, sq_thread_idle={}, sq_entries={}, cq_entries={}, "
                "features={:#x}}}",
                flag_names(piece.number(8, 4), Names::UringSetupFlags), piece.number(12, 4),
                piece.number(16, 4), piece.number(0, 4), piece.number(4, 4), piece.number(20, 4));
        case Kind::PerfAttr:
            return fmt::format("{{type={}, size={}, config={:#x}, ...}}", piece.number(0, 4),
                               piece.number(4, 4), piece.number(8, 8));
        case Kind::BpfAttr:
            return bytes_text(piece);
        default:
            return std::nullopt;
    }
}

}  // namespace

std::optional<std::string> fields_text(Kind kind, const Piece& piece, Abi abi) {
    // Only where all of it was captured; bpf's attributes are as long as the caller says.
    if (kind != Kind::BpfAttr && piece.size() < memory_bytes(kind, abi)) return std::nullopt;
    if (auto time = time_text(kind, piece, long_bytes(abi))) return time;
    if (auto signal = signal_text(kind, piece, abi)) return signal;
    if (auto file = file_text(kind, piece, abi)) return file;
    if (auto process = process_text(kind, piece)) return process;
    return other_text(kind, piece, abi);
}

}  // namespace catena::sys
