#include <fmt/format.h>

#include <algorithm>

#include "cli/command.h"

namespace catena::cli {
namespace {

int exit_code_of(base::ErrorCode code) {
    switch (code) {
        case base::ErrorCode::Usage:
            return kUsage;
        case base::ErrorCode::NotPermitted:
        case base::ErrorCode::NotSupported:
            return kNotPossible;
        case base::ErrorCode::BadInput:
        case base::ErrorCode::NotFound:
        case base::ErrorCode::System:
            return kBadInput;
    }
    return kBadInput;
}

}  // namespace

int report(const base::Error& error) {
    // Messages quote paths, arguments and libraries: what they hold must not move the cursor of a terminal.
    std::string message = error.message;
    std::ranges::replace_if(
        message, [](char c) { return (c >= 0 && c < ' ' && c != '\n' && c != '\t') || c == 0x7f; }, '?');
    fmt::print(stderr, "catena: {}\n", message);
    return exit_code_of(error.code);
}

}  // namespace catena::cli
