// A chain as a story: the headline, the steps that tell most, numbered and in order of time, the processes as
// a tree, what was left out, what was lost.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/escape.h"
#include "graph/columns.h"
#include "graph/narrative.h"
#include "graph/render.h"
#include "graph/text.h"
#include "graph/time_text.h"
#include "graph/tree.h"

namespace catena::graph {
namespace {

using event::Op;

constexpr std::size_t kNarrowest = 40;  // columns
constexpr std::int64_t kNoticeable = 1'000'000;

class Story {
  public:
    Story(const Chain& chain, Colour colour, const StoryLimits& limits)
        : chain_(chain),
          limits_(limits),
          colour_(colour),
          columns_(std::max(limits.columns, kNarrowest)),
          narrative_(narrative_of(chain, limits.steps)) {}

    std::string tell() {
        const Words words(chain_, colour_, columns_);
        for (const std::string& each : wrapped(headline(chain_), columns_)) line(words.bold(each));
        line("");
        for (const std::string& each : wrapped(subtitle(), columns_)) line(words.dim(each));
        if (!chain_.note.empty()) paragraph(chain_.note);
        tell_steps();
        tell_tree();
        tell_left_out();
        tell_gaps();
        return std::move(text_);
    }

  private:
    void line(std::string_view text) { (text_ += text) += '\n'; }

    void paragraph(std::string_view text, std::string_view first = "", std::string_view rest = "") {
        const std::size_t used = std::max(columns_of(first), columns_of(rest));
        const std::size_t room = columns_ > used + kNarrowest / 2 ? columns_ - used : kNarrowest / 2;
        for (const std::string& each : wrapped(text, room))
            line(std::string(std::exchange(first, rest)) + each);
    }

    // The moments that are told: within one day, only their clock is.
    bool on_one_day() const {
        std::int64_t first = 0;
        std::int64_t last = 0;
        bool any = false;
        for (const ChainEdge& edge : chain_.edges) {
            if (edge.op == Op::None) continue;
            first = any ? std::min(first, edge.first_ns) : edge.first_ns;
            last = any ? std::max(last, edge.last_ns) : edge.last_ns;
            any = true;
        }
        for (const Gap& gap : chain_.gaps) {
            first = std::min(first, gap.from_ns);
            last = std::max(last, gap.to_ns);
        }
        return any && format_day(first) == format_day(last);
    }

    std::string time_text(std::int64_t ns) const {
        return one_day_ ? format_clock(ns) : format_day(ns) + ' ' + format_clock(ns);
    }

    std::string subtitle() const {
        const std::string_view way = chain_.direction == Direction::Back      ? "Back from"
                                     : chain_.direction == Direction::Forward ? "Forward from"
                                                                              : "Back and forward from";
        const std::string to = chain_.to.empty() ? "" : " to " + event::escape_for_terminal(chain_.to);
        std::string text = fmt::format("{} {}{}: {}, {}", to.empty() ? way : "From",
                                       event::escape_for_terminal(chain_.point), to,
                                       counted(chain_.nodes.size(), "node"), counted(chain_.events, "event"));
        if (chain_.nodes_before_ranking > chain_.nodes.size())
            text += fmt::format(", the weightiest of {} nodes", with_commas(chain_.nodes_before_ranking));
        const std::string zone = format_zone(chain_.start_ns);
        const std::string utc = zone == "Z" ? "UTC" : "UTC" + zone;
        text += one_day_ ? fmt::format(". {}, {}.", format_day(chain_.start_ns), utc)
                         : fmt::format(". Times are {}.", utc);
        return text + " Numbers in [ ] are events.";
    }

    void tell_steps() {
        const std::vector<Step>& steps = narrative_.steps;
        if (steps.empty()) return;
        line("");
        const std::size_t digits = std::max<std::size_t>(std::to_string(steps.size()).size(), 2);
        const std::size_t indent = digits + 2 + columns_of(time_text(steps.front().first_ns)) + 2;
        const Words words(chain_, colour_, std::max(columns_, indent + kNarrowest) - indent);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const Step& step = steps[i];
            const std::string start =
                fmt::format("{:>{}}  {}  ", i + 1, digits, words.dim(time_text(step.first_ns)));
            std::string functions = functions_text(chain_, step);
            if (!functions.empty()) functions += "  ";
            paragraph(fmt::format("{}{}  {}{}", text_of(words, step), repetition(step), functions,
                                  words.dim(events_text(step))),
                      start, std::string(indent, ' '));
        }
        if (narrative_.more == 0) return;
        paragraph(fmt::format("… and {} of less weight: --steps {} tells them, too.",
                              counted(narrative_.more, "more step"), steps.size() + narrative_.more),
                  std::string(digits + 2, ' '), std::string(digits + 2, ' '));
    }

    // Only where calls are told as one.
    static std::string repetition(const Step& step) {
        if (!step.repeated) return "";
        std::string text = "  ×" + with_commas(step.calls);
        if (step.last_ns - step.first_ns >= kNoticeable)
            text += " in " + format_duration(step.last_ns - step.first_ns);
        return text;
    }

    void tell_tree() {
        const std::vector<std::string> lines = tree_lines(chain_, colour_, columns_, limits_.tree_lines);
        if (lines.empty()) return;
        line("");
        for (const std::string& each : lines) line(each);
    }

    void tell_left_out() {
        if (!chain_.left_out.empty()) line("");
        for (const LeftOut& taken : chain_.left_out) {
            std::string amount = counted(taken.edges, "flow");
            if (taken.bytes > 0) amount += ", " + counted(taken.bytes, "byte");
            paragraph(fmt::format("Left out: {} ({}); --keep {} shows {}.",
                                  counted(taken.nodes, taken.singular, taken.plural), amount, taken.rule,
                                  taken.nodes == 1 ? "it" : "them"),
                      "", "  ");
        }
        if (!chain_.cut) return;
        line("");
        paragraph(fmt::format("Cut after {}, the nearest in time: there are more (--max-nodes).",
                              counted(chain_.nodes.size(), "node")));
    }

    void tell_gaps() {
        if (!chain_.gaps.empty()) line("");
        for (const Gap& gap : chain_.gaps) {
            paragraph(fmt::format(
                          "Lost: {} on CPU {} between {} and {} could not be recorded; steps may be missing.",
                          counted(gap.lost, "event"), gap.cpu, time_text(gap.from_ns), time_text(gap.to_ns)),
                      "", "  ");
        }
    }

    const Chain& chain_;
    StoryLimits limits_;
    Colour colour_;
    std::size_t columns_;
    Narrative narrative_;
    bool one_day_ = on_one_day();
    std::string text_;
};

}  // namespace

std::string to_text(const Chain& chain, Colour colour, const StoryLimits& limits) {
    return Story(chain, colour, limits).tell();
}

}  // namespace catena::graph
