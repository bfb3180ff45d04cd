#include "graph/label.h"

#include <fmt/format.h>

#include <algorithm>

#include "event/json_lines.h"
#include "graph/text.h"

namespace catena::graph {
namespace {

std::string_view program_of(const event::ProcessImage& image) {
    const std::string_view exe = image.exe;
    const std::string_view name = exe.substr(exe.rfind('/') + 1);
    return name.empty() ? std::string_view(image.comm) : name;
}

int port_of(std::string_view address) {
    int port = 0;
    for (const char digit : address.substr(std::min(address.rfind(':') + 1, address.size()))) {
        if (digit < '0' || digit > '9' || port > 65535) return 0;
        port = port * 10 + (digit - '0');
    }
    return port;
}

std::string socket_label(const Graph& graph, const ChainNode& node) {
    const event::Socket& socket = *node.socket;
    const std::string local = shown(socket.local);
    const std::string remote = shown(socket.remote);
    if (local.empty() && remote.empty())
        return fmt::format("socket:[{}] ({})", socket.inode, shown(socket.protocol));
    if (remote.empty()) return fmt::format("{} ({})", local, shown(socket.protocol));
    // From the side that connected to the side that listened; where neither was seen, the lower port is the
    // service.
    bool inbound = node.accepted;
    if (!inbound && !graph.has(node.node, Trait::Connected)) {
        const int local_port = port_of(socket.local);
        inbound = local_port != 0 && local_port < port_of(socket.remote);
    }
    if (local.empty() && node.accepted) return fmt::format("{} → ({})", remote, shown(socket.protocol));
    if (local.empty()) return fmt::format("→ {} ({})", remote, shown(socket.protocol));
    return fmt::format("{} → {} ({})", inbound ? remote : local, inbound ? local : remote,
                       shown(socket.protocol));
}

}  // namespace

std::string program_of(const std::vector<const event::ProcessImage*>& images) {
    std::string text;
    std::string_view previous;
    for (const event::ProcessImage* image : images) {
        const std::string_view name = program_of(*image);
        if (name.empty() || name == previous) continue;
        text += (text.empty() ? "" : " → ") + shown(name);
        previous = name;
    }
    return text.empty() ? "process" : text;
}

std::string label_of(const Graph& graph, const ChainNode& node) {
    if (!node.images.empty()) return fmt::format("{} ({})", program_of(node.images), node.images.back()->pid);
    if (!node.names.empty() && !node.names.front()->path.empty()) return shown(node.names.front()->path);
    const bool told = node.socket != nullptr && (node.socket->inode != 0 || !node.socket->local.empty() ||
                                                 !node.socket->remote.empty());
    if (told) return socket_label(graph, node);
    const event::Object* object = graph.entities().object(node.node);
    if (object != nullptr && !object->label.empty()) return shown(object->label);
    return fmt::format("{} {}", event::to_string(node.type), event::json_id(node.id, node.type));
}

std::string_view host_of(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == address.size() || address[0] == '/' ||
        address[0] == '@')
        return address;
    const bool port =
        std::ranges::all_of(address.substr(colon + 1), [](char c) { return c >= '0' && c <= '9'; });
    return port ? address.substr(0, colon) : address;
}

bool is_external(const ChainNode& node) {
    return node.socket != nullptr && !node.socket->peer && node.socket->protocol != "unix" &&
           !node.socket->remote.empty();
}

bool is_inbound(const ChainNode& node) {
    return is_external(node) && (node.accepted || node.label.starts_with(shown(node.socket->remote)));
}

}  // namespace catena::graph
