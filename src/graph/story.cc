// A chain as a story: the headline, then one numbered step for each kind of flow between two nodes, in order
// of time.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>
#include <vector>

#include "event/escape.h"
#include "graph/label.h"
#include "graph/phrase.h"
#include "graph/render.h"
#include "graph/text.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

using event::EntityType;
using event::Op;

class Story {
  public:
    Story(const Chain& chain, Colour colour) : chain_(chain), colour_(colour) {}

    std::string tell() {
        line(paint(kBold, headline(chain_)));
        line("");
        line(paint(kDim, subtitle()));
        if (!chain_.note.empty()) line(chain_.note);
        tell_steps();
        tell_left_out();
        tell_gaps();
        return std::move(text_);
    }

  private:
    static constexpr std::string_view kBold = "1";
    static constexpr std::string_view kDim = "2";
    static constexpr std::size_t kEventsShown = 4;

    void line(std::string_view text) { (text_ += text) += '\n'; }

    std::string paint(std::string_view code, std::string_view text) const {
        return colour_ == Colour::On ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
    }

    std::string paint(const ChainNode& node, std::string_view text) const {
        switch (node.type) {
            case EntityType::Process:
                return paint("34", text);
            case EntityType::Socket:
                return paint("32", text);
            default:
                return paint("33", text);
        }
    }

    std::string subtitle() const {
        const std::string_view way = chain_.direction == Direction::Back      ? "Back from"
                                     : chain_.direction == Direction::Forward ? "Forward from"
                                                                              : "Back and forward from";
        return fmt::format("{} {}: {}, {}. Times count from {}.", way,
                           event::escape_for_terminal(chain_.point), counted(chain_.nodes.size(), "node"),
                           counted(chain_.events, "event"), format_moment(chain_.start_ns));
    }

    // The edges that become steps, in order. A call that carried both ways is told once; the ends of a
    // connection are told where something first went into or came out of one of them.
    std::vector<const ChainEdge*> steps() const {
        std::vector<const ChainEdge*> joins;
        std::vector<const ChainEdge*> steps;
        for (const ChainEdge& edge : chain_.edges) {
            if (edge.op == Op::None) {
                joins.push_back(&edge);
                continue;
            }
            const bool told = event::flow_of(edge.op) == event::Flow::Both &&
                              std::ranges::any_of(steps, [&](const ChainEdge* other) {
                                  return other->op == edge.op && other->source == edge.target &&
                                         other->target == edge.source && other->events == edge.events;
                              });
            if (told) continue;
            steps.push_back(&edge);
            std::erase_if(joins, [&](const ChainEdge* join) {
                const bool touched = edge.source == join->source || edge.source == join->target ||
                                     edge.target == join->source || edge.target == join->target;
                if (touched) steps.push_back(join);
                return touched;
            });
        }
        steps.insert(steps.end(), joins.begin(), joins.end());
        return steps;
    }

    void tell_steps() {
        const auto all = steps();
        if (!all.empty()) line("");
        const std::size_t width = std::to_string(all.size()).size() + 2;
        std::size_t time_width = 0;
        for (const ChainEdge* edge : all) time_width = std::max(time_width, time_of(*edge).size());
        for (std::size_t i = 0; i < all.size(); ++i) {
            const ChainEdge& edge = *all[i];
            line(fmt::format("{:>{}}  {}  {}", i + 1, width,
                             paint(kDim, fmt::format("{:>{}}", time_of(edge), time_width)),
                             edge.op == Op::None ? join_text(edge) : step_text(edge)));
        }
    }

    std::string time_of(const ChainEdge& edge) const {
        return edge.op == Op::None ? "" : format_offset(edge.first_ns - chain_.start_ns);
    }

    std::string join_text(const ChainEdge& edge) const {
        const ChainNode& source = chain_.nodes[edge.source];
        const ChainNode& target = chain_.nodes[edge.target];
        if (source.label == target.label)
            return paint(source, source.label) + ": both ends are on this machine";
        return fmt::format("{} and {} are two ends of one connection", paint(source, source.label),
                           paint(target, target.label));
    }

    std::string step_text(const ChainEdge& edge) const {
        const Roles roles = roles_of(chain_, edge);
        std::string text =
            fmt::format("{} {} {}", paint(roles.actor, roles.actor.label), step_verb(edge, roles.object),
                        paint(roles.object, renamed_or(edge, roles.object, roles.object.label)));
        // The arguments say what a program was started for.
        if (edge.op == Op::Fork && !roles.object.images.empty() &&
            !roles.object.images.back()->cmdline.empty()) {
            text += ": " + shown(roles.object.images.back()->cmdline, 100);
        }
        const auto out = std::back_inserter(text);
        if (edge.count > 1) fmt::format_to(out, "  ×{}", with_commas(edge.count));
        constexpr std::int64_t kNoticeable = 1'000'000;
        if (edge.last_ns - edge.first_ns >= kNoticeable) {
            fmt::format_to(out, "  until {}", format_offset(edge.last_ns - chain_.start_ns));
        }
        return text + "  " + paint(kDim, events_text(edge));
    }

    // A socket's label names both ends, so that things go over it, not to it.
    static std::string step_verb(const ChainEdge& edge, const ChainNode& object) {
        if (object.socket == nullptr || object.socket->remote.empty()) return verb_of(edge);
        if (edge.op == Op::Connect) return "connected";
        if (edge.op == Op::Accept) return "accepted";
        const bool out = event::flow_of(edge.op) == event::Flow::Out;
        return edge.bytes > 0
                   ? fmt::format("{} {} over", out ? "sent" : "received", counted(edge.bytes, "byte"))
                   : fmt::format("{} over", out ? "sent" : "received");
    }

    static std::string events_text(const ChainEdge& edge) {
        if (edge.events.empty()) return "[not seen itself]";
        const std::size_t shown_events = std::min(edge.events.size(), kEventsShown);
        std::string text = fmt::format(
            "[{}", fmt::join(edge.events.begin(),
                             edge.events.begin() + static_cast<std::ptrdiff_t>(shown_events), ", "));
        if (edge.events.size() > shown_events)
            text += fmt::format(", and {} more", with_commas(edge.events.size() - shown_events));
        return text + "]";
    }

    void tell_left_out() {
        bool first = true;
        for (const LeftOut& taken : chain_.left_out) {
            if (first) line("");
            first = false;
            line(fmt::format("Left out: {} (--keep {})", counted(taken.nodes, taken.singular, taken.plural),
                             taken.rule));
        }
        if (chain_.cut) {
            line("");
            line(fmt::format("Cut after {}, the nearest in time: there are more (--max-nodes).",
                             counted(chain_.nodes.size(), "node")));
        }
    }

    void tell_gaps() {
        if (chain_.gaps.empty()) return;
        line("");
        for (const Gap& gap : chain_.gaps) {
            line(fmt::format(
                "Lost: {} on CPU {} between {} and {} could not be recorded; steps may be missing.",
                counted(gap.lost, "event"), gap.cpu, format_offset(gap.from_ns - chain_.start_ns),
                format_offset(gap.to_ns - chain_.start_ns)));
        }
    }

    const Chain& chain_;
    Colour colour_;
    std::string text_;
};

}  // namespace

std::string to_text(const Chain& chain, Colour colour) { return Story(chain, colour).tell(); }

}  // namespace catena::graph
