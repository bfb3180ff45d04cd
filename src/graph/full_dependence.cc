// The rule is that of wire/merge.h, and so is the code that decides. What differs from the kernel programs
// (docs/decisions/0028 has the figures):
//
// - Tokens belong to a pair of nodes, not to one kind of flow through one object: what a read brought, a
//   mapping of the same file does not bring again.
// - An instant is judged as a whole. Tracking takes equal times as possibly causal, either way, so whatever
//   came into a node within the instant may have gone on with any flow out of it in the same instant.
// - The two ends of a connection are joined as the graph joins them.
#include "graph/full_dependence.h"

#include <algorithm>

namespace catena::graph {

void FullDependence::blur(NodeIndex index, std::int64_t until_ns, bool out) {
    if (out) return;
    blur_with_peers(index, until_ns,
                    [&](NodeIndex at) -> std::int64_t& { return nodes_[at].blurred_until_ns; });
}

void FullDependence::learn(NodeIndex index) {
    Node& learner = nodes_[index];
    if (learner.instant == instant_) return;
    learner.instant = instant_;
    learner.giver = kNoNode;
    learner.echoed = false;
    learner.before = learner.version++;
    news_.push_back(index);
}

void FullDependence::give(NodeIndex source, NodeIndex target, bool echo) {
    Node& taker = nodes_[target];
    taker.giver = taker.giver == kNoNode || taker.giver == source ? source : kSeveral;
    taker.echoed = taker.echoed || echo;
}

// Whose flows are stale, and whom that reaches within the instant.
void FullDependence::find_news(std::span<const Flow> flows, std::vector<Judgement>& judgements) {
    for (std::size_t i = 0; i < flows.size(); ++i) {
        const Node& source = nodes_[flows[i].source];
        const cat_slot* slot = pairs_.find(pair_key(flows[i].source, flows[i].target));
        // Of this instant's news nothing has been carried yet.
        const std::uint64_t version = source.instant == instant_ ? source.before : source.version;
        const bool known = slot != nullptr && source.blurred_until_ns < ts_ns_;
        if (known && cat_slot_has_carried(slot, version) != 0) {
            judgements[i].verdict = Verdict::Repeat;
            continue;
        }
        judgements[i].verdict = known && cat_slot_echoes(slot, version) != 0 ? Verdict::Echo : Verdict::News;
        learn(flows[i].target);
    }
    by_source_.order(flows);
    for (std::size_t i = 0; i < news_.size(); ++i) {
        const NodeIndex learner = news_[i];
        for (const std::uint32_t flow : by_source_.of(learner)) {
            judgements[flow].verdict = Verdict::News;
            learn(flows[flow].target);
        }
        if (const NodeIndex peer = peer_of(learner); peer != kNoNode) {
            learn(peer);
            nodes_[peer].giver = kSeveral;
        }
    }
}

void FullDependence::carry(std::int64_t ts_ns, const Flow& flow, Judgement& judgement) {
    const std::uint64_t key = pair_key(flow.source, flow.target);
    cat_slot* slot = pairs_.find(key);
    const bool carried = slot != nullptr && slot->last_ns == instant_;
    if (judgement.verdict != Verdict::Repeat && !carried) {
        if (slot == nullptr) slot = &pairs_.insert(key, {});
        const Node& source = nodes_[flow.source];
        slot->source = flow.source;
        slot->count = ++runs_;
        slot->last_ns = instant_;
        // What still comes into a blurred source makes the edge stale, whenever it comes.
        cat_slot_carry(slot, source.blurred_until_ns < ts_ns ? source.version : 0);
    }
    judgement.run = slot != nullptr ? slot->count : ++runs_;
}

// Where one neighbour alone has given something, what goes back to it next is an echo.
void FullDependence::follow(NodeIndex target) {
    const Node& taker = nodes_[target];
    if (taker.giver >= kSeveral) return;
    cat_slot* back = pairs_.find(pair_key(target, taker.giver));
    if (back != nullptr) cat_slot_follow(back, target, taker.before, taker.echoed ? 1 : 0);
}

void FullDependence::judge(std::int64_t ts_ns, std::span<const Flow> flows,
                           std::vector<Judgement>& judgements) {
    judgements.assign(flows.size(), {});
    ++instant_;
    ts_ns_ = ts_ns;
    news_.clear();
    find_news(flows, judgements);
    for (std::size_t i = 0; i < flows.size(); ++i) {
        if (judgements[i].verdict == Verdict::Repeat) continue;
        give(flows[i].source, flows[i].target, judgements[i].verdict == Verdict::Echo);
    }
    for (std::size_t i = 0; i < flows.size(); ++i) carry(ts_ns, flows[i], judgements[i]);
    for (const NodeIndex learner : news_) follow(learner);
}

}  // namespace catena::graph
