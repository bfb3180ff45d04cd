#include "sensor/socket_table.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstring>
#include <map>
#include <string>

namespace catena::sensor {
namespace {

struct Address {
    const char* text;
    std::uint16_t port;
};

cat_socket internet(std::uint64_t id, int protocol, Address local, Address remote) {
    cat_socket record{};
    record.id = id;
    record.inode = id;
    record.protocol = static_cast<cat_u16>(protocol);
    record.type = protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM;
    const bool v6 = std::strchr(local.text, ':') != nullptr;
    record.family = v6 ? AF_INET6 : AF_INET;
    ::inet_pton(record.family, local.text, record.local);
    ::inet_pton(record.family, remote.text, record.remote);
    record.local_port = local.port;
    record.remote_port = remote.port;
    return record;
}

cat_socket unix_socket(std::uint64_t id, const std::string& local, const std::string& remote,
                       std::uint64_t peer) {
    cat_socket record{};
    record.id = id;
    record.inode = id;
    record.family = AF_UNIX;
    record.type = SOCK_STREAM;
    record.peer = peer;
    record.local_path_len = static_cast<cat_u16>(local.size());
    record.remote_path_len = static_cast<cat_u16>(remote.size());
    std::memcpy(record.local_path, local.data(), local.size());
    std::memcpy(record.remote_path, remote.data(), remote.size());
    return record;
}

class SocketTableTest : public testing::Test {
  protected:
    // The rows as a recording would end up with them.
    void describe(const cat_socket& record) {
        std::vector<event::Socket> rows;
        table_.describe(record, 1, rows);
        for (event::Socket& row : rows) last_[row.id.value] = row;
    }
    std::uint64_t peer(std::uint64_t id) { return last_[id].peer.value; }

    SocketTable table_;
    std::map<std::uint64_t, event::Socket> last_;
};

TEST_F(SocketTableTest, WritesAddressesAsPeopleDo) {
    describe(internet(1, IPPROTO_TCP, {"127.0.0.1", 80}, {"192.0.2.7", 40000}));
    EXPECT_EQ(last_[1].local, "127.0.0.1:80");
    EXPECT_EQ(last_[1].remote, "192.0.2.7:40000");
    EXPECT_EQ(last_[1].protocol, "tcp");
    describe(internet(2, IPPROTO_UDP, {"::1", 53}, {"::", 0}));
    EXPECT_EQ(last_[2].local, "[::1]:53");
    EXPECT_EQ(last_[2].remote, "");
    EXPECT_EQ(last_[2].protocol, "udp");
    describe(internet(3, IPPROTO_TCP, {"::ffff:127.0.0.1", 80}, {"::ffff:127.0.0.2", 9}));
    EXPECT_EQ(last_[3].local, "127.0.0.1:80");
    describe(unix_socket(4, std::string("\0name", 5), "/run/x", 0));
    EXPECT_EQ(last_[4].local, "@name");
    EXPECT_EQ(last_[4].remote, "/run/x");
}

TEST_F(SocketTableTest, JoinsTheTwoEndsOfAConnection) {
    describe(internet(1, IPPROTO_TCP, {"127.0.0.1", 40000}, {"127.0.0.1", 80}));
    describe(internet(2, IPPROTO_TCP, {"127.0.0.1", 80}, {"127.0.0.1", 40000}));
    EXPECT_EQ(peer(1), 2u);
    EXPECT_EQ(peer(2), 1u);
}

TEST_F(SocketTableTest, DoesNotJoinOtherProtocolsOrAddresses) {
    describe(internet(1, IPPROTO_TCP, {"127.0.0.1", 40000}, {"127.0.0.1", 80}));
    describe(internet(2, IPPROTO_UDP, {"127.0.0.1", 80}, {"127.0.0.1", 40000}));
    describe(internet(3, IPPROTO_TCP, {"127.0.0.2", 80}, {"127.0.0.1", 40000}));
    EXPECT_EQ(peer(1), 0u);
    EXPECT_EQ(peer(2), 0u);
    EXPECT_EQ(peer(3), 0u);
}

TEST_F(SocketTableTest, PortsThatRecurJoinTheNewestPairOnly) {
    describe(internet(1, IPPROTO_TCP, {"127.0.0.1", 40000}, {"127.0.0.1", 80}));
    describe(internet(2, IPPROTO_TCP, {"127.0.0.1", 80}, {"127.0.0.1", 40000}));
    describe(internet(3, IPPROTO_TCP, {"127.0.0.1", 40000}, {"127.0.0.1", 80}));
    EXPECT_EQ(peer(3), 0u) << "the old server end has its peer";
    describe(internet(4, IPPROTO_TCP, {"127.0.0.1", 80}, {"127.0.0.1", 40000}));
    EXPECT_EQ(peer(3), 4u);
    EXPECT_EQ(peer(4), 3u);
    EXPECT_EQ(peer(1), 2u);
    EXPECT_EQ(peer(2), 1u);
}

TEST_F(SocketTableTest, ASocketBoundToAnyAddressAnswersForAll) {
    describe(internet(1, IPPROTO_UDP, {"0.0.0.0", 40000}, {"127.0.0.1", 53}));
    describe(internet(2, IPPROTO_UDP, {"0.0.0.0", 53}, {"127.0.0.1", 40000}));
    EXPECT_EQ(peer(1), 2u);
    EXPECT_EQ(peer(2), 1u);
}

TEST_F(SocketTableTest, ADatagramGoesToWhoeverServesThePortUntilTheMirrorIsKnown) {
    describe(internet(1, IPPROTO_UDP, {"127.0.0.1", 53}, {"0.0.0.0", 0}));
    describe(internet(2, IPPROTO_UDP, {"127.0.0.1", 40000}, {"127.0.0.1", 53}));
    EXPECT_EQ(peer(2), 1u);
    describe(internet(3, IPPROTO_UDP, {"127.0.0.1", 53}, {"127.0.0.1", 40000}));
    EXPECT_EQ(peer(2), 3u);
    EXPECT_EQ(peer(3), 2u);
    EXPECT_EQ(peer(1), 0u);
}

TEST_F(SocketTableTest, UnixSocketsAreJoinedBothWaysWhenTheKernelNamesOne) {
    describe(unix_socket(1, "", "/run/x", 0));
    describe(unix_socket(2, "/run/x", "", 1));
    EXPECT_EQ(peer(1), 2u);
    EXPECT_EQ(peer(2), 1u);
}

TEST_F(SocketTableTest, ADatagramToAPathGoesToWhoeverIsBoundThere) {
    describe(unix_socket(1, "/run/log", "", 0));
    describe(unix_socket(2, "", "/run/log", 0));
    EXPECT_EQ(peer(2), 1u);
}

}  // namespace
}  // namespace catena::sensor
