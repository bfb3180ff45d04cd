#include "graph/narrative.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "graph/label.h"
#include "graph/plot.h"

namespace catena::graph {
namespace {

constexpr std::size_t kMostWays = 6;

class Narrator {
  public:
    Narrator(const Chain& chain, std::size_t limit)
        : chain_(chain), limit_(limit), plot_(chain), apart_(chain.nodes.size()) {}

    Narrative narrate() {
        find_ways();
        for (const auto& way : ways_) {
            for (const std::size_t edge : way)
                apart_[chain_.edges[edge].source] = apart_[chain_.edges[edge].target] = true;
        }
        steps_ = steps_of(chain_, apart_);
        told_.resize(steps_.size());
        known_.resize(chain_.nodes.size());
        step_of_.assign(chain_.edges.size(), SIZE_MAX);
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            for (const std::size_t edge : steps_[i].edges) step_of_[edge] = i;
        }
        if (steps_.size() <= limit_) {
            told_.assign(steps_.size(), true);
        } else {
            tell_ways();
            tell_more();
        }
        Narrative narrative;
        for (std::size_t i = 0; i < steps_.size(); ++i) {
            if (told_[i]) narrative.steps.push_back(std::move(steps_[i]));
        }
        narrative.more = steps_.size() - narrative.steps.size();
        return narrative;
    }

  private:
    // From the best places, and in both directions by turns.
    void find_ways() {
        std::vector<std::size_t> origins;
        std::vector<std::size_t> ends;
        if (chain_.direction != Direction::Forward) origins = one_of_each(plot_.origins());
        if (chain_.direction != Direction::Back) ends = one_of_each(plot_.ends());
        for (std::size_t i = 0; i < std::max(origins.size(), ends.size()) && ways_.size() < kMostWays; ++i) {
            if (i < origins.size()) ways_.push_back(plot_.way_from(origins[i]));
            if (i < ends.size()) ways_.push_back(plot_.way_to(ends[i]));
        }
        std::erase_if(ways_, [](const auto& way) { return way.empty(); });
        if (const ChainEdge* effect = plot_.effect(); effect != nullptr && ways_.empty())
            ways_.push_back({static_cast<std::size_t>(effect - chain_.edges.data())});
    }

    // Of connections that one host made, and of those that were made to one, the first is told as an example
    // of all.
    std::vector<std::size_t> one_of_each(const std::vector<std::size_t>& nodes) const {
        std::set<std::pair<std::string_view, bool>> hosts;
        std::vector<std::size_t> kept;
        for (const std::size_t index : nodes) {
            const ChainNode& node = chain_.nodes[index];
            const bool is_new =
                !is_external(node) || hosts.emplace(host_of(node.socket->remote), is_inbound(node)).second;
            if (is_new) kept.push_back(index);
        }
        const auto is_process = [&](std::size_t node) {
            return chain_.nodes[node].type == event::EntityType::Process;
        };
        if (!std::ranges::all_of(kept, is_process)) std::erase_if(kept, is_process);
        return kept;
    }

    // The steps of a way that are not told yet: the nearest to the point first; where they are more than
    // there is room for, from both ends by turns.
    std::vector<std::size_t> steps_of_way(const std::vector<std::size_t>& way, std::size_t room) const {
        std::vector<std::size_t> steps;
        for (auto edge = way.rbegin(); edge != way.rend(); ++edge) {
            const std::size_t step = step_of_[*edge];
            if (step != SIZE_MAX && !told_[step] && std::ranges::find(steps, step) == steps.end())
                steps.push_back(step);
        }
        if (steps.size() <= room) return steps;
        std::vector<std::size_t> by_turns;
        by_turns.reserve(steps.size());
        for (std::size_t i = 0; i < steps.size(); ++i)
            by_turns.push_back(i % 2 == 0 ? steps[i / 2] : steps[steps.size() - 1 - i / 2]);
        return by_turns;
    }

    void tell_ways() {
        for (std::size_t i = 0; i < ways_.size(); ++i) {
            const std::size_t room = limit_ - told_count_;
            const std::vector<std::size_t> steps = steps_of_way(ways_[i], room);
            if (steps.size() > room && i > 0) continue;  // half a way would only be told for the best
            for (std::size_t n = 0; n < std::min(room, steps.size()); ++n) tell(steps[n]);
        }
    }

    void tell_more() {
        while (told_count_ < std::min(limit_, steps_.size())) {
            std::optional<std::size_t> best;
            for (std::size_t i = 0; i < steps_.size(); ++i) {
                if (!told_[i] && (!best || rank(steps_[i]) > rank(steps_[*best]))) best = i;
            }
            tell(*best);
        }
    }

    // Steps about what is told already come first, then heavy ones. Where nothing was ranked, what left the
    // machine or came into it tells most, and what was mapped least.
    std::pair<bool, double> rank(const Step& step) const {
        bool known = false;
        double telling = 0;
        for (const Act& act : step.acts) {
            known |= known_[act.actor] || known_[act.object];
            telling = std::max(telling, telling_of(act));
        }
        if (step.events.empty()) telling = 0;  // was not recorded itself
        return {known, step.weight * telling};
    }

    double telling_of(const Act& act) const {
        const Moved moved = moved_in(chain_, act);
        const double bytes = static_cast<double>(moved.in_bytes + moved.out_bytes);
        double telling = 0.5 + std::log10(1 + bytes) / 20;
        if (act.manner == Manner::Talk && is_external(chain_.nodes[act.object])) telling += 0.4;
        if (act.manner == Manner::Change || act.manner == Manner::Run) telling += 0.2;
        const bool moves = bytes > 0 || act.manner != Manner::Read;
        return telling * (moves ? 1 : 0.3) * (chain_.nodes[act.object].dull ? 0.2 : 1);
    }

    void tell(std::size_t step) {
        told_[step] = true;
        ++told_count_;
        for (const Act& act : steps_[step].acts) known_[act.actor] = known_[act.object] = true;
    }

    const Chain& chain_;
    std::size_t limit_;
    Plot plot_;
    std::vector<bool> apart_;
    std::vector<std::vector<std::size_t>> ways_;  // of edges
    std::vector<Step> steps_;
    std::vector<std::size_t> step_of_;  // by edge
    std::vector<bool> told_;
    std::size_t told_count_ = 0;
    std::vector<bool> known_;  // nodes that a step that is told is about
};

}  // namespace

Narrative narrative_of(const Chain& chain, std::size_t limit) { return Narrator(chain, limit).narrate(); }

}  // namespace catena::graph
