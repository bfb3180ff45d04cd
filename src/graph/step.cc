// How acts become steps. Joined are, one after the other,
//  - the start of a process with the program that it ran before it did anything else;
//  - a pipe's only writer with its only reader, and what is done at the two ends of a connection on this
//  machine;
//  - acts of one process in one manner, on three and more things that nothing else in the chain has to do
//  with.
#include "graph/step.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

#include "event/escape.h"
#include "graph/label.h"
#include "graph/phrase.h"
#include "graph/text.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

constexpr std::size_t kFewestJoined = 3;
constexpr std::size_t kNamesShown = 3;
constexpr std::size_t kEventsShown = 4;
constexpr std::size_t kFunctionsShown = 2;

class StepMaker {
  public:
    StepMaker(const Chain& chain, const std::vector<bool>& apart)
        : chain_(chain),
          apart_(apart),
          acts_(acts_of(chain)),
          taken_(acts_.size()),
          on_(chain.nodes.size()),
          by_(chain.nodes.size()) {
        for (std::size_t i = 0; i < acts_.size(); ++i) {
            on_[acts_[i].object].push_back(i);
            by_[acts_[i].actor].push_back(i);
        }
    }

    std::vector<Step> make() {
        for (std::size_t i = 0; i < acts_.size(); ++i) join_run(i);
        for (std::size_t node = 0; node < chain_.nodes.size(); ++node) join_pipe(node);
        for (const ChainEdge& edge : chain_.edges) {
            if (edge.op == Op::None) join_ends(edge);
        }
        join_many();
        for (std::size_t i = 0; i < acts_.size(); ++i) {
            if (!taken_[i]) add(Step::Kind::Single, {i});
        }
        std::ranges::sort(steps_, {}, [](const Step& step) {
            return std::tuple(step.first_ns, step.events.empty() ? 0 : step.events.front(),
                              step.edges.front());
        });
        return std::move(steps_);
    }

  private:
    void add(Step::Kind kind, const std::vector<std::size_t>& acts) {
        Step step{.kind = kind};
        step.first_ns = acts_[acts.front()].first_ns;
        step.last_ns = acts_[acts.front()].last_ns;
        for (const std::size_t index : acts) {
            const Act& act = acts_[index];
            taken_[index] = true;
            step.edges.insert(step.edges.end(), act.edges.begin(), act.edges.end());
            step.first_ns = std::min(step.first_ns, act.first_ns);
            step.last_ns = std::max(step.last_ns, act.last_ns);
            step.weight = std::max(step.weight, act.weight);
            const Moved moved = moved_in(chain_, act);
            step.calls += moved.calls;
            step.repeated |= moved.repeated || kind == Step::Kind::Many;
            step.acts.push_back(act);
        }
        std::ranges::sort(step.edges);
        for (const std::size_t edge : step.edges) {
            const auto& events = chain_.edges[edge].events;
            step.events.insert(step.events.end(), events.begin(), events.end());
        }
        std::ranges::sort(step.events);
        step.events.erase(std::ranges::unique(step.events).begin(), step.events.end());
        steps_.push_back(std::move(step));
    }

    void join_run(std::size_t start) {
        const Act& act = acts_[start];
        if (act.manner != Manner::Start) return;
        const std::vector<std::size_t>& deeds = by_[act.object];
        if (deeds.empty()) return;
        const Act& run = acts_[deeds.front()];
        if (run.manner == Manner::Run && !taken_[deeds.front()] && run.first_ns >= act.first_ns)
            add(Step::Kind::Start, {start, deeds.front()});
    }

    void join_pipe(std::size_t node) {
        if (chain_.nodes[node].type != EntityType::Pipe || on_[node].size() != 2 || !by_[node].empty())
            return;
        auto [write, read] = std::pair(on_[node][0], on_[node][1]);
        if (acts_[write].manner == Manner::Read) std::swap(write, read);
        if (acts_[write].manner != Manner::Change || acts_[read].manner != Manner::Read) return;
        if (acts_[write].actor != acts_[read].actor) add(Step::Kind::Through, {write, read});
    }

    void join_ends(const ChainEdge& join) {
        if (on_[join.source].size() != 1 || on_[join.target].size() != 1) return;
        std::size_t one = on_[join.source].front();
        std::size_t other = on_[join.target].front();
        if (taken_[one] || taken_[other] || acts_[one].manner != Manner::Talk ||
            acts_[other].manner != Manner::Talk || acts_[one].actor == acts_[other].actor)
            return;
        if (acts_[other].first_ns < acts_[one].first_ns) std::swap(one, other);
        const auto accepted = [&](std::size_t act) { return chain_.nodes[acts_[act].object].accepted; };
        if (accepted(one) && !accepted(other)) std::swap(one, other);  // who connected is told first
        add(Step::Kind::Peers, {one, other});
    }

    // Of what kind an act that can be joined with its like is; nothing where it is to be told by itself.
    std::optional<std::string> likeness(const Act& act) const {
        const ChainNode& object = chain_.nodes[act.object];
        const bool leaf = on_[act.object].size() == 1 && by_[act.object].empty();
        if (!leaf || apart_[act.object] || object.start || act.manner == Manner::Run || act.op == Op::Rename)
            return std::nullopt;
        std::string kind = fmt::format("{} {} {} {}", act.actor, static_cast<int>(act.manner),
                                       static_cast<int>(act.op), static_cast<int>(object.type));
        for (const std::size_t edge : act.edges) {  // what was made is not joined with what was only written
            const Op op = chain_.edges[edge].op;
            if (op != Op::Write && op != Op::Send && op != Op::Recv && op != Op::Read)
                kind += fmt::format(" {}", static_cast<int>(op));
        }
        if (act.manner == Manner::Talk && object.socket != nullptr)
            kind.append(" ").append(host_of(object.socket->remote));
        return kind;
    }

    void join_many() {
        std::map<std::string, std::vector<std::size_t>> alike;
        for (std::size_t i = 0; i < acts_.size(); ++i) {
            if (taken_[i]) continue;
            if (auto kind = likeness(acts_[i])) alike[std::move(*kind)].push_back(i);
        }
        for (const auto& [kind, acts] : alike) {
            if (acts.size() >= kFewestJoined) add(Step::Kind::Many, acts);
        }
    }

    const Chain& chain_;
    const std::vector<bool>& apart_;
    std::vector<Act> acts_;
    std::vector<bool> taken_;
    std::vector<std::vector<std::size_t>> on_;  // acts by their object, and by their actor
    std::vector<std::vector<std::size_t>> by_;
    std::vector<Step> steps_;
};

std::string_view things(EntityType type) {
    switch (type) {
        case EntityType::Process:
            return "processes";
        case EntityType::File:
            return "files";
        case EntityType::Socket:
            return "connections";
        case EntityType::Pipe:
            return "pipes";
        default:
            return "objects";
    }
}

std::string many_talk(const Words& words, const Step& step, std::uint64_t in, std::uint64_t out) {
    const Chain& chain = words.chain();
    const Act& first = step.acts.front();
    const std::string number = with_commas(step.acts.size());
    const event::Socket* socket = chain.nodes[first.object].socket;
    const std::string host = socket != nullptr ? shown(host_of(socket->remote)) : "";
    const auto has = [&](Op op) {
        return std::ranges::any_of(first.edges, [&](std::size_t edge) { return chain.edges[edge].op == op; });
    };
    std::vector<std::string> parts;
    if (has(Op::Accept)) {
        parts.push_back(fmt::format("accepted {} connections", number));
        if (!host.empty()) parts.back() += " from " + host;
        if (socket != nullptr && !socket->local.empty()) parts.back() += " on " + shown(socket->local);
    } else if (has(Op::Connect)) {
        parts.push_back(fmt::format("connected {} times{}", number, host.empty() ? "" : " to " + host));
    }
    const std::string over =
        parts.empty() ? fmt::format(" over {} sockets{}", number, host.empty() ? "" : " with " + host) : "";
    if (out > 0) parts.push_back(fmt::format("sent {}{}", counted(out, "byte"), over));
    if (in > 0) parts.push_back(fmt::format("received {}{}", counted(in, "byte"), out > 0 ? "" : over));
    return listed(parts);
}

std::string many_text(const Words& words, const Step& step) {
    const Chain& chain = words.chain();
    const Act& first = step.acts.front();
    std::uint64_t in = 0;
    std::uint64_t out = 0;
    for (const Act& act : step.acts) {
        const Moved moved = moved_in(chain, act);
        in += moved.in_bytes;
        out += moved.out_bytes;
    }
    if (first.manner == Manner::Talk) return many_talk(words, step, in, out);
    // The heaviest are named.
    std::vector<const Act*> acts;
    acts.reserve(step.acts.size());
    for (const Act& act : step.acts) acts.push_back(&act);
    std::ranges::sort(acts, {}, [](const Act* act) { return std::pair(-act->weight, act); });
    std::vector<std::string> names;
    for (const Act* act : acts) {
        if (names.size() < kNamesShown) names.push_back(words.name(act->object));
    }
    if (acts.size() > kNamesShown) names.push_back(with_commas(acts.size() - kNamesShown) + " more");
    const EntityType type = chain.nodes[first.object].type;
    const std::string what = fmt::format("{} {}: {}", with_commas(acts.size()), things(type), listed(names));
    const ChainEdge& edge = chain.edges[first.edges.front()];
    if (first.manner == Manner::Read && edge.op == Op::Read)
        return fmt::format("read {} from {}", in > 0 ? counted(in, "byte") : "data", what);
    if (first.manner == Manner::Change) {
        if (out == 0) return fmt::format("{} {}", verb_of(edge), what);
        return fmt::format("{}wrote {} to {}", edge.op == Op::Create ? "created and " : "",
                           counted(out, "byte"), what);
    }
    return fmt::format("{} {}", first.manner == Manner::Start ? "started" : verb_of(edge), what);
}

}  // namespace

std::vector<Step> steps_of(const Chain& chain, const std::vector<bool>& apart) {
    return StepMaker(chain, apart).make();
}

std::string deed_of(const Words& words, const Step& step) {
    return step.kind == Step::Kind::Many ? many_text(words, step) : words.predicate(step.acts.front());
}

std::string text_of(const Words& words, const Step& step) {
    const Act& act = step.acts.front();
    const std::string actor = words.name(act.actor);
    const Act& other = step.acts.back();
    switch (step.kind) {
        case Step::Kind::Single:
        case Step::Kind::Many:
            return fmt::format("{} {}", actor, deed_of(words, step));
        case Step::Kind::Start: {
            std::string command = words.command(act.object);
            if (command == words.chain().nodes[other.object].label) command.clear();
            return fmt::format("{} started {}, which ran {}{}{}", actor, words.name(act.object),
                               words.name(other.object), command.empty() ? "" : ": ", command);
        }
        case Step::Kind::Through: {
            const std::uint64_t in = moved_in(words.chain(), other).in_bytes;
            return fmt::format("{} {}, from which {} read {}", actor, words.predicate(act),
                               words.name(other.actor), in > 0 ? counted(in, "byte") : "data");
        }
        case Step::Kind::Peers:
            return fmt::format("{} {}; at the other end, on this machine, {} {}", actor, words.predicate(act),
                               words.name(other.actor), words.predicate(other));
    }
    return actor;
}

std::string functions_text(const Chain& chain, const Step& step) {
    std::vector<std::string> names;
    for (const std::size_t edge : step.edges) {
        for (const std::string& name : chain.edges[edge].functions) {
            if (std::ranges::find(names, name) == names.end()) names.push_back(name);
        }
    }
    if (names.empty()) return "";
    const std::size_t count = names.size();
    names.resize(std::min(count, kFunctionsShown));
    for (std::string& name : names) name = event::escape_for_terminal(name);
    if (count > names.size()) names.push_back(counted(count - names.size(), "other"));
    return "in " + listed(names);
}

std::string events_text(const Step& step) {
    if (step.events.empty()) return "[not recorded itself]";
    const std::size_t shown_events = std::min(step.events.size(), kEventsShown);
    std::string text =
        fmt::format("[{}", fmt::join(step.events.begin(),
                                     step.events.begin() + static_cast<std::ptrdiff_t>(shown_events), ", "));
    if (step.events.size() > shown_events)
        text += fmt::format(", and {} more", with_commas(step.events.size() - shown_events));
    return text + "]";
}

}  // namespace catena::graph
