// Stacks grow downwards. A function that is entered with stack pointer s has all of its frame below s, and
// whatever it calls is entered below s; so a call that is entered at s or above has been made by somebody
// else, and the function whose entry was at s or below has returned. Equal happens where a function has
// returned and its caller calls another one (a sibling), and where it ended in a jump to the other one (a
// tail call): then the other one stands in its place, and is a call of the same caller either way.
//
// The converse does not hold: a call that is entered below may have been made by the caller, too, when it has
// put arguments on the stack or taken room there since. The kernel programs look whether the place where a
// function was entered still has its return address; how many have not is told with the call.
//
// A thread has more than one stack where signals are handled on an alternate one, or coroutines switch. Those
// are told apart by their distance: each keeps its own open calls, and the first call on a stack was made by
// whatever was going on.
#include "functions/call_tree.h"

#include <algorithm>

namespace catena::functions {

std::size_t CallTree::nearest(std::uint64_t stack) const {
    std::size_t best = stacks_.size();
    std::uint64_t best_distance = kStackGapBytes;
    for (std::size_t i = 0; i < stacks_.size(); ++i) {
        const Stack& each = stacks_[i];
        const std::uint64_t distance = stack < each.lowest    ? each.lowest - stack
                                       : stack > each.highest ? stack - each.highest
                                                              : 0;
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

std::uint32_t CallTree::leave(std::uint64_t stack) {
    const std::size_t found = nearest(stack);
    if (found == stacks_.size()) return kNone;
    std::vector<Frame>& open = stacks_[found].open;
    while (!open.empty() && open.back().stack < stack) open.pop_back();
    std::uint32_t call = kNone;
    if (!open.empty() && open.back().stack == stack) {
        call = open.back().call;
        open.pop_back();
    }
    return call;
}

std::uint32_t CallTree::add(std::uint64_t stack, std::uint32_t returned) {
    const std::uint32_t interrupted = stacks_.empty() ? kNone : stacks_.front().innermost();
    const std::size_t found = nearest(stack);
    if (found == stacks_.size()) {
        if (stacks_.size() >= kMaxStacks) stacks_.pop_back();
        stacks_.insert(stacks_.begin(),
                       {.open = {}, .interrupted = interrupted, .lowest = stack, .highest = stack});
    } else if (found != 0) {
        std::rotate(stacks_.begin(), stacks_.begin() + static_cast<std::ptrdiff_t>(found),
                    stacks_.begin() + static_cast<std::ptrdiff_t>(found) + 1);
        // A stack on which nothing is open any more begins anew.
        if (stack >= stacks_.front().highest) stacks_.front().interrupted = interrupted;
    }
    Stack& current = stacks_.front();
    while (!current.open.empty() && current.open.back().stack <= stack) current.open.pop_back();
    for (; returned != 0 && !current.open.empty(); --returned) current.open.pop_back();
    const std::uint32_t caller = current.innermost();
    current.open.push_back({.stack = stack, .call = next_});
    current.lowest = stack;
    current.highest = current.open.front().stack;
    ++next_;
    return caller;
}

void CallTree::clear() { stacks_.clear(); }

}  // namespace catena::functions
