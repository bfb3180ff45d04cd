// Act: what one process did to one thing in one manner: connected, sent and received; created and wrote. The
// flows of an act are told in one sentence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/chain.h"
#include "graph/render.h"

namespace catena::graph {

enum class Manner : std::uint8_t {
    Start,   // fork
    Run,     // exec
    Read,    // and mapped for reading, and loaded
    Change,  // made, wrote, cut
    Talk,    // all that goes over a socket
    Other    // each operation by itself
};

struct Act {
    std::size_t actor = 0;  // indexes into Chain::nodes
    std::size_t object = 0;
    Manner manner = Manner::Other;
    event::Op op = event::Op::None;    // of Other
    std::vector<std::size_t> edges{};  // indexes into Chain::edges, by first_ns
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
    double weight = 0;  // of its heaviest edge
};

// All acts of a chain, by first_ns. Each edge is in one of them, but those that join the two ends of a
// connection.
std::vector<Act> acts_of(const Chain& chain);

// What moved in an act. A call that carried both ways counts once.
struct Moved {
    std::uint64_t in_bytes = 0;   // to the actor, by calls that move bytes
    std::uint64_t out_bytes = 0;  // to the object
    std::uint64_t calls = 0;
    bool repeated = false;  // whether one event stands for several calls
};
Moved moved_in(const Chain& chain, const Act& act);

// Words for nodes, coloured or not, each in at most so many columns.
class Words {
  public:
    Words(const Chain& chain, Colour colour, std::size_t columns)
        : chain_(chain), colour_(colour), columns_(columns) {}

    [[nodiscard]] const Chain& chain() const { return chain_; }
    // "cat (813)", "/tmp/up", "203.0.113.66:9000", "pipe:[12]".
    [[nodiscard]] std::string name(std::size_t node) const;
    // The command line that a process was started with, or the program where it is not known; empty where
    // neither is.
    [[nodiscard]] std::string command(std::size_t node) const;
    // "read 8 bytes from /etc/hostname", "connected to 10.0.0.1:80, sent 90 bytes and received 470 bytes".
    [[nodiscard]] std::string predicate(const Act& act) const;

    [[nodiscard]] std::string bold(std::string_view text) const { return painted("1", text); }
    [[nodiscard]] std::string dim(std::string_view text) const { return painted("2", text); }

  private:
    [[nodiscard]] std::string painted(std::string_view code, std::string_view text) const;
    [[nodiscard]] std::string read(const Act& act) const;
    [[nodiscard]] std::string change(const Act& act) const;
    [[nodiscard]] std::string talk(const Act& act) const;

    const Chain& chain_;
    Colour colour_;
    std::size_t columns_;
};

// "a", "a and b", "a, b and c".
std::string listed(const std::vector<std::string>& parts);

}  // namespace catena::graph
