#include "callgraph/conditions.h"

namespace catena::callgraph {
namespace {

std::optional<bool> holds(ZydisMnemonic branch, std::uint64_t left, std::uint64_t right, unsigned bytes) {
    const unsigned shift = 64 - bytes * 8;
    left <<= shift;
    right <<= shift;
    const auto a = static_cast<std::int64_t>(left);
    const auto b = static_cast<std::int64_t>(right);
    switch (branch) {
        case ZYDIS_MNEMONIC_JZ:
            return left == right;
        case ZYDIS_MNEMONIC_JNZ:
            return left != right;
        case ZYDIS_MNEMONIC_JB:
            return left < right;
        case ZYDIS_MNEMONIC_JNB:
            return left >= right;
        case ZYDIS_MNEMONIC_JBE:
            return left <= right;
        case ZYDIS_MNEMONIC_JNBE:
            return left > right;
        case ZYDIS_MNEMONIC_JL:
            return a < b;
        case ZYDIS_MNEMONIC_JNL:
            return a >= b;
        case ZYDIS_MNEMONIC_JLE:
            return a <= b;
        case ZYDIS_MNEMONIC_JNLE:
            return a > b;
        default:
            return std::nullopt;
    }
}

}  // namespace

Ways ways_of(ZydisMnemonic branch, const std::optional<Compared>& compared) {
    const bool known = compared && compared->left.is_set() && compared->right.is_set() &&
                       compared->bytes >= 1 && compared->bytes <= 8;
    if (!known) return {};
    Ways ways{.jumps = false, .falls = false};
    for (const std::uint64_t left : compared->left.values()) {
        for (const std::uint64_t right : compared->right.values()) {
            const auto taken = holds(branch, left, right, compared->bytes);
            if (!taken) return {};
            ways.jumps = ways.jumps || *taken;
            ways.falls = ways.falls || !*taken;
        }
    }
    return ways;
}

}  // namespace catena::callgraph
