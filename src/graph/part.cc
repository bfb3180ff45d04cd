#include "graph/part.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

namespace catena::graph {
namespace {

using event::EntityId;

std::unexpected<base::Error> failed(base::Status&& status) {
    return std::unexpected(std::move(status).error());
}

// Of the files that History::devices gives, those that rules take.
base::Result<std::vector<EntityId>> taken_devices(History& history, const KeptRules& kept) {
    std::vector<EntityId> ids;
    if (auto status = history.devices([&](EntityId id) { ids.push_back(id); }); !status)
        return failed(std::move(status));
    GraphBuilder builder;
    if (auto status = history.describe(ids, builder); !status) return failed(std::move(status));
    const Graph graph = std::move(builder).build(Direction::Back);
    Pruner pruner(graph, kept);
    std::erase_if(ids, [&](EntityId id) {
        const auto node = graph.entities().find(id);
        return !node || !pruner.takes(*node);
    });
    return ids;
}

class PartFinder {
  public:
    PartFinder(History& history, const PartQuery& query) : history_(history), query_(query) {}

    base::Result<Part> find() {
        if (auto status = begin(); !status) return failed(std::move(status));
        // A guess: what leads nowhere is not counted by the search, and what rules take is.
        std::size_t wanted =
            query_.max_nodes > SIZE_MAX / 2 ? SIZE_MAX : query_.max_nodes + query_.max_nodes / 8 + 16;
        while (true) {
            for (Frontier& frontier : frontiers_) {
                if (auto status = frontier.advance(wanted); !status) return failed(std::move(status));
            }
            auto part = build();
            if (!part) return part;
            if (is_enough(part->graph)) return part;
            wanted = wanted > SIZE_MAX / 2 ? SIZE_MAX : wanted * 2;
        }
    }

  private:
    base::Status begin() {
        const auto avoided = taken_devices(history_, query_.kept);
        if (!avoided) return std::unexpected(avoided.error());
        for (const Direction direction : {Direction::Back, Direction::Forward}) {
            const auto& starts = direction == Direction::Back ? query_.back : query_.forward;
            if (starts.empty()) continue;
            auto frontier = Frontier::create(history_, direction, query_.window, query_.limits);
            if (!frontier) return std::unexpected(std::move(frontier).error());
            for (const EntityId id : *avoided) frontier->avoid(id);
            for (const Start& start : starts) frontier->start(start);
            frontiers_.push_back(*std::move(frontier));
            directions_.push_back(direction);
        }
        return {};
    }

    // Whether the tracking comes to its end, or to its last node, where the search has been.
    bool is_enough(const Graph& graph) const {
        for (std::size_t i = 0; i < frontiers_.size(); ++i) {
            if (frontiers_[i].at_end()) continue;
            const bool back = directions_[i] == Direction::Back;
            std::vector<Moment> starts;
            for (const Start& start : back ? query_.back : query_.forward) {
                if (const auto node = graph.entities().find(start.id)) starts.push_back({*node, start.ns});
            }
            Pruner pruner(graph, query_.kept);
            const Tracking tracking = track(graph, directions_[i], starts, query_.window, query_.max_nodes,
                                            [&](NodeIndex node) { return pruner.takes(node); });
            if (!tracking.cut || tracking.nodes.empty()) return false;
            const std::int64_t last_ns = tracking.nodes.back().ns;
            if (back ? last_ns < frontiers_[i].horizon_ns() : last_ns > frontiers_[i].horizon_ns())
                return false;
        }
        return true;
    }

    base::Result<Part> build() const {
        GraphBuilder builder;
        const auto ids = all_ids();
        if (auto status = history_.describe(ids, builder); !status) return failed(std::move(status));
        const auto extent = history_.extent();
        if (!extent) return std::unexpected(extent.error());
        builder.is_part_of(clamp_time(extent->first_ns), clamp_time(extent->end_ns));
        for (const Row* row : all_rows()) builder.add(event_of(*row), row->lead_ns);
        for (const Birth& birth : all_births()) builder.add(birth);
        auto status = history_.traits(ids, [&](EntityId id, Traits traits) { builder.mark(id, traits); });
        if (!status) return failed(std::move(status));

        Part part{.graph = std::move(builder).build(query_.direction), .window = query_.window};
        for (std::size_t i = 0; i < frontiers_.size(); ++i) {
            if (!frontiers_[i].is_full()) continue;
            part.is_full = true;
            const std::int64_t horizon_ns = frontiers_[i].horizon_ns();
            if (directions_[i] == Direction::Back) {
                part.window.since_ns = std::max(part.window.since_ns, horizon_ns);
            } else {
                part.window.until_ns = std::min(part.window.until_ns, horizon_ns);
            }
        }
        return part;
    }

    // Each once, in the order in which the whole recording would be read. The one of two that knows more of
    // when it began.
    std::vector<const Row*> all_rows() const {
        std::vector<const Row*> rows;
        rows.reserve(query_.rows.size());
        for (const Row& row : query_.rows) rows.push_back(&row);
        for (const Frontier& frontier : frontiers_) frontier.add_rows_to(rows);
        std::ranges::sort(rows, [](const Row* a, const Row* b) {
            return std::tuple(a->ts_ns, a->id, -a->lead_ns) < std::tuple(b->ts_ns, b->id, -b->lead_ns);
        });
        const auto again = std::ranges::unique(
            rows, [](const Row* a, const Row* b) { return a->ts_ns == b->ts_ns && a->id == b->id; });
        rows.erase(again.begin(), again.end());
        return rows;
    }

    std::vector<Birth> all_births() const {
        std::vector<Birth> births;
        for (const Frontier& frontier : frontiers_)
            std::ranges::copy(frontier.births(), std::back_inserter(births));
        const auto order = [](const Birth& b) { return std::tuple(b.ts_ns, b.child, b.parent); };
        std::ranges::sort(births, {}, order);
        const auto again = std::ranges::unique(births, {}, order);
        births.erase(again.begin(), again.end());
        return births;
    }

    std::vector<EntityId> all_ids() const {
        std::vector<EntityId> ids;
        for (const Row& row : query_.rows) ids.insert(ids.end(), {row.process, row.object});
        for (const Frontier& frontier : frontiers_)
            std::ranges::copy(frontier.entities(), std::back_inserter(ids));
        std::ranges::sort(ids);
        const auto again = std::ranges::unique(ids);
        ids.erase(again.begin(), again.end());
        return ids;
    }

    History& history_;
    const PartQuery& query_;
    std::vector<Frontier> frontiers_;
    std::vector<Direction> directions_;
};

}  // namespace

base::Result<Part> find_part(History& history, const PartQuery& query) {
    return PartFinder(history, query).find();
}

}  // namespace catena::graph
