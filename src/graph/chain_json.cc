// A chain as JSON; docs/formats/chain.md says what each field means. Strings are escaped as everywhere
// (event/escape.h), so that any bytes come out as valid UTF-8 and can be had back.
#include <nlohmann/json.hpp>

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "event/attribution_json.h"
#include "event/escape.h"
#include "event/json_lines.h"
#include "graph/json_text.h"
#include "graph/narrative.h"
#include "graph/render.h"

namespace catena::graph {
namespace {

using Json = nlohmann::ordered_json;
using event::EntityType;

// Six digits: more would only differ from machine to machine.
double rounded(double share) { return std::round(share * 1e6) / 1e6; }

std::string id_of(const ChainNode& node) { return event::json_id(node.id, node.type); }

void add_process(Json& json, const ChainNode& node) {
    if (node.images.empty()) return;
    const event::ProcessImage& image = *node.images.back();
    json["pid"] = image.pid;
    json["uid"] = image.uid;
    json["exe"] = event::escape(image.exe);
    json["cmdline"] = event::escape(image.cmdline);
    if (image.parent) json["parent"] = event::json_id(image.parent, EntityType::Process);
    event::put_attribution(json, event::attribution_of(image));
    json["images"] = Json::array();
    for (const event::ProcessImage* each : node.images) {
        json["images"].push_back({{"since_ns", each->since_ns},
                                  {"exe", event::escape(each->exe)},
                                  {"cmdline", event::escape(each->cmdline)}});
    }
}

void add_file(Json& json, const ChainNode& node) {
    if (node.names.empty()) return;
    const event::FileName& name = *node.names.front();
    json["path"] = event::escape(name.path);
    json["kind"] = event::to_string(name.kind);
    json["inode"] = name.inode;
    json["names"] = Json::array();
    for (const event::FileName* each : node.names) json["names"].push_back(event::escape(each->path));
}

void add_socket(Json& json, const ChainNode& node) {
    if (node.socket == nullptr) return;
    json["protocol"] = event::escape(node.socket->protocol);
    json["local"] = event::escape(node.socket->local);
    json["remote"] = event::escape(node.socket->remote);
    json["accepted"] = node.accepted;
    if (node.socket->peer) json["peer"] = event::json_id(node.socket->peer, EntityType::Socket);
}

Json node_json(const ChainNode& node) {
    Json json = {{"id", id_of(node)},
                 {"type", event::to_string(node.type)},
                 {"label", node.label},
                 {"start", node.start},
                 {"weight", rounded(node.weight)}};
    if (node.end) json["end"] = true;
    add_process(json, node);
    add_file(json, node);
    add_socket(json, node);
    return json;
}

Json edge_json(const Chain& chain, const ChainEdge& edge) {
    const bool join = edge.op == event::Op::None;
    Json json = {{"source", id_of(chain.nodes[edge.source])},
                 {"target", id_of(chain.nodes[edge.target])},
                 {"op", join ? "peer" : event::to_string(edge.op)},
                 {"first_ns", join ? Json() : Json(edge.first_ns)},
                 {"last_ns", join ? Json() : Json(edge.last_ns)},
                 {"count", edge.count},
                 {"bytes", edge.bytes},
                 {"events", edge.events},
                 {"weight", rounded(edge.weight)}};
    for (const std::string& name : edge.functions) json["functions"].push_back(event::escape(name));
    return json;
}

Json step_json(const Chain& chain, const Step& step) {
    // Names are cut only where they would be on a very wide terminal.
    const Words words(chain, Colour::Off, 1000);
    return {{"text", text_of(words, step)}, {"first_ns", step.first_ns}, {"last_ns", step.last_ns},
            {"calls", step.calls},          {"events", step.events},     {"edges", step.edges}};
}

Json entry_json(const Chain& chain, const EntryPoint& entry) {
    return {{"node", id_of(chain.nodes[entry.node])}, {"score", rounded(entry.score)}};
}

Json stats_json(const Chain& chain) {
    Json left_out = Json::array();
    for (const LeftOut& taken : chain.left_out) {
        left_out.push_back(
            {{"rule", taken.rule}, {"nodes", taken.nodes}, {"edges", taken.edges}, {"bytes", taken.bytes}});
    }
    return {
        {"nodes", chain.nodes.size()},
        {"edges", chain.edges.size()},
        {"events", chain.events},
        {"cut", chain.cut},
        {"ranked", chain.ranked},
        {"before_ranking", {{"nodes", chain.nodes_before_ranking}, {"edges", chain.edges_before_ranking}}},
        {"left_out", left_out},
        {"recording",
         {{"start_ns", chain.start_ns},
          {"end_ns", chain.end_ns},
          {"nodes", chain.recorded_nodes > 0 ? Json(chain.recorded_nodes) : Json()},
          {"edges", chain.recorded_nodes > 0 ? Json(chain.recorded_edges) : Json()}}}};
}

std::string dump(const Json& json) { return json_for_terminal(json.dump()); }

// An array with one element a line: compact, and still fit for grep and diff.
template <class T, class MakeJson>
void append_array(std::string& text, std::string_view name, const std::vector<T>& items, MakeJson make) {
    text.append(dump(name)).append(": [");
    for (std::size_t i = 0; i < items.size(); ++i)
        text.append(i == 0 ? "\n  " : ",\n  ").append(dump(make(items[i])));
    text.append(items.empty() ? "],\n" : "\n],\n");
}

}  // namespace

std::string to_json(const Chain& chain, const StoryLimits& limits) {
    const Narrative narrative = narrative_of(chain, limits.steps);
    std::string text = "{\n";
    text += "\"point\": " + dump(event::escape(chain.point)) + ",\n";
    if (!chain.to.empty()) text += "\"to\": " + dump(event::escape(chain.to)) + ",\n";
    text += "\"direction\": " + dump(to_string(chain.direction)) + ",\n";
    text += "\"sentence\": " + dump(headline(chain)) + ",\n";
    append_array(text, "steps", narrative.steps, [&](const Step& step) { return step_json(chain, step); });
    text += "\"more_steps\": " + std::to_string(narrative.more) + ",\n";
    append_array(text, "entries", chain.entries,
                 [&](const EntryPoint& entry) { return entry_json(chain, entry); });
    append_array(text, "nodes", chain.nodes, node_json);
    append_array(text, "edges", chain.edges, [&](const ChainEdge& edge) { return edge_json(chain, edge); });
    text += std::string("\"complete\": ") + (chain.complete() ? "true" : "false") + ",\n";
    append_array(text, "gaps", chain.gaps, [](const Gap& gap) {
        return Json{{"cpu", gap.cpu}, {"lost", gap.lost}, {"from_ns", gap.from_ns}, {"to_ns", gap.to_ns}};
    });
    text.append("\"stats\": ").append(dump(stats_json(chain))).append("\n}\n");
    return text;
}

}  // namespace catena::graph
