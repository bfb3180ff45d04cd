// What catena analyze shows of a program and all that it loads: each of these is one value of --what.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "callgraph/program.h"

namespace catena::cli {

struct AnalyzeProgramOptions {
    std::string binary;
    std::string format = "text";    // text, json or dot
    std::vector<std::string> from;  // functions of the program
    std::vector<std::string> also;  // libraries
    callgraph::LoadOptions load;
    std::string why;  // a function or a system call; empty: not asked
};

// The program of a file, and where that is a script, of its interpreter.
struct AnalyzedProgram {
    std::unique_ptr<callgraph::Program> program;
    callgraph::ReachableCalls calls;  // with a doubt for a script
};
[[nodiscard]] base::Result<AnalyzedProgram> analyze_program(const AnalyzeProgramOptions& options);
// The calls alone, which may be known from an earlier run.
[[nodiscard]] base::Result<callgraph::ReachableCalls> analyze_calls(const AnalyzeProgramOptions& options);

// Print, and return the exit code.
[[nodiscard]] base::Result<int> show_syscalls(const AnalyzeProgramOptions& options);
[[nodiscard]] base::Result<int> show_callgraph(const AnalyzeProgramOptions& options);

// "openat", "i386 open", or "number 999".
[[nodiscard]] std::string call_name(std::uint32_t number, bool i386);
// Who refers to a function, as text or JSON; kNegative where there is none of this name.
[[nodiscard]] int show_why(const callgraph::Program& program, const AnalyzeProgramOptions& options);

}  // namespace catena::cli
