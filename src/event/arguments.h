// Event::arg taken apart: what the system call's argument says under its own name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "event/event.h"

namespace catena::event {

// One decoded argument: "flags" → "O_RDONLY|O_CLOEXEC", "backlog" → 128.
struct Argument {
    std::string_view name;  // static storage
    std::variant<std::int64_t, std::string> value;
    bool operator==(const Argument&) const = default;
};

// In the order in which they are shown; empty where the operation has none.
std::vector<Argument> arguments(const Event& event);

// True for operations that move data, for which `bytes` is always given.
bool carries_bytes(Op op);

}  // namespace catena::event
