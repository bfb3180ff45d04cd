// A recorded system call as people read it: openat(AT_FDCWD, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sys/syscalls.h"

namespace catena::sys {

struct RawCall {
    Abi abi = Abi::X64;
    std::uint32_t nr = 0;
    std::array<std::uint64_t, 6> args{};
    std::int64_t ret = 0;
    bool returned = true;
    // Memory that was captured: pieces of an argument's number (its part in the upper four bits), a byte of
    // flags (wire/capture.h), two bytes of length and as many bytes. May be anything: it is checked.
    std::span<const std::byte> data;
};

struct NamedText {
    std::string name;
    std::string text;
};

// The call's name; "syscall_0x1d9" for a number without one.
std::string call_name(Abi abi, std::uint32_t nr);

// Each argument by name. All six, in hexadecimal, of a call without a name.
std::vector<NamedText> call_arguments(const RawCall& call);

// "3", "0x7f12…", "-1 ENOENT (No such file or directory)", "?" where it did not return.
std::string call_result(const RawCall& call);

// All of it: name(arguments) = result.
std::string call_text(const RawCall& call);

}  // namespace catena::sys
