// A walk from the point back in time. Having come to a node over a flow that left it, it goes on over one of
// the flows that came into the node before, with a probability in proportion to the square of
//
//     closeness in time and in order × likeness of data amounts × concentration of the source × rarity
//
// of that flow, where time, order and amount are compared with the flow that left. How likely the walk comes
// through a node is the node's weight. Where nothing came in before, or from outside the recording, it ends,
// and how likely it ends there is the score of that entry point.
//
// All walks at once are one pass over the flows from the latest to the earliest: each hands what has come to
// it on to earlier ones. Time runs one way, so that cycles need no iteration, and what came too late gets
// nothing. A flow that went on for a while is there twice, at its end and at its beginning, for walks that
// came to its target between these.
#include "graph/ranking.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <queue>
#include <set>
#include <tuple>
#include <utility>

namespace catena::graph {
namespace {

using event::Op;

constexpr std::size_t kNone = SIZE_MAX;
constexpr std::size_t kTurns = SIZE_MAX / 2;  // added to the number of a turn where it stands for its step

// How many of the latest flows into a node are looked at for each that leaves it.
constexpr std::size_t kWindow = 128;

// A process could not have done anything without these, however long ago they were: they count like what was
// 10 ms ago.
constexpr double kBirth = 0.6;
bool is_birth(Op op) { return op == Op::Fork || op == Op::Exec; }

// Of what walks go on to from a flow: from here on, the flow has a main cause.
constexpr double kMainShare = 1.0 / 3;

class Walk {
  public:
    Walk(std::span<const RankNode> nodes, std::span<const RankFlow> flows)
        : nodes_(nodes),
          flows_(flows),
          turns_in_(nodes.size()),
          births_in_(nodes.size()),
          joins_in_(nodes.size()),
          ends_(nodes.size()),
          most_(nodes.size()) {
        ranking_.nodes.assign(nodes.size(), 0);
        ranking_.flows.assign(flows.size(), 0);
        ranking_.heaviest.assign(nodes.size(), kNone);
    }

    Ranking go() {
        group_flows();
        make_turns();
        depart_from_starts();
        for (std::size_t at = 0; at < turns_.size(); ++at) take(at);
        for (RankStep& step : ranking_.steps) {
            if (step.cause != kNone && step.cause >= kTurns) step.cause = step_of_turn_[step.cause - kTurns];
        }
        for (double& weight : ranking_.nodes) weight = std::min(1.0, weight);
        for (double& weight : ranking_.flows) weight = std::min(1.0, weight);
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (ends_[node] > 0) ranking_.entries.push_back({node, ends_[node]});
        }
        std::ranges::sort(ranking_.entries, [&](const RankedEntry& a, const RankedEntry& b) {
            return a.score != b.score ? a.score > b.score : nodes_[a.node].id < nodes_[b.node].id;
        });
        return std::move(ranking_);
    }

  private:
    // A moment at which a walk can go over a flow, and what has come there.
    struct Turn {
        std::int64_t ns;
        std::size_t flow;
        double mass = 0;
        double most = 0;           // that came at once
        std::size_t next = kNone;  // the step over which that came
    };

    // How a walk came to a node: over a flow that left it at a time, with an amount of data.
    struct Leaving {
        std::size_t at;  // later turns are in the past
        std::int64_t ns;
        std::uint64_t bytes;
        std::size_t step;
    };

    struct Choice {
        std::size_t turn;
        double weight;
    };

    // Flows of one operation from one node to another: their amounts count together, and they share the
    // weight of one, or else a thousand small reads of a file would count for more than one of another.
    void group_flows() {
        std::map<std::tuple<std::size_t, std::size_t, Op>, std::size_t> numbers;
        std::vector<std::set<std::size_t>> sources(nodes_.size());
        std::vector<std::set<std::size_t>> targets(nodes_.size());
        for (const RankFlow& flow : flows_) {
            const auto [at, is_new] =
                numbers.try_emplace({flow.source, flow.target, flow.op}, numbers.size());
            if (is_new) group_bytes_.push_back(0);
            group_of_.push_back(at->second);
            group_bytes_[at->second] += flow.bytes;
            sources[flow.target].insert(flow.source);
            targets[flow.source].insert(flow.target);
        }
        in_window_.assign(group_bytes_.size(), 0);
        for (std::size_t node = 0; node < nodes_.size(); ++node)
            concentration_.push_back(concentration(sources[node].size(), targets[node].size()));
    }

    void make_turns() {
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            const RankFlow& flow = flows_[i];
            if (flow.op == Op::None) {
                joins_in_[flow.target].push_back(i);
                continue;
            }
            const std::int64_t latest_ns = std::min(flow.end_ns, nodes_[flow.target].until_ns);
            turns_.push_back({.ns = latest_ns, .flow = i});
            if (flow.begin_ns < latest_ns) turns_.push_back({.ns = flow.begin_ns, .flow = i});
        }
        const std::vector<std::size_t> hops = hops_to_start();
        std::ranges::sort(turns_, {}, [&](const Turn& turn) {
            const RankFlow& flow = flows_[turn.flow];
            return std::tuple(-turn.ns, hops[flow.target], nodes_[flow.target].id, nodes_[flow.source].id,
                              flow.op, flow.begin_ns, flow.end_ns, flow.bytes);
        });
        step_of_turn_.assign(turns_.size(), kNone);
        for (std::size_t at = 0; at < turns_.size(); ++at) {
            const RankFlow& flow = flows_[turns_[at].flow];
            turns_in_[flow.target].push_back(at);
            if (is_birth(flow.op)) births_in_[flow.target].push_back(at);
        }
        for (auto& joins : joins_in_)
            std::ranges::sort(joins, {}, [&](auto i) { return nodes_[flows_[i].source].id; });
    }

    // Of several things at one time, what is nearer to the point comes later.
    std::vector<std::size_t> hops_to_start() const {
        std::vector<std::vector<std::size_t>> sources(nodes_.size());
        for (const RankFlow& flow : flows_) sources[flow.target].push_back(flow.source);
        std::vector<std::size_t> hops(nodes_.size(), kNone);
        std::queue<std::size_t> queue;
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (!nodes_[node].start) continue;
            hops[node] = 0;
            queue.push(node);
        }
        for (; !queue.empty(); queue.pop()) {
            const std::size_t node = queue.front();
            for (const std::size_t source : sources[node]) {
                if (hops[source] != kNone) continue;
                hops[source] = hops[node] + 1;
                queue.push(source);
            }
        }
        return hops;
    }

    // The point's time is that of the last thing that came to it, its amount the most that one thing brought.
    void depart_from_starts() {
        const auto starts = static_cast<double>(std::ranges::count_if(nodes_, &RankNode::start));
        for (std::size_t node = 0; node < nodes_.size(); ++node) {
            if (!nodes_[node].start) continue;
            Leaving point{.at = 0, .ns = nodes_[node].until_ns, .bytes = 0, .step = kNone};
            for (const std::size_t at : turns_in_[node])
                point.bytes = std::max(point.bytes, group_bytes_[group_of_[turns_[at].flow]]);
            if (!turns_in_[node].empty()) point.ns = std::min(point.ns, turns_[turns_in_[node].front()].ns);
            go_on_from(node, 1 / starts, point, true);
        }
    }

    void take(std::size_t at) {
        const Turn& turn = turns_[at];
        if (turn.mass <= 0) return;
        ranking_.flows[turn.flow] += turn.mass;
        step_of_turn_[at] = ranking_.steps.size();
        ranking_.steps.push_back({.flow = turn.flow, .mass = turn.mass, .next = turn.next});
        go_on_from(flows_[turn.flow].source, turn.mass,
                   {.at = at + 1,
                    .ns = turn.ns,
                    .bytes = group_bytes_[group_of_[turn.flow]],
                    .step = ranking_.steps.size() - 1},
                   true);
    }

    void go_on_from(std::size_t node, double mass, const Leaving& leaving, bool over_joins) {
        ranking_.nodes[node] += mass;
        if (mass > most_[node] && !nodes_[node].start) {
            most_[node] = mass;
            ranking_.heaviest[node] = leaving.step;
        }
        const std::vector<Choice> choices = choices_at(node, leaving);
        // What was read from one end of a connection came from the other, and does not come straight back.
        const std::size_t joins = over_joins ? joins_in_[node].size() : 0;
        const double outside = nodes_[node].outside ? 1 : 0;
        double all = static_cast<double>(joins) + outside;
        for (const Choice& choice : choices) all += choice.weight;
        if (all <= 0) {
            ends_[node] += mass;
            return;
        }
        ends_[node] += mass * (outside / all);
        if (leaving.step != kNone) ranking_.steps[leaving.step].cause = main_cause(choices, all);
        for (const Choice& choice : choices)
            hand_on(turns_[choice.turn], mass * (choice.weight / all), leaving.step);
        for (std::size_t i = 0; i < joins; ++i) {
            const std::size_t join = joins_in_[node][i];
            ranking_.flows[join] += mass / all;
            ranking_.steps.push_back({.flow = join, .mass = mass / all, .next = leaving.step});
            if (all * kMainShare <= 1 && leaving.step != kNone)
                ranking_.steps[leaving.step].cause = ranking_.steps.size() - 1;
            Leaving other = leaving;
            other.step = ranking_.steps.size() - 1;
            go_on_from(flows_[join].source, mass / all, other, false);
        }
    }

    // Of the node that most comes from, if it is a main share, the flow that most comes over: as a turn,
    // since it has no step yet.
    std::size_t main_cause(const std::vector<Choice>& choices, double all) const {
        std::map<std::size_t, double> sums;
        for (const Choice& choice : choices) sums[source_of(choice)] += choice.weight;
        const Choice* most = nullptr;
        const auto heaviness = [&](const Choice& choice) {
            return std::pair(sums.at(source_of(choice)), choice.weight);
        };
        for (const Choice& choice : choices) {
            if (heaviness(choice).first < all * kMainShare) continue;
            if (most == nullptr || heaviness(choice) > heaviness(*most)) most = &choice;
        }
        return most == nullptr ? kNone : kTurns + most->turn;
    }

    std::size_t source_of(const Choice& choice) const { return flows_[turns_[choice.turn].flow].source; }

    static void hand_on(Turn& turn, double mass, std::size_t step) {
        turn.mass += mass;
        if (mass <= turn.most) return;
        turn.most = mass;
        turn.next = step;
    }

    // The latest flows into a node before it was left, and those that it owes its being to.
    std::vector<Choice> choices_at(std::size_t node, const Leaving& leaving) {
        std::vector<Choice> choices;
        const auto& turns = turns_in_[node];
        auto at = std::ranges::lower_bound(turns, leaving.at);
        for (; at != turns.end() && choices.size() < kWindow; ++at) add_choice(choices, *at);
        if (at != turns.end()) {
            const auto& births = births_in_[node];
            for (auto birth = std::ranges::lower_bound(births, *at); birth != births.end(); ++birth)
                add_choice(choices, *birth);
        }
        std::size_t since = 0;  // choices that are later than this one
        for (std::size_t i = 0; i < choices.size(); ++i) {
            Choice& choice = choices[i];
            if (i > 0 && turns_[choice.turn].ns < turns_[choices[i - 1].turn].ns) since = i;
            const double weight = weight_of(turns_[choice.turn].flow, leaving, since);
            const std::size_t group = group_of_[turns_[choice.turn].flow];
            choice.weight = weight * weight / in_window_[group];
        }
        for (const Choice& choice : choices) in_window_[group_of_[turns_[choice.turn].flow]] = 0;
        return choices;
    }

    void add_choice(std::vector<Choice>& choices, std::size_t turn) {
        choices.push_back({.turn = turn, .weight = 0});
        ++in_window_[group_of_[turns_[turn].flow]];
    }

    double weight_of(std::size_t i, const Leaving& leaving, std::size_t since) const {
        const RankFlow& flow = flows_[i];
        const double near = time_closeness(leaving.ns - flow.end_ns) * order_closeness(since);
        const double time = is_birth(flow.op) ? std::max(near, kBirth) : near;
        return time * data_likeness(group_bytes_[group_of_[i]], leaving.bytes) * concentration_[flow.source] *
               flow.rarity;
    }

    std::span<const RankNode> nodes_;
    std::span<const RankFlow> flows_;
    std::vector<std::size_t> group_of_;  // by flow
    std::vector<std::uint64_t> group_bytes_;
    std::vector<double> in_window_;  // by group: its flows among the choices at hand
    std::vector<double> concentration_;
    std::vector<Turn> turns_;  // from the latest to the earliest
    std::vector<std::size_t> step_of_turn_;
    std::vector<std::vector<std::size_t>> turns_in_;
    std::vector<std::vector<std::size_t>> births_in_;
    std::vector<std::vector<std::size_t>> joins_in_;
    std::vector<double> ends_;
    std::vector<double> most_;  // that came to a node at once
    Ranking ranking_;
};

}  // namespace

// Falls with the order of magnitude: 1 at once, 0.6 after a millisecond, 0.13 after a second, 0.06 after an
// hour.
double time_closeness(std::int64_t gap_ns) {
    constexpr double kUnitNs = 1e6;
    return 1 / (1 + std::log1p(static_cast<double>(std::max<std::int64_t>(0, gap_ns)) / kUnitNs));
}

// The same with the number of flows into the same node since: the last thing that a busy server was told is
// likelier what it acted upon, however slow the machine.
double order_closeness(std::size_t since) { return 1 / (1 + std::log1p(static_cast<double>(since))); }

// 1 for equal amounts, 0.5 for twice as much and for what has no amount (a fork), 0.1 for a thousand times.
double data_likeness(std::uint64_t bytes, std::uint64_t others) {
    if (bytes == 0 || others == 0) return 0.5;
    return 1 / (1 + std::abs(std::log2(static_cast<double>(bytes) / static_cast<double>(others))));
}

// Low for what many use and nothing feeds: settings, libraries, shells that start everything.
double concentration(std::size_t sources, std::size_t targets) {
    return static_cast<double>(sources + 1) /
           static_cast<double>(sources + std::max<std::size_t>(1, targets));
}

Ranking rank(std::span<const RankNode> nodes, std::span<const RankFlow> flows) {
    return Walk(nodes, flows).go();
}

}  // namespace catena::graph
