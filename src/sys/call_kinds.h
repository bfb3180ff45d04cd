// What the arguments of system calls are: the vocabulary of the table in call_signatures_table.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sys/call_name_lists.h"

namespace catena::sys {

enum class Kind : std::uint8_t {
    None,
    // Numbers.
    Int,
    Uint,
    Long,
    Size,
    Hex,
    Mode,
    Device,
    Address,
    Buffer,  // memory whose contents are the program's business: only its address is kept
    High,    // i386: the upper half of the 64-bit argument before it
    Fd,
    DirFd,
    Pid,
    Id,  // of a user or a group; all ones leaves it as it is
    Signal,
    Flags,  // names in a list: Argument::names
    Named,
    OpenFlags,
    OpenMode,  // shown where open's flags create something
    CloneFlags,
    Protection,
    MapFlags,
    Family,
    SocketType,
    Protocol,
    SocketOption,
    PtraceRequest,
    FutexOp,
    FutexArg,
    FcntlArg,
    IoctlRequest,
    PrctlArg,
    KeyctlArg,
    // Memory.
    Path,
    String,
    Strings,
    Sockaddr,
    Message,
    Messages,
    Vectors,
    PollFds,
    EpollEvent,
    EpollEvents,
    FdSet,
    FdPair,
    IntPointer,
    LongPointer,
    Int64Pointer,
    Ids,
    SmallIds,
    SignalSet,
    OldSignalSet,
    SignalAction,
    OldSignalAction,
    SignalStack,
    SignalInfo,
    Timespec,
    Timespec64,
    Timespecs,
    Timespecs64,
    Timeval,
    Timevals,
    Itimerval,
    Itimerspec,
    Itimerspec64,
    Utimbuf,
    Rlimit,
    Rlimit64,
    Stat,
    Stat64,
    Statx,
    Utsname,
    OpenHow,
    CloneArgs,
    WaitStatus,
    SchedParam,
    SchedAttr,
    CapHeader,
    CapData,
    SemaphoreOps,
    UringParams,
    MountAttr,
    BpfAttr,
    PerfAttr,
    Numbers,  // an array of 32-bit numbers as they are: what socketcall and old calls of i386 are given
};

enum class When : std::uint8_t { In, Out, InOut };

// The argument that says how many elements or bytes another one has.
struct By {
    std::int8_t argument;
};

struct Argument {
    std::string_view name;
    Kind kind = Kind::None;
    Names names = Names::None;
    When when = When::In;
    std::int8_t count = -1;  // index of the argument that counts; -1: the next one

    constexpr Argument() = default;
    constexpr Argument(const char* n, Kind k) : name(n), kind(k) {}
    constexpr Argument(const char* n, Kind k, Names list) : name(n), kind(k), names(list) {}
    constexpr Argument(const char* n, Kind k, When w) : name(n), kind(k), when(w) {}
    constexpr Argument(const char* n, Kind k, By by) : name(n), kind(k), count(by.argument) {}
    constexpr Argument(const char* n, Kind k, When w, By by)
        : name(n), kind(k), when(w), count(by.argument) {}
};

enum class Returns : std::uint8_t { Number, Fd, Address, Mode, Flags };

struct Signature {
    std::string_view name;
    Returns returns = Returns::Number;
    std::array<Argument, 6> arguments{};

    // Arguments that it has.
    [[nodiscard]] constexpr std::size_t size() const {
        std::size_t count = 0;
        while (count < arguments.size() && arguments[count].kind != Kind::None) ++count;
        return count;
    }
};

}  // namespace catena::sys
