#include "functions/call_profile.h"

namespace catena::functions {

void CallProfile::begin_thread() {
    tree_ = CallTree();
    begun_.clear();
}

void CallProfile::add(const event::FunctionCall& call, bool outermost) {
    if (outermost) tree_.clear();
    const std::uint32_t caller = tree_.add(call.stack, call.returned);
    const std::uint32_t parent = caller == CallTree::kNone ? kNone : begun_[caller].node;
    const auto found = places_.find({parent, call.function});
    std::uint32_t node = 0;
    if (found != places_.end()) {
        node = found->second;
    } else if (nodes_.size() < kMaxNodes || parent == kNone) {
        node = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({.parent = parent, .function = call.function, .children = {}});
        (parent == kNone ? roots_ : nodes_[parent].children).push_back(node);
        places_.emplace(std::pair(parent, call.function), node);
    } else {
        ++overflowed_;
        begun_.push_back({.node = parent, .counted = false, .ts_ns = call.ts_ns});
        return;
    }
    ++nodes_[node].calls;
    begun_.push_back({.node = node, .counted = true, .ts_ns = call.ts_ns});
}

void CallProfile::leave(const event::FunctionReturn& end) {
    const std::uint32_t call = tree_.leave(end.stack);
    if (call == CallTree::kNone || !begun_[call].counted) return;
    Node& node = nodes_[begun_[call].node];
    if (node.function != end.function) return;
    ++node.timed_calls;
    node.total_ns += end.ts_ns - begun_[call].ts_ns;
}

}  // namespace catena::functions
