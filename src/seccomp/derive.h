// From what was seen, and from what the code can do, to a profile.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "callgraph/reachable_calls.h"
#include "seccomp/profile.h"

namespace catena::seccomp {

// One call as recordings have it, of the program and of what it started.
struct ObservedCall {
    sys::Abi abi = sys::Abi::X64;
    std::uint32_t number = 0;
    std::uint64_t starting = 0;  // times before the process that made it began to serve
    std::uint64_t serving = 0;   // times after
};

// Values of an argument of an x86-64 call that has a rule (sys/argument_rules.h), under the rule's mask.
struct ObservedArgument {
    std::uint32_t number = 0;
    std::uint32_t argument = 0;
    std::vector<std::uint64_t> values;
};

struct Observation {
    std::vector<ObservedCall> calls;  // a call can be there several times: they are added up
    std::vector<ObservedArgument> arguments;
    bool complete = false;  // all calls of the program are in it, not only those that had an effect
    bool serves = false;    // a process of it began to serve
    std::vector<std::string> serving_begins;  // by which calls
    std::vector<std::string> started;         // paths of other programs that it ran
    std::vector<std::string> evidence;        // in sentences
    std::vector<std::string> doubts;
};

struct DeriveOptions {
    std::string program;
    // Allow a call only with the arguments that the code can give it, where these are all known.
    bool with_arguments = false;
};

// What is given is used: recordings, what code can do (of the program, and of programs that it starts, since
// they inherit its filter), or both. BadInput where there is nothing that could carry a profile.
base::Result<Profile> derive(const DeriveOptions& options, const std::vector<Observation>& observed,
                             const std::vector<callgraph::ReachableCalls>& reachable);

}  // namespace catena::seccomp
