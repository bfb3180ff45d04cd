#include "graph/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "graph/columns.h"
#include "graph/step.h"
#include "graph/text.h"

namespace catena::graph {
namespace {

using event::EntityType;

constexpr std::string_view kMark = "◀ asked for";
constexpr std::size_t kDeepest = 12;  // what is below begins a tree of its own

// A line of the tree: a process, or what one did.
struct Line {
    std::size_t process = SIZE_MAX;  // of a process, its place in the tree's processes
    std::string text{};              // of a deed
    std::int64_t time_ns = 0;
    double weight = 0;
    std::size_t rank = 0;   // among those of equal weight
    std::size_t place = 0;  // among those of one time
    bool shown = true;
};

struct Process {
    std::size_t node = 0;
    std::size_t parent = SIZE_MAX;  // place in the tree's processes
    std::size_t depth = 0;
    std::int64_t time_ns = kAlwaysUntil;
    std::vector<Line> lines{};  // its children and deeds, in order of time
    std::size_t line = 0;       // of itself among its parent's
};

class Tree {
  public:
    Tree(const Chain& chain, Colour colour, std::size_t columns)
        : chain_(chain),
          columns_(std::max<std::size_t>(columns, 40)),
          words_(chain, colour, columns_ / 2),
          full_words_(chain, colour, columns_),
          places_(chain.nodes.size(), SIZE_MAX),
          makers_(chain.nodes.size()),
          told_(chain.nodes.size()) {}

    std::vector<std::string> draw(std::size_t max_lines) {
        const std::vector<Step> steps = steps_of(chain_, std::vector<bool>(chain_.nodes.size()));
        for (const Step& step : steps) {
            if (step.kind != Step::Kind::Many) continue;
            for (const Act& act : step.acts) {
                if (act.manner == Manner::Start) told_[act.object] = true;
            }
        }
        for (std::size_t node = 0; node < chain_.nodes.size(); ++node) {
            if (chain_.nodes[node].type != EntityType::Process || told_[node]) continue;
            places_[node] = processes_.size();
            processes_.push_back({.node = node});
        }
        for (const Step& step : steps) {
            for (const Act& act : step.acts) {
                if (act.manner == Manner::Change) makers_[act.object].emplace_back(act.actor, act.first_ns);
            }
        }
        for (const Step& step : steps) add(step);
        add_known_parents();
        order(steps);
        choose(max_lines);
        for (std::size_t i = 0; i < roots_.size(); ++i) draw_process(roots_[i], "", "");  // can add to roots_
        if (hidden_roots_ > 0)
            drawn_.push_back(fmt::format("… {} that nothing shown here started",
                                         counted(hidden_roots_, "more process", "more processes")));
        return std::move(drawn_);
    }

  private:
    void add(const Step& step) {
        if (step.kind == Step::Kind::Many) {
            add_deed(step.acts.front(), step.first_ns, step.weight, deed_of(words_, step));
            return;
        }
        for (const Act& act : step.acts) {
            const bool birth = act.manner == Manner::Start && places_[act.object] != SIZE_MAX;
            if (birth && adopt(act.actor, act.object)) {
                processes_[places_[act.object]].time_ns = act.first_ns;
            } else {
                add_deed(act, act.first_ns, act.weight, deed_text(act));
            }
        }
    }

    std::string deed_text(const Act& act) const {
        const Moved moved = moved_in(chain_, act);
        return words_.predicate(act) + (moved.repeated ? "  ×" + with_commas(moved.calls) : "") + maker(act) +
               (chain_.event != 0 ? event_mark(act) : mark(act.object));
    }

    // Who else wrote what was read or run, before: what joins trees that nothing else joins.
    std::string maker(const Act& act) const {
        if (act.manner != Manner::Read && act.manner != Manner::Run) return "";
        if (chain_.nodes[act.object].type != EntityType::File) return "";
        std::vector<std::size_t> makers;
        for (const auto& [maker, since_ns] : makers_[act.object]) {
            if (maker != act.actor && since_ns <= act.last_ns) makers.push_back(maker);
        }
        if (makers.empty()) return "";
        const std::string others =
            makers.size() > 1 ? fmt::format(" and {}", counted(makers.size() - 1, "other")) : "";
        return fmt::format("  (written by {}{})", words_.name(makers.front()), others);
    }

    std::string mark(std::size_t node) const {
        const bool asked_for = chain_.nodes[node].end || (chain_.nodes[node].start && chain_.event == 0);
        return asked_for ? "  " + words_.bold(kMark) : "";
    }

    // Of a chain of an event, its deed is marked.
    std::string event_mark(const Act& act) const {
        const bool asked_for = std::ranges::any_of(act.edges, [&](std::size_t edge) {
            return std::ranges::binary_search(chain_.edges[edge].events, chain_.event);
        });
        return asked_for ? "  " + words_.bold(kMark) : "";
    }

    static std::string_view arrow(const Chain& chain, const Act& act) {
        bool in = false;
        bool out = false;
        for (const std::size_t edge : act.edges) (chain.edges[edge].target == act.actor ? in : out) = true;
        return in && out ? "↔ " : in ? "← " : "→ ";
    }

    void add_deed(const Act& act, std::int64_t time_ns, double weight, const std::string& text) {
        if (places_[act.actor] == SIZE_MAX) {  // only in a recording that contradicts itself
            places_[act.actor] = processes_.size();
            processes_.push_back({.node = act.actor});
        }
        Process& process = processes_[places_[act.actor]];
        process.lines.push_back({.text = std::string(arrow(chain_, act)) + text,
                                 .time_ns = time_ns,
                                 .weight = weight,
                                 .rank = act.object});
        process.time_ns = std::min(process.time_ns, time_ns);
    }

    // Whether the child got that parent: a process has one, and is not its own ancestor.
    bool adopt(std::size_t parent_node, std::size_t child_node) {
        const std::size_t parent = places_[parent_node];
        const std::size_t child = places_[child_node];
        if (parent == SIZE_MAX || processes_[child].parent != SIZE_MAX) return false;
        for (std::size_t at = parent; at != SIZE_MAX; at = processes_[at].parent) {
            if (at == child) return false;
        }
        processes_[child].parent = parent;
        return true;
    }

    // Parents that are in the chain, though not for having started this process.
    void add_known_parents() {
        std::unordered_map<event::EntityId, std::size_t> nodes;
        for (const Process& process : processes_) nodes.emplace(chain_.nodes[process.node].id, process.node);
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            const auto& images = chain_.nodes[processes_[i].node].images;
            if (processes_[i].parent != SIZE_MAX || images.empty()) continue;
            if (const auto parent = nodes.find(images.back()->parent); parent != nodes.end())
                adopt(parent->second, processes_[i].node);
        }
    }

    void order(const std::vector<Step>& steps) {
        std::vector<bool> named(chain_.nodes.size());  // in a deed of another one
        for (const Step& step : steps) {
            for (const Act& act : step.acts) named[act.object] = true;
        }
        std::vector<std::size_t> order(processes_.size());
        for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(processes_[i].time_ns, i); });
        for (const std::size_t i : order) {
            Process& process = processes_[i];
            const ChainNode& node = chain_.nodes[process.node];
            if (process.parent == SIZE_MAX) {
                const bool silent = process.lines.empty() && named[process.node] && !node.start;
                if (!silent) roots_.push_back(i);
                continue;
            }
            processes_[process.parent].lines.push_back(
                {.process = i, .time_ns = process.time_ns, .weight = node.weight, .rank = process.node});
        }
        for (Process& process : processes_) {
            for (std::size_t line = 0; line < process.lines.size(); ++line) process.lines[line].place = line;
            std::ranges::sort(process.lines, {},
                              [](const Line& line) { return std::pair(line.time_ns, line.place); });
            for (std::size_t line = 0; line < process.lines.size(); ++line) {
                if (process.lines[line].process != SIZE_MAX)
                    processes_[process.lines[line].process].line = line;
            }
        }
    }

    // Keeps the heaviest lines, and what stands above them.
    void choose(std::size_t max_lines) {
        std::size_t all = roots_.size();
        for (const Process& process : processes_) all += process.lines.size();
        if (all <= max_lines) return;
        std::vector<std::tuple<double, std::size_t, std::size_t, std::size_t>> lines;
        for (std::size_t i = 0; i < processes_.size(); ++i) {
            for (std::size_t line = 0; line < processes_[i].lines.size(); ++line) {
                Line& each = processes_[i].lines[line];
                each.shown = false;
                lines.emplace_back(-each.weight, each.rank, i, line);
            }
        }
        std::ranges::sort(lines);
        std::size_t count = 0;
        for (const auto& [weight, rank, process, line] : lines) {
            if (count >= max_lines) break;
            processes_[process].lines[line].shown = true;
            ++count;
            for (std::size_t at = process; processes_[at].parent != SIZE_MAX; at = processes_[at].parent) {
                Line& own = processes_[processes_[at].parent].lines[processes_[at].line];
                if (std::exchange(own.shown, true)) break;
                ++count;
            }
        }
        // A root that shows nothing is not shown either.
        hidden_roots_ = std::erase_if(roots_, [&](std::size_t root) {
            const auto& own = processes_[root].lines;
            return !own.empty() && std::ranges::none_of(own, &Line::shown);
        });
    }

    void put(const std::string& first, const std::string& rest, const std::string& text) {
        const std::size_t used = std::max(columns_of(first), columns_of(rest));
        const std::vector<std::string> lines = wrapped(text, columns_ > used + 20 ? columns_ - used : 20);
        for (std::size_t i = 0; i < lines.size(); ++i) drawn_.push_back((i == 0 ? first : rest) + lines[i]);
    }

    // `first` stands before the process's own line, `rest` before what is below it.
    void draw_process(std::size_t index, const std::string& first, const std::string& rest) {
        const Process& process = processes_[index];
        std::string text = words_.bold(words_.name(process.node)) + mark(process.node);
        const std::size_t used = std::max(columns_of(first), columns_of(rest) + 2) + columns_of(text) + 2;
        const std::string command = full_words_.command(process.node);
        constexpr std::size_t kTooShort = 10;
        if (!command.empty() && columns_ > used + kTooShort)
            text += "  " + words_.dim(fitted(command, columns_ - used));
        put(first, rest + "  ", text);
        std::vector<const Line*> lines;
        for (const Line& line : process.lines) {
            if (line.shown) lines.push_back(&line);
        }
        const std::size_t hidden = process.lines.size() - lines.size();
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const bool last = i + 1 == lines.size() && hidden == 0;
            draw_line(*lines[i], rest, last);
        }
        if (hidden > 0) drawn_.push_back(fmt::format("{}└ … {} more", rest, with_commas(hidden)));
    }

    void draw_line(const Line& line, const std::string& before, bool last) {
        const std::string rest = before + (last ? "   " : "│  ");
        if (line.process == SIZE_MAX) {
            put(before + (last ? "└ " : "├ "), rest + "  ", line.text);
        } else if (columns_of(before) / 3 < kDeepest) {
            draw_process(line.process, before + (last ? "└─ " : "├─ "), rest);
        } else {
            put(before + (last ? "└─ " : "├─ "), rest + "  ",
                words_.name(processes_[line.process].node) + "  (continued below)");
            roots_.push_back(line.process);
        }
    }

    const Chain& chain_;
    std::size_t columns_;
    Words words_;
    Words full_words_;                 // for what gets the rest of a line
    std::vector<std::size_t> places_;  // of a node among the processes; SIZE_MAX where it is none
    std::vector<std::vector<std::pair<std::size_t, std::int64_t>>>
        makers_;              // who wrote a node, and since when
    std::vector<bool> told_;  // processes that are told in a deed of their parent
    std::vector<Process> processes_;
    std::vector<std::size_t> roots_;
    std::size_t hidden_roots_ = 0;
    std::vector<std::string> drawn_;
};

}  // namespace

std::vector<std::string> tree_lines(const Chain& chain, Colour colour, std::size_t columns,
                                    std::size_t max_lines) {
    return Tree(chain, colour, columns).draw(max_lines);
}

}  // namespace catena::graph
