// The system calls that a linked program can make.
#pragma once

#include "callgraph/linked.h"
#include "callgraph/reach.h"
#include "callgraph/reachable_calls.h"

namespace catena::callgraph {

// The calls of all that was reached, with their evidence, and what could not be resolved. `program` and
// `binaries` are filled in, too.
[[nodiscard]] ReachableCalls reachable_calls(const Linked& linked, const Reach& reach);

// A function as people write it: demangled, or its address.
[[nodiscard]] std::string function_name(const Linked& linked, FunctionRef ref);
// The functions from an entry to this one, as it was first reached.
[[nodiscard]] std::vector<std::string> path_to(const Linked& linked, const Reach& reach, FunctionRef ref);

}  // namespace catena::callgraph
