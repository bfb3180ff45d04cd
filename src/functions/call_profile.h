// CallProfile: calls of many threads, added up by the path of functions that led to each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "event/function.h"
#include "functions/call_tree.h"

namespace catena::functions {

class CallProfile {
  public:
    static constexpr std::uint32_t kNone = UINT32_MAX;
    // Calls by paths beyond are only counted together, as overflowed(); what they call hangs on the last
    // function that still had a place.
    static constexpr std::size_t kMaxNodes = 1U << 20U;

    struct Node {
        std::uint32_t parent = kNone;
        std::uint32_t function = 0;
        std::uint64_t calls = 0;
        std::uint64_t timed_calls = 0;        // of these, those whose return was met
        std::int64_t total_ns = 0;            // from the beginning to the end of those
        std::vector<std::uint32_t> children;  // in the order of their first call
    };

    // The next calls are of another thread, or of another program in the same one.
    void begin_thread();
    // One that is outermost is called by none of those before it.
    void add(const event::FunctionCall& call, bool outermost = false);
    void leave(const event::FunctionReturn& end);

    // A node's parent comes before it.
    [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }
    [[nodiscard]] const std::vector<std::uint32_t>& roots() const { return roots_; }
    [[nodiscard]] std::uint64_t overflowed() const { return overflowed_; }

  private:
    // A call of this thread: its node, kNone where it has none of its own, and when it began.
    struct Begun {
        std::uint32_t node = 0;
        bool counted = false;  // the node is its own, not that of the last caller that had one
        std::int64_t ts_ns = 0;
    };
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> roots_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> places_;  // parent, function → node
    CallTree tree_;
    std::vector<Begun> begun_;  // in the order of the tree's calls
    std::uint64_t overflowed_ = 0;
};

}  // namespace catena::functions
