// A chain as PROV-JSON (W3C Member Submission of 24 April 2013), a serialization of the PROV data model (W3C
// Recommendation PROV-DM of 30 April 2013).
//
// Processes are activities; files, sockets, pipes and memory are entities; users are agents. Each flow is one
// relation. PROV allows an entity one generation by an activity (PROV-CONSTRAINTS, unique-generation), so
// that the first of a process's flows into a thing that makes or fills it is wasGeneratedBy, and others are
// wasInfluencedBy.
#include <nlohmann/json.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "event/escape.h"
#include "event/json_lines.h"
#include "graph/json_text.h"
#include "graph/render.h"
#include "graph/time_text.h"

namespace catena::graph {
namespace {

using Json = nlohmann::ordered_json;
using event::EntityType;
using event::Op;

enum class Kind : std::uint8_t { Activity, Entity, Agent };

Kind kind_of(const ChainNode& node) {
    if (node.type == EntityType::Process) return Kind::Activity;
    return node.type == EntityType::User ? Kind::Agent : Kind::Entity;
}

std::string id_of(const ChainNode& node) { return "catena:" + event::json_id(node.id, node.type); }

// JSON's numbers lose digits in some readers; a typed literal holds them all.
Json amount(std::uint64_t number) { return {{"$", std::to_string(number)}, {"type", "xsd:unsignedLong"}}; }
Json number(std::int64_t number) { return {{"$", std::to_string(number)}, {"type", "xsd:long"}}; }
Json moment(std::int64_t ns) { return {{"$", format_utc(ns)}, {"type", "xsd:dateTime"}}; }

void put(Json& json, std::string_view name, std::string_view bytes) {
    if (!bytes.empty()) json[std::string(name)] = event::escape(bytes);
}

Json node_json(const ChainNode& node) {
    Json json = {
        {"prov:label", node.label},
        {"prov:type", {{"$", "catena:" + std::string(event::to_string(node.type))}, {"type", "xsd:QName"}}}};
    if (node.start) json["catena:start"] = true;
    if (!node.images.empty()) {
        const event::ProcessImage& image = *node.images.back();
        if (image.start_ns != 0) json["prov:startTime"] = format_utc(image.start_ns);
        json["catena:pid"] = image.pid;
        json["catena:uid"] = image.uid;
        put(json, "catena:exe", image.exe);
        put(json, "catena:cmdline", image.cmdline);
    }
    if (!node.names.empty()) put(json, "catena:path", node.names.front()->path);
    if (node.socket != nullptr) {
        put(json, "catena:protocol", node.socket->protocol);
        put(json, "catena:local", node.socket->local);
        put(json, "catena:remote", node.socket->remote);
    }
    return json;
}

bool makes(Op op) {
    switch (op) {
        case Op::Create:
        case Op::Write:
        case Op::Send:
        case Op::MmapWrite:
        case Op::Truncate:
        case Op::Mkdir:
        case Op::Symlink:
            return true;
        default:
            return false;
    }
}

// A relation and the names of its two ends: what the data came from, and what it went to.
struct Relation {
    std::string_view name;
    std::string_view source;
    std::string_view target;
    bool timed = false;
};

constexpr Relation kInfluence = {"wasInfluencedBy", "prov:influencer", "prov:influencee"};

class ProvWriter {
  public:
    explicit ProvWriter(const Chain& chain) : chain_(chain) {}

    std::string write() {
        Json prov = {{"prefix", {{"catena", "urn:catena:"}, {"xsd", "http://www.w3.org/2001/XMLSchema#"}}}};
        for (const ChainNode& node : chain_.nodes) {
            constexpr std::string_view kNames[] = {"activity", "entity", "agent"};
            prov[std::string(kNames[static_cast<int>(kind_of(node))])][id_of(node)] = node_json(node);
        }
        for (std::size_t i = 0; i < chain_.edges.size(); ++i) {
            const Relation relation = relation_of(chain_.edges[i]);
            // The submission names relations that have no identifier of their own by blank nodes.
            prov[std::string(relation.name)]["_:e" + std::to_string(i + 1)] =
                edge_json(chain_.edges[i], relation);
        }
        return json_for_terminal(prov.dump(1)) + '\n';
    }

  private:
    Relation relation_of(const ChainEdge& edge) {
        if (edge.op == Op::None) return {"alternateOf", "prov:alternate1", "prov:alternate2"};
        const Kind source = kind_of(chain_.nodes[edge.source]);
        const Kind target = kind_of(chain_.nodes[edge.target]);
        if (source == Kind::Entity && target == Kind::Activity)
            return {"used", "prov:entity", "prov:activity", true};
        if (source == Kind::Activity && target == Kind::Entity) {
            const bool is_first = makes(edge.op) && generated_.emplace(edge.source, edge.target).second;
            if (is_first) return {"wasGeneratedBy", "prov:activity", "prov:entity", true};
            return kInfluence;
        }
        if (source == Kind::Activity && target == Kind::Activity && edge.source != edge.target)
            return {"wasInformedBy", "prov:informant", "prov:informed"};
        return kInfluence;
    }

    Json edge_json(const ChainEdge& edge, const Relation& relation) const {
        Json json = {{std::string(relation.source), id_of(chain_.nodes[edge.source])},
                     {std::string(relation.target), id_of(chain_.nodes[edge.target])}};
        if (edge.op == Op::None) return json;
        if (relation.timed) json["prov:time"] = format_utc(edge.first_ns);
        json["catena:op"] = event::to_string(edge.op);
        json["catena:first"] = moment(edge.first_ns);
        json["catena:last"] = moment(edge.last_ns);
        json["catena:count"] = amount(edge.count);
        json["catena:bytes"] = amount(edge.bytes);
        if (!edge.events.empty()) {
            json["catena:event"] = Json::array();
            for (const std::int64_t event : edge.events) json["catena:event"].push_back(number(event));
        }
        return json;
    }

    const Chain& chain_;
    std::set<std::pair<std::size_t, std::size_t>> generated_;
};

}  // namespace

std::string to_prov(const Chain& chain) { return ProvWriter(chain).write(); }

}  // namespace catena::graph
