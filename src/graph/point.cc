#include "graph/point.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <utility>

#include "event/escape.h"

namespace catena::graph {
namespace {

constexpr std::array<std::pair<std::string_view, PointKind>, 5> kKinds = {{{"file", PointKind::File},
                                                                           {"process", PointKind::Process},
                                                                           {"exe", PointKind::Exe},
                                                                           {"socket", PointKind::Socket},
                                                                           {"event", PointKind::Event}}};

base::Result<Point> not_a_point(std::string_view text, std::string_view why) {
    return base::fail(base::ErrorCode::Usage,
                      fmt::format("'{}' is not a point: {}; write file:/path, process:PID, exe:/path, "
                                  "socket:ADDR:PORT, socket:/path or event:ID",
                                  event::escape_for_terminal(text), why));
}

// "[0:0::1]:80" → "[::1]:80", as the recorder writes it; anything that is no IP address and port stays as it
// is.
std::string canonical_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.starts_with('/') || text.starts_with('@'))
        return std::string(text);
    std::string host(text.substr(0, colon));
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
    in6_addr address{};
    std::array<char, INET6_ADDRSTRLEN> canonical{};
    if (inet_pton(AF_INET6, host.c_str(), &address) != 1 ||
        inet_ntop(AF_INET6, &address, canonical.data(), canonical.size()) == nullptr) {
        return std::string(text);
    }
    return fmt::format("[{}]:{}", canonical.data(), text.substr(colon + 1));
}

bool is_address(std::string_view value) {
    if (value.starts_with('/') || value.starts_with('@')) return value.size() > 1;
    const std::size_t colon = value.rfind(':');
    return colon != std::string_view::npos && colon > 0 && colon + 1 < value.size();
}

// Levenshtein's distance, or limit + 1 where it is more than the limit.
std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return limit + 1;
    std::vector<std::size_t> row(a.size() + 1);
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
        std::size_t diagonal = std::exchange(row[0], j);
        std::size_t smallest = row[0];
        for (std::size_t i = 1; i < row.size(); ++i) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[i];
            row[i] = std::min({replaced, row[i] + 1, row[i - 1] + 1});
            smallest = std::min(smallest, row[i]);
        }
        if (smallest > limit) return limit + 1;
    }
    return row.back();
}

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string_view directory(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// How far a candidate is from what was asked for: a typo first, then the same name elsewhere, then a
// neighbour.
std::optional<int> path_score(std::string_view wanted, std::string_view candidate) {
    constexpr std::size_t kTypos = 3;
    const std::size_t distance = edit_distance(wanted, candidate, kTypos);
    if (distance <= std::min(kTypos, base_name(wanted).size() / 2 + 1)) return static_cast<int>(distance);
    if (!base_name(wanted).empty() && base_name(wanted) == base_name(candidate)) return 10;
    if (candidate.starts_with(wanted)) return 20;
    if (directory(wanted).size() > 1 && directory(wanted) == directory(candidate)) return 30;
    return std::nullopt;
}

std::optional<int> process_score(const Point& wanted, const event::ProcessImage& image) {
    constexpr std::int64_t kNear = 8;
    if (edit_distance(wanted.value, std::to_string(image.pid), 1) <= 1) return 1;
    const std::int64_t apart = std::abs(wanted.number - image.pid);
    return apart <= kNear ? std::optional(10 + static_cast<int>(apart)) : std::nullopt;
}

std::optional<int> address_score(std::string_view wanted, std::string_view candidate) {
    if (candidate.empty()) return std::nullopt;
    if (const std::size_t distance = edit_distance(wanted, candidate, 2); distance <= 2)
        return static_cast<int>(distance);
    const auto split = [](std::string_view text) {
        const std::size_t colon = std::min(text.rfind(':'), text.size());
        return std::pair(text.substr(0, colon), text.substr(colon));
    };
    if (split(wanted).first == split(candidate).first) return 10;
    if (split(wanted).second.size() > 1 && split(wanted).second == split(candidate).second) return 20;
    return std::nullopt;
}

bool matches(const Entities& entities, NodeIndex node, const Point& point) {
    const auto is_named = [&](std::string_view name) { return name == point.value || name == point.bytes; };
    const auto is_meant = [&](const event::ProcessImage& image) {
        return point.kind == PointKind::Process ? image.pid == point.number : is_named(image.exe);
    };
    switch (point.kind) {
        case PointKind::File:
            return std::ranges::any_of(entities.names(node),
                                       [&](const auto& name) { return is_named(name.path); });
        case PointKind::Process:
        case PointKind::Exe:
            return std::ranges::any_of(entities.images(node), is_meant);
        case PointKind::Socket: {
            const event::Socket* socket = entities.socket(node);
            return socket != nullptr && (is_named(socket->local) || is_named(socket->remote));
        }
        case PointKind::Event:
            break;
    }
    return false;
}

std::string_view plural_of(PointKind kind) {
    switch (kind) {
        case PointKind::File:
            return "files have had that name";
        case PointKind::Process:
            return "processes have had that pid";
        case PointKind::Exe:
            return "processes ran it";
        case PointKind::Socket:
            return "sockets have that address";
        case PointKind::Event:
            break;
    }
    return "events match";
}

}  // namespace

base::Result<Point> parse_point(std::string_view text) {
    const std::size_t colon = text.find(':');
    const auto kind =
        std::ranges::find(kKinds, text.substr(0, colon), &std::pair<std::string_view, PointKind>::first);
    if (colon == std::string_view::npos || kind == kKinds.end())
        return not_a_point(text, "it names no kind of thing");

    Point point{
        .kind = kind->second, .text = std::string(text), .value = std::string(text.substr(colon + 1))};
    point.bytes = event::unescape(point.value);
    switch (point.kind) {
        case PointKind::File:
        case PointKind::Exe:
            if (point.value.empty()) return not_a_point(text, "the path is missing");
            break;
        case PointKind::Socket:
            if (!is_address(point.value))
                return not_a_point(text, "an address has a host and a port, or is a path");
            point.value = canonical_address(point.value);
            break;
        case PointKind::Process:
        case PointKind::Event: {
            const char* end = point.value.data() + point.value.size();
            const auto [stop, error] = std::from_chars(point.value.data(), end, point.number);
            if (error != std::errc{} || stop != end || point.number < 0)
                return not_a_point(text, "it needs a number");
            break;
        }
    }
    return point;
}

void Anchor::add(const Anchor& other) {
    back.insert(back.end(), other.back.begin(), other.back.end());
    forward.insert(forward.end(), other.forward.begin(), other.forward.end());
    nodes.insert(nodes.end(), other.nodes.begin(), other.nodes.end());
    edges.insert(edges.end(), other.edges.begin(), other.edges.end());
    if (!note.empty() && !other.note.empty()) note += ' ';
    note += other.note;
}

std::optional<Anchor> find_anchor(const Graph& graph, const Point& point) {
    Anchor anchor;
    for (NodeIndex node = 0; node < graph.node_count(); ++node) {
        if (!matches(graph.entities(), node, point)) continue;
        anchor.nodes.push_back(node);
        anchor.back.push_back({node, kAlwaysUntil});
        anchor.forward.push_back({node, kAlwaysFrom});
    }
    if (anchor.nodes.empty()) return std::nullopt;
    if (anchor.nodes.size() > 1) {
        anchor.note = fmt::format("{} {}: the chain starts from all of them.", anchor.nodes.size(),
                                  plural_of(point.kind));
    }
    return anchor;
}

std::optional<Anchor> find_anchor(const Graph& graph, const event::Event& event) {
    Anchor anchor{.edges = graph.edges_of_event(event.id)};
    for (const EdgeIndex index : anchor.edges) {
        const Edge edge = graph.edge(index);
        anchor.back.push_back({edge.source, edge.last_ns});
        anchor.forward.push_back({edge.target, edge.begin_ns});
        anchor.nodes.push_back(edge.source);
        anchor.nodes.push_back(edge.target);
    }
    if (anchor.edges.empty()) {
        const auto process = graph.entities().find(event.process);
        if (!process) return std::nullopt;
        anchor.back.push_back({*process, clamp_time(std::max(event.ts_ns, event.last_ns))});
        anchor.forward.push_back({*process, clamp_time(event.ts_ns)});
        anchor.nodes.push_back(*process);
        anchor.note =
            fmt::format("Event {} ({}) carries nothing by itself: the chain starts from its process then.",
                        event.id, to_string(event.op));
    }
    return anchor;
}

std::vector<std::string> close_points(const Graph& graph, const Point& point) {
    const Entities& entities = graph.entities();
    std::map<std::string, int> scores;
    const auto offer = [&](std::optional<int> score, std::string name) {
        if (!score) return;
        const auto [place, is_new] = scores.try_emplace(std::move(name), *score);
        if (!is_new) place->second = std::min(place->second, *score);
    };
    for (NodeIndex node = 0; node < graph.node_count(); ++node) {
        if (point.kind == PointKind::File) {
            for (const auto& name : entities.names(node))
                offer(path_score(point.value, name.path), "file:" + name.path);
        }
        for (const auto& image : entities.images(node)) {
            if (point.kind == PointKind::Process) {
                offer(process_score(point, image), fmt::format("process:{}", image.pid));
            }
            if (point.kind == PointKind::Exe) offer(path_score(point.value, image.exe), "exe:" + image.exe);
        }
        const event::Socket* socket = entities.socket(node);
        if (point.kind == PointKind::Socket && socket != nullptr) {
            offer(address_score(point.value, socket->local), "socket:" + socket->local);
            offer(address_score(point.value, socket->remote), "socket:" + socket->remote);
        }
    }

    std::vector<std::pair<int, std::string>> ranked;
    ranked.reserve(scores.size());
    for (const auto& [name, score] : scores) ranked.emplace_back(score, event::escape_for_terminal(name));
    std::ranges::sort(ranked);
    std::vector<std::string> names;
    for (std::size_t i = 0; i < std::min<std::size_t>(ranked.size(), 5); ++i)
        names.push_back(ranked[i].second);
    return names;
}

}  // namespace catena::graph
