// A flow in words: who did what to what.
#pragma once

#include <cstdint>
#include <string>

#include "graph/chain.h"

namespace catena::graph {

// The ends of an edge by role: the process that acted, and what it acted on.
struct Roles {
    const ChainNode& actor;
    const ChainNode& object;
};
Roles roles_of(const Chain& chain, const ChainEdge& edge);

// "read 1,234 bytes from", "started".
std::string verb_of(const ChainEdge& edge);

// "cat (pid 813)", "203.0.113.66:9000", "/tmp/up": short names for running text.
std::string name_in_text(const ChainNode& node);

// "/tmp/a to /tmp/b" where the edge renamed a file and both its names are known; else `otherwise`.
std::string renamed_or(const ChainEdge& edge, const ChainNode& object, std::string otherwise);

// "cat (pid 813) read 8 bytes from /etc/hostname"; with "it" for the object that was just spoken of.
std::string sentence_of(const Chain& chain, const ChainEdge& edge, const ChainNode* spoken_of = nullptr);

}  // namespace catena::graph
