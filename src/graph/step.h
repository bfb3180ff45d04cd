// Step: a thing that a story tells in one sentence: an act, or several that say one thing together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "graph/act.h"
#include "graph/chain.h"

namespace catena::graph {

struct Step {
    enum class Kind : std::uint8_t {
        Single,   // one act
        Start,    // a process was started, and ran a program that is a node of the chain
        Through,  // one process wrote into a pipe that another one read
        Peers,    // two processes at the two ends of one connection
        Many      // one process did the same to several things that have no other part in the chain
    };
    Kind kind = Kind::Single;
    std::vector<Act> acts{};
    // Of all acts:
    std::vector<std::size_t> edges{};    // indexes into Chain::edges, rising
    std::vector<std::int64_t> events{};  // ids, rising, each once
    std::int64_t first_ns = 0;
    std::int64_t last_ns = 0;
    double weight = 0;
    std::uint64_t calls = 0;
    bool repeated = false;  // several calls, or several things, are told as one
};

// All steps of a chain, by first_ns: each act is in one of them. Acts on the nodes of `apart` are never
// joined with those on others.
std::vector<Step> steps_of(const Chain& chain, const std::vector<bool>& apart);

// "in parse_config", "in parse_config, open_log and 2 others": the functions that did it; empty where none
// are known.
std::string functions_text(const Chain& chain, const Step& step);

// "dash (7786) read 306 bytes from /tmp/.s", without time and events.
std::string text_of(const Words& words, const Step& step);

// The same without who did it: "read 306 bytes from /tmp/.s". Of Kind::Many and Kind::Single only.
std::string deed_of(const Words& words, const Step& step);

// "[18, 19, 20, 21, and 8 more]".
std::string events_text(const Step& step);

}  // namespace catena::graph
