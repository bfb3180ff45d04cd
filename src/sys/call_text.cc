// An argument is written by its kind alone (call_values.h, call_structures.h), except for those whose meaning
// another argument decides: they are here.
#include "sys/call_text.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "sys/call_memory.h"
#include "sys/call_signatures.h"
#include "sys/call_structures.h"
#include "sys/call_values.h"
#include "sys/errno_names.h"
#include "sys/flag_names.h"

namespace catena::sys {
namespace {

constexpr std::uint32_t kCreates = 0100 | 020000000;  // O_CREAT, the bit of O_TMPFILE that O_DIRECTORY is not

// One call while its text is made.
class Writer {
  public:
    Writer(const RawCall& call, const Signature& signature)
        : call_(call), signature_(signature), memory_(call.data) {}

    std::vector<NamedText> arguments() const;

  private:
    [[nodiscard]] std::uint64_t value(std::size_t i) const {
        return call_.abi == Abi::I386 ? call_.args[i] & 0xffffffffU : call_.args[i];
    }
    [[nodiscard]] std::optional<std::size_t> index_of(Kind kind) const;
    [[nodiscard]] std::optional<std::string> text(std::size_t i) const;
    [[nodiscard]] std::string wide(std::size_t i) const;
    [[nodiscard]] std::optional<std::string> dependent(std::size_t i) const;
    [[nodiscard]] std::optional<std::string> fcntl_argument(std::uint64_t value) const;
    [[nodiscard]] std::optional<std::string> futex_argument(std::size_t i) const;
    [[nodiscard]] std::string prctl_argument(std::size_t i) const;
    [[nodiscard]] std::string socket_option(std::size_t i) const;
    [[nodiscard]] std::string from_memory(std::size_t i) const;
    [[nodiscard]] bool failed() const { return call_.returned && call_.ret < 0 && call_.ret >= -kMaxErrno; }

    const RawCall& call_;
    const Signature& signature_;
    Memory memory_;
};

std::optional<std::size_t> Writer::index_of(Kind kind) const {
    for (std::size_t i = 0; i < signature_.size(); ++i) {
        if (signature_.arguments[i].kind == kind) return i;
    }
    return std::nullopt;
}

// Of two 32-bit halves, or one register.
std::string Writer::wide(std::size_t i) const {
    const bool split = i + 1 < signature_.size() && signature_.arguments[i + 1].kind == Kind::High;
    if (call_.abi != Abi::I386 || !split) return value_text(signature_.arguments[i], value(i), call_.abi);
    return fmt::format("{}", static_cast<std::int64_t>(value(i) | value(i + 1) << 32U));
}

std::optional<std::string> Writer::fcntl_argument(std::uint64_t argument) const {
    switch (static_cast<std::uint32_t>(call_.args[1])) {
        case 1:     // F_GETFD
        case 3:     // F_GETFL
        case 9:     // F_GETOWN
        case 11:    // F_GETSIG
        case 1025:  // F_GETLEASE
        case 1032:  // F_GETPIPE_SZ
        case 1034:  // F_GET_SEALS
            return std::nullopt;
        case 0:     // F_DUPFD
        case 8:     // F_SETOWN
        case 1030:  // F_DUPFD_CLOEXEC
        case 1031:  // F_SETPIPE_SZ
            return fmt::format("{}", static_cast<std::int32_t>(argument));
        case 2:
            return flag_names(argument, Names::FdFlags);
        case 4:
            return open_flags(static_cast<std::uint32_t>(argument));
        case 10:
            return signal_name(static_cast<int>(argument));
        case 1024:
            return value_name(argument, Names::LockTypes);
        case 1033:
            return flag_names(argument, Names::SealFlags);
        default:
            return address_text(argument);
    }
}

// What futex takes depends on its operation; what it does not look at is left out.
std::optional<std::string> Writer::futex_argument(std::size_t i) const {
    const std::uint64_t argument = value(i);
    const auto number = fmt::format("{}", static_cast<std::int32_t>(argument));
    const auto op = static_cast<std::uint32_t>(call_.args[1]) & 0x7fU;
    const bool waits = op == 0 || op == 6 || op == 9 || op == 11 || op == 13;
    const bool requeues = op == 3 || op == 4 || op == 5 || op == 12;
    switch (i) {
        case 2:
            return number;
        case 3: {
            if (requeues) return number;
            if (!waits) return std::nullopt;
            const Piece* time = memory_.find(i);
            const Kind kind = signature_.name == "futex" ? Kind::Timespec : Kind::Timespec64;
            const auto text = time != nullptr ? structure_text(kind, *time, call_.abi) : std::nullopt;
            return text ? *text : address_text(argument);
        }
        case 4:
            if (!requeues && op != 9 && op != 10 && op != 11) return std::nullopt;
            return address_text(argument);
        default:
            if (op != 4 && op != 5 && op != 9 && op != 10 && op != 12) return std::nullopt;
            if (op == 9 || op == 10) {
                return static_cast<std::uint32_t>(argument) == 0xffffffffU ? "FUTEX_BITSET_MATCH_ANY"
                                                                           : fmt::format("{:#x}", argument);
            }
            return op == 5 ? fmt::format("{:#x}", argument) : number;
    }
}

std::string Writer::prctl_argument(std::size_t i) const {
    const std::uint64_t argument = value(i);
    switch (static_cast<std::uint32_t>(call_.args[0])) {
        case 1:  // PR_SET_PDEATHSIG
            return signal_name(static_cast<int>(argument));
        case 22:  // PR_SET_SECCOMP
            return value_name(argument, Names::SeccompModes);
        default:
            return value_text(signature_.arguments[i], argument, call_.abi);
    }
}

std::string Writer::socket_option(std::size_t i) const {
    const auto option = static_cast<std::uint32_t>(value(i));
    switch (static_cast<std::uint32_t>(value(i - 1))) {
        case 0:
            return value_name(option, Names::IpOptions);
        case 1:
            return value_name(option, Names::SocketOptions);
        case 6:
            return value_name(option, Names::TcpOptions);
        case 41:
            return value_name(option, Names::Ip6Options);
        case 263:
            return value_name(option, Names::PacketOptions);
        case 270:
            return value_name(option, Names::NetlinkOptions);
        default:
            return fmt::format("{:#x}", option);
    }
}

std::optional<std::string> Writer::dependent(std::size_t i) const {
    const std::uint64_t argument = value(i);
    switch (signature_.arguments[i].kind) {
        case Kind::OpenMode: {
            const auto flags = index_of(Kind::OpenFlags);
            if (!flags || (value(*flags) & kCreates) == 0) return std::nullopt;
            return mode_text(argument & 07777U);
        }
        case Kind::FcntlArg:
            return fcntl_argument(argument);
        case Kind::FutexArg:
            return futex_argument(i);
        case Kind::PrctlArg:
            return prctl_argument(i);
        case Kind::SocketOption:
            return socket_option(i);
        case Kind::Protocol:
            return protocol_text(value(0) & 0xffffffffU, argument);
        case Kind::Long:
            return wide(i);
        default:
            return from_memory(i);
    }
}

std::string Writer::from_memory(std::size_t i) const {
    const Argument& argument = signature_.arguments[i];
    const Piece* piece = memory_.find(i);
    const std::uint64_t address = value(i);
    // A call that failed has left nothing; but one that slept too short tells what is left.
    const bool told = !failed() || argument.when != When::Out || argument.kind == Kind::Timespec ||
                      argument.kind == Kind::Timespec64;
    if (address == 0 || piece == nullptr || !told) return value_text(argument, address, call_.abi);
    switch (argument.kind) {
        case Kind::FdSet:
            return fd_set_text(*piece, value(0));
        case Kind::Message:
            return message_text(*piece, memory_.find(i, Part::Address), memory_.find(i, Part::Vectors),
                                call_.abi);
        case Kind::Sockaddr:
            // An address that the kernel has given is as long as it says, which may be nothing.
            return piece->size() < 2 ? address_text(address) : socket_address_text(*piece);
        case Kind::IntPointer: {
            const Piece* after = memory_.find_at_exit(i);
            const std::int64_t before = piece->signed_number(0, 4);
            if (after == nullptr || failed() || after->signed_number(0, 4) == before)
                return fmt::format("[{}]", before);
            return fmt::format("[{} => {}]", before, after->signed_number(0, 4));
        }
        default: {
            const auto text = structure_text(argument.kind, *piece, call_.abi);
            return text ? *text : value_text(argument, address, call_.abi);
        }
    }
}

std::optional<std::string> Writer::text(std::size_t i) const {
    if (signature_.arguments[i].kind == Kind::High) return std::nullopt;
    // Only a mapping that moves to a given place, or leaves its own, has one.
    if (signature_.name == "mremap" && i == 4 && (value(3) & 6U) == 0) return std::nullopt;
    return dependent(i);
}

std::vector<NamedText> Writer::arguments() const {
    std::vector<NamedText> all;
    for (std::size_t i = 0; i < signature_.size(); ++i) {
        if (auto written = text(i))
            all.push_back({std::string(signature_.arguments[i].name), *std::move(written)});
    }
    return all;
}

const Signature* signature_of(const RawCall& call) {
    const std::string_view name = syscall_name(static_cast<int>(call.nr), call.abi);
    return name.empty() ? nullptr : signature_of(name, call.abi);
}

std::string number_text(Returns returns, std::int64_t value) {
    switch (returns) {
        case Returns::Address:
            return fmt::format("{:#x}", static_cast<std::uint64_t>(value));
        case Returns::Mode:
            return mode_text(static_cast<std::uint64_t>(value));
        case Returns::Flags:
            return value == 0 ? "0" : fmt::format("{:#x}", static_cast<std::uint64_t>(value));
        default:
            return fmt::format("{}", value);
    }
}

// What the kernel is about to do with a call that a signal has interrupted: glibc has no words for these.
std::string restart_text(int number) {
    switch (number) {
        case 512:
            return "? ERESTARTSYS (To be restarted if SA_RESTART is set)";
        case 513:
            return "? ERESTARTNOINTR (To be restarted)";
        case 514:
            return "? ERESTARTNOHAND (To be restarted if no handler)";
        case 516:
            return "? ERESTART_RESTARTBLOCK (Interrupted by signal)";
        default:
            return "";
    }
}

// What came back beside the return value: poll's events.
std::string outcome_text(const RawCall& call, const Signature& signature) {
    if (!call.returned || call.ret <= 0) return "";
    if (signature.name.starts_with("fcntl")) {
        if (call.args[1] == 3)
            return fmt::format(" (flags {})", open_flags(static_cast<std::uint32_t>(call.ret)));
        if (call.args[1] == 1)
            return fmt::format(" (flags {})",
                               flag_names(static_cast<std::uint64_t>(call.ret), Names::FdFlags));
        return "";
    }
    if (signature.arguments[0].kind != Kind::PollFds) return "";
    const Memory memory(call.data);
    const Piece* piece = memory.find_at_exit(0);
    return piece != nullptr ? fmt::format(" ({})", poll_result_text(*piece)) : "";
}

}  // namespace

std::string call_name(Abi abi, std::uint32_t nr) {
    const std::string_view name = syscall_name(static_cast<int>(nr), abi);
    return name.empty() ? fmt::format("syscall_{:#x}", nr) : std::string(name);
}

std::vector<NamedText> call_arguments(const RawCall& call) {
    if (const Signature* signature = signature_of(call)) return Writer(call, *signature).arguments();
    std::vector<NamedText> all;
    all.reserve(call.args.size());
    for (std::size_t i = 0; i < call.args.size(); ++i) {
        all.push_back({fmt::format("a{}", i), fmt::format("{:#x}", call.args[i])});
    }
    return all;
}

std::string call_result(const RawCall& call) {
    if (!call.returned) return "?";
    const Signature* signature = signature_of(call);
    if (call.ret < 0 && call.ret >= -kMaxErrno) {
        const int number = static_cast<int>(-call.ret);
        if (const std::string restart = restart_text(number); !restart.empty()) return restart;
        const char* words = ::strerrordesc_np(number);
        return fmt::format("-1 {} ({})", errno_name(number), words != nullptr ? words : "Unknown error");
    }
    if (signature == nullptr) return fmt::format("{}", call.ret);
    // The kernel returns a long; of a 32-bit program only its lower half counts.
    const std::int64_t value = call.abi == Abi::I386 && signature->returns == Returns::Address
                                   ? static_cast<std::int64_t>(static_cast<std::uint32_t>(call.ret))
                                   : call.ret;
    const bool flags = signature->name.starts_with("fcntl") && (call.args[1] == 1 || call.args[1] == 3);
    return number_text(flags ? Returns::Flags : signature->returns, value) + outcome_text(call, *signature);
}

std::string call_text(const RawCall& call) {
    std::string text = call_name(call.abi, call.nr) + '(';
    bool first = true;
    for (const NamedText& argument : call_arguments(call)) {
        if (!first) text += ", ";
        text += argument.text;
        first = false;
    }
    return text + ") = " + call_result(call);
}

}  // namespace catena::sys
