// The sentence that a chain starts with: what happened, and where it can have come from or where it can have
// gone. It says of each event what it was, and of the chain only what it can mean: that data went this way is
// not in a recording.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "event/escape.h"
#include "graph/label.h"
#include "graph/phrase.h"
#include "graph/plot.h"
#include "graph/render.h"
#include "graph/text.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

class Headline {
  public:
    explicit Headline(const Chain& chain) : chain_(chain), plot_(chain) {}

    std::string back() const {
        const ChainEdge* effect = plot_.effect();
        if (effect == nullptr)
            return fmt::format("Nothing in {} leads to {}{}", span(), start_name(), exceptions());
        if (chain_.event != 0 && chain_.edges.size() == 1)
            return fmt::format("{}; nothing in {} leads there{}", sentence_of(chain_, *effect), span(),
                               exceptions());
        const bool about_process =
            chain_.event == 0 && chain_.nodes[effect->target].type == EntityType::Process;
        if (about_process && effect->op != Op::Fork)
            return fmt::format("What {} did can have come from {}", start_name(), origin(*effect));
        return sentence_of(chain_, *effect) + "; this can have come from " + origin(*effect);
    }

    std::string forward() const {
        if (!chain_.to.empty() && chain_.nodes.empty()) {
            return fmt::format("No way in {} leads from {} to {}{}", span(),
                               event::escape_for_terminal(chain_.point),
                               event::escape_for_terminal(chain_.to), exceptions());
        }
        const std::vector<std::size_t> ends = plot_.ends();
        const bool of_event = chain_.event != 0 && plot_.effect() != nullptr;
        std::string what = of_event ? sentence_of(chain_, *plot_.effect()) : start_name();
        if (ends.empty()) {
            return fmt::format("{}othing in {} follows from {}{}", is_first() ? 'N' : 'n', span(), what,
                               exceptions());
        }
        const ChainNode& end = chain_.nodes[ends.front()];
        const ChainEdge& last = chain_.edges[plot_.into(ends.front()).back()];
        const std::string reached = fmt::format("can have reached {}: {}{}", name_in_text(end),
                                                sentence_of(chain_, last, &end), later(last));
        const bool process =
            plot_.start() < chain_.nodes.size() && chain_.nodes[plot_.start()].type == EntityType::Process;
        if (of_event) {
            what += "; this " + reached;
        } else {
            if (process) what = fmt::format("{}hat {} did", is_first() ? 'W' : 'w', what);
            what += ' ' + reached;
        }
        if (ends.size() > 1)
            what += fmt::format(", and it can have reached {}", counted(ends.size() - 1, "other place"));
        return what;
    }

  private:
    // Whether what is said forward begins the sentence.
    bool is_first() const { return chain_.direction == Direction::Forward; }

    std::string start_name() const {
        const std::size_t start = plot_.start();
        if (start < chain_.nodes.size()) return name_in_text(chain_.nodes[start]);
        return event::escape_for_terminal(chain_.point);
    }

    std::string_view span() const { return chain_.windowed ? "the time looked at" : "the recording"; }

    std::string exceptions() const {
        return chain_.left_out.empty() ? "" : ", but for what is left out below";
    }

    static std::string earlier(const ChainEdge& effect, std::int64_t then_ns) {
        return then_ns < effect.last_ns
                   ? fmt::format(" {} earlier", format_duration(effect.last_ns - then_ns))
                   : "";
    }

    std::string later(const ChainEdge& last) const {
        std::int64_t begin_ns = last.last_ns;
        for (const ChainEdge& edge : chain_.edges) {
            if (edge.op != Op::None && chain_.nodes[edge.source].start)
                begin_ns = std::min(begin_ns, edge.first_ns);
        }
        return begin_ns < last.last_ns ? fmt::format(" {} later", format_duration(last.last_ns - begin_ns))
                                       : "";
    }

    // From outside the machine if from there at all, and then from the file that counts most, if that was
    // read.
    std::string origin(const ChainEdge& effect) const {
        const std::vector<std::size_t> origins = plot_.origins();
        if (origins.empty())
            return fmt::format("{}, in a circle", name_in_text(roles_of(chain_, effect).actor));
        const auto outside =
            std::ranges::find_if(origins, [&](std::size_t node) { return is_external(chain_.nodes[node]); });
        const std::size_t first = outside != origins.end() ? *outside : origins.front();
        std::string text = origin_text(first, effect);
        if (outside == origins.end() || chain_.entries.empty()) {
            const std::size_t same = others_like(origins, first);
            return same > 0 ? text + fmt::format(", and from {}", counted(same, "other file")) : text;
        }
        const auto bytes = [&](std::size_t node) { return bytes_read(node); };
        const auto file = std::ranges::max_element(origins, {}, bytes);
        return bytes(*file) > 0 ? text + ", and from " + origin_text(*file, effect) : text;
    }

    // Of a file that tells something. The one that most was read from is told: it can have given most.
    std::uint64_t bytes_read(std::size_t node) const {
        if (chain_.nodes[node].type != EntityType::File || chain_.nodes[node].dull) return 0;
        std::uint64_t bytes = 0;
        for (const std::size_t edge : plot_.out_of(node)) {
            if (chain_.edges[edge].op == Op::Read) bytes += chain_.edges[edge].bytes;
        }
        return bytes;
    }

    std::size_t others_like(const std::vector<std::size_t>& origins, std::size_t first) const {
        if (chain_.nodes[first].type != EntityType::File) return 0;
        return static_cast<std::size_t>(std::ranges::count_if(origins, [&](std::size_t node) {
            return node != first && chain_.nodes[node].type == EntityType::File;
        }));
    }

    std::string origin_text(std::size_t node, const ChainEdge& effect) const {
        switch (chain_.nodes[node].type) {
            case EntityType::Process:
                return fmt::format("{}, to which nothing {} leads", name_in_text(chain_.nodes[node]),
                                   chain_.ranked ? "that is shown" : fmt::format("in {}", span()));
            case EntityType::Socket:
                return socket_origin(node, effect);
            default:
                return thing_origin(node, effect);
        }
    }

    std::string socket_origin(std::size_t socket, const ChainEdge& effect) const {
        const ChainNode& node = chain_.nodes[socket];
        const ChainEdge* first = &chain_.edges[plot_.out_of(socket).front()];
        for (const std::size_t index : plot_.out_of(socket)) {
            const ChainEdge& edge = chain_.edges[index];
            if (edge.op == Op::Accept || edge.op == Op::Connect) first = &edge;
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
                                   first->bytes > 0 ? counted(first->bytes, "byte") : "data", when);
        }
    }

    std::string thing_origin(std::size_t thing, const ChainEdge& effect) const {
        const ChainEdge& use = chain_.edges[plot_.out_of(thing).back()];
        return fmt::format("{}, which {} {}{}", name_in_text(chain_.nodes[thing]),
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

    const Chain& chain_;
    Plot plot_;
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

std::string headline(const Chain& chain) { return sentence(chain) + '.'; }

}  // namespace catena::graph
