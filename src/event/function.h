// Functions of programs that a recording watches, and their calls.
#pragma once

#include <cstdint>
#include <string>

#include "event/entity.h"

namespace catena::event {

// A function that was asked for. Its id is 1, 2, … in the recording.
struct Function {
    std::uint32_t id = 0;
    std::string binary;    // path of the file that has it
    std::string build_id;  // hexadecimal; empty where the file has none
    std::string name;      // as people write it; empty where it has none
    std::string symbol;    // as in the file
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;
    std::string site;               // "nop", "emulated", "single-stepped", "refused": what its probe is on
    std::uint64_t site_offset = 0;  // in the file
    bool watched = false;           // false: its calls are not in the recording
    bool ends_in_jump = false;      // leaves by a jump to another function (a tail call) somewhere
    bool timed = false;             // there is a probe on its return, too
    std::string reason;             // of the site, in words
};

// One call, by the probe at the function's beginning.
struct FunctionCall {
    std::int64_t ts_ns = 0;
    EntityId process;
    std::int32_t tid = 0;
    std::uint32_t function = 0;
    std::uint64_t stack = 0;  // stack pointer at the function's entry
    // Functions that have returned, although their entry was above this one on the stack: of those that the
    // stack pointer alone leaves open, the innermost so many are over.
    std::uint8_t returned = 0;
};

// The end of a call, where there is a probe on the function's return.
struct FunctionReturn {
    std::int64_t ts_ns = 0;
    EntityId process;
    std::int32_t tid = 0;
    std::uint32_t function = 0;
    std::uint64_t stack = 0;  // as of the call
};

// The functions that a system call was made in: the innermost one, and what it was called in.
struct FunctionContext {
    std::uint32_t id = 0;      // 1, 2, …
    std::uint32_t parent = 0;  // the context of the caller; 0 where none is known
    std::uint32_t function = 0;
};

// What a FunctionContext stands for, in words.
struct FunctionPath {
    std::uint32_t context = 0;
    std::string name;  // of the innermost function
    std::string path;  // of all, outermost first: "main > serve > open_log"
};

// How often a function was called from another one; caller 0 where that is not known.
struct FunctionCount {
    std::uint32_t function = 0;
    std::uint32_t caller = 0;
    std::uint64_t count = 0;
};

}  // namespace catena::event
