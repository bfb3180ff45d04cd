// Whatever a recording says and whatever names it has, each rendering of its chains can be printed in a
// terminal, and the JSON ones are JSON.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "event/escape.h"
#include "graph/chain.h"
#include "graph/columns.h"
#include "graph/point.h"
#include "graph/render.h"

namespace {

using namespace catena;  // NOLINT(google-build-using-namespace)

void require(bool holds) {
    if (!holds) std::abort();
}

// Line by line, nothing but backslashes would be escaped for a terminal, and no line is wider than `columns`.
void require_printable(std::string_view text, std::size_t columns) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        require(end != std::string_view::npos);
        std::string line(text.substr(0, end));
        require(graph::columns_of(line) <= columns);
        std::erase(line, '\\');
        require(event::escape_for_terminal(line) == line);
        text.remove_prefix(end + 1);
    }
}

void describe(FuzzedDataProvider& data, graph::GraphBuilder& builder) {
    const auto name = [&] { return data.ConsumeRandomLengthString(80); };
    const event::EntityId id{data.ConsumeIntegralInRange<std::uint64_t>(1, 8)};
    const event::EntityId other{data.ConsumeIntegralInRange<std::uint64_t>(0, 8)};
    const auto moment = data.ConsumeIntegral<std::int64_t>();
    switch (data.ConsumeIntegralInRange(0, 3)) {
        case 0:
            builder.add(event::ProcessImage{.id = id,
                                            .since_ns = moment,
                                            .start_ns = moment,
                                            .pid = data.ConsumeIntegral<std::int32_t>(),
                                            .parent = other,
                                            .exe = name(),
                                            .cmdline = name()});
            return;
        case 1:
            builder.add(event::FileName{.id = id, .since_ns = moment, .path = name()});
            return;
        case 2:
            builder.add(event::Socket{.id = id,
                                      .since_ns = moment,
                                      .protocol = name(),
                                      .local = name(),
                                      .remote = name(),
                                      .peer = other});
            return;
        default:
            builder.add(
                event::Object{.id = id,
                              .type = static_cast<event::EntityType>(data.ConsumeIntegralInRange(3, 5)),
                              .since_ns = moment,
                              .label = name()});
    }
}

event::Event happen(FuzzedDataProvider& data, std::int64_t id) {
    event::Event event;
    event.id = id;
    event.ts_ns = data.ConsumeIntegral<std::int64_t>();
    event.last_ns = data.ConsumeIntegral<std::int64_t>();
    event.op = static_cast<event::Op>(data.ConsumeIntegralInRange(0, static_cast<int>(event::kOpCount) - 1));
    event.process = event::EntityId{data.ConsumeIntegralInRange<std::uint64_t>(1, 8)};
    event.object = event::EntityId{data.ConsumeIntegralInRange<std::uint64_t>(0, 8)};
    event.bytes = data.ConsumeIntegralInRange<std::int64_t>(0, INT64_MAX);
    event.count = data.ConsumeIntegral<std::uint64_t>();
    return event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    FuzzedDataProvider data(bytes, size);
    const auto direction = static_cast<graph::Direction>(data.ConsumeIntegralInRange(0, 2));
    const auto columns = data.ConsumeIntegralInRange<std::size_t>(60, 200);
    graph::GraphBuilder builder;
    event::Event event;
    for (std::int64_t id = 1; data.remaining_bytes() > 0 && id < 64; ++id) {
        if (data.ConsumeBool()) describe(data, builder);
        event = happen(data, id);
        builder.add(event);
    }
    const graph::Graph graph = std::move(builder).build(direction);
    const auto anchor = event.id > 0 ? graph::find_anchor(graph, event) : std::nullopt;
    if (!anchor) return 0;
    const graph::Point point{
        .kind = graph::PointKind::Event, .text = "event:" + std::to_string(event.id), .number = event.id};
    const graph::Chain chain = graph::make_chain(graph, {&point, 1}, *anchor, {.direction = direction}, {});
    require_printable(graph::to_text(chain, graph::Colour::Off, {.columns = columns}), columns);
    for (const std::string& text : {graph::to_json(chain), graph::to_prov(chain)}) {
        require_printable(text, SIZE_MAX);
        require(nlohmann::json::accept(text));
    }
    require_printable(graph::to_dot(chain), SIZE_MAX);
    require_printable(graph::to_mermaid(chain), SIZE_MAX);
    return 0;
}
