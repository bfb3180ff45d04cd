#include "callgraph/function_flows.h"

#include <algorithm>
#include <utility>

namespace catena::callgraph {

const std::vector<FlowPoint>& FunctionFlows::of(std::uint32_t function) {
    const auto known = flows_.find(function);
    if (known != flows_.end()) return known->second;
    return flows_.emplace(function, follow(function, {}, 0)).first->second;
}

const FlowPoint* FunctionFlows::at(std::uint32_t function, std::uint64_t address) {
    const auto& points = of(function);
    const auto found = std::ranges::lower_bound(points, address, {}, &FlowPoint::address);
    return found != points.end() && found->address == address ? &*found : nullptr;
}

std::vector<FlowPoint> FunctionFlows::marked(std::uint32_t function, const std::vector<DataRange>& followed,
                                             std::uint32_t marked_entry) const {
    return follow(function, followed, marked_entry);
}

std::uint64_t FunctionFlows::slot_of_stub(std::uint64_t target) const {
    const auto found =
        std::ranges::lower_bound(scan_.stubs, target, {}, &std::pair<std::uint64_t, std::uint64_t>::first);
    return found != scan_.stubs.end() && found->first == target ? found->second : 0;
}

std::vector<FlowPoint> FunctionFlows::follow(std::uint32_t index, const std::vector<DataRange>& followed,
                                             std::uint32_t marked_entry) const {
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
    const FlowQuestion question{.begin = function.address,
                                .end = function.end,
                                .entered_by_calls = !function.part,
                                .inner_entries = {inner.begin(), inner.end()},
                                .table_targets = targets,
                                .never_returns =
                                    [this](std::uint64_t target) {
                                        const std::uint32_t called = function_of(scan_.code, target);
                                        return called != kNone &&
                                               scan_.code.functions[called].address == target &&
                                               !scan_.code.functions[called].returns;
                                    },
                                .followed = followed,
                                .marked_entry = marked_entry};
    return follow_values(image_, question);
}

}  // namespace catena::callgraph
