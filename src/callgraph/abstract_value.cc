#include "callgraph/abstract_value.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace catena::callgraph {

AbstractValue AbstractValue::constant(std::uint64_t value) { return set({value}); }

AbstractValue AbstractValue::set(std::vector<std::uint64_t> values, Kind kind) {
    std::ranges::sort(values);
    const auto same = std::ranges::unique(values);
    values.erase(same.begin(), same.end());
    AbstractValue result;
    if (values.empty() || values.size() > kMaxValues) return result;
    result.kind_ = kind;
    result.values_ = std::move(values);
    return result;
}

AbstractValue AbstractValue::entry(unsigned register_index) {
    AbstractValue result;
    result.kind_ = Kind::Entry;
    result.offset_ = register_index;
    return result;
}

AbstractValue AbstractValue::entry_slot(std::int64_t offset) {
    AbstractValue result;
    result.kind_ = Kind::EntrySlot;
    result.offset_ = offset;
    return result;
}

AbstractValue AbstractValue::frame(std::int64_t offset) {
    AbstractValue result;
    result.kind_ = Kind::Frame;
    result.offset_ = offset;
    return result;
}

AbstractValue AbstractValue::global(std::uint64_t address) {
    AbstractValue result;
    result.kind_ = Kind::Global;
    result.offset_ = static_cast<std::int64_t>(address);
    return result;
}

AbstractValue AbstractValue::pointee(const AbstractValue& base, std::int64_t displacement) {
    if (base.kind_ != Kind::Entry && base.kind_ != Kind::Global) return {};
    AbstractValue result = base;
    result.bound_ = kMaxValues;
    result.kind_ = base.kind_ == Kind::Entry ? Kind::EntryPointee : Kind::GlobalPointee;
    result.pointee_offset_ = displacement;
    return result;
}

AbstractValue AbstractValue::bounded(std::uint64_t bound) const {
    AbstractValue result = *this;
    switch (kind_) {
        case Kind::Frame:
        case Kind::LowByte:
            return result;
        case Kind::Set:
            std::erase_if(result.values_, [&](std::uint64_t each) { return (each & 0xffffffff) > bound; });
            return result.values_.empty() ? *this : result;
        case Kind::Entry:
        case Kind::EntrySlot:
            result.bound_ = std::min(bound_, bound);
            return result;
        default:
            result.bound_ = bound;
            return result.expanded();
    }
}

AbstractValue AbstractValue::expanded() const {
    if (bound_ >= kMaxValues) return *this;
    std::vector<std::uint64_t> values(bound_ + 1);
    std::iota(values.begin(), values.end(), 0);
    return set(std::move(values)).with_mark(marked_);
}

AbstractValue AbstractValue::with_mark(bool marked) const {
    AbstractValue result = *this;
    result.marked_ = marked;
    return result;
}

AbstractValue AbstractValue::join(const AbstractValue& other) const {
    if (*this == other) return *this;
    const bool marked = marked_ || other.marked_;
    if (kind_ == other.kind_ && offset_ == other.offset_ && pointee_offset_ == other.pointee_offset_ &&
        values_ == other.values_) {
        AbstractValue result = with_mark(marked);
        result.bound_ = std::max(bound_, other.bound_);
        return result;
    }
    if (kind_ != other.kind_ || (kind_ != Kind::Set && kind_ != Kind::LowByte))
        return any().with_mark(marked);
    std::vector<std::uint64_t> values;
    std::ranges::set_union(values_, other.values_, std::back_inserter(values));
    return set(std::move(values), kind_).with_mark(marked);
}

AbstractValue AbstractValue::map(const std::function<std::uint64_t(std::uint64_t)>& change) const {
    if (bound_ < kMaxValues) return expanded().map(change);
    if (kind_ != Kind::Set) return any();
    std::vector<std::uint64_t> values;
    values.reserve(values_.size());
    for (const std::uint64_t each : values_) values.push_back(change(each));
    return set(std::move(values));
}

AbstractState AbstractState::at_entry() {
    AbstractState state;
    for (unsigned i = 0; i < kRegisters; ++i) state.registers[i] = AbstractValue::entry(i);
    state.registers[kRsp] = AbstractValue::frame(0);
    return state;
}

bool AbstractState::join(const AbstractState& other) {
    bool changed = false;
    bool hidden_frame = false;  // an address of the frame, or something else
    const auto hides = [](const AbstractValue& a, const AbstractValue& b, const AbstractValue& joined) {
        return (a.is_frame() || b.is_frame()) && !joined.is_frame();
    };
    for (unsigned i = 0; i < kRegisters; ++i) {
        AbstractValue joined = registers[i].join(other.registers[i]);
        hidden_frame = hidden_frame || hides(registers[i], other.registers[i], joined);
        if (joined == registers[i]) continue;
        registers[i] = std::move(joined);
        changed = true;
    }
    for (auto slot = slots.begin(); slot != slots.end();) {
        const auto theirs = other.slots.find(slot->first);
        AbstractValue joined = theirs == other.slots.end()
                                   ? AbstractValue::any().with_mark(slot->second.marked())
                                   : slot->second.join(theirs->second);
        hidden_frame = hidden_frame || hides(slot->second, slot->second, joined);
        if (joined != slot->second) changed = true;
        if (joined.kind() == AbstractValue::Kind::Any && !joined.marked()) {
            slot = slots.erase(slot);
            continue;
        }
        slot->second = std::move(joined);
        ++slot;
    }
    hidden_frame = hidden_frame || std::ranges::any_of(other.slots, [&](const auto& each) {
                       return each.second.is_frame() && !slots.contains(each.first);
                   });
    const bool marks = other.hidden_marks || std::ranges::any_of(other.slots, [&](const auto& each) {
                           return each.second.marked() && !slots.contains(each.first);
                       });
    changed = changed || (marks && !hidden_marks);
    hidden_marks = hidden_marks || marks;
    const bool known_elsewhere = other.escaped || hidden_frame;
    changed = changed || (known_elsewhere && !escaped) || (!other.entry_slots && entry_slots);
    escaped = escaped || known_elsewhere;
    entry_slots = entry_slots && other.entry_slots;
    return changed;
}

void AbstractState::forget_slots() {
    escaped = escaped || std::ranges::any_of(slots, [](const auto& each) { return each.second.is_frame(); });
    hidden_marks = hidden_marks || has_marked_slots();
    slots.clear();
    entry_slots = false;
}

bool AbstractState::has_marked_slots() const {
    return std::ranges::any_of(slots, [](const auto& each) { return each.second.marked(); });
}

}  // namespace catena::callgraph
