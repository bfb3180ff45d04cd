// A value is looked for backwards through calls: within its function by value flow; where it is what the
// function was given, at each place that calls the function, directly or through its address; and so on, up
// to kMaxDepth functions. What comes back to a function on this way adds nothing that its other callers do
// not.
#include "callgraph/trace_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace catena::callgraph {
namespace {

using Kind = AbstractValue::Kind;

constexpr unsigned kMaxDepth = 8;

bool is_given(const AbstractValue& value) {
    return value.kind() == Kind::Entry || value.kind() == Kind::EntrySlot ||
           value.kind() == Kind::EntryPointee;
}

// What is passed at a call of a function that knows the value as `value`, which it was given.
AbstractValue passed_at(const FlowPoint& point, const AbstractValue& value) {
    if (value.kind() == Kind::EntryPointee) {
        const AbstractValue& address = point.state.registers[value.register_index()];
        if (!address.is_frame()) return AbstractValue::pointee(address, value.pointee_offset());
        const auto slot = point.state.slots.find(address.offset() + value.pointee_offset());
        return slot == point.state.slots.end() ? AbstractValue{} : slot->second;
    }
    if (value.kind() == Kind::Entry) return point.state.registers[value.register_index()];
    const AbstractValue& stack = point.state.registers[kRsp];
    if (!stack.is_frame()) return {};
    const std::int64_t offset = stack.offset() + value.offset() - (point.jump ? 0 : 8);
    const auto slot = point.state.slots.find(offset);
    if (slot != point.state.slots.end()) return slot->second;
    const bool handed_on = point.jump && offset >= 8 && point.state.entry_slots && !point.state.escaped;
    return handed_on ? AbstractValue::entry_slot(offset) : AbstractValue{};
}

TracedWith passed_at(const FlowPoint* point, const TracedWith& traced) {
    TracedWith passed{.companions = traced.companions, .through_structures = traced.through_structures};
    if (point != nullptr) passed.value = passed_at(*point, traced.value);
    for (AbstractValue& each : passed.companions) {
        if (point == nullptr || each.is_frame())  // of the frame that is left
            each = {};
        else if (is_given(each))
            each = passed_at(*point, each);
    }
    return passed;
}

}  // namespace

ValueTracer::ValueTracer(const elf::Image& image, const Scan& scan, FunctionFlows& flows)
    : image_(image), scan_(scan), flows_(flows) {
    for (const Edge& each : scan_.code.edges) callers_[each.to].push_back(&each);
}

void ValueTracer::trace(std::uint32_t function, const TracedWith& value, const Found& found,
                        const Exported& exported) {
    seen_.clear();
    found_ = &found;
    exported_ = &exported;
    resolve(function, value, 0);
}

void ValueTracer::unknown(std::uint32_t owner, std::string reason, When when) {
    (*found_)({.owner = owner, .when = when, .reason = std::move(reason)});
}

std::uint8_t register_of(const AbstractValue& value) {
    return value.kind() == Kind::Entry ? static_cast<std::uint8_t>(value.register_index()) : kNoRegister;
}

std::string ValueTracer::name_of(std::uint32_t function) const {
    const CodeFunction& named = scan_.code.functions[function];
    return named.name.empty() ? fmt::format("{:#x}", named.address) : named.name;
}

void ValueTracer::resolve(std::uint32_t owner, const TracedWith& traced, unsigned depth) {
    const AbstractValue& value = traced.value;
    if (value.is_set()) {
        (*found_)({.owner = owner, .known = true, .values = value.values(), .companions = traced.companions});
    } else if (!traced.through_structures &&
               (value.kind() == Kind::EntryPointee || value.kind() == Kind::GlobalPointee)) {
        unknown(owner, "it comes from memory");
    } else if (value.kind() == Kind::GlobalPointee) {
        resolve_global(owner, traced, depth);
    } else if (is_given(value)) {
        resolve_parameter(owner, traced, depth);
    } else {
        unknown(owner, "it comes from where values are not followed");
    }
}

void ValueTracer::resolve_parameter(std::uint32_t function, const TracedWith& traced, unsigned depth) {
    const AbstractValue& value = traced.value;
    if (!seen_.insert({function, value, traced.companions}).second) return;
    if (depth >= kMaxDepth) return unknown(function, "it is handed on by too many functions");
    if (function == scan_.code.entry) unknown(function, "it is what the kernel starts the program with");
    resolve_at_pointers(function, traced, depth);
    if (scan_.code.functions[function].exported)
        (*exported_)(function, register_of(value), traced.companions);
    std::set<std::uint32_t> from;
    for (const Edge* each : callers_[function]) {
        if (each->kind == EdgeKind::Falls || each->kind == EdgeKind::Table)
            unknown(each->from, "control goes on into the function that is given it");
        else if (each->kind != EdgeKind::Takes)
            from.insert(each->from);
    }
    for (const std::uint32_t caller : from) resolve_at_calls(caller, function, traced, depth);
}

void ValueTracer::resolve_at_pointers(std::uint32_t function, const TracedWith& traced, unsigned depth) {
    auto known = pointer_uses_.find(function);
    if (known == pointer_uses_.end())
        known = pointer_uses_.emplace(function, private_pointers(image_, scan_, flows_, function)).first;
    const PointerUses& uses = known->second;
    if (!uses.is_private)
        return unknown(function,
                       fmt::format("it is what {} is given, and its address is taken", name_of(function)),
                       When::Taken);
    for (const PointerUse& each : uses.given_away)
        (*found_)({.owner = each.function,
                   .reason = fmt::format("it is what {} is given, and its address is given away at {:#x}",
                                         name_of(function), each.address),
                   .elsewhere = each.pointer});
    for (const PointerUse& each : uses.calls) {
        resolve(each.function, passed_at(flows_.at(each.function, each.address), traced), depth + 1);
    }
}

void ValueTracer::resolve_at_calls(std::uint32_t caller, std::uint32_t function, const TracedWith& traced,
                                   unsigned depth) {
    const std::uint64_t target = scan_.code.functions[function].address;
    bool any = false;
    for (const FlowPoint& each : flows_.of(caller)) {
        if (each.target != target) continue;
        any = true;
        resolve(caller, passed_at(&each, traced), depth + 1);
    }
    if (!any) unknown(caller, "it calls in a way that is not followed");
}

// What lies behind the address that a global variable holds: behind each address that is stored there. Such a
// variable must not be known elsewhere: nothing takes its address, and no symbol exports it. What was passed
// together with it is not known where it was stored.
void ValueTracer::resolve_global(std::uint32_t owner, const TracedWith& traced, unsigned depth) {
    const AbstractValue& value = traced.value;
    if (depth >= kMaxDepth) return unknown(owner, "it is handed on by too many functions");
    const auto address = static_cast<std::uint64_t>(value.offset());
    std::set<std::uint32_t> from;
    for (const auto& each :
         std::ranges::equal_range(scan_.references, address, {}, &Scan::DataReference::address)) {
        if (each.taken) return unknown(owner, "it is behind a variable that others know");
        from.insert(each.function);
    }
    const auto& variables = scan_.code.variables;
    const auto variable = std::ranges::upper_bound(variables, address, {}, &Variable::begin);
    if (variable != variables.begin() && address < std::prev(variable)->end)
        return unknown(owner, "it is behind a variable that others know");
    std::size_t stores = 0;
    for (const std::uint32_t function : from) {
        for (const FlowPoint& each : flows_.of(function)) {
            if (each.stored_to != address) continue;
            ++stores;
            resolve(function,
                    {.value = AbstractValue::pointee(each.stored, value.pointee_offset()),
                     .companions = std::vector<AbstractValue>(traced.companions.size())},
                    depth + 1);
        }
    }
    if (stores == 0) unknown(owner, "it is behind a variable that nothing is seen to fill");
}

}  // namespace catena::callgraph
