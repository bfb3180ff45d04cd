// Conditions: what is known of a comparison, and which ways a conditional jump can take after it.
#pragma once

#include <Zydis/Zydis.h>

#include <optional>

#include "callgraph/abstract_value.h"

namespace catena::callgraph {

// The last instruction that set the flags compared these, of so many bytes.
struct Compared {
    AbstractValue left;
    AbstractValue right;
    unsigned bytes = 0;
};

struct Ways {
    bool jumps = true;
    bool falls = true;
};

// Both, where the jump or what was compared is not known.
[[nodiscard]] Ways ways_of(ZydisMnemonic branch, const std::optional<Compared>& compared);

}  // namespace catena::callgraph
