// A row of flows u → v from t to T says that u could reach v at any time in between. That is no other answer
// than the flows gave if nothing came into u within (backward: u had the same throughout) and nothing went
// out of v within (forward: to have reached v earlier leads nowhere that the next flow does not). What
// happened at t or T itself does not matter, since equal times count as possibly causal in both.
#include "graph/causality_preserved.h"

#include <algorithm>

#include "graph/pair_map.h"

namespace catena::graph {

void CausalityPreserved::Times::note(std::int64_t ts_ns) {
    if (ts_ns <= last_ns) return;
    before_ns = last_ns;
    last_ns = ts_ns;
}

bool CausalityPreserved::Times::between(std::int64_t since_ns, std::int64_t ts_ns) const {
    return (last_ns < ts_ns ? last_ns : before_ns) > since_ns || blurred_until_ns > since_ns;
}

void CausalityPreserved::blur(NodeIndex index, std::int64_t until_ns, bool out) {
    if (out) {
        Times& times = nodes_[index].out;
        times.blurred_until_ns = std::max(times.blurred_until_ns, until_ns);
        return;
    }
    blur_with_peers(index, until_ns,
                    [&](NodeIndex at) -> std::int64_t& { return nodes_[at].in.blurred_until_ns; });
}

// What a socket's peer sends on leaves the socket too. A longer row of peers than two sockets that name each
// other is none that a kernel makes: it counts as interrupted.
bool CausalityPreserved::interrupted(const Flow& flow, std::int64_t since_ns, std::int64_t ts_ns) {
    if (nodes_[flow.source].in.between(since_ns, ts_ns) || nodes_[flow.target].out.between(since_ns, ts_ns))
        return true;
    const NodeIndex peer = peer_of(flow.target);
    if (peer == kNoNode) return false;
    const NodeIndex next = peer_of(peer);
    return (next != kNoNode && next != flow.target) || nodes_[peer].out.between(since_ns, ts_ns);
}

void CausalityPreserved::judge(std::int64_t ts_ns, std::span<const Flow> flows,
                               std::vector<Judgement>& judgements) {
    judgements.assign(flows.size(), {});
    for (std::size_t i = 0; i < flows.size(); ++i) {
        const std::uint64_t key = pair_key(flows[i].source, flows[i].target);
        Run* run = pairs_.find(key);
        if (run == nullptr) run = &pairs_.insert(key, {});
        const bool goes_on =
            run->number != 0 && (run->since_ns == ts_ns || !interrupted(flows[i], run->since_ns, ts_ns));
        if (!goes_on) *run = {.number = ++runs_, .since_ns = ts_ns};
        judgements[i] = {.verdict = goes_on ? Verdict::Repeat : Verdict::News, .run = run->number};
    }
    for (const Flow& flow : flows) {
        nodes_[flow.source].out.note(ts_ns);
        for (NodeIndex at = flow.target; at != kNoNode; at = peer_of(at)) {
            if (at != flow.target && nodes_[at].in.last_ns == ts_ns) break;
            nodes_[at].in.note(ts_ns);
        }
    }
}

}  // namespace catena::graph
