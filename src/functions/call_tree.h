// CallTree: the calls of one thread, in order and each with the stack pointer at its entry, as a tree.
// Nothing tells when a function returns; docs/decisions/0033 says why none has to, and where that differs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace catena::functions {

// Stacks are taken for different ones where a stack pointer is so far from all that a thread was seen to use.
inline constexpr std::uint64_t kStackGapBytes = 1U << 20U;

// Finds the caller of each call. One thread's calls, in order of time. Bounded: of more than kMaxStacks
// stacks that one least recently used is forgotten.
class CallTree {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    static constexpr std::size_t kMaxStacks = 4096;

    // Returns the number of the call that made this one, counting from 0 in the order of add(), or kNone. Of
    // the calls that stack pointers leave open, the innermost `returned` are known to be over.
    std::uint32_t add(std::uint64_t stack, std::uint32_t returned = 0);

    // The call that was entered with this stack pointer has returned: its number, or kNone where it is not
    // open.
    std::uint32_t leave(std::uint64_t stack);

    // A program was replaced (exec): nothing of what ran calls what follows.
    void clear();

  private:
    struct Frame {
        std::uint64_t stack;
        std::uint32_t call;
    };
    struct Stack {
        std::vector<Frame> open;        // outermost first
        std::uint32_t interrupted;      // the call during which the thread came to this stack
        std::uint64_t lowest, highest;  // stack pointers of the calls that are open, or were

        [[nodiscard]] std::uint32_t innermost() const {
            return open.empty() ? interrupted : open.back().call;
        }
    };
    [[nodiscard]] std::size_t nearest(std::uint64_t stack) const;

    std::vector<Stack> stacks_;  // the one in use first, then by last use
    std::uint32_t next_ = 0;
};

}  // namespace catena::functions
