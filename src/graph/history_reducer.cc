#include "graph/history_reducer.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "graph/graph.h"

namespace catena::graph {
namespace {

using event::EntityId;
using event::Event;
using event::Flow;

// Two ends of a connection name each other, and a client of a log socket names that. More is no kernel's.
constexpr std::size_t kMaxPeers = 8;

// As bpf/syscalls.bpf.c has it. What was refused says something even so.
bool is_edgeless(const Event& event) {
    using event::Op;
    switch (event.op) {
        case Op::Open:
        case Op::Close:
        case Op::Dup:
        case Op::Pipe:
        case Op::Socketpair:
        case Op::Socket:
            return event.ret >= 0;
        case Op::Read:
        case Op::Write:
        case Op::Send:
        case Op::Recv:
            return event.ret == 0 && event.bytes == 0;
        default:
            return false;
    }
}

// Another machine is at the other end: what comes from there is a source, whatever was sent there before.
bool is_outside(const event::Socket& socket) {
    if (socket.peer || socket.protocol == "unix" || socket.remote.empty()) return false;
    const std::string_view remote = socket.remote;
    return !remote.starts_with("127.") && !remote.starts_with("[::1]") && !remote.starts_with("0.0.0.0:") &&
           !remote.starts_with("[::]:");
}

}  // namespace

HistoryReducer::HistoryReducer(const ReductionOptions& options)
    : options_(options),
      dependence_(make_dependence(options.rule, options.limits)),
      sums_(std::max<std::size_t>(options.rows, 1)) {}

void HistoryReducer::add_process(const event::ProcessImage& image, bool forked, std::int64_t start_ns,
                                 std::int64_t end_ns) {
    const std::int64_t ts_ns = image.start_ns;
    if (ts_ns == 0 || forked || !image.parent || image.parent == image.id || ts_ns < start_ns ||
        ts_ns > end_ns)
        return;
    forks_.push_back({.ts_ns = ts_ns, .parent = image.parent, .child = image.id});
    if (options_.rule == ReductionRule::Sd) received_.intern(image.id.value);
}

void HistoryReducer::survey(const Event& event) {
    if (!carries(event)) return;
    const Flow way = event::flow_of(event.op);
    if (way != Flow::Out) received_.intern(event.process.value);
    if (way != Flow::In) received_.intern(event.object.value);
}

bool HistoryReducer::peers_end() const {
    for (const auto& [id, peer] : peers_) {
        std::array<std::uint64_t, kMaxPeers> row{id};
        std::size_t length = 1;
        for (auto next = peers_.find(id); next != peers_.end(); next = peers_.find(next->second)) {
            if (std::ranges::find(row.begin(), row.begin() + length, next->second) != row.begin() + length)
                break;
            if (length == row.size()) return false;
            row.at(length++) = next->second;
        }
    }
    return true;
}

bool HistoryReducer::start() {
    std::ranges::sort(forks_, {}, [](const Fork& fork) { return -fork.ts_ns; });
    for (const event::Socket& socket : sockets_) nodes_.intern(socket.id.value);
    for (const event::Socket& socket : sockets_) {
        const auto peer = nodes_.find(socket.peer.value);
        if (!socket.peer || socket.peer == socket.id || !peer) continue;
        peers_[socket.id.value] = socket.peer.value;
        dependence_->join(nodes_.intern(socket.id.value).first, *peer);
        if (options_.rule == ReductionRule::Sd) received_.intern(socket.peer.value);
    }
    if (!peers_end()) return false;
    for (const event::Socket& socket : sockets_) {
        if (options_.rule != ReductionRule::Sd) break;
        if (is_outside(socket) || !received_.find(socket.id.value))
            dependence_->add_source(nodes_.intern(socket.id.value).first);
    }
    sockets_ = {};
    peers_ = {};
    return true;
}

NodeIndex HistoryReducer::node(EntityId id) {
    const auto [number, is_new] = nodes_.intern(id.value);
    if (is_new && options_.rule == ReductionRule::Sd && !received_.find(id.value))
        dependence_->add_source(number);
    return number;
}

void HistoryReducer::add(const Event& event, std::vector<Event>& rows) {
    if (!carries(event)) {
        if (!options_.keep_edgeless && is_edgeless(event)) {
            counts_.edgeless += event.count;
        } else if (sums_.add(event, {}, rows)) {
            counts_.merged += event.count;
        }
        return;
    }
    ++counts_.flows;
    const bool later = !instant_.empty() && event.ts_ns != instant_.front().ts_ns;
    if (later || instant_.size() >= options_.instant) end_instant(rows);
    instant_.push_back(event);
}

void HistoryReducer::finish(std::vector<Event>& rows) {
    end_instant(rows);
    sums_.close(rows);
}

void HistoryReducer::add_flows(const Event& event) {
    const NodeIndex process = node(event.process);
    const NodeIndex object = node(event.object);
    const Flow way = event::flow_of(event.op);
    const auto add_flow = [&](NodeIndex source, NodeIndex target) {
        if (event.last_ns > event.ts_ns) {
            dependence_->blur(source, event.last_ns, true);
            dependence_->blur(target, event.last_ns, false);
        }
        flows_.push_back({.source = source, .target = target});
    };
    if (way != Flow::In) add_flow(process, object);
    if (way != Flow::Out) add_flow(object, process);
}

// Forks that no event tells of are in the graph all the same.
void HistoryReducer::add_forks(std::int64_t ts_ns) {
    while (!forks_.empty() && forks_.back().ts_ns <= ts_ns) {
        flows_.push_back({.source = node(forks_.back().parent), .target = node(forks_.back().child)});
        forks_.pop_back();
    }
}

void HistoryReducer::judge_forks_before(std::int64_t ts_ns) {
    while (!forks_.empty() && forks_.back().ts_ns < ts_ns) {
        const std::int64_t now_ns = forks_.back().ts_ns;
        flows_.clear();
        add_forks(now_ns);
        dependence_->judge(now_ns, flows_, judgements_);
    }
}

void HistoryReducer::end_instant(std::vector<Event>& rows) {
    if (instant_.empty()) return;
    const std::int64_t ts_ns = instant_.front().ts_ns;
    judge_forks_before(ts_ns);
    flows_.clear();
    for (const Event& event : instant_) add_flows(event);
    add_forks(ts_ns);
    dependence_->judge(ts_ns, flows_, judgements_);
    std::span<const Dependence::Judgement> left = judgements_;
    for (const Event& event : instant_) {
        const std::size_t ways = event::flow_of(event.op) == Flow::Both ? 2 : 1;
        place(event, left.first(ways), rows);
        left = left.subspan(ways);
    }
    instant_.clear();
}

void HistoryReducer::place(const Event& event, std::span<const Dependence::Judgement> judgements,
                           std::vector<Event>& rows) {
    using Verdict = Dependence::Verdict;
    const auto any = [&](Verdict verdict) {
        return std::ranges::any_of(judgements, [&](const auto& one) { return one.verdict == verdict; });
    };
    // A row that sums up several stays as it is: what came in between is not known any more.
    if (event.last_ns > event.ts_ns) {
        ++counts_.passed;
        rows.push_back(event);
        return;
    }
    const bool stays = any(Verdict::News) || any(Verdict::Echo);
    const RowSums::Runs runs = {judgements.front().run, judgements.size() > 1 ? judgements.back().run : 0};
    if (stays || options_.rule != ReductionRule::Sd) {
        if (sums_.add(event, runs, rows)) {
            counts_.merged += event.count;
            return;
        }
        counts_.news += stays ? 1 : 0;
        counts_.echoes += stays && !any(Verdict::News) ? 1 : 0;
    } else if (!any(Verdict::Covered) && sums_.add_to_open(event, runs, rows)) {
        counts_.merged += event.count;
    } else {
        counts_.covered += event.count;
    }
}

}  // namespace catena::graph
