// What the subcommands share. Each cmd_<verb>.cc defines add_<verb>: it adds the subcommand with its options
// and examples to the command line, and a callback that does the work and leaves the exit code.
#pragma once

#include <CLI/CLI.hpp>

#include "base/result.h"

namespace catena::cli {

// Exit codes (docs/decisions/0002-exit-codes.md).
inline constexpr int kDone = 0;
inline constexpr int kNegative = 1;     // a finding, or a negative answer
inline constexpr int kUsage = 2;        // wrong usage
inline constexpr int kNotPossible = 3;  // not permitted, or not supported here
inline constexpr int kBadInput = 4;     // bad input

// Prints "catena: message" on standard error; returns the exit code that goes with the error.
int report(const base::Error& error);

void add_record(CLI::App& app, int& exit_code);
void add_events(CLI::App& app, int& exit_code);
void add_chain(CLI::App& app, int& exit_code);
void add_query(CLI::App& app, int& exit_code);
void add_import(CLI::App& app, int& exit_code);
void add_reduce(CLI::App& app, int& exit_code);
void add_analyze(CLI::App& app, int& exit_code);
void add_functions(CLI::App& app, int& exit_code);
void add_doctor(CLI::App& app, int& exit_code);
void add_seccomp(CLI::App& app, int& exit_code);
void add_completion(CLI::App& app, int& exit_code);

}  // namespace catena::cli
