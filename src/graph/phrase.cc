#include "graph/phrase.h"

#include <fmt/format.h>

#include "graph/label.h"
#include "graph/text.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

struct Phrase {
    std::string_view verb;
    std::string_view preposition;  // behind the number of bytes; empty where the operation moves none
};

Phrase phrase_of(Op op) {
    switch (op) {
        case Op::Fork:
            return {"started", ""};
        case Op::Exec:
            return {"ran", ""};
        case Op::Read:
            return {"read", "from"};
        case Op::Write:
            return {"wrote", "to"};
        case Op::Mmap:
            return {"mapped", ""};
        case Op::MmapWrite:
            return {"mapped, shared and writable,", ""};
        case Op::Load:
            return {"loaded code from", ""};
        case Op::Rename:
            return {"renamed", ""};
        case Op::Link:
            return {"made a link to", ""};
        case Op::Symlink:
            return {"made the symbolic link", ""};
        case Op::Unlink:
            return {"deleted", ""};
        case Op::Mkdir:
            return {"made the directory", ""};
        case Op::Rmdir:
            return {"removed the directory", ""};
        case Op::Create:
            return {"created", ""};
        case Op::Truncate:
            return {"truncated", ""};
        case Op::Chmod:
            return {"changed the mode of", ""};
        case Op::Chown:
            return {"changed the owner of", ""};
        case Op::Connect:
            return {"connected to", ""};
        case Op::Accept:
            return {"accepted a connection from", ""};
        case Op::Send:
            return {"sent", "to"};
        case Op::Recv:
            return {"received", "from"};
        case Op::Ptrace:
            return {"traced", ""};
        case Op::Kill:
            return {"sent a signal to", ""};
        case Op::VmRead:
            return {"read the memory of", ""};
        case Op::VmWrite:
            return {"wrote into the memory of", ""};
        case Op::TakeFd:
            return {"took a descriptor from", ""};
        default:
            return {"did something to", ""};
    }
}

}  // namespace

Roles roles_of(const Chain& chain, const ChainEdge& edge) {
    const ChainNode& source = chain.nodes[edge.source];
    const ChainNode& target = chain.nodes[edge.target];
    const event::Flow flow = event::flow_of(edge.op);
    const bool target_acts =
        flow == event::Flow::In || (flow == event::Flow::Both && source.type != EntityType::Process);
    return target_acts ? Roles{target, source} : Roles{source, target};
}

std::string verb_of(const ChainEdge& edge) {
    const Phrase phrase = phrase_of(edge.op);
    if (phrase.preposition.empty()) return std::string(phrase.verb);
    if (edge.bytes == 0) return fmt::format("{} {}", phrase.verb, phrase.preposition);
    return fmt::format("{} {} {}", phrase.verb, counted(edge.bytes, "byte"), phrase.preposition);
}

std::string name_in_text(const ChainNode& node) {
    if (!node.images.empty())
        return fmt::format("{} (pid {})", program_of(node.images), node.images.back()->pid);
    if (node.socket != nullptr && !node.socket->remote.empty()) return shown(node.socket->remote);
    return node.label;
}

std::string renamed_or(const ChainEdge& edge, const ChainNode& object, std::string otherwise) {
    if (edge.op != Op::Rename || object.names.size() < 2) return otherwise;
    const event::FileName* before = nullptr;
    const event::FileName* after = nullptr;
    for (const event::FileName* name : object.names) {
        if (name->since_ns < edge.first_ns && (before == nullptr || name->since_ns > before->since_ns))
            before = name;
        if (name->since_ns >= edge.first_ns && (after == nullptr || name->since_ns < after->since_ns))
            after = name;
    }
    if (before == nullptr || after == nullptr) return otherwise;
    return fmt::format("{} to {}", shown(before->path), shown(after->path));
}

std::string sentence_of(const Chain& chain, const ChainEdge& edge, const ChainNode* spoken_of) {
    const Roles roles = roles_of(chain, edge);
    std::string verb = verb_of(edge);
    std::string object = "it";
    if (&roles.object != spoken_of) {
        object = renamed_or(edge, roles.object, name_in_text(roles.object));
    } else if (edge.op == Op::Mkdir || edge.op == Op::Symlink) {
        verb = "made";
    } else if (edge.op == Op::Rmdir) {
        verb = "removed";
    }
    return fmt::format("{} {} {}", name_in_text(roles.actor), verb, object);
}

}  // namespace catena::graph
