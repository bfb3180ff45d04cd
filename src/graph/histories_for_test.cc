#include "graph/histories_for_test.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <map>
#include <tuple>
#include <utility>

namespace catena::graph {

using event::Event;
using event::Op;

std::vector<Event> events_of(const World& world, const Steps& steps) {
    std::vector<Event> events;
    std::int64_t now_ns = 1'000;
    for (const Step& step : steps) {
        now_ns += step.pause;
        Event& event = events.emplace_back();
        event.id = static_cast<std::int64_t>(events.size());
        event.ts_ns = event.last_ns = now_ns;
        event.process = {1 + step.process};
        event.tid = static_cast<std::int32_t>(1 + step.process + 100 * step.thread);
        event.object = {step.deed == Deed::VmWrite ? 1 + step.other : world.object(step.other)};
        const bool reads = step.deed == Deed::In;
        event.op = reads ? (world.sockets ? Op::Recv : Op::Read) : (world.sockets ? Op::Send : Op::Write);
        if (step.deed == Deed::VmWrite) event.op = Op::VmWrite;
        event.bytes = event.ret = event.id;  // told apart when summed up
    }
    return events;
}

Graph graph_of(const World& world, const std::vector<Event>& events, std::int64_t slack_ns) {
    GraphBuilder builder(slack_ns);
    for (std::uint32_t i = 0; world.sockets && i < world.objects; ++i) builder.add(world.socket(i));
    for (const Event& event : events) builder.add(event);
    return std::move(builder).build(Direction::Both);
}

Nodes ask(const Graph& graph, Direction direction, std::uint64_t id, std::int64_t ns, Window window) {
    const auto node = graph.entities().find({id});
    if (!node) return 0;
    const std::array starts = {Moment{*node, ns}};
    Nodes nodes = 0;
    for (const Moment& moment :
         track(graph, direction, starts, window, SIZE_MAX, [](NodeIndex) { return false; }).nodes)
        nodes |= Nodes{1} << graph.entities().id(moment.node).value;
    return nodes;
}

std::string text_of(const Steps& steps) {
    std::string text;
    for (const Step& step : steps) {
        constexpr std::array<const char*, 3> kArrows = {"<-o", "->o", "->p"};
        text += fmt::format("+{} p{}.{}{}{}  ", step.pause, step.process, step.thread,
                            kArrows.at(static_cast<std::size_t>(step.deed)), step.other);
    }
    return text;
}

void expect_conserved(const std::vector<Event>& events, const std::vector<Event>& rows) {
    std::map<std::tuple<std::uint64_t, std::uint64_t, Op>, std::pair<std::uint64_t, std::int64_t>> sums;
    for (const Event& event : events) {
        auto& [count, bytes] = sums[{event.process.value, event.object.value, event.op}];
        count += event.count;
        bytes += event.bytes;
    }
    for (const Event& row : rows) {
        auto& [count, bytes] = sums[{row.process.value, row.object.value, row.op}];
        count -= row.count;
        bytes -= row.bytes;
    }
    for (const auto& [key, sum] : sums) ASSERT_EQ(sum, std::pair(std::uint64_t{0}, std::int64_t{0}));
}

}  // namespace catena::graph
