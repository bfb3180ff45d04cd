// Two internet sockets are the ends of one connection when each one's local address is the other's remote
// address. A socket bound to no particular address ("0.0.0.0", "::") matches any. Ports are looked up first;
// a pair of ports can recur, so only a socket without a peer is joined, the newest first.

#include "sensor/socket_table.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace catena::sensor {
namespace {

// What these tables may hold in all: two generations of each, some 4 MB.
constexpr std::size_t kSockets = 4096;
constexpr std::size_t kUnixPaths = 1024;
constexpr std::size_t kSamePorts = 16;  // sockets with the same pair of ports that are kept for joining

bool is_v4_mapped(const cat_u8* address) {
    static constexpr std::array<cat_u8, 12> kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    return std::memcmp(address, kPrefix.data(), kPrefix.size()) == 0;
}

// "127.0.0.1:80", "[::1]:80"; an IPv4 address that an IPv6 socket has is written as IPv4.
std::string internet_address(int family, const cat_u8* address, std::uint16_t port) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (family == AF_INET || is_v4_mapped(address)) {
        ::inet_ntop(AF_INET, family == AF_INET ? address : address + 12, text.data(), text.size());
        return fmt::format("{}:{}", text.data(), port);
    }
    ::inet_ntop(AF_INET6, address, text.data(), text.size());
    return fmt::format("[{}]:{}", text.data(), port);
}

// A path, or "@name" for an abstract one (unix(7)). Its length counts the NUL behind a path, and all bytes of
// a name.
std::string unix_address(const char* path, std::size_t len) {
    if (len > CAT_UNIX_PATH) len = CAT_UNIX_PATH;
    if (len == 0) return {};
    if (path[0] == '\0') return "@" + std::string(path + 1, len - 1);
    return {path, ::strnlen(path, len)};
}

std::string protocol_name(const cat_socket& record) {
    if (record.family == AF_UNIX) return "unix";
    const bool internet = record.family == AF_INET || record.family == AF_INET6;
    if (internet && record.protocol == IPPROTO_TCP) return "tcp";
    if (internet && record.protocol == IPPROTO_UDP) return "udp";
    return fmt::format("{}/{}", record.family, record.type);
}

bool is_any(std::string_view address) {
    return address.starts_with("0.0.0.0:") || address.starts_with("[::]:");
}

std::string_view port_of(std::string_view address) { return address.substr(address.rfind(':') + 1); }

// Whether a socket bound to `local` receives what is sent to `remote`.
bool receives(const std::string& local, const std::string& remote) {
    return local == remote || (is_any(local) && port_of(local) == port_of(remote));
}

std::uint64_t ports_key(std::string_view protocol, std::uint16_t local, std::uint16_t remote) {
    return (std::uint64_t{protocol == "tcp"} << 32) | (std::uint64_t{local} << 16) | remote;
}

}  // namespace

SocketTable::SocketTable() : sockets_(kSockets), by_ports_(kSockets), by_unix_path_(kUnixPaths) {}

void SocketTable::describe(const cat_socket& record, std::int64_t ts_ns, std::vector<event::Socket>& out) {
    Known fresh;
    fresh.row.id = {record.id};
    fresh.row.since_ns = ts_ns;
    fresh.row.protocol = protocol_name(record);
    fresh.row.inode = record.inode;
    if (record.family == AF_UNIX) {
        fresh.row.local = unix_address(record.local_path, record.local_path_len);
        fresh.row.remote = unix_address(record.remote_path, record.remote_path_len);
        fresh.row.peer = {record.peer};
    } else if (record.family == AF_INET || record.family == AF_INET6) {
        fresh.local_port = record.local_port;
        fresh.remote_port = record.remote_port;
        fresh.row.local = internet_address(record.family, record.local, record.local_port);
        if (record.remote_port != 0) {
            fresh.row.remote = internet_address(record.family, record.remote, record.remote_port);
        }
    }
    if (const Known* before = sockets_.find(fresh.row.id)) {
        fresh.row.since_ns = before->row.since_ns;
        fresh.weak_peer = before->weak_peer;
        if (!fresh.row.peer) fresh.row.peer = before->row.peer;
    }
    const event::EntityId id = fresh.row.id;
    Known& known = sockets_.insert(id, std::move(fresh));
    const std::size_t own_row = out.size();
    out.push_back(known.row);
    if (record.family == AF_UNIX) {
        join_by_path(known, out);
    } else {
        remember_ports(known);
        join_by_address(known, out);
    }
    // The joins may have moved entries of the table, but not what they wrote.
    if (const Known* settled = sockets_.find(id)) out[own_row] = settled->row;
}

void SocketTable::remember_ports(const Known& socket) {
    const std::uint64_t key = ports_key(socket.row.protocol, socket.local_port, socket.remote_port);
    std::vector<event::EntityId>* same = by_ports_.find(key);
    if (!same) same = &by_ports_.insert(key, {});
    if (std::ranges::find(*same, socket.row.id) != same->end()) return;
    same->push_back(socket.row.id);
    if (same->size() > kSamePorts) same->erase(same->begin());
}

void SocketTable::join(Known& a, Known& b, std::vector<event::Socket>& out) {
    a.row.peer = b.row.id;
    a.weak_peer = false;
    b.row.peer = a.row.id;
    b.weak_peer = false;
    out.push_back(b.row);
}

void SocketTable::join_by_address(Known& socket, std::vector<event::Socket>& out) {
    if (socket.row.remote.empty() || (socket.row.peer && !socket.weak_peer)) return;
    // References into the table stay valid only until the next look-up, hence the copies.
    const event::EntityId id = socket.row.id;
    const event::Socket self = socket.row;
    const std::uint16_t local_port = socket.local_port;
    const std::uint16_t remote_port = socket.remote_port;
    if (const auto* mirrored = by_ports_.find(ports_key(self.protocol, remote_port, local_port))) {
        for (auto it = mirrored->rbegin(); it != mirrored->rend(); ++it) {
            const Known* found = sockets_.find(*it);
            if (!found) continue;
            Known other = *found;
            if (other.row.id == id || (other.row.peer && !other.weak_peer)) continue;
            if (!receives(other.row.local, self.remote) || !receives(self.local, other.row.remote)) continue;
            Known mine = *sockets_.find(id);
            join(mine, other, out);
            sockets_.insert(id, mine);
            sockets_.insert(other.row.id, other);
            return;
        }
    }
    if (self.peer || self.protocol != "udp") return;
    // Nobody has taken a datagram from us by address yet: a socket that serves that port may.
    if (const auto* serving = by_ports_.find(ports_key(self.protocol, remote_port, 0))) {
        for (auto it = serving->rbegin(); it != serving->rend(); ++it) {
            const Known* other = sockets_.find(*it);
            if (!other || !receives(other->row.local, self.remote)) continue;
            const event::EntityId server = other->row.id;
            Known* mine = sockets_.find(id);
            mine->row.peer = server;
            mine->weak_peer = true;
            return;
        }
    }
}

void SocketTable::join_by_path(Known& socket, std::vector<event::Socket>& out) {
    const event::EntityId id = socket.row.id;
    const event::Socket self = socket.row;
    if (!self.local.empty()) by_unix_path_.insert(self.local, id);
    if (self.peer) {
        // The kernel names the peer of this end; the other end learns of it here.
        Known* other = sockets_.find(self.peer);
        if (other && !other->row.peer) {
            other->row.peer = id;
            out.push_back(other->row);
        }
        return;
    }
    if (self.remote.empty()) return;
    if (const event::EntityId* bound = by_unix_path_.find(self.remote); bound && *bound != id) {
        const event::EntityId server = *bound;
        sockets_.find(id)->row.peer = server;
    }
}

}  // namespace catena::sensor
