// Private pointers: where a function can be called through its address, as far as that can be shown. A
// function of this file whose address lies in tables that only this file knows, and which no code gives away,
// can only be called where this file calls through such a table.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "callgraph/code_scan.h"
#include "callgraph/function_flows.h"
#include "elf/image.h"

namespace catena::callgraph {

struct PointerUse {
    std::uint32_t function = 0;  // that holds the instruction
    std::uint64_t address = 0;
    // Given away only where the loader binds this pointer to another file: as a rule, it is to this one.
    std::uint32_t pointer = kNone;
};

struct PointerUses {
    // False: others can know the address from data, and nothing else here counts.
    bool is_private = false;
    std::vector<PointerUse> calls;       // through the address, as it is known here
    std::vector<PointerUse> given_away;  // if this code can run, anybody can know the address
};

[[nodiscard]] PointerUses private_pointers(const elf::Image& image, const Scan& scan, FunctionFlows& flows,
                                           std::uint32_t function);

}  // namespace catena::callgraph
