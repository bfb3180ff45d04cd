// Which functions a user means: patterns BINARY:GLOB, and where a probe for each goes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "event/function.h"
#include "functions/site.h"

namespace catena::functions {

struct SelectOptions {
    std::string exe;  // the executable that exe: stands for; empty where there is none
    std::vector<std::string>
        libraries;                   // files that lib: also looks among, as those that a process has mapped
    bool allow_single_step = false;  // also where a probe costs several microseconds
    bool returns = false;            // with a probe on the return, where that is safe and quick
    Ability ability;                 // of the running kernel
};

// A function that matches, and how far the stack pointer has moved between its entry and its probe.
struct Selected {
    event::Function function;
    std::int32_t stack_bytes = 0;
    std::uint32_t code_bytes = 0;    // of it from the probe on; 0 where its size is not known
    std::uint64_t entry_offset = 0;  // of its first instruction in the file
    std::string why_not_timed;       // where returns were asked for and it has none
};

// The symbol of the function that no watched one calls: the C library does, when all constructors have
// returned.
constexpr const char* kOutermost = "main";

// All functions that one of the patterns matches, each once, with ids 1, 2, …:
//   exe:GLOB         of the executable
//   lib:NAME:GLOB    of each library whose file name matches NAME ("libssl*")
//   PATH:GLOB        of one file
// GLOB is one of the shell, over the symbol and its name as people write it, with and without arguments.
// Functions whose probe would be slow, or is not possible, are there with `watched` false.
//
// Usage: no such pattern. NotFound: nothing matches; the message says what is close. BadInput, NotSupported:
// a file is not one that can be watched.
[[nodiscard]] base::Result<std::vector<Selected>> select(const std::vector<std::string>& patterns,
                                                         const SelectOptions& options);

// What a file has: for coverage. Parts of functions are left out, as in select.
[[nodiscard]] bool matches(const std::string& glob, const std::string& symbol, const std::string& name);

}  // namespace catena::functions
