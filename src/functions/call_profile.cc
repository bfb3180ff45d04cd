#include "functions/call_profile.h"

namespace catena::functions {

void CallProfile::begin_thread() {
    tree_ = CallTree();
    node_of_call_.clear();
}

void CallProfile::add(std::uint32_t function, std::uint64_t stack) {
    const std::uint32_t caller = tree_.add(stack);
    const std::uint32_t parent = caller == CallTree::kNone ? kNone : node_of_call_[caller];
    const auto found = places_.find({parent, function});
    std::uint32_t node = 0;
    if (found != places_.end()) {
        node = found->second;
    } else if (nodes_.size() < kMaxNodes || parent == kNone) {
        node = static_cast<std::uint32_t>(nodes_.size());
        nodes_.push_back({.parent = parent, .function = function, .calls = 0, .children = {}});
        (parent == kNone ? roots_ : nodes_[parent].children).push_back(node);
        places_.emplace(std::pair(parent, function), node);
    } else {
        ++overflowed_;
        node_of_call_.push_back(parent);
        return;
    }
    ++nodes_[node].calls;
    node_of_call_.push_back(node);
}

}  // namespace catena::functions
