#include "callgraph/value_arithmetic.h"

#include <functional>
#include <utility>
#include <vector>

namespace catena::callgraph {
namespace {

// What comes of each of a set with each of another.
template <class Operation>
AbstractValue each_with_each(const AbstractValue& a, const AbstractValue& b, Operation operation) {
    std::vector<std::uint64_t> values;
    for (const std::uint64_t x : a.values()) {
        for (const std::uint64_t y : b.values()) values.push_back(operation(x, y));
    }
    return AbstractValue::set(std::move(values));
}

// Any of the values with any of the bytes in the place of their own at this bit.
AbstractValue combine(const AbstractValue& whole, const AbstractValue& bytes, unsigned bit) {
    return each_with_each(whole, bytes, [&](std::uint64_t each, std::uint64_t byte) {
        return (each & ~(std::uint64_t{0xff} << bit)) | (byte & 0xff) << bit;
    });
}

}  // namespace

AbstractValue sum(const AbstractValue& a, const AbstractValue& b) {
    if (a.is_frame() && b.is_set() && b.values().size() == 1)
        return AbstractValue::frame(a.offset() + static_cast<std::int64_t>(b.values()[0]));
    if (b.is_frame()) return a.is_frame() ? AbstractValue{} : sum(b, a);
    if (b.is_set() && b.values() == std::vector<std::uint64_t>{0}) return a;
    if (a.is_set() && a.values() == std::vector<std::uint64_t>{0}) return b;
    const AbstractValue left = a.expanded();
    const AbstractValue right = b.expanded();
    if (!left.is_set() || !right.is_set() || left.values().size() * right.values().size() > kMaxValues)
        return {};
    return each_with_each(left, right, std::plus<>());
}

AbstractValue cut(const AbstractValue& value, unsigned bytes) {
    using Kind = AbstractValue::Kind;
    if (bytes == 8) return value;
    if (value.kind() == Kind::LowByte)
        return bytes == 1 ? AbstractValue::set(value.values()) : AbstractValue{};
    const bool elsewhere = value.kind() == Kind::Entry || value.kind() == Kind::EntrySlot ||
                           value.kind() == Kind::EntryPointee || value.kind() == Kind::GlobalPointee;
    if (bytes == 4 && elsewhere) return value;
    return value.map([&](std::uint64_t each) { return each & mask_of(bytes); });
}

AbstractValue masked(const AbstractValue& value, std::uint64_t by) {
    if (value.is_frame())  // the stack pointer is aligned
        return AbstractValue::frame(value.offset() & static_cast<std::int64_t>(by));
    if (!value.is_set() && (by & (by - 1)) == 0) return AbstractValue::set({0, by});
    return value.map([&](std::uint64_t each) { return each & by; });
}

void set_part(const RegisterPart& part, const AbstractValue& value, AbstractValue& target) {
    if (part.bytes == 8) {
        target = value;
    } else if (part.bytes == 4) {
        target = cut(value, 4);
    } else if (part.high) {
        target = value.is_set() && target.is_set() ? combine(target, value, 8) : AbstractValue{};
    } else if (value.is_set() && target.is_set() && value.values().size() == 1) {
        const std::uint64_t low = value.values()[0] & mask_of(part.bytes);
        target = target.map([&](std::uint64_t each) { return (each & ~mask_of(part.bytes)) | low; });
    } else if (value.is_set() && part.bytes == 1) {
        target = target.is_set() ? combine(target, value, 0)
                                 : AbstractValue::set(value.values(), AbstractValue::Kind::LowByte);
    } else {
        target = {};
    }
}

std::optional<RegisterPart> part_of(ZydisRegister name) {
    const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, name);
    if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15) return std::nullopt;
    return RegisterPart{
        .index = static_cast<unsigned>(whole - ZYDIS_REGISTER_RAX),
        .bytes = static_cast<unsigned>(ZydisRegisterGetWidth(ZYDIS_MACHINE_MODE_LONG_64, name) / 8),
        .high = name >= ZYDIS_REGISTER_AH && name <= ZYDIS_REGISTER_BH};
}

bool is_field(const ZydisDecodedOperand& memory, std::int64_t displacement) {
    const auto base = part_of(memory.mem.base);
    return memory.size == 32 && base && base->index != kRsp && memory.mem.index == ZYDIS_REGISTER_NONE &&
           memory.mem.segment != ZYDIS_REGISTER_FS && memory.mem.segment != ZYDIS_REGISTER_GS &&
           memory.mem.disp.value == displacement;
}

AbstractValue common_bits(const AbstractValue& a, const AbstractValue& b) {
    return each_with_each(a, b, std::bit_and<>());
}

}  // namespace catena::callgraph
