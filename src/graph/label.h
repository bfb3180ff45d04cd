// How nodes are named to people. Everything that comes out is printable.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "graph/chain.h"

namespace catena::graph {

// "cat", or "sh → cat" where several images took part; the pid is not in it.
std::string program_of(const std::vector<const event::ProcessImage*>& images);

// "cat (813)", "/tmp/up", "10.0.0.1:4000 → 10.0.0.2:80 (tcp)", "pipe:[12]". The node's descriptions must be
// filled in.
std::string label_of(const Graph& graph, const ChainNode& node);

// "10.0.0.1" of "10.0.0.1:80", "[::1]" of "[::1]:80"; anything else as it is.
std::string_view host_of(std::string_view address);

// A socket on the wire whose other end is not on this machine, or at least not in the recording.
bool is_external(const ChainNode& node);

// An external socket whose other end connected, as far as is known: then its label begins with that end.
bool is_inbound(const ChainNode& node);

}  // namespace catena::graph
