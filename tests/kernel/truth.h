// What a test program says it did (tests/programs/truth.h), and whether a recording says the same.
//
// Events are compared within one process and operation, in order: each told line must be met by exactly one
// event that has all the fields told, recursively. A told string "$name" is a variable: the first event binds
// it, and it must have the same value wherever it is told; so a program can tell that two events are about
// the same object without knowing its id. Of operations that a process declared exhaustive there must be no
// other event, but for writes to standard output, which is where the truth goes.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

namespace catena::kernel_test {

struct Truth {
    std::vector<nlohmann::json> events;
    std::map<int, std::set<std::string>> exhaustive;  // operations by pid
    std::string skip;                                 // why the program cannot run here; empty where it can
};

// Throws nlohmann::json::exception where a line is not JSON: then the program is wrong.
Truth parse_truth(const std::string& text);

// Every difference as a sentence; empty where the events are what was told. Variables that are bound already
// have their value in `known`.
std::vector<std::string> differences(const Truth& truth, const std::vector<nlohmann::json>& events,
                                     std::map<std::string, nlohmann::json> known = {});

}  // namespace catena::kernel_test
