// Arithmetic on what is known of values.
#pragma once

#include <Zydis/Zydis.h>

#include <cstdint>
#include <optional>

#include "callgraph/abstract_value.h"

namespace catena::callgraph {

struct RegisterPart {
    unsigned index = 0;
    unsigned bytes = 0;
    bool high = false;  // ah, bh, ch, dh
};

// Which part of a general register a name stands for; nothing for other registers.
[[nodiscard]] std::optional<RegisterPart> part_of(ZydisRegister name);
// Whether memory is the word at this distance from what a register other than the stack's points to.
[[nodiscard]] bool is_field(const ZydisDecodedOperand& memory, std::int64_t displacement);

// The bits of so many bytes.
constexpr std::uint64_t mask_of(unsigned bytes) {
    return bytes >= 8 ? ~std::uint64_t{0} : (std::uint64_t{1} << (bytes * 8)) - 1;
}

[[nodiscard]] AbstractValue sum(const AbstractValue& a, const AbstractValue& b);
// The lowest bytes of a value. What a parameter holds stays that in its lower half: numbers are of 32 bits.
[[nodiscard]] AbstractValue cut(const AbstractValue& value, unsigned bytes);
// A mask with one bit set leaves two values of whatever it is.
[[nodiscard]] AbstractValue masked(const AbstractValue& value, std::uint64_t by);
// The bits that both of two sets can have, of each with each.
[[nodiscard]] AbstractValue common_bits(const AbstractValue& a, const AbstractValue& b);
// Writes a part of what `target` holds.
void set_part(const RegisterPart& part, const AbstractValue& value, AbstractValue& target);

}  // namespace catena::callgraph
