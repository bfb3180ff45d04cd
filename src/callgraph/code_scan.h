// Code scan: the first pass over a file. Every instruction of every function is looked at once, and what it
// says of other functions and of data is noted.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "callgraph/object_code.h"
#include "elf/image.h"

namespace catena::callgraph {

struct SiteInstruction {
    std::uint32_t function = 0;
    std::uint64_t address = 0;
    Door door = Door::Syscall;
};

struct Scan {
    ObjectCode code;  // without calls, wrappers, passed values and texts
    std::vector<SiteInstruction> sites;
    // Where code is entered from elsewhere than its function's beginning: by jumps of other functions, by
    // pointers. In order.
    std::vector<std::uint64_t> inner_entries;
    // Jump tables: the code that a table's entries lead to, by the function that refers to the table.
    struct TableTarget {
        std::uint32_t function = 0;
        std::uint64_t target = 0;
    };
    std::vector<TableTarget> table_targets;  // in order of function
    // What the loader looks up for each of code.pointers; views into the image.
    std::vector<std::string_view> symbols;
    std::vector<std::uint64_t> targets;  // of each of code.pointers, as far as the file says
    // Every reference of code to data: in order of address.
    struct DataReference {
        std::uint64_t address = 0;
        std::uint32_t function = 0;
        bool taken = false;  // the address itself
    };
    std::vector<DataReference> references;
    // Stubs of the procedure linkage table that are called, and the slots they jump through; in order.
    std::vector<std::pair<std::uint64_t, std::uint64_t>> stubs;
};

// NotSupported or BadInput where the file has no x86-64 code that is linked.
[[nodiscard]] base::Result<Scan> scan_code(const elf::Image& image);

// The pointers that lie in the same piece of data as an address: first and last (not included).
[[nodiscard]] std::pair<std::uint32_t, std::uint32_t> piece_of(const ObjectCode& code, std::uint64_t address);

// The function that an address of code belongs to; kNone where it is none.
[[nodiscard]] std::uint32_t function_of(const ObjectCode& code, std::uint64_t address);

}  // namespace catena::callgraph
