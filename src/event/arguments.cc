#include "event/arguments.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>

#include "sys/flag_names.h"

namespace catena::event {
namespace {

std::uint32_t low(std::int64_t arg) { return static_cast<std::uint32_t>(arg); }
std::uint32_t high(std::int64_t arg) {
    return static_cast<std::uint32_t>(static_cast<std::uint64_t>(arg) >> 32);
}

std::string octal_mode(std::uint32_t mode) { return fmt::format("0{:03o}", mode & 07777); }

bool creates(std::uint32_t open_flags) {
    return (open_flags & O_CREAT) != 0 || (open_flags & O_TMPFILE) == O_TMPFILE;
}

std::vector<Argument> open_arguments(std::int64_t arg) {
    std::vector<Argument> list{{"flags", sys::open_flags(low(arg))}};
    if (creates(low(arg))) list.push_back({"mode", octal_mode(high(arg))});
    return list;
}

// Two ids; (uid_t)-1 leaves one as it is, so that it is not shown.
std::vector<Argument> two_ids(std::string_view first, std::string_view second, std::int64_t arg) {
    std::vector<Argument> list;
    if (low(arg) != UINT32_MAX) list.push_back({first, std::int64_t{low(arg)}});
    if (high(arg) != UINT32_MAX) list.push_back({second, std::int64_t{high(arg)}});
    return list;
}

std::vector<Argument> exit_arguments(std::int64_t ret) {
    const int status = static_cast<int>(ret);
    if (WIFSIGNALED(status)) return {{"signal", sys::signal_name(WTERMSIG(status))}};
    return {{"exit_code", std::int64_t{WEXITSTATUS(status)}}};
}

}  // namespace

std::vector<Argument> arguments(const Event& event) {
    const std::int64_t arg = event.arg;
    switch (event.op) {
        case Op::Open:
        case Op::Create:
            return open_arguments(arg);
        case Op::Mkdir:
        case Op::Chmod:
            return {{"mode", octal_mode(low(arg))}};
        case Op::Chown:
            return two_ids("uid", "gid", arg);
        case Op::Setuid:
            return two_ids("uid", "euid", arg);
        case Op::Setgid:
            return two_ids("gid", "egid", arg);
        case Op::Kill:
            return {{"signal", sys::signal_name(static_cast<int>(low(arg)))}};
        case Op::Ptrace:
            return {{"request", sys::ptrace_request(low(arg))}};
        case Op::Mmap:
        case Op::MmapWrite:
        case Op::Load:
            return {{"prot", sys::mmap_prot(low(arg))}, {"flags", sys::mmap_flags(high(arg))}};
        case Op::Socket:
        case Op::Socketpair:
            return {{"family", sys::socket_family(low(arg))}, {"type", sys::socket_type(high(arg))}};
        case Op::Setns:
        case Op::Unshare:
            if (arg == 0) return {};
            return {{"flags", sys::clone_flags(static_cast<std::uint64_t>(arg))}};
        case Op::Mount:
        case Op::Umount:
            return {{"flags", fmt::format("{:#x}", low(arg))}};
        case Op::Dup:
        case Op::TakeFd:
            return {{"old_fd", arg}};
        case Op::Listen:
            return {{"backlog", arg}};
        case Op::Truncate:
            return {{"length", arg}};
        case Op::Exit:
            return exit_arguments(event.ret);
        case Op::Fork:
        case Op::Thread:
            if (arg == 0) return {};
            return {{"flags", sys::clone_flags(static_cast<std::uint64_t>(arg))}};
        default:
            return {};
    }
}

bool carries_bytes(Op op) {
    switch (op) {
        case Op::Read:
        case Op::Write:
        case Op::Send:
        case Op::Recv:
        case Op::VmRead:
        case Op::VmWrite:
            return true;
        default:
            return false;
    }
}

}  // namespace catena::event
