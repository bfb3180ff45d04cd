// From the words of a command line to the verb that they ask for, or to a sentence that says what is wrong
// with them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace catena::cli {

// Parses the words (without the program's name) and runs the verb's callback. kDone, also after --help and
// --version; kUsage after saying on standard error what is wrong, with the nearest verb or option where one
// is meant but misspelt, or where there are no words at all.
//
// Words behind "--" reach a verb that takes a command exactly as they are: CLI11 itself would take "[a,b]"
// apart.
int parse_command_line(CLI::App& app, std::vector<std::string> words);

// For CLI::Option::check: what is wrong with a number that has to be whole and 1 or more; empty if nothing
// is.
std::string is_positive(const std::string& word);

// The candidate that `word` is most likely a misspelling of, if any is near enough.
std::optional<std::string> nearest(const std::string& word, const std::vector<std::string>& candidates);

}  // namespace catena::cli
