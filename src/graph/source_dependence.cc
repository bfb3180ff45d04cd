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

SourceDependence::Node& SourceDependence::node(NodeIndex index) {
    if (index >= nodes_.size()) nodes_.resize(std::max<std::size_t>(index + 1, nodes_.size() * 2));
    return nodes_[index];
}

void SourceDependence::add_source(NodeIndex index) { learn(index, new_source()); }

// Whether that was news to the node. It is told to its peers as well.
bool SourceDependence::learn(NodeIndex index, SourceSet sources) {
    bool news = false;
    for (NodeIndex at = index; at != kNoNode; at = peer_of(at)) {
        Node& learner = node(at);
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
    std::size_t steps = 0;
    for (NodeIndex at = index; at != kNoNode; at = peer_of(at)) {
        Node& blurred = node(at);
        if (steps++ > 0 && blurred.blurred_until_ns >= until_ns) break;
        blurred.blurred_until_ns = std::max(blurred.blurred_until_ns, until_ns);
    }
}

// Before a flow out of the node is looked at.
void SourceDependence::settle(NodeIndex index, std::int64_t ts_ns) {
    Node& blurred = node(index);
    if (blurred.blurred_until_ns == kNever) return;
    if (blurred.blurred_until_ns < ts_ns) blurred.blurred_until_ns = kNever;
    learn(index, new_source());
}

void SourceDependence::spread(std::span<const Flow> flows, std::vector<Judgement>& judgements) {
    for (std::size_t next = 0; next < waiting_.size(); ++next) {
        const std::uint32_t flow = waiting_[next];
        node(flows[flow].target);
        const SourceSet sources = node(flows[flow].source).sources;
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
        const std::uint64_t version = node(flows[i].source).version;
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
