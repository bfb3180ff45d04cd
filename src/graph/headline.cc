// The sentence that a chain starts with: what happened, and where it came from or where it went.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "graph/label.h"
#include "graph/phrase.h"
#include "graph/render.h"
#include "graph/text.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

// Finds its way in a chain. The edges of the chain stay in order of time.
class Headline {
  public:
    explicit Headline(const Chain& chain) : chain_(chain), in_(chain.nodes.size()), out_(chain.nodes.size()) {
        for (const ChainEdge& edge : chain.edges) {
            if (edge.op == Op::None) continue;
            out_[edge.source].push_back(&edge);
            in_[edge.target].push_back(&edge);
        }
        effect_ = what_happened();
    }

    std::string back() const {
        const ChainEdge* effect = effect_;
        if (effect == nullptr)
            return fmt::format("nothing in the recording leads to {}{}", start_name(), exceptions());
        const bool about_process =
            chain_.event == 0 && chain_.nodes[effect->target].type == EntityType::Process;
        const std::string what = about_process ? start_name() : sentence_of(chain_, *effect);
        if (chain_.event != 0 && chain_.edges.size() == 1)
            return what + "; nothing in the recording leads there" + exceptions();
        return what + (about_process ? " goes back to " : "; it goes back to ") + origin(*effect);
    }

    std::string forward() const {
        const std::vector<std::size_t> ends = ends_of_flow();
        std::string what = start_name();
        if (chain_.event != 0 && effect_ != nullptr) what = sentence_of(chain_, *effect_);
        if (ends.empty())
            return fmt::format("nothing in the recording follows from {}{}", what, exceptions());
        const ChainNode& end = chain_.nodes[ends.front()];
        const ChainEdge& last = *in_[ends.front()].back();
        std::string text = chain_.event != 0 ? what + "; what came of it" : "what came of " + what;
        text +=
            fmt::format(" ends in {}: {}{}", name_in_text(end), sentence_of(chain_, last, &end), later(last));
        if (ends.size() > 1) text += fmt::format(", and in {}", counted(ends.size() - 1, "other place"));
        return text;
    }

  private:
    bool is_start(std::size_t node) const { return chain_.nodes[node].start; }

    // What a chain back starts from is not where it came from. Of an event, that is only the end that it
    // flowed into.
    bool can_be_origin(std::size_t node) const {
        return chain_.event != 0 && effect_ != nullptr ? node != effect_->target : !is_start(node);
    }

    std::string start_name() const {
        for (const ChainNode& node : chain_.nodes) {
            if (node.start) return name_in_text(node);
        }
        return chain_.point;
    }

    std::string exceptions() const {
        return !chain_.left_out.empty() ? ", but for what is left out below" : "";
    }

    // The point's own event, or the last thing that flowed into the point.
    const ChainEdge* what_happened() const {
        const ChainEdge* last = nullptr;
        for (const ChainEdge& edge : chain_.edges) {
            if (edge.op == Op::None) continue;
            if (chain_.event != 0 && std::ranges::binary_search(edge.events, chain_.event)) return &edge;
            const bool later = last == nullptr || edge.last_ns >= last->last_ns;
            if (is_start(edge.target) && later) last = &edge;
        }
        return last;
    }

    static std::string earlier(const ChainEdge& effect, std::int64_t then_ns) {
        return then_ns < effect.last_ns
                   ? fmt::format(" {} earlier", format_duration(effect.last_ns - then_ns))
                   : "";
    }

    std::string later(const ChainEdge& last) const {
        std::int64_t begin_ns = last.last_ns;
        for (const ChainEdge& edge : chain_.edges) {
            if (edge.op != Op::None && is_start(edge.source)) begin_ns = std::min(begin_ns, edge.first_ns);
        }
        return begin_ns < last.last_ns ? fmt::format(" {} later", format_duration(last.last_ns - begin_ns))
                                       : "";
    }

    // The first place that the chain comes from: from outside the machine if it does, connections that others
    // made before those made from here, the most recent before the older ones; then files; then the process
    // that it all began with.
    std::string origin(const ChainEdge& effect) const {
        if (const auto socket = outside()) return socket_origin(*socket, effect);
        if (const auto files = sources(EntityType::File); !files.empty()) return files_origin(files, effect);
        const auto processes = sources(EntityType::Process);
        if (!processes.empty()) {
            return fmt::format("{}, to which nothing in the recording leads",
                               name_in_text(chain_.nodes[processes.back()]));
        }
        return fmt::format("{}, in a circle", name_in_text(roles_of(chain_, effect).actor));
    }

    std::optional<std::size_t> outside() const {
        std::optional<std::size_t> best;
        const auto rank = [&](std::size_t i) {
            return std::pair(chain_.nodes[i].accepted, chain_.nodes[i].time_ns);
        };
        for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
            if (!can_be_origin(i) || !is_external(chain_.nodes[i]) || out_[i].empty()) continue;
            if (!best || rank(i) > rank(*best)) best = i;
        }
        return best;
    }

    std::string socket_origin(std::size_t socket, const ChainEdge& effect) const {
        const ChainNode& node = chain_.nodes[socket];
        const ChainEdge* first = out_[socket].front();
        for (const ChainEdge* edge : out_[socket]) {
            if (edge->op == Op::Accept || edge->op == Op::Connect) first = edge;
        }
        const std::string who = name_in_text(chain_.nodes[first->target]);
        const std::string when = earlier(effect, first->first_ns);
        switch (first->op) {
            case Op::Accept:
                return fmt::format("a connection from {} that {} accepted{}", name_in_text(node), who, when);
            case Op::Connect:
                return fmt::format("a connection to {} that {} made{}", name_in_text(node), who, when);
            default:
                return fmt::format("{}, from which {} received {}{}", name_in_text(node), who,
                                   counted(first->bytes, "byte"), when);
        }
    }

    // Nodes of a type that nothing in the chain flows into, the latest first.
    std::vector<std::size_t> sources(EntityType type) const {
        std::vector<std::size_t> found;
        for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
            const ChainNode& node = chain_.nodes[i];
            if (node.type == type && can_be_origin(i) && in_[i].empty() && !out_[i].empty())
                found.push_back(i);
        }
        return found;
    }

    std::string files_origin(std::vector<std::size_t> files, const ChainEdge& effect) const {
        const auto was_read = [&](std::size_t i) {
            return std::ranges::any_of(out_[i], [](const ChainEdge* edge) { return edge->op == Op::Read; });
        };
        // Nodes are nearest in time first.
        std::ranges::sort(files, {},
                          [&](std::size_t i) { return std::tuple(chain_.nodes[i].dull, !was_read(i), i); });
        const ChainEdge& use = *out_[files.front()].back();
        const std::string others =
            files.size() > 1 ? fmt::format(" and {}", counted(files.size() - 1, "other file")) : "";
        return fmt::format("{}{}, which {} {}{}", name_in_text(chain_.nodes[files.front()]), others,
                           name_in_text(chain_.nodes[use.target]), past_of(use.op),
                           earlier(effect, use.last_ns));
    }

    static std::string_view past_of(Op op) {
        switch (op) {
            case Op::Exec:
                return "ran";
            case Op::Load:
                return "loaded";
            case Op::Mmap:
            case Op::MmapWrite:
                return "mapped";
            default:
                return "read";
        }
    }

    // Where what flows forward ends: outside the machine first, then in other things than processes, then in
    // processes; of each, the latest first.
    std::vector<std::size_t> ends_of_flow() const {
        std::vector<std::size_t> found;
        const auto rank = [&](std::size_t i) {
            const ChainNode& node = chain_.nodes[i];
            return std::pair(is_external(node)                  ? 2
                             : node.type != EntityType::Process ? 1
                                                                : 0,
                             in_[i].back()->last_ns);
        };
        for (std::size_t i = 0; i < chain_.nodes.size(); ++i) {
            if (is_start(i) || in_[i].empty()) continue;
            const ChainNode& node = chain_.nodes[i];
            const bool goes_on = std::ranges::any_of(
                out_[i], [&](const ChainEdge* edge) { return !came_from(i, edge->target); });
            const bool has_peer = node.socket != nullptr && node.socket->peer;
            if (is_external(node) || (!goes_on && !has_peer)) found.push_back(i);
        }
        std::ranges::sort(found, [&](std::size_t a, std::size_t b) {
            return rank(a) != rank(b) ? rank(a) > rank(b) : a < b;
        });
        // Processes that went no further say nothing where something else was reached.
        if (!found.empty() && rank(found.front()).first > 0) {
            std::erase_if(found, [&](std::size_t i) { return rank(i).first == 0; });
        }
        return found;
    }

    bool came_from(std::size_t node, std::size_t other) const {
        return std::ranges::any_of(in_[node], [&](const ChainEdge* edge) { return edge->source == other; });
    }

    const Chain& chain_;
    std::vector<std::vector<const ChainEdge*>> in_;
    std::vector<std::vector<const ChainEdge*>> out_;
    const ChainEdge* effect_ = nullptr;
};

std::string sentence(const Chain& chain) {
    const Headline words(chain);
    switch (chain.direction) {
        case Direction::Back:
            return words.back();
        case Direction::Forward:
            return words.forward();
        case Direction::Both:
            break;
    }
    return words.back() + "; " + words.forward();
}

}  // namespace

std::string headline(const Chain& chain) {
    std::string text = sentence(chain);
    // Names keep their own spelling; only our own first word gets a capital.
    for (const std::string_view word : {"nothing in ", "what came "}) {
        if (text.starts_with(word)) text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    return text + '.';
}

}  // namespace catena::graph
