#include "graph/random_recording_for_test.h"

#include <array>
#include <string_view>

#include "graph/point.h"

namespace catena::graph {
namespace {

using event::EntityId;
using event::EntityType;
using event::Op;

constexpr std::int64_t kBegin = 1'700'000'000'000'000'000;
constexpr std::uint64_t kEntities = 14;

using namespace std::string_view_literals;

// What means something to a terminal, to DOT, to Mermaid, to JSON, to HTML or to people who read from left to
// right.
constexpr std::array kPieces = {"\x1b[31m"sv,
                                "\x1b]0;title\a"sv,
                                "\r\n"sv,
                                "\t"sv,
                                "\0"sv,
                                "\x7f"sv,
                                "\xc2\x9b"sv,
                                "\xff\xfe"sv,
                                "\xe2\x80\xae"sv,
                                "\xe2\x80\xa8"sv,
                                "\""sv,
                                "\\"sv,
                                "\\\""sv,
                                "\\N"sv,
                                "\\x41"sv,
                                "'"sv,
                                "`"sv,
                                "&quot;"sv,
                                "&#60;"sv,
                                "#35;"sv,
                                "#quot;"sv,
                                "<b>"sv,
                                "-->"sv,
                                "]"sv,
                                "])"sv,
                                "}"sv,
                                "}}"sv,
                                "|"sv,
                                ";"sv,
                                "%%{init: {}}%%"sv,
                                "%%"sv,
                                "end"sv,
                                "subgraph"sv,
                                "click"sv,
                                ":::"sv,
                                "@{"sv,
                                "/"sv,
                                " "sv,
                                "  "sv,
                                "/tmp/a"sv,
                                "x"sv,
                                "\xe6\x97\xa5\xe6\x9c\xac"sv,
                                "\xcc\x81"sv,
                                "\xf0\x9f\x98\x80"sv,
                                "×"sv,
                                "…"sv,
                                "│"sv,
                                "ﬂ°°34¶ß"sv};
constexpr std::array kAddresses = {"127.0.0.1:80"sv,
                                   "10.0.0.1:40000"sv,
                                   "[::1]:53"sv,
                                   "203.0.113.66:9000"sv,
                                   ""sv,
                                   "/run/x.sock"sv,
                                   "@abstract"sv,
                                   ":"sv,
                                   "[:"sv};

}  // namespace

RandomRecording::RandomRecording(std::uint64_t seed) : seed_(seed), state_(seed * 2 + 1) {
    for (std::uint64_t i = 1; i <= kEntities; ++i) {
        if (below(8) != 0) describe(i);
    }
    const std::uint64_t events = 1 + below(60);
    for (std::uint64_t i = 0; i < events; ++i) add_event();
}

// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
std::uint64_t RandomRecording::below(std::uint64_t limit) {
    state_ += 0x9e3779b97f4a7c15U;
    std::uint64_t z = state_;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
    z = (z ^ z >> 27) * 0x94d049bb133111ebU;
    return (z ^ z >> 31) % limit;
}

std::string RandomRecording::name() {
    std::string text = below(2) == 0 ? "/" : "";
    const std::uint64_t pieces = below(20) == 0 ? 400 : below(7);
    for (std::uint64_t i = 0; i < pieces; ++i) text += kPieces[below(kPieces.size())];
    return text;
}

void RandomRecording::describe(std::uint64_t number) {
    const EntityId id{number};
    const auto since = [&] { return kBegin + static_cast<std::int64_t>(below(1'000'000'000)); };
    const auto address = [&] {
        return below(4) == 0 ? name() : std::string(kAddresses[below(kAddresses.size())]);
    };
    switch (number % 7) {
        case 0:
        case 1:
        case 2:
            for (std::uint64_t i = 0; i <= below(3); ++i) {
                images_.push_back({.id = id,
                                   .since_ns = since(),
                                   .start_ns = since(),
                                   .pid = static_cast<std::int32_t>(below(5)),
                                   .parent = EntityId{below(kEntities + 1)},
                                   .exe = name(),
                                   .cmdline = name()});
            }
            break;
        case 3:
        case 4:
            for (std::uint64_t i = 0; i <= below(3); ++i)
                files_.push_back({.id = id, .since_ns = since(), .path = name()});
            break;
        case 5:
            sockets_.push_back({.id = id,
                                .since_ns = since(),
                                .protocol = below(2) == 0   ? "tcp"
                                            : below(2) == 0 ? "unix"
                                                            : name(),
                                .local = address(),
                                .remote = address(),
                                .peer = EntityId{below(3) == 0 ? 5 + 7 * below(2) : 0}});
            break;
        default:
            objects_.push_back({.id = id,
                                .type = static_cast<EntityType>(3 + below(3)),
                                .since_ns = since(),
                                .label = name()});
    }
}

void RandomRecording::add_event() {
    event::Event event;
    event.id = static_cast<std::int64_t>(events_.size()) + 1;
    // Most within a second, some at the ends of what the field holds.
    event.ts_ns = kBegin + static_cast<std::int64_t>(below(1'000'000'000));
    if (below(50) == 0) event.ts_ns = below(2) == 0 ? INT64_MAX : INT64_MIN;
    event.last_ns = event.ts_ns;
    if (event.ts_ns != INT64_MAX) event.last_ns += static_cast<std::int64_t>(below(1'000'000));
    event.op = static_cast<Op>(below(event::kOpCount));
    // Mostly one that is described as a process, which ids 1, 2, 7, 8, 9 and 14 are.
    constexpr std::array<std::uint64_t, 6> kProcesses = {1, 2, 7, 8, 9, 14};
    event.process = EntityId{below(15) == 0 ? 1 + below(kEntities) : kProcesses[below(kProcesses.size())]};
    event.object = EntityId{below(kEntities + 1)};
    event.bytes = static_cast<std::int64_t>(below(3) == 0 ? below(UINT32_MAX) : below(2000));
    event.ret = static_cast<std::int64_t>(below(100));
    event.count = below(4) == 0 ? below(100'000) : 1;
    event.tid = static_cast<std::int32_t>(below(4));
    events_.push_back(event);
}

Graph RandomRecording::graph(Direction direction) const {
    GraphBuilder builder(kCallSlackNs);
    for (const auto& image : images_) builder.add(image);
    for (const auto& file : files_) builder.add(file);
    for (const auto& socket : sockets_) builder.add(socket);
    for (const auto& object : objects_) builder.add(object);
    for (const auto& event : events_) builder.add(event);
    return std::move(builder).build(direction);
}

Direction RandomRecording::direction() const { return static_cast<Direction>(seed_ % 3); }

Chain RandomRecording::chain(const Graph& graph, Direction direction) const {
    // Of an event, whose end is always known; of the last one in one of four, so that chains back are long.
    const event::Event& event = seed_ % 4 == 0 ? events_.back() : events_[seed_ / 4 % events_.size()];
    const Point point{
        .kind = PointKind::Event, .text = "event:" + std::to_string(event.id), .number = event.id};
    const auto anchor = find_anchor(graph, event);
    ChainQuery query{.direction = direction};
    if (seed_ % 2 == 0) query.kept.fill(true);
    const std::vector<Gap> losses = {
        {.cpu = 1, .lost = seed_, .from_ns = kBegin, .to_ns = kBegin + 5'000'000'000}};
    return anchor ? make_chain(graph, {&point, 1}, *anchor, query, losses) : Chain{};
}

}  // namespace catena::graph
