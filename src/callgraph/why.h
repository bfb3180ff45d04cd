// Why a function can run or cannot: who refers to it, and which of those can run.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "callgraph/linked.h"
#include "callgraph/reach.h"

namespace catena::callgraph {

// One way in which something refers to a function.
struct Referrer {
    FunctionRef from;      // nothing: data, or what starts the program
    std::string how;       // "calls it"
    bool can_run = false;  // whether `from` can
};

struct Why {
    FunctionRef function;
    bool reached = false;
    std::vector<std::string> path;    // from an entry, where it is reached
    std::vector<Referrer> referrers;  // those that can run first
};

// All functions of this name (as in the file or demangled), or at this address ("0x1234"), in all files.
[[nodiscard]] std::vector<FunctionRef> functions_named(const Linked& linked, std::string_view name);
[[nodiscard]] Why why(const Linked& linked, const Reach& reach, FunctionRef function);

// "calls it", "jumps to it", …
[[nodiscard]] std::string_view to_string(EdgeKind kind);
// "called by", "its address is taken by", …
[[nodiscard]] std::string_view to_string(Via via);

}  // namespace catena::callgraph
