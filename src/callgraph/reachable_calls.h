// ReachableCalls: the system calls that a program and all that it loads can make, each with its evidence.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace catena::callgraph {

// One instruction that enters the kernel, and how a run can come to it.
struct CallEvidence {
    std::string binary;             // the file that holds the instruction
    std::uint64_t address = 0;      // of the instruction, as linked
    std::string function;           // around it, as people write it; "0x1234" where it has no name
    std::vector<std::string> path;  // functions from an entry of the program to it, the shortest way
};

// What one argument can be, of those that have rules (sys/argument_rules.h).
struct ArgumentValues {
    std::uint32_t index = 0;  // 0 is the first
    std::uint32_t mask = 0;   // the bits that were looked at
    // All ways to the call are known to give one of `values`; else the argument can be anything.
    bool known = false;
    std::vector<std::uint64_t> values;  // in order, each once
    std::string reason;                 // where they are not known
};

struct ReachableCall {
    std::uint32_t number = 0;
    bool i386 = false;  // by int 0x80 or sysenter: of the 32-bit table
    std::vector<CallEvidence> evidence;
    std::vector<ArgumentValues> arguments;  // those that have rules; of x86-64 calls
};

// An instruction that enters the kernel with a number that could not be found out.
struct UnresolvedSite {
    std::string binary;
    std::uint64_t address = 0;
    std::string function;
    std::string reason;
    // What the number can be at most, where that much is known; nothing: it can be any.
    std::optional<std::vector<std::uint32_t>> numbers;
};

struct ReachableCalls {
    std::string program;
    std::vector<std::string>
        binaries;                      // all files that were looked at, in the order in which they are loaded
    std::vector<ReachableCall> calls;  // in order of (i386, number)
    std::vector<UnresolvedSite> unresolved;
    std::vector<std::string> doubts;  // what else could not be shown, in sentences: a file that is missing, a
                                      // name for dlopen that is not known
};

}  // namespace catena::callgraph
