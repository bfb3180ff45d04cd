// The number of a system call is looked for backwards through calls: within its function by value flow; where
// it is what the function was given, at each place that calls the function; and so on, up to kMaxDepth
// functions. What comes back to a function on this way adds nothing that its other callers do not.
#include "callgraph/analyze_object.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "callgraph/code_scan.h"
#include "callgraph/value_flow.h"

namespace catena::callgraph {
namespace {

using Kind = AbstractValue::Kind;

constexpr unsigned kMaxDepth = 8;
constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::uint64_t kNumberMask = 0xffffffff;

// Functions of other files whose arguments matter: what they are called with is kept.
struct AskedFunction {
    std::string_view name;
    unsigned parameter;  // register
    bool text;
};
constexpr std::array kAsked = {
    AskedFunction{"syscall", kRdi, false},     AskedFunction{"dlopen", kRdi, true},
    AskedFunction{"dlmopen", kRsi, true},      AskedFunction{"dlsym", kRsi, true},
    AskedFunction{"dlvsym", kRsi, true},       AskedFunction{"__libc_dlopen_mode", kRdi, true},
    AskedFunction{"__libc_dlsym", kRsi, true},
};

class Analyzer {
  public:
    Analyzer(const elf::Image& image, Scan scan) : image_(image), scan_(std::move(scan)) {
        for (const Edge& each : code().edges) callers_[each.to].push_back(&each);
    }

    ObjectCode run() {
        for (const SiteInstruction& each : scan_.sites) {
            site_ = each;
            seen_.clear();
            const FlowPoint* point = point_at(each.function, each.address);
            if (point == nullptr) {
                unresolved(each.function, "it is read in a second way of reading the code", When::Reached);
                continue;
            }
            resolve(each.function, point->state.registers[kRax], 0);
        }
        note_passed();
        merge_calls();
        return std::move(scan_.code);
    }

  private:
    ObjectCode& code() { return scan_.code; }

    const std::vector<FlowPoint>& flow(std::uint32_t index) {
        const auto known = flows_.find(index);
        if (known != flows_.end()) return known->second;
        const CodeFunction& function = code().functions[index];
        const auto inner = std::ranges::equal_range(
            scan_.inner_entries, 0, [&](auto a, auto b) { return a < b; },
            [&](std::uint64_t address) {
                return address < function.address ? -1 : address >= function.end ? 1 : 0;
            });
        std::vector<std::uint64_t> targets;
        for (const auto& each :
             std::ranges::equal_range(scan_.table_targets, index, {}, &Scan::TableTarget::function))
            targets.push_back(each.target);
        const FlowQuestion question{.begin = function.address,
                                    .end = function.end,
                                    .entered_by_calls = !function.part,
                                    .inner_entries = {inner.begin(), inner.end()},
                                    .table_targets = targets,
                                    .never_returns = [this](std::uint64_t target) {
                                        const std::uint32_t called = function_of(scan_.code, target);
                                        return called != kNone &&
                                               scan_.code.functions[called].address == target &&
                                               !scan_.code.functions[called].returns;
                                    }};
        return flows_.emplace(index, follow_values(image_, question)).first->second;
    }

    const FlowPoint* point_at(std::uint32_t function, std::uint64_t address) {
        const auto& points = flow(function);
        const auto found = std::ranges::lower_bound(points, address, {}, &FlowPoint::address);
        return found != points.end() && found->address == address ? &*found : nullptr;
    }

    CallFact fact(std::uint32_t owner, When when) const {
        return {.owner = owner,
                .function = site_.function,
                .address = site_.address,
                .door = site_.door,
                .when = when};
    }

    void unresolved(std::uint32_t owner, std::string reason, When when) {
        CallFact result = fact(owner, when);
        result.resolved = false;
        result.reason = std::move(reason);
        code().calls.push_back(std::move(result));
    }

    void resolve(std::uint32_t owner, const AbstractValue& value, unsigned depth) {
        if (value.is_set()) {
            CallFact result = fact(owner, When::Reached);
            for (const std::uint64_t each : value.values())
                result.numbers.push_back(static_cast<std::uint32_t>(each & kNumberMask));
            code().calls.push_back(std::move(result));
        } else if (value.kind() == Kind::GlobalPointee) {
            resolve_global(owner, value, depth);
        } else if (value.kind() == Kind::Entry || value.kind() == Kind::EntrySlot ||
                   value.kind() == Kind::EntryPointee) {
            resolve_parameter(owner, value, depth);
        } else {
            unresolved(owner, "the number comes from where values are not followed", When::Reached);
        }
    }

    [[nodiscard]] std::string name_of(std::uint32_t function) {
        const CodeFunction& named = code().functions[function];
        return named.name.empty() ? fmt::format("{:#x}", named.address) : named.name;
    }

    void resolve_parameter(std::uint32_t function, const AbstractValue& value, unsigned depth) {
        if (!seen_.insert({function, static_cast<int>(value.kind()), value.offset(), value.pointee_offset()})
                 .second)
            return;
        if (depth >= kMaxDepth)
            return unresolved(function, "it is handed on by too many functions", When::Reached);
        unresolved(function,
                   fmt::format("the number is what {} is given, and its address is taken", name_of(function)),
                   When::Taken);
        if (code().functions[function].exported) {
            code().wrappers.push_back({.function = function,
                                       .parameter = static_cast<std::uint8_t>(
                                           value.kind() == Kind::Entry ? value.register_index() : kRegisters),
                                       .holder = site_.function,
                                       .address = site_.address,
                                       .door = site_.door});
        }
        std::set<std::uint32_t> from;
        for (const Edge* each : callers_[function]) {
            if (each->kind == EdgeKind::Falls || each->kind == EdgeKind::Table)
                unresolved(each->from, "control goes on into the function that is given the number",
                           When::Reached);
            else if (each->kind != EdgeKind::Takes)
                from.insert(each->from);
        }
        for (const std::uint32_t caller : from) resolve_at_calls(caller, function, value, depth);
    }

    void resolve_at_calls(std::uint32_t caller, std::uint32_t function, const AbstractValue& value,
                          unsigned depth) {
        const std::uint64_t target = code().functions[function].address;
        bool any = false;
        for (const FlowPoint& each : flow(caller)) {
            if (each.target != target) continue;
            any = true;
            resolve(caller, passed_at(each, value), depth + 1);
        }
        if (!any) unresolved(caller, "it calls in a way that is not followed", When::Reached);
    }

    // What lies behind the address that a global variable holds: behind each address that is stored there.
    // Such a variable must not be known elsewhere: nothing takes its address, and no symbol exports it.
    void resolve_global(std::uint32_t owner, const AbstractValue& value, unsigned depth) {
        if (depth >= kMaxDepth)
            return unresolved(owner, "it is handed on by too many functions", When::Reached);
        const auto address = static_cast<std::uint64_t>(value.offset());
        std::set<std::uint32_t> from;
        for (const auto& each :
             std::ranges::equal_range(scan_.references, address, {}, &Scan::DataReference::address)) {
            if (each.taken)
                return unresolved(owner, "it is behind a variable that others know", When::Reached);
            from.insert(each.function);
        }
        const auto variable = std::ranges::upper_bound(code().variables, address, {}, &Variable::begin);
        if (variable != code().variables.begin() && address < std::prev(variable)->end)
            return unresolved(owner, "it is behind a variable that others know", When::Reached);
        std::size_t stores = 0;
        for (const std::uint32_t function : from) {
            for (const FlowPoint& each : flow(function)) {
                if (each.stored_to != address) continue;
                ++stores;
                resolve(function, AbstractValue::pointee(each.stored, value.pointee_offset()), depth + 1);
            }
        }
        if (stores == 0)
            unresolved(owner, "it is behind a variable that nothing is seen to fill", When::Reached);
    }

    static AbstractValue passed_at(const FlowPoint& point, const AbstractValue& value) {
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

    // --- what is passed to functions of other files

    void note_passed() {
        for (const Use& use : std::vector(code().uses)) {
            if (use.last - use.first != 1 || code().pointers[use.first].kind != PointerKind::Symbol) continue;
            const std::string_view symbol = scan_.symbols[use.first];
            for (const AskedFunction& each : kAsked) {
                if (symbol == each.name) note_passed(use, each.parameter, each.text);
            }
            for (const Wrapper& each : std::vector(code().wrappers)) {
                if (symbol == code().functions[each.function].name && symbol != "syscall" &&
                    each.parameter < kRegisters)
                    note_passed(use, each.parameter, false);
            }
        }
    }

    // All values that are passed on all calls through a pointer in one function.
    void note_passed(const Use& use, unsigned parameter, bool text) {
        const std::uint64_t slot = code().pointers[use.first].at;
        AbstractValue all;
        bool any = false;
        for (const FlowPoint& each : flow(use.from)) {
            if (each.slot != slot && slot_of_target(each.target) != slot) continue;
            const AbstractValue& value = each.state.registers[parameter];
            all = any ? all.join(value) : value;
            any = true;
        }
        const auto values = all.is_set() ? all.values() : std::vector<std::uint64_t>{};
        if (!text) {
            code().passed.push_back(
                {use.from, use.first, static_cast<std::uint8_t>(parameter), all.is_set(), values});
            return;
        }
        const bool opens = scan_.symbols[use.first].find("open") != std::string_view::npos;
        NamedText named{use.from, use.first, opens, all.is_set(), {}};
        for (const std::uint64_t each : values) {
            // The header of the file is no text.
            const auto bytes =
                each < sizeof(Elf64_Ehdr) ? std::span<const std::byte>{} : image_.bytes_from(each);
            named.known = named.known && (!bytes.empty() || each == 0);
            if (!bytes.empty()) named.texts.emplace_back(elf::string_at(bytes, 0, kMaxTextBytes));
        }
        code().texts.push_back(std::move(named));
    }

    // The slot behind a stub that is called directly.
    [[nodiscard]] std::uint64_t slot_of_target(std::uint64_t target) const {
        const auto found = std::ranges::lower_bound(scan_.stubs, target, {},
                                                    &std::pair<std::uint64_t, std::uint64_t>::first);
        return found != scan_.stubs.end() && found->first == target ? found->second : 0;
    }

    // One fact for each owner, instruction and kind, with all numbers.
    void merge_calls() {
        std::map<std::tuple<std::uint32_t, std::uint64_t, When, bool>, CallFact> merged;
        for (CallFact& each : code().calls) {
            auto [place, fresh] =
                merged.try_emplace(std::tuple(each.owner, each.address, each.when, each.resolved), each);
            if (fresh) continue;
            auto& numbers = place->second.numbers;
            numbers.insert(numbers.end(), each.numbers.begin(), each.numbers.end());
        }
        code().calls.clear();
        for (auto& [key, each] : merged) {
            std::ranges::sort(each.numbers);
            const auto same = std::ranges::unique(each.numbers);
            each.numbers.erase(same.begin(), same.end());
            code().calls.push_back(std::move(each));
        }
    }

    const elf::Image& image_;
    Scan scan_;
    std::unordered_map<std::uint32_t, std::vector<const Edge*>> callers_;
    std::map<std::uint32_t, std::vector<FlowPoint>> flows_;  // references stay good as it grows
    SiteInstruction site_;
    std::set<std::tuple<std::uint32_t, int, std::int64_t, std::int64_t>> seen_;
};

}  // namespace

base::Result<ObjectCode> analyze_object(const elf::Image& image) {
    auto scan = scan_code(image);
    if (!scan) return std::unexpected(scan.error());
    return Analyzer(image, std::move(*scan)).run();
}

}  // namespace catena::callgraph
