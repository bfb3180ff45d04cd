#include "cli/recording_history.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace catena::cli {
namespace {

using event::EntityId;
using graph::Trait;

static_assert(static_cast<int>(Trait::Written) == 1 && static_cast<int>(Trait::Accepted) == 2 &&
                  static_cast<int>(Trait::Connected) == 4 && static_cast<int>(Trait::Forked) == 8,
              "store::Reader::traits says them as these numbers");

// From so many on, reading all and choosing is quicker than naming them.
constexpr std::size_t kMaxNamed = 20'000;

// As one text: DuckDB takes longer to parse and plan a list of a thousand numbers than to look for them.
std::string is_one_of(std::span<const EntityId> ids) {
    std::string list;
    for (const EntityId id : ids)
        fmt::format_to(std::back_inserter(list), "{}{}", list.empty() ? "" : ",", id.value);
    return fmt::format("id IN (SELECT unnest(string_split('{}', ','))::BIGINT)", list);
}

// As numbers, which the view of sockets can use before it looks for each one's last row.
std::string is_one_of_numbers(std::span<const EntityId> ids) {
    std::string list;
    for (const EntityId id : ids)
        fmt::format_to(std::back_inserter(list), "{}{}", list.empty() ? "" : ",", id.value);
    return fmt::format("id IN ({})", list);
}

EntityId id_of(std::int64_t number) { return {static_cast<std::uint64_t>(number)}; }

// The rows of the entities that a point names, as what stands behind FROM.
std::string named_by(const graph::Point& point) {
    // Both spellings, as in graph::find_anchor.
    const auto is = [&](const char* column, auto part) {
        return fmt::format("{} IN ({}, {})", column, store::stored_literal(part(point.value)),
                           store::stored_literal(part(point.bytes)));
    };
    const auto all = [](std::string_view text) { return text; };
    const auto folder = [](std::string_view path) { return path.substr(0, path.rfind('/') + 1); };
    const auto name = [](std::string_view path) { return path.substr(path.rfind('/') + 1); };
    switch (point.kind) {
        case graph::PointKind::File:
            return "file_names WHERE " + is("directory", folder) + " AND " + is("name", name);
        case graph::PointKind::Process:
            return fmt::format("process_images WHERE pid = {}", point.number);
        case graph::PointKind::Exe:
            return "process_images WHERE " + is("exe", all);
        case graph::PointKind::Socket:
            return "socket_states WHERE " + is("local", all) + " OR " + is("remote", all);
        case graph::PointKind::Event:
            break;
    }
    return {};
}

}  // namespace

base::Result<graph::HistoryExtent> RecordingHistory::extent() {
    if (extent_) return *extent_;
    graph::HistoryExtent extent;
    auto status = reader_.numbers("SELECT count(*), min(ts_ns), max(ts_ns), max(span_ns) FROM events",
                                  [&](store::Numbers row) {
                                      extent = {.events = static_cast<std::uint64_t>(row[0]),
                                                .first_ns = row[1],
                                                .latest_ns = row[2],
                                                .end_ns = row[2],
                                                .longest_ns = row[3]};
                                  });
    const auto end = [&](store::Numbers row) { extent.end_ns = std::max(extent.end_ns, row[0]); };
    if (status && extent.events > 0) {
        status = reader_.numbers(
            fmt::format("SELECT max(last_ns) FROM events WHERE ts_ns >= {}",
                        graph::clamp_time(extent.latest_ns) - graph::clamp_time(extent.longest_ns)),
            end);
    }
    if (!status) return std::unexpected(std::move(status).error());
    extent_ = extent;
    return extent;
}

base::Status RecordingHistory::events(std::int64_t from_ns, std::int64_t to_ns, const Visit& visit) {
    return reader_.flows(fmt::format("ts_ns BETWEEN {} AND {}", from_ns, to_ns), visit);
}

base::Status RecordingHistory::events_longer_than(std::int64_t ns, const Visit& visit) {
    return reader_.flows(fmt::format("span_ns > {}", ns), visit);
}

base::Status RecordingHistory::peers(const std::function<void(EntityId, EntityId)>& visit) {
    // The last row of a socket holds, and the peer must be a socket that is described.
    return reader_.numbers(
        "SELECT id, peer FROM (SELECT id, peer FROM socket_states "
        "WHERE id IN (SELECT id FROM socket_states WHERE peer IS NOT NULL) "
        "QUALIFY row_number() OVER (PARTITION BY id ORDER BY rowid DESC) = 1) "
        "WHERE peer <> id AND peer IN (SELECT id FROM socket_states)",
        [&](store::Numbers row) { visit(id_of(row[0]), id_of(row[1])); });
}

base::Status RecordingHistory::births(std::int64_t from_ns, std::int64_t to_ns,
                                      const std::function<void(const graph::Birth&)>& visit) {
    if (traits_.empty()) traits_ = reader_.traits();
    std::unordered_set<std::uint64_t> seen;  // the first image holds
    const std::string sql = fmt::format(
        "SELECT p.id, p.parent, p.start_ns, (p.parent IN (SELECT id FROM process_images))::BIGINT "
        "FROM process_images p "
        "ANTI JOIN (SELECT id FROM {} WHERE traits & 8 <> 0) f ON f.id = p.id ORDER BY p.since_ns, p.rowid",
        traits_ == "traits"
            ? traits_
            : "(SELECT object AS id, 8 AS traits FROM events WHERE op = 'fork' AND ret >= 0)");
    return reader_.numbers(sql, [&](store::Numbers row) {
        if (!seen.insert(static_cast<std::uint64_t>(row[0])).second || row[2] == 0 || row[3] == 0) return;
        const std::int64_t ts_ns = graph::clamp_time(row[2]);
        if (from_ns <= ts_ns && ts_ns <= to_ns && row[0] != row[1])
            visit({.parent = id_of(row[1]), .child = id_of(row[0]), .ts_ns = ts_ns});
    });
}

template <class T>
base::Status RecordingHistory::describe_from(
    base::Status (store::Reader::*rows)(const std::string&, const std::function<void(T&&)>&),
    std::span<const EntityId> ids, graph::GraphBuilder& builder) {
    if (ids.size() <= kMaxNamed) {
        return (reader_.*rows)(std::is_same_v<T, event::Socket> ? is_one_of_numbers(ids) : is_one_of(ids),
                               [&](T&& thing) { builder.add(std::forward<T>(thing)); });
    }
    std::unordered_set<EntityId> wanted(ids.begin(), ids.end());
    return (reader_.*rows)("", [&](T&& thing) {
        if (wanted.contains(thing.id)) builder.add(std::forward<T>(thing));
    });
}

base::Status RecordingHistory::describe(std::span<const EntityId> ids, graph::GraphBuilder& builder) {
    if (ids.empty()) return {};
    if (auto status = describe_from(&store::Reader::images, ids, builder); !status) return status;
    if (auto status = describe_from(&store::Reader::names, ids, builder); !status) return status;
    if (auto status = describe_from(&store::Reader::last_sockets, ids, builder); !status) return status;
    return describe_from(&store::Reader::last_objects, ids, builder);
}

base::Status RecordingHistory::traits(std::span<const EntityId> ids,
                                      const std::function<void(EntityId, graph::Traits)>& visit) {
    if (ids.empty()) return {};
    if (traits_.empty()) traits_ = reader_.traits();
    const bool named = ids.size() <= kMaxNamed;
    std::unordered_set<EntityId> wanted;
    if (!named) wanted.insert(ids.begin(), ids.end());
    return reader_.numbers(fmt::format("SELECT id, traits::BIGINT FROM {} {}", traits_,
                                       named ? "WHERE " + is_one_of(ids) : std::string()),
                           [&](store::Numbers row) {
                               if (named || wanted.contains(id_of(row[0])))
                                   visit(id_of(row[0]), static_cast<graph::Traits>(row[1]));
                           });
}

base::Status RecordingHistory::devices(const std::function<void(EntityId)>& visit) {
    return reader_.numbers(
        "SELECT DISTINCT id FROM file_names WHERE directory IN ('', '/') OR starts_with(directory, '/dev/')",
        [&](store::Numbers row) { visit(id_of(row[0])); });
}

base::Result<std::vector<EntityId>> RecordingHistory::matches(const graph::Point& point) {
    std::vector<EntityId> ids;
    auto status = reader_.numbers(
        "SELECT id, max(since_ns) AS since FROM " + named_by(point) + " GROUP BY id ORDER BY since DESC, id",
        [&](store::Numbers row) { ids.push_back(id_of(row[0])); });
    if (!status) return std::unexpected(std::move(status).error());
    return ids;
}

base::Result<std::vector<Busy>> RecordingHistory::busiest(const graph::Point& point,
                                                          std::span<const EntityId> matches,
                                                          std::size_t count) {
    std::vector<Busy> all;
    std::unordered_map<EntityId, std::size_t> places;
    for (const EntityId id : matches) {
        places.emplace(id, all.size());
        all.push_back({.id = id});
    }
    std::vector<std::int64_t> last_ns(all.size());
    const auto add = [&](EntityId id, const event::Event& event) {
        const auto place = places.find(id);
        if (place == places.end()) return;
        Busy& busy = all[place->second];
        const std::pair last(last_ns[place->second], busy.last_event);
        if (busy.flows++ == 0 || last < std::pair(event.ts_ns, event.id)) {
            last_ns[place->second] = event.ts_ns;
            busy.last_event = event.id;
        }
    };
    const std::string ids = "(SELECT id FROM " + named_by(point) + ")";
    auto status = reader_.flows("process IN " + ids + " OR object IN " + ids, [&](const event::Event& event) {
        if (!graph::carries(event)) return;
        add(event.process, event);
        add(event.object, event);
    });
    if (!status) return std::unexpected(std::move(status).error());
    std::ranges::sort(all, [&](const Busy& a, const Busy& b) {
        return a.flows != b.flows ? a.flows > b.flows : places.at(a.id) < places.at(b.id);
    });
    all.resize(std::min(all.size(), count));
    return all;
}

}  // namespace catena::cli
