// Result<T>: a value or an Error that says what happened, on what, and what to do.
#pragma once

#include <cerrno>
#include <cstring>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace catena::base {

// What kind of failure it is; the command line turns it into an exit code (docs/decisions/0002).
enum class ErrorCode {
    Usage,         // the caller asked for something malformed             → exit 2
    NotPermitted,  // the kernel or file permissions refuse it             → exit 3
    NotSupported,  // this machine cannot do it                            → exit 3
    BadInput,      // a file or trace is missing, broken or too new        → exit 4
    NotFound,      // a named thing (pid, point, unit) is not there        → exit 4
    System,        // an operating-system call failed for another reason   → exit 4
};

// One failure. `message` is a full sentence that each boundary may extend with what it knows.
struct Error {
    ErrorCode code = ErrorCode::System;
    int errno_value = 0;  // 0 where no system call failed
    std::string message;

    // Puts "what: " in front of the message.
    [[nodiscard]] Error with_context(std::string_view what) && {
        message = std::string(what) + ": " + message;
        return std::move(*this);
    }
};

template <class T>
using Result = std::expected<T, Error>;

using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
    return std::unexpected(Error{code, 0, std::move(message)});
}

// The error of the system call that just failed: "what: strerror(errno)". EPERM and EACCES become
// NotPermitted.
[[nodiscard]] inline std::unexpected<Error> fail_errno(std::string_view what, int errno_value = errno) {
    const bool denied = errno_value == EPERM || errno_value == EACCES;
    return std::unexpected(Error{denied ? ErrorCode::NotPermitted : ErrorCode::System, errno_value,
                                 std::string(what) + ": " + std::strerror(errno_value)});
}

}  // namespace catena::base
