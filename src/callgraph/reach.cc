#include "callgraph/reach.h"

#include <algorithm>
#include <set>

#include "callgraph/code_scan.h"
#include "sys/argument_rules.h"

namespace catena::callgraph {
namespace {

// Whether the values that are passed can have one of the bits.
bool can_have(const PassedValues& passed, std::uint64_t bits) {
    return !passed.known ||
           std::ranges::any_of(passed.values, [&](std::uint64_t value) { return (value & bits) != 0; });
}

Via via_of(EdgeKind kind) {
    if (kind == EdgeKind::Takes) return Via::Taken;
    return kind == EdgeKind::Call ? Via::Call : Via::Jump;
}

}  // namespace

Reach::Reach(const Linked& linked)
    : linked_(linked),
      open_gates_(linked.gates.size()),
      waiting_(linked.gates.size()),
      waiting_calls_(linked.gates.size()) {
    for (const LinkedObject& each : linked.objects) {
        states_.emplace_back(each.code->functions.size());
        used_pointers_.emplace_back(each.code->pointers.size());
    }
}

void Reach::run() {
    for (std::uint32_t i = 0; i < linked_.entries.size(); ++i) {
        const EntryPlace& each = linked_.entries[i];
        const FunctionRef to{each.place.object, function_of(code(each.place.object), each.place.address)};
        if (to.function == kNone) continue;
        const Origin origin{.via = each.resolver ? Via::Resolver : Via::Entry, .entry = i};
        if (each.resolver)
            reach(to, origin, Level::Executed);
        else
            take(to, origin);
    }
    for (std::uint32_t object = 0; object < linked_.objects.size(); ++object) {
        const LinkedObject& linked = linked_.objects[object];
        const Origin origin{.via = Via::Data};
        for (const CopiedData& each : linked.copied) use_piece(each.from, origin);
        // What Go's functions refer to by tables of distances is not seen; its linker left out what is not
        // used.
        for (std::uint32_t i = 0; linked.code->go && i < linked.code->functions.size(); ++i)
            take({object, i}, origin);
        for (const std::uint64_t each : linked.opened_later ? linked.exports : std::vector<std::uint64_t>{})
            take_place({object, each}, {.via = Via::Name});
    }
    while (!open_.empty()) {
        const FunctionRef ref = open_.front();
        open_.pop_front();
        go_through(ref);
    }
    note_unknown_texts();
}

bool Reach::reached(FunctionRef ref) const { return states_[ref.object][ref.function].level != Level::No; }
bool Reach::taken(FunctionRef ref) const { return states_[ref.object][ref.function].taken; }
const Origin& Reach::origin(FunctionRef ref) const { return states_[ref.object][ref.function].origin; }

std::uint32_t Reach::kept_back_by(FunctionRef ref) const {
    for (std::uint32_t gate = 0; gate < waiting_.size(); ++gate) {
        if (!open_gates_[gate] &&
            std::ranges::find(waiting_[gate], ref, &Waiting::to) != waiting_[gate].end())
            return gate;
    }
    return kNone;
}

// Whether the function has a gate that is still closed, and waits for it now.
bool Reach::wait(const Waiting& function) {
    const auto& gated = linked_.objects[function.to.object].gated;
    if (gated.empty()) return false;
    const FunctionGate& own = gated[function.to.function];
    if (own.gate == kNone || open_gates_[own.gate] || !(function.taken || own.calls)) return false;
    waiting_[own.gate].push_back(function);
    return true;
}

void Reach::open_gate(std::uint32_t gate) {
    if (open_gates_[gate]) return;
    open_gates_[gate] = true;
    for (const Waiting& each : std::vector(waiting_[gate])) {
        if (each.taken)
            take(each.to, each.origin);
        else
            reach(each.to, each.origin, each.level);
    }
    for (const auto& [from, pointer] : std::vector(waiting_calls_[gate])) call_pointer(from, pointer);
}

void Reach::turn_keys(FunctionRef ref) {
    for (const GateKey& each : linked_.objects[ref.object].keys) {
        if (each.function == ref.function) open_gate(each.gate);
    }
}

// Where it is called in a way that does not show with what. Direct calls are among what its file's
// `passed` has.
void Reach::turn_flag_keys(FunctionRef to, const Origin& origin) {
    if (origin.via == Via::Slot || origin.from == to) return;
    if (origin.from.object == to.object && origin.via == Via::Call) return;
    for (const FlagKey& each : linked_.objects[to.object].flag_keys) {
        if (each.function == to.function) open_gate(each.gate);
    }
}

void Reach::turn_own_flag_keys(FunctionRef owner, When when) {
    const LinkedObject& object = linked_.objects[owner.object];
    if (object.flag_keys.empty()) return;
    for (const PassedValues& each : object.code->passed) {
        if (each.own == kNone || each.owner != owner.function || each.when != when) continue;
        // What it passes on to itself, it was given.
        if (each.own == each.owner && !each.known) continue;
        for (const FlagKey& key : object.flag_keys) {
            if (key.function == each.own && key.parameter == each.parameter && can_have(each, key.bits))
                open_gate(key.gate);
        }
    }
}

// Looks at all that a function passes in a parameter through a pointer, `number` as in PassedValues. Whether
// there is any.
template <class Look>
bool Reach::look_at_passed(FunctionRef from, std::uint32_t pointer, std::uint8_t parameter,
                           std::uint32_t number, Look look) const {
    bool any = false;
    for (const PassedValues& each : code(from.object).passed) {
        if (each.from != from.function || each.pointer != pointer || each.parameter != parameter ||
            each.number != number)
            continue;
        any = true;
        look(each);
    }
    return any;
}

void Reach::turn_flag_keys(FunctionRef from, std::uint32_t pointer, FunctionRef to) {
    for (const FlagKey& key : linked_.objects[to.object].flag_keys) {
        if (key.function != to.function) continue;
        bool open = false;
        const bool any = look_at_passed(from, pointer, key.parameter, kNone, [&](const PassedValues& each) {
            open = open || can_have(each, key.bits);
        });
        if (open || !any) open_gate(key.gate);
    }
}

void Reach::turn_outer_keys(FunctionRef to, const Origin& origin) {
    const bool direct = origin.via == Via::Call || origin.via == Via::Jump;
    if (direct && origin.from.object == to.object) return;
    for (const GateKey& each :
         std::ranges::equal_range(linked_.objects[to.object].outer_keys, to.function, {}, &GateKey::function))
        open_gate(each.gate);
}

void Reach::reach(FunctionRef to, const Origin& origin, Level level) {
    turn_flag_keys(to, origin);
    turn_outer_keys(to, origin);
    if (wait({.to = to, .origin = origin, .level = level})) return;
    State& state = states_[to.object][to.function];
    if (state.level >= level) return;
    if (state.level == Level::No) state.origin = origin;
    state.level = level;
    if (!state.queued) open_.push_back(to);
    state.queued = true;
}

void Reach::take(FunctionRef to, const Origin& origin) {
    if (wait({.to = to, .origin = origin, .taken = true})) return;
    reach(to, origin);
    State& state = states_[to.object][to.function];
    if (!state.taken) turn_own_flag_keys(to, When::Taken);
    state.taken = true;
}

void Reach::take_place(const Place& place, const Origin& origin) {
    if (place.object == kNone) return;
    const std::uint32_t function = function_of(code(place.object), place.address);
    if (function != kNone)
        take({place.object, function}, origin);
    else
        use_piece(place, origin);
}

void Reach::use_piece(const Place& place, const Origin& origin) {
    if (place.object == kNone) return;
    const auto [first, last] = piece_of(code(place.object), place.address);
    for (std::uint32_t i = first; i < last; ++i) use_pointer(place.object, i, origin);
}

void Reach::use_pointer(std::uint32_t object, std::uint32_t index, const Origin& origin) {
    if (used_pointers_[object][index]) return;
    used_pointers_[object][index] = true;
    const Pointer& pointer = code(object).pointers[index];
    const Origin by_data{.from = origin.from, .via = Via::Data, .entry = origin.entry};
    switch (pointer.kind) {
        case PointerKind::Code:
            take({object, pointer.to}, by_data);
            break;
        case PointerKind::Data:
            for (std::uint32_t i = pointer.first; i < pointer.last; ++i) use_pointer(object, i, origin);
            break;
        case PointerKind::Resolver:
            if (pointer.to != kNone) resolve({object, pointer.to}, by_data);
            break;
        case PointerKind::Symbol: {
            const BoundPointer& bound = linked_.objects[object].bound[index];
            if (bound.place.object == kNone) break;
            if (!bound.resolver) {
                take_place(bound.place, by_data);
                break;
            }
            const std::uint32_t to = function_of(code(bound.place.object), bound.place.address);
            if (to != kNone) resolve({bound.place.object, to}, by_data);
            break;
        }
    }
}

// What a resolver chooses from is what it takes the address of.
void Reach::resolve(FunctionRef resolver, const Origin& origin) { take(resolver, origin); }

void Reach::call_pointer(FunctionRef from, std::uint32_t index) {
    const Pointer& pointer = code(from.object).pointers[index];
    const Origin origin{.from = from, .via = Via::Slot};
    if (pointer.kind == PointerKind::Symbol) {
        const BoundPointer& bound = linked_.objects[from.object].bound[index];
        if (bound.place.object != kNone && !bound.resolver) {
            const FunctionRef to{bound.place.object,
                                 function_of(code(bound.place.object), bound.place.address)};
            if (to.function != kNone) {
                reach(to, origin);
                note_passed(from, index, to);
                turn_flag_keys(from, index, to);
                return;
            }
        }
    }
    use_pointer(from.object, index, origin);
}

void Reach::note_passed(FunctionRef from, std::uint32_t pointer, FunctionRef to) {
    for (const Wrapper& wrapper : code(to.object).wrappers) {
        if (wrapper.function != to.function) continue;
        const std::size_t before = passed_.size();
        note_passed(from, pointer, to, wrapper, kNone);
        if (wrapper.argument != kTheNumber || wrapper.door != Door::Syscall) continue;
        std::set<std::uint32_t> numbers;
        for (std::size_t i = before; i < passed_.size(); ++i) {
            for (const std::uint64_t each : passed_[i].values)
                numbers.insert(static_cast<std::uint32_t>(each));
        }
        for (const std::uint32_t number : numbers) {
            for (const sys::ArgumentRule& rule : sys::argument_rules(number)) {
                Wrapper given = wrapper;
                given.parameter = wrapper.given.at(rule.argument);
                given.argument = rule.argument;
                given.number = number;
                note_passed(from, pointer, to, given, number);
            }
        }
    }
}

// `number`: of the call, where the function is given both it and the argument.
void Reach::note_passed(FunctionRef from, std::uint32_t pointer, FunctionRef to, const Wrapper& wrapper,
                        std::uint32_t number) {
    const auto note = [&](const PassedValues& each) {
        passed_.push_back({.caller = from,
                           .wrapper = to,
                           .what = wrapper,
                           .owner = {from.object, each.owner},
                           .when = each.when,
                           .known = each.known,
                           .values = each.values,
                           .reason = each.reason,
                           .elsewhere = each.elsewhere});
    };
    if (look_at_passed(from, pointer, wrapper.parameter, number, note)) return;
    passed_.push_back({.caller = from,
                       .wrapper = to,
                       .what = wrapper,
                       .owner = from,
                       .reason = "it calls in a way that is not followed"});
}

void Reach::go_through(FunctionRef ref) {
    State& state = states_[ref.object][ref.function];
    state.queued = false;
    turn_keys(ref);
    turn_own_flag_keys(ref, When::Reached);
    follow_edges(ref, state.level);
    if (state.level != Level::Reached) return;
    follow_uses(ref);
    follow_texts(ref);
}

void Reach::follow_edges(FunctionRef ref, Level level) {
    const auto gated =
        std::ranges::equal_range(linked_.objects[ref.object].gated_edges, ref.function, {}, &EdgeGate::from);
    for (const Edge& each : std::ranges::equal_range(code(ref.object).edges, ref.function, {}, &Edge::from)) {
        const FunctionRef to{ref.object, each.to};
        const Origin origin{.from = ref, .via = via_of(each.kind)};
        const auto gate = std::ranges::find_if(
            gated, [&](const EdgeGate& edge) { return edge.to == each.to && !open_gates_[edge.gate]; });
        if (gate != gated.end()) {
            waiting_[gate->gate].push_back({.to = to, .origin = origin, .level = level});
            continue;
        }
        if (each.kind != EdgeKind::Takes)
            reach(to, origin, level);
        else if (level == Level::Reached)
            take(to, origin);
    }
}

// Whether a call through a pointer has a gate that is still closed, and waits for it now.
bool Reach::wait_to_call(FunctionRef from, std::uint32_t pointer) {
    const auto gated =
        std::ranges::equal_range(linked_.objects[from.object].gated_uses, from.function, {}, &UseGate::from);
    const auto gate = std::ranges::find_if(
        gated, [&](const UseGate& each) { return each.pointer == pointer && !open_gates_[each.gate]; });
    if (gate == gated.end()) return false;
    waiting_calls_[gate->gate].emplace_back(from, pointer);
    return true;
}

void Reach::follow_uses(FunctionRef ref) {
    for (const Use& each : std::ranges::equal_range(code(ref.object).uses, ref.function, {}, &Use::from)) {
        if (each.call && each.last - each.first == 1) {
            if (wait_to_call(ref, each.first)) continue;
            call_pointer(ref, each.first);
            continue;
        }
        for (std::uint32_t i = each.first; i < each.last; ++i)
            use_pointer(ref.object, i, {.from = ref, .via = Via::Data});
    }
}

void Reach::follow_texts(FunctionRef ref) {
    for (const NamedText& each : code(ref.object).texts) {
        if (each.owner != ref.function || each.when != When::Reached) continue;
        for (const std::string& text : each.texts) {
            if (each.kind != TextKind::Function) opened_.push_back({ref, each.kind, text});
            if (each.kind == TextKind::Nss) {
                const auto gate = linked_.nss_gates.find(text);
                if (gate != linked_.nss_gates.end()) open_gate(gate->second);
            }
            if (each.kind != TextKind::Function || !linked_.definitions) continue;
            for (const Place& place : linked_.definitions(text))
                take_place(place, {.from = ref, .via = Via::Name});
        }
    }
}

void Reach::note_unknown_texts() {
    for (std::uint32_t object = 0; object < linked_.objects.size(); ++object) {
        for (const NamedText& each : code(object).texts) {
            const FunctionRef owner{object, each.owner};
            if (each.known || !(each.when == When::Taken ? taken(owner) : reached(owner))) continue;
            opens_unknown_.push_back({owner, each.kind, {}});
        }
    }
}

}  // namespace catena::callgraph
