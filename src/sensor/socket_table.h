// SocketTable: formats what the kernel says of sockets, and joins the two ends of a connection on this host:
// unix sockets by their inodes, TCP and UDP by their addresses, which mirror each other. Bounded: forgets
// sockets that have not been used for long. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/generation_map.h"
#include "event/entity.h"
#include "wire/records.h"

namespace catena::sensor {

class SocketTable {
  public:
    SocketTable();

    // Takes a description. Appends the socket's row to `out`, and that of its peer where joining changed it.
    void describe(const cat_socket& record, std::int64_t ts_ns, std::vector<event::Socket>& out);

    [[nodiscard]] std::uint64_t forgotten() const { return sockets_.forgotten(); }

  private:
    struct Known {
        event::Socket row;
        std::uint16_t local_port = 0;
        std::uint16_t remote_port = 0;
        bool weak_peer =
            false;  // joined to a socket that serves many, until the one that mirrors it is known
    };
    void join_by_address(Known& socket, std::vector<event::Socket>& out);
    void join_by_path(Known& socket, std::vector<event::Socket>& out);
    void join(Known& a, Known& b, std::vector<event::Socket>& out);
    void remember_ports(const Known& socket);

    base::GenerationMap<event::EntityId, Known> sockets_;
    base::GenerationMap<std::uint64_t, std::vector<event::EntityId>> by_ports_;  // newest last
    base::GenerationMap<std::string, event::EntityId> by_unix_path_;             // bound ones
};

}  // namespace catena::sensor
