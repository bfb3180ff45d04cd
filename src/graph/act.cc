#include "graph/act.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <tuple>
#include <utility>

#include "graph/columns.h"
#include "graph/label.h"
#include "graph/phrase.h"
#include "graph/text.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Flow;
using event::Op;

Manner manner_of(Op op, const ChainNode& object) {
    if (op == Op::Fork) return Manner::Start;
    if (op == Op::Exec) return Manner::Run;
    switch (op) {
        case Op::Connect:
        case Op::Accept:
        case Op::Send:
        case Op::Recv:
            return Manner::Talk;
        case Op::Read:
        case Op::Mmap:
        case Op::Load:
            return object.type == EntityType::Socket ? Manner::Talk : Manner::Read;
        case Op::Write:
        case Op::Create:
        case Op::Truncate:
        case Op::MmapWrite:
            return object.type == EntityType::Socket ? Manner::Talk : Manner::Change;
        default:
            return Manner::Other;
    }
}

// A call that carries both ways makes an edge each way, with the same events.
bool is_other_half(const Chain& chain, const Act& act, std::size_t index) {
    const ChainEdge& edge = chain.edges[index];
    return event::flow_of(edge.op) == Flow::Both && std::ranges::any_of(act.edges, [&](std::size_t known) {
               const ChainEdge& other = chain.edges[known];
               return known < index && other.op == edge.op && other.source == edge.target &&
                      other.target == edge.source && other.events == edge.events;
           });
}

bool is_into_actor(const Chain& chain, const Act& act, std::size_t index) {
    return chain.edges[index].target == act.actor && chain.edges[index].source == act.object;
}

// The bytes and the place of one kind of flow among the flows of an act.
struct Part {
    bool found = false;
    std::uint64_t bytes = 0;
    std::size_t place = SIZE_MAX;
};

template <class Belongs>
Part part_of(const Chain& chain, const Act& act, Belongs belongs) {
    Part part;
    for (std::size_t i = 0; i < act.edges.size(); ++i) {
        if (!belongs(chain.edges[act.edges[i]], act.edges[i])) continue;
        part.found = true;
        part.bytes += chain.edges[act.edges[i]].bytes;
        part.place = std::min(part.place, i);
    }
    return part;
}

Part part_of(const Chain& chain, const Act& act, Op op) {
    return part_of(chain, act, [op](const ChainEdge& edge, std::size_t) { return edge.op == op; });
}

// The far end. UDP and what is rarer is named; TCP and unix sockets go without saying, and "inet" says
// nothing.
std::string socket_name(const ChainNode& node) {
    if (node.socket == nullptr || node.socket->remote.empty()) return node.label;
    const std::string& protocol = node.socket->protocol;
    constexpr std::array<std::string_view, 5> kUnsaid = {"tcp", "unix", "inet", "inet6", ""};
    if (std::ranges::find(kUnsaid, protocol) != kUnsaid.end()) return shown(node.socket->remote);
    return fmt::format("{} ({})", shown(node.socket->remote), shown(protocol));
}

std::string bytes_text(std::uint64_t bytes) { return bytes > 0 ? counted(bytes, "byte") : "data"; }

}  // namespace

std::vector<Act> acts_of(const Chain& chain) {
    std::vector<Act> acts;
    std::map<std::tuple<const ChainNode*, const ChainNode*, Manner, Op>, std::size_t> known;
    for (std::size_t i = 0; i < chain.edges.size(); ++i) {
        const ChainEdge& edge = chain.edges[i];
        if (edge.op == Op::None) continue;
        const Roles roles = roles_of(chain, edge);
        const Manner manner = manner_of(edge.op, roles.object);
        const Op op = manner == Manner::Other ? edge.op : Op::None;
        const auto [at, is_new] = known.try_emplace({&roles.actor, &roles.object, manner, op}, acts.size());
        if (is_new) {
            acts.push_back({.actor = static_cast<std::size_t>(&roles.actor - chain.nodes.data()),
                            .object = static_cast<std::size_t>(&roles.object - chain.nodes.data()),
                            .manner = manner,
                            .op = op,
                            .first_ns = edge.first_ns,
                            .last_ns = edge.last_ns});
        }
        Act& act = acts[at->second];
        act.edges.push_back(i);
        act.last_ns = std::max(act.last_ns, edge.last_ns);
        act.weight = std::max(act.weight, edge.weight);
    }
    return acts;
}

Moved moved_in(const Chain& chain, const Act& act) {
    Moved moved;
    for (const std::size_t index : act.edges) {
        const ChainEdge& edge = chain.edges[index];
        if (is_other_half(chain, act, index)) continue;
        (is_into_actor(chain, act, index) ? moved.in_bytes : moved.out_bytes) += edge.bytes;
        moved.calls += edge.count;
        moved.repeated |= edge.count > 1;
    }
    return moved;
}

std::string Words::painted(std::string_view code, std::string_view text) const {
    return colour_ == Colour::On ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
}

std::string Words::name(std::size_t index) const {
    const ChainNode& node = chain_.nodes[index];
    switch (node.type) {
        case EntityType::Process:
            return painted("34", fitted(node.label, columns_));
        case EntityType::Socket:
            return painted("32", fitted(socket_name(node), columns_));
        default:
            return painted("33", fitted(node.label, columns_));
    }
}

std::string Words::command(std::size_t node) const {
    const auto& images = chain_.nodes[node].images;
    if (images.empty()) return "";
    const event::ProcessImage& image = *images.back();
    // Long ones are cut before they are escaped too: they can have megabytes.
    return fitted(shown(image.cmdline.empty() ? image.exe : image.cmdline, 4 * columns_), columns_);
}

std::string Words::predicate(const Act& act) const {
    switch (act.manner) {
        case Manner::Start: {
            const std::string command = this->command(act.object);
            return fmt::format("started {}{}{}", name(act.object), command.empty() ? "" : ": ", command);
        }
        case Manner::Run:
            return "ran " + name(act.object);
        case Manner::Read:
            return read(act);
        case Manner::Change:
            return change(act);
        case Manner::Talk:
            return talk(act);
        case Manner::Other:
            break;
    }
    const ChainEdge& edge = chain_.edges[act.edges.front()];
    return fmt::format("{} {}", verb_of(edge), renamed_or(edge, chain_.nodes[act.object], name(act.object)));
}

std::string Words::read(const Act& act) const {
    const Part read = part_of(chain_, act, Op::Read);
    const Part load = part_of(chain_, act, Op::Load);
    const std::string name = this->name(act.object);
    const std::string mapped = load.found ? "loaded code from " : "mapped ";
    if (!read.found) return mapped + name;
    const bool more = load.found || part_of(chain_, act, Op::Mmap).found;
    return fmt::format("read {} from {}{}{}", bytes_text(read.bytes), name, more ? " and " + mapped : "",
                       more ? "it" : "");
}

std::string Words::change(const Act& act) const {
    struct Verb {
        Op op;
        std::string_view before;  // the name
        std::string_view after;
    };
    const Part write = part_of(chain_, act, Op::Write);
    const std::string wrote = fmt::format("wrote {} to ", bytes_text(write.bytes));
    const std::array<Verb, 4> verbs = {{{Op::Create, "created ", ""},
                                        {Op::Truncate, "truncated ", ""},
                                        {Op::Write, wrote, ""},
                                        {Op::MmapWrite, "mapped ", ", shared and writable"}}};
    std::vector<std::pair<std::size_t, const Verb*>> found;
    for (const Verb& verb : verbs) {
        const Part part = part_of(chain_, act, verb.op);
        if (part.found) found.emplace_back(part.place, &verb);
    }
    std::ranges::sort(found);
    std::vector<std::string> parts;
    parts.reserve(found.size());
    for (const auto& [place, verb] : found) {
        parts.push_back(
            fmt::format("{}{}{}", verb->before, parts.empty() ? name(act.object) : "it", verb->after));
    }
    return listed(parts);
}

std::string Words::talk(const Act& act) const {
    const ChainNode& object = chain_.nodes[act.object];
    const Part connect = part_of(chain_, act, Op::Connect);
    const Part accept = part_of(chain_, act, Op::Accept);
    const auto moves = [](Op op) { return op != Op::Connect && op != Op::Accept; };
    const Part sent = part_of(chain_, act, [&](const ChainEdge& edge, std::size_t index) {
        return moves(edge.op) && !is_into_actor(chain_, act, index);
    });
    const Part received = part_of(chain_, act, [&](const ChainEdge& edge, std::size_t index) {
        return moves(edge.op) && is_into_actor(chain_, act, index);
    });
    std::vector<std::string> parts;
    if (accept.found) {
        const bool addressed = object.socket != nullptr && !object.socket->remote.empty();
        parts.push_back("accepted a connection from " + name(act.object));
        if (addressed && !object.socket->local.empty())
            parts.back() += " on " + fitted(shown(object.socket->local), columns_);
    } else if (connect.found) {
        parts.push_back("connected to " + name(act.object));
    }
    const auto add = [&](const Part& part, std::string_view verb, std::string_view preposition) {
        if (!part.found) return;
        const std::string whom = parts.empty() ? fmt::format(" {} {}", preposition, name(act.object)) : "";
        parts.push_back(fmt::format("{} {}{}", verb, bytes_text(part.bytes), whom));
    };
    const bool sent_first = sent.place <= received.place;
    if (sent_first) add(sent, "sent", "to");
    add(received, "received", "from");
    if (!sent_first) add(sent, "sent", "to");
    return listed(parts);
}

std::string listed(const std::vector<std::string>& parts) {
    std::string text;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) text += i + 1 == parts.size() ? " and " : ", ";
        text += parts[i];
    }
    return text;
}

}  // namespace catena::graph
