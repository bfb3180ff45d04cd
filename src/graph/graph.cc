// Edges are kept in columns, in order of arrival; adjacency is compressed sparse rows of edge numbers, made
// by a counting sort. About 40 bytes an edge in all, and no allocation per edge.
#include "graph/graph.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace catena::graph {
namespace {

using event::EntityType;
using event::Event;
using event::Flow;
using event::Op;

// A connect that goes on in the background has still named its peer.
constexpr std::int64_t kInProgress = -115;  // -EINPROGRESS

// Hostile times stay away from the ends of the number range, so that sums cannot overflow.
constexpr std::int64_t kTimeLimit = std::int64_t{1} << 62;
std::int64_t clamp_time(std::int64_t ts_ns) { return std::clamp(ts_ns, -kTimeLimit, kTimeLimit); }

bool moves_bytes(Op op) { return op == Op::Read || op == Op::Write || op == Op::Send || op == Op::Recv; }

// What an object that was never described must be, by what was done to it.
EntityType guess_type(Op op) {
    switch (op) {
        case Op::Fork:
        case Op::Ptrace:
        case Op::Kill:
        case Op::VmRead:
        case Op::VmWrite:
            return EntityType::Process;
        case Op::Connect:
        case Op::Accept:
        case Op::Send:
        case Op::Recv:
            return EntityType::Socket;
        default:
            return EntityType::File;
    }
}

}  // namespace

bool carries(const Event& event) {
    if (event::flow_of(event.op) == Flow::None || !event.process || !event.object) return false;
    if (event.process == event.object) return false;
    if (event.ret < 0 && !(event.op == Op::Connect && event.ret == kInProgress)) return false;
    return !moves_bytes(event.op) || event.bytes > 0 || event.ret > 0;
}

std::string_view to_string(Direction direction) {
    switch (direction) {
        case Direction::Back:
            return "back";
        case Direction::Forward:
            return "forward";
        case Direction::Both:
            return "both";
    }
    return "back";
}

std::int64_t Graph::begin_ns(EdgeIndex index) const {
    if (is_join(index)) return kAlwaysFrom;
    return first_ns_[index] - static_cast<std::int64_t>(lead_ns_[index]);
}

std::int64_t Graph::last_ns(EdgeIndex index) const {
    if (is_join(index)) return kAlwaysUntil;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(first_ns_[index]) + span_ns_[index]);
}

Edge Graph::edge(EdgeIndex index) const {
    return {.source = source_[index],
            .target = target_[index],
            .op = op_[index],
            .begin_ns = begin_ns(index),
            .first_ns = first_ns_[index],
            .last_ns = last_ns(index),
            .event = static_cast<std::int64_t>(event_[index]),
            .bytes = bytes_[index],
            .count = count_[index]};
}

bool Graph::has(NodeIndex node, Trait trait) const {
    return node < traits_.size() && (traits_[node] & static_cast<std::uint8_t>(trait)) != 0;
}

std::vector<EdgeIndex> Graph::edges_of_event(std::int64_t event) const {
    std::vector<EdgeIndex> found;
    for (EdgeIndex i = 0; i < edge_count(); ++i) {
        if (!is_join(i) && static_cast<std::int64_t>(event_[i]) == event) found.push_back(i);
    }
    return found;
}

template <class Key>
Graph::Adjacency Graph::order(const std::vector<NodeIndex>& ends, Key key) const {
    Adjacency rows;
    rows.first.assign(node_count() + 1, 0);
    for (const NodeIndex node : ends) ++rows.first[node + 1];
    std::partial_sum(rows.first.begin(), rows.first.end(), rows.first.begin());

    rows.edges.resize(ends.size());
    std::vector<EdgeIndex> next(rows.first.begin(), rows.first.end() - 1);
    for (EdgeIndex i = 0; i < ends.size(); ++i) rows.edges[next[ends[i]]++] = i;

    // Recordings are nearly in order of time, so most rows need no sorting.
    for (NodeIndex node = 0; node < node_count(); ++node) {
        const std::span row(rows.edges.data() + rows.first[node], rows.first[node + 1] - rows.first[node]);
        if (std::ranges::is_sorted(row, {}, key)) continue;
        std::ranges::sort(row, {}, [&](EdgeIndex edge) { return std::pair(key(edge), edge); });
    }
    return rows;
}

void GraphBuilder::reserve(std::size_t events) {
    graph_.source_.reserve(events);
    graph_.target_.reserve(events);
    graph_.op_.reserve(events);
    graph_.first_ns_.reserve(events);
    graph_.lead_ns_.reserve(events);
    graph_.span_ns_.reserve(events);
    graph_.event_.reserve(events);
    graph_.bytes_.reserve(events);
    graph_.count_.reserve(events);
}

void GraphBuilder::add(const Event& event) {
    const std::int64_t ts_ns = clamp_time(event.ts_ns);
    const std::int64_t last_ns = std::max(ts_ns, clamp_time(event.last_ns));
    graph_.start_ns_ = any_event_ ? std::min(graph_.start_ns_, ts_ns) : ts_ns;
    graph_.end_ns_ = any_event_ ? std::max(graph_.end_ns_, last_ns) : last_ns;
    any_event_ = true;

    Thread* thread = slack_ns_ > 0 && event.tid > 0 ? &note_return(event, ts_ns) : nullptr;
    if (carries(event)) add_flow(event, thread);
}

GraphBuilder::Thread& GraphBuilder::note_return(const Event& event, std::int64_t ts_ns) {
    const auto [number, is_new] = thread_numbers_.intern(static_cast<std::uint32_t>(event.tid));
    if (is_new) threads_.emplace_back();
    Thread& thread = threads_[number];
    if (ts_ns > thread.last_ns) {
        thread = {.last_ns = ts_ns, .before_ns = thread.last_ns, .read = kNoEdge};
    }
    return thread;
}

// How long before its return a thread's call may have begun. Sums of merged calls are told when later calls
// of their thread are known already: what came before them is not known any more.
std::int64_t GraphBuilder::lead_of(const Thread& thread, std::int64_t ts_ns) const {
    if (thread.last_ns != ts_ns) return slack_ns_;
    if (thread.before_ns <= ts_ns - slack_ns_) return slack_ns_;
    return ts_ns - thread.before_ns - 1;
}

void GraphBuilder::add_flow(const Event& event, Thread* thread) {
    const Flow flow = event::flow_of(event.op);
    Edge edge{.source = graph_.entities_.intern(event.process, EntityType::Process),
              .target = graph_.entities_.intern(event.object, guess_type(event.op)),
              .op = event.op,
              .first_ns = clamp_time(event.ts_ns),
              .event = event.id,
              .bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(event.bytes, 0)),
              .count = event.count};
    edge.last_ns = std::max(edge.first_ns, clamp_time(event.last_ns));
    const NodeIndex object = edge.target;

    if (flow != Flow::In) {
        const std::int64_t lead_ns = thread ? lead_of(*thread, edge.first_ns) : 0;
        edge.begin_ns = edge.first_ns - lead_ns;
        add_edge(edge);
        // One call that both read and wrote (sendfile, splice): what it read can have gone on before it
        // returned.
        if (thread && thread->last_ns == edge.first_ns && thread->read != kNoEdge && lead_ns > 0) {
            graph_.lead_ns_.set(thread->read, static_cast<std::uint64_t>(lead_ns));
        }
    }
    if (flow != Flow::Out) {
        std::swap(edge.source, edge.target);
        edge.begin_ns = edge.first_ns;
        const EdgeIndex index = add_edge(edge);
        if (thread && thread->last_ns == edge.first_ns && flow == Flow::In) thread->read = index;
    }
    if (event.op == Op::Accept) mark(object, Trait::Accepted);
    if (event.op == Op::Connect) mark(object, Trait::Connected);
    if (event.op == Op::Fork) mark(object, Trait::Forked);
}

EdgeIndex GraphBuilder::add_edge(const Edge& edge) {
    if (graph_.edge_count() >= kNoEdge) {
        ++graph_.dropped_;
        return kNoEdge;
    }
    graph_.source_.push_back(edge.source);
    graph_.target_.push_back(edge.target);
    graph_.op_.push_back(edge.op);
    graph_.first_ns_.push_back(edge.first_ns);
    const bool join = edge.op == Op::None;
    graph_.lead_ns_.push_back(join ? 0 : static_cast<std::uint64_t>(edge.first_ns - edge.begin_ns));
    graph_.span_ns_.push_back(
        join ? 0 : static_cast<std::uint64_t>(edge.last_ns) - static_cast<std::uint64_t>(edge.first_ns));
    graph_.event_.push_back(static_cast<std::uint64_t>(edge.event));
    graph_.bytes_.push_back(edge.bytes);
    graph_.count_.push_back(edge.count);
    if (!join) mark(edge.target, Trait::Written);
    return static_cast<EdgeIndex>(graph_.edge_count() - 1);
}

void GraphBuilder::mark(NodeIndex node, Trait trait) {
    if (graph_.traits_.size() <= node)
        graph_.traits_.resize(std::max<std::size_t>(graph_.entities_.size(), node + 1));
    graph_.traits_[node] |= static_cast<std::uint8_t>(trait);
}

// What goes into a socket comes out of the one that it names as its peer. Two that name each other are joined
// both ways; a datagram socket that sends to a service's socket is joined one way only, or else all clients
// of a log socket would be one.
void GraphBuilder::join_sockets() {
    const Entities& entities = graph_.entities_;
    for (NodeIndex node = 0; node < entities.size(); ++node) {
        const event::Socket* socket = entities.socket(node);
        if (socket == nullptr || !socket->peer || socket->peer == socket->id) continue;
        const auto peer = entities.find(socket->peer);
        if (peer && entities.type(*peer) == EntityType::Socket) add_edge({.source = node, .target = *peer});
    }
}

// A process that began during the recording but whose fork is not in it (lost, or the recording came from a
// format without forks) still came from its parent.
void GraphBuilder::infer_forks() {
    const Entities& entities = graph_.entities_;
    for (NodeIndex node = 0; node < entities.size(); ++node) {
        const auto images = entities.images(node);
        if (images.empty() || graph_.has(node, Trait::Forked)) continue;
        const event::ProcessImage& image = images.front();
        const auto parent = entities.find(image.parent);
        const std::int64_t ts_ns = clamp_time(image.start_ns);
        if (image.start_ns == 0 || !parent || *parent == node ||
            entities.type(*parent) != EntityType::Process)
            continue;
        if (ts_ns < graph_.start_ns_ || ts_ns > graph_.end_ns_) continue;
        add_edge({.source = *parent,
                  .target = node,
                  .op = Op::Fork,
                  .begin_ns = ts_ns,
                  .first_ns = ts_ns,
                  .last_ns = ts_ns,
                  .count = 1});
    }
}

Graph GraphBuilder::build(Direction direction) && {
    threads_ = {};
    thread_numbers_ = {};
    join_sockets();
    infer_forks();
    graph_.traits_.resize(graph_.node_count());
    if (direction != Direction::Forward) {
        graph_.into_ = graph_.order(graph_.target_, [&](EdgeIndex i) { return graph_.begin_ns(i); });
    }
    if (direction != Direction::Back) {
        graph_.out_of_ = graph_.order(graph_.source_, [&](EdgeIndex i) { return -graph_.last_ns(i); });
    }
    return std::move(graph_);
}

}  // namespace catena::graph
