#include "graph/recording_for_test.h"

#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>

#include "event/escape.h"
#include "graph/point.h"

namespace catena::graph {
namespace {

using nlohmann::json;

std::int64_t moment(const json& line, const char* key, std::int64_t otherwise) {
    return line.contains(key) ? kEpoch + std::llround(line.at(key).get<double>() * 1e9) : otherwise;
}

std::string bytes(const json& line, const char* key) { return event::unescape(line.value(key, "")); }

}  // namespace

event::EntityId RecordingForTest::id(const std::string& name) {
    return ids_.try_emplace(name, event::EntityId{ids_.size() + 1}).first->second;
}

std::string RecordingForTest::name(event::EntityId id) const {
    for (const auto& [name, known] : ids_) {
        if (known == id) return name;
    }
    return "?";
}

void RecordingForTest::add_line(std::string_view line) {
    const json parsed = json::parse(line);
    if (parsed.contains("op")) {
        add_event(parsed);
    } else if (parsed.contains("process")) {
        add_process(parsed.at("process"));
    } else if (parsed.contains("file")) {
        const json& file = parsed.at("file");
        files_.push_back({.id = id(file.at("id")),
                          .since_ns = moment(file, "at", kEpoch),
                          .path = bytes(file, "path"),
                          .inode = file.value("inode", 0U),
                          .kind = event::FileKind::Regular});
    } else if (parsed.contains("socket")) {
        add_socket(parsed.at("socket"));
    } else if (parsed.contains("pipe") || parsed.contains("memory")) {
        const bool pipe = parsed.contains("pipe");
        const json& object = parsed.at(pipe ? "pipe" : "memory");
        objects_.push_back({.id = id(object.at("id")),
                            .type = pipe ? event::EntityType::Pipe : event::EntityType::Memory,
                            .since_ns = kEpoch,
                            .label = bytes(object, "label")});
    } else if (parsed.contains("loss")) {
        const json& loss = parsed.at("loss");
        losses_.push_back({loss.value("cpu", 0), loss.at("lost").get<std::uint64_t>(),
                           moment(loss, "from", kEpoch), moment(loss, "to", kEpoch)});
    } else {
        others_.push_back(parsed);
    }
}

void RecordingForTest::add_lines(std::string_view lines) {
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find('\n'), lines.size());
        const std::string_view line = lines.substr(0, end);
        if (line.find('{') != std::string_view::npos) add_line(line);
        lines.remove_prefix(std::min(end + 1, lines.size()));
    }
}

void RecordingForTest::add_event(const json& line) {
    const auto op = event::op_from_string(line.at("op").get<std::string>());
    if (!op) throw std::invalid_argument("no such operation: " + line.at("op").get<std::string>());
    event::Event event;
    event.id = static_cast<std::int64_t>(events_.size()) + 1;
    event.ts_ns = moment(line, "at", kEpoch);
    event.last_ns = moment(line, "until", event.ts_ns);
    event.op = *op;
    event.process = id(line.at("process"));
    event.tid = line.value("tid", 0);
    if (line.contains("object")) event.object = id(line.at("object"));
    event.bytes = line.value("bytes", std::int64_t{0});
    event.ret = line.value("ret", event.bytes);
    event.count = line.value("count", std::uint64_t{1});
    events_.push_back(event);
}

void RecordingForTest::add_process(const json& line) {
    event::ProcessImage image;
    image.id = id(line.at("id"));
    image.since_ns = moment(line, "at", kEpoch);
    image.start_ns = moment(line, "start", kEpoch - 1'000'000'000);
    image.pid = line.value("pid", 0);
    if (line.contains("parent")) image.parent = id(line.at("parent"));
    image.uid = line.value("uid", 0U);
    image.exe = bytes(line, "exe");
    image.cmdline = bytes(line, "cmdline");
    if (line.contains("user") || line.contains("unit") || line.contains("container")) {
        event::Attribution attribution;
        attribution.user = bytes(line, "user");
        attribution.cgroup.unit = bytes(line, "unit");
        attribution.cgroup.container = bytes(line, "container");
        image.attribution = std::make_shared<const event::Attribution>(std::move(attribution));
    }
    images_.push_back(image);
}

void RecordingForTest::add_socket(const json& line) {
    event::Socket socket;
    socket.id = id(line.at("id"));
    socket.since_ns = kEpoch;
    socket.protocol = line.value("protocol", "tcp");
    socket.local = bytes(line, "local");
    socket.remote = bytes(line, "remote");
    if (line.contains("peer")) socket.peer = id(line.at("peer"));
    socket.inode = line.value("inode", 0U);
    sockets_.push_back(socket);
}

Graph RecordingForTest::graph(Direction direction, std::int64_t slack_ns) const {
    GraphBuilder builder(slack_ns);
    for (const auto& image : images_) builder.add(image);
    for (const auto& file : files_) builder.add(file);
    for (const auto& socket : sockets_) builder.add(socket);
    for (const auto& object : objects_) builder.add(object);
    for (const auto& event : events_) builder.add(event);
    return std::move(builder).build(direction);
}

Chain RecordingForTest::chain(const Graph& graph, std::string_view text, const ChainQuery& query) const {
    const auto point = parse_point(text);
    if (!point) throw std::invalid_argument(point.error().message);
    std::optional<Anchor> anchor;
    if (point->kind == PointKind::Event) {
        for (const event::Event& event : events_) {
            if (event.id == point->number) anchor = find_anchor(graph, event);
        }
    } else {
        anchor = find_anchor(graph, *point);
    }
    return anchor ? make_chain(graph, std::span(&*point, 1), *anchor, query, losses_) : Chain{};
}

}  // namespace catena::graph
