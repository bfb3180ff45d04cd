// Each node has the set of sources that can have reached it. A flow u → v has to stay if u's set holds
// something that v's has not; else v has come from all that u comes from, by flows that stay. Where u's set
// is what it was at the last flow that stayed, the flow can even be merged into that one's row.
//
// What is not known in full is a source of its own: a node into which a summed row may bring something at any
// time gets a new one each time that it is asked, and a set that there is no memory for is replaced by one.
// Either keeps more flows, and nothing that was a source is lost: whatever had to carry the old set has
// to carry the new source.
#include "graph/source_dependence.h"

#include <algorithm>

namespace catena::graph {

SourceDependence::SourceDependence(const DependenceLimits& limits)
    : most_bytes_(limits.source_bytes), pairs_(limits.pairs) {}

void SourceDependence::add_source(NodeIndex index) { learn(index, new_source()); }

// Whether that was news to the node. It is told to its peers as well.
bool SourceDependence::learn(NodeIndex index, SourceSet sources) {
    bool news = false;
    for (NodeIndex at = index; at != kNoNode; at = peer_of(at)) {
        Node& learner = nodes_[at];
        if (learner.sources.holds_all_of(sources)) break;
        news = true;
        // What stands for all that it has at this instant stands for this, too.
        if (learner.replaced == instant_) break;
        if (*memory_ < most_bytes_) {
            learner.sources = learner.sources.joined_with(sources, memory_);
        } else {
            learner.replaced = instant_;
            learner.sources = sources = new_source();
        }
        ++learner.version;
        for (const std::uint32_t flow : by_source_.of(at)) waiting_.push_back(flow);
    }
    return news;
}

void SourceDependence::blur(NodeIndex index, std::int64_t until_ns, bool out) {
    if (out) return;
    blur_with_peers(index, until_ns,
                    [&](NodeIndex at) -> std::int64_t& { return nodes_[at].blurred_until_ns; });
}

// Before a flow out of the node is looked at.
void SourceDependence::settle(NodeIndex index, std::int64_t ts_ns) {
    Node& blurred = nodes_[index];
    if (blurred.blurred_until_ns == kNever) return;
    if (blurred.blurred_until_ns < ts_ns) blurred.blurred_until_ns = kNever;
    learn(index, new_source());
}

void SourceDependence::spread(std::span<const Flow> flows, std::vector<Judgement>& judgements) {
    for (std::size_t next = 0; next < waiting_.size(); ++next) {
        const std::uint32_t flow = waiting_[next];
        const SourceSet sources = nodes_[flows[flow].source].sources;
        if (learn(flows[flow].target, sources)) judgements[flow].verdict = Verdict::News;
    }
    waiting_.clear();
}

void SourceDependence::judge(std::int64_t ts_ns, std::span<const Flow> flows,
                             std::vector<Judgement>& judgements) {
    judgements.assign(flows.size(), {.verdict = Verdict::Covered, .run = 0});
    ++instant_;
    by_source_.order(flows);
    for (const Flow& flow : flows) settle(flow.source, ts_ns);
    waiting_.clear();
    for (std::uint32_t i = 0; i < flows.size(); ++i) waiting_.push_back(i);
    spread(flows, judgements);
    for (std::size_t i = 0; i < flows.size(); ++i) {
        const std::uint64_t key = pair_key(flows[i].source, flows[i].target);
        const std::uint64_t version = nodes_[flows[i].source].version;
        Run* run = pairs_.find(key);
        if (judgements[i].verdict == Verdict::News) {
            if (run == nullptr) run = &pairs_.insert(key, {});
            if (run->number == 0 || run->version != version) *run = {.number = ++runs_, .version = version};
            judgements[i].run = run->number;
        } else if (run != nullptr && run->version == version) {
            judgements[i] = {.verdict = Verdict::Repeat, .run = run->number};
        }
    }
    by_source_.order({});
}

}  // namespace catena::graph
