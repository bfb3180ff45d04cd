#include "callgraph/function_flows.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <utility>

namespace catena::callgraph {
namespace {

// Of libraries, by their declaration in C.
constexpr std::array<std::string_view, 8> kNeverReturn = {
    "__stack_chk_fail", "abort", "exit", "_exit", "__assert_fail", "__fortify_fail", "__chk_fail", "_Exit"};

// What the stack held at the first return need not be there at the second.
constexpr std::array<std::string_view, 7> kReturnTwice = {"setjmp", "_setjmp", "sigsetjmp", "__sigsetjmp",
                                                          "vfork",  "__vfork", "getcontext"};

}  // namespace

const std::vector<FlowPoint>& FunctionFlows::of(std::uint32_t function) {
    const auto known = flows_.find(function);
    if (known != flows_.end()) return known->second;
    return flows_.emplace(function, follow(function, {})).first->second;
}

const FlowPoint* FunctionFlows::at(std::uint32_t function, std::uint64_t address) {
    const auto& points = of(function);
    const auto found = std::ranges::lower_bound(points, address, {}, &FlowPoint::address);
    return found != points.end() && found->address == address ? &*found : nullptr;
}

std::vector<FlowPoint> FunctionFlows::marked(std::uint32_t function, const std::vector<DataRange>& followed,
                                             std::uint32_t marked_entry) const {
    return follow(function, {.followed = followed, .marked_entry = marked_entry});
}

std::vector<FlowPoint> FunctionFlows::assuming(std::uint32_t function, const Assumed& assumed) const {
    return follow(function, {.assumed = &assumed});
}

std::vector<FlowPoint> FunctionFlows::with_stored_parameters(std::uint32_t function) const {
    return follow(function, {.stored_parameters = true});
}

std::string_view FunctionFlows::symbol_of_stub(std::uint64_t target) const {
    return symbol_of_slot(slot_of_stub(target));
}

std::string_view FunctionFlows::symbol_of_slot(std::uint64_t slot) const {
    const auto pointer = std::ranges::lower_bound(scan_.code.pointers, slot, {}, &Pointer::at);
    if (slot == 0 || pointer == scan_.code.pointers.end() || pointer->at != slot) return {};
    return scan_.symbols[static_cast<std::size_t>(pointer - scan_.code.pointers.begin())];
}

bool FunctionFlows::never_returns(std::uint64_t target) const {
    if (std::ranges::find(kNeverReturn, symbol_of_stub(target)) != kNeverReturn.end()) return true;
    const std::uint32_t called = function_of(scan_.code, target);
    return called != kNone && scan_.code.functions[called].address == target &&
           !scan_.code.functions[called].returns;
}

bool FunctionFlows::returns_twice(std::uint64_t target, std::uint64_t slot) const {
    std::string_view name = symbol_of_slot(slot != 0 ? slot : slot_of_stub(target));
    const std::uint32_t called = target == 0 ? kNone : function_of(scan_.code, target);
    if (name.empty() && called != kNone) name = scan_.code.functions[called].name;
    return std::ranges::find(kReturnTwice, name.substr(0, name.find('@'))) != kReturnTwice.end();
}

std::uint64_t FunctionFlows::slot_of_stub(std::uint64_t target) const {
    const auto found =
        std::ranges::lower_bound(scan_.stubs, target, {}, &std::pair<std::uint64_t, std::uint64_t>::first);
    return found != scan_.stubs.end() && found->first == target ? found->second : 0;
}

std::vector<FlowPoint> FunctionFlows::follow(std::uint32_t index, FlowQuestion question) const {
    const CodeFunction& function = scan_.code.functions[index];
    const auto inner = std::ranges::equal_range(
        scan_.inner_entries, 0, [&](auto a, auto b) { return a < b; },
        [&](std::uint64_t address) {
            return address < function.address ? -1 : address >= function.end ? 1 : 0;
        });
    std::vector<std::uint64_t> targets;
    for (const auto& each :
         std::ranges::equal_range(scan_.table_targets, index, {}, &Scan::TableTarget::function))
        targets.push_back(each.target);
    question.begin = function.address;
    question.end = function.end;
    question.entered_by_calls = !function.part;
    question.inner_entries = {inner.begin(), inner.end()};
    question.table_targets = targets;
    question.never_returns = [this](std::uint64_t target) { return never_returns(target); };
    question.returns_twice = [this](std::uint64_t target, std::uint64_t slot) {
        return returns_twice(target, slot);
    };
    return follow_values(image_, question);
}

std::function<std::optional<std::uint64_t>(std::uint64_t, unsigned)> constants_of(const elf::Image& image) {
    std::vector<DataRange> constant;
    for (const elf::Section& each : image.sections()) {
        const bool read_only = each.type == SHT_PROGBITS && (each.flags & SHF_ALLOC) != 0 &&
                               (each.flags & (SHF_WRITE | SHF_TLS)) == 0;
        if (read_only) constant.push_back({each.address, each.address + each.content.size(), false});
    }
    return [&image, constant = std::move(constant)](std::uint64_t address,
                                                    unsigned bytes) -> std::optional<std::uint64_t> {
        const bool inside = std::ranges::any_of(constant, [&](const DataRange& each) {
            return address >= each.begin && address < each.end && each.end - address >= bytes;
        });
        if (!inside || bytes > 8) return std::nullopt;
        std::uint64_t value = 0;
        const auto content = image.bytes_at(address, bytes);
        if (content.size() != bytes) return std::nullopt;
        for (unsigned i = 0; i < bytes; ++i) value |= std::to_integer<std::uint64_t>(content[i]) << (i * 8);
        return value;
    };
}

}  // namespace catena::callgraph
