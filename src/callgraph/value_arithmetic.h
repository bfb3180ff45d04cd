// Arithmetic on what is known of values.
#pragma once

#include <cstdint>

#include "callgraph/abstract_value.h"

namespace catena::callgraph {

struct RegisterPart {
    unsigned index = 0;
    unsigned bytes = 0;
    bool high = false;  // ah, bh, ch, dh
};

// The bits of so many bytes.
constexpr std::uint64_t mask_of(unsigned bytes) {
    return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (bytes * 8)) - 1;
}

[[nodiscard]] AbstractValue sum(const AbstractValue& a, const AbstractValue& b);
// The lowest bytes of a value. What a parameter holds stays that in its lower half: numbers are of 32 bits.
[[nodiscard]] AbstractValue cut(const AbstractValue& value, unsigned bytes);
// A mask with one bit set leaves two values of whatever it is.
[[nodiscard]] AbstractValue masked(const AbstractValue& value, std::uint64_t by);
// Writes a part of what `target` holds.
void set_part(const RegisterPart& part, const AbstractValue& value, AbstractValue& target);

}  // namespace catena::callgraph
