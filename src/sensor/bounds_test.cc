// What the sensor remembers of a host stays within 24 MB, whatever the host does.
#include <gtest/gtest.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdio>
#include <string>
#include <vector>

#include "sensor/path_table.h"
#include "sensor/process_table.h"
#include "sensor/socket_table.h"

namespace catena::sensor {
namespace {

constexpr std::uint64_t kMany = 150000;
constexpr std::size_t kBoundBytes = std::size_t{24} << 20U;

std::size_t heap_bytes() {
    const struct mallinfo2 info = ::mallinfo2();
    return info.uordblks + info.hblkhd;
}

event::EntityId id_of(std::uint64_t i) { return {cat_hash(i, 1)}; }

void describe_files(PathTable& paths, ProcessTable& processes, std::size_t name_bytes) {
    for (std::uint64_t i = 0; i < kMany; ++i) {
        event::FileName file;
        file.id = id_of(i);
        file.path = "/" + std::to_string(i % 4000) + "/" + std::string(name_bytes, 'n') + std::to_string(i);
        file.kind = i % 4 == 0 ? event::FileKind::Directory : event::FileKind::Regular;
        (void)paths.at(file.path, event::FileKind::Unknown);
        paths.describe(file);
        processes.name_file(file.id, file.path);
    }
}

void describe_processes(ProcessTable& processes) {
    std::vector<event::ProcessImage> out;
    for (std::uint64_t i = 0; i < kMany; ++i) {
        cat_process record{};
        record.id = id_of(i).value;
        record.tgid = static_cast<cat_u32>(1 + i);
        record.parent = id_of(i - 1).value;
        record.parent_tgid = static_cast<cat_u32>(i);
        record.reason = CAT_PROCESS_FORK;
        record.exe = id_of(i).value;
        processes.describe(record, out);
        out.clear();
        if (i % 2 == 0) processes.ended({record.id});
    }
}

void describe_sockets(SocketTable& sockets) {
    std::vector<event::Socket> out;
    for (std::uint64_t i = 0; i < kMany; ++i) {
        cat_socket record{};
        record.id = id_of(i).value;
        record.type = SOCK_STREAM;
        if (i % 2 == 0) {
            record.family = AF_INET;
            record.protocol = IPPROTO_TCP;
            record.local_port = static_cast<cat_u16>(i);
            record.remote_port = static_cast<cat_u16>(i / 64);
        } else {
            record.family = AF_UNIX;
            record.local_path_len = static_cast<cat_u16>(
                std::snprintf(record.local_path, sizeof(record.local_path), "/run/%0100lu", i));
        }
        sockets.describe(record, static_cast<std::int64_t>(i), out);
        out.clear();
    }
}

class BoundsTest : public testing::TestWithParam<std::size_t> {};

TEST_P(BoundsTest, AllTablesTogether) {
    const std::size_t before = heap_bytes();
    if (before == 0) GTEST_SKIP() << "this allocator (a sanitizer's) does not say what it holds";
    PathTable paths;
    ProcessTable processes(0);
    SocketTable sockets;
    describe_files(paths, processes, GetParam());
    describe_processes(processes);
    describe_sockets(sockets);
    const std::size_t held = heap_bytes() - before;
    EXPECT_LE(held, kBoundBytes);
    EXPECT_GT(held, kBoundBytes / 16) << "remembers something";
    EXPECT_GT(paths.forgotten(), 0U);
    EXPECT_GT(processes.forgotten(), 0U);
    EXPECT_GT(sockets.forgotten(), 0U);
}

INSTANTIATE_TEST_SUITE_P(NamesOf, BoundsTest, testing::Values(8, 40, 200, 3000));

TEST(ProcessTableBounds, ManyShortProcessesAreNotForgottenAndLeaveTheLongOnesAlone) {
    ProcessTable processes(0);
    std::vector<event::ProcessImage> out;
    cat_process record{};
    record.id = 1;
    record.tgid = 1;
    record.reason = CAT_PROCESS_FORK;
    processes.describe(record, out);
    for (std::uint64_t i = 2; i < kMany; ++i) {
        record.id = i;
        record.tgid = static_cast<cat_u32>(2 + i % 30000);
        processes.describe(record, out);
        out.clear();
        processes.ended({i});
    }
    EXPECT_EQ(processes.forgotten(), 0U);
    EXPECT_EQ(processes.with_pid(1).value, 1U);
    EXPECT_EQ(processes.with_pid(static_cast<std::int32_t>(record.tgid)).value, kMany - 1);
}

}  // namespace
}  // namespace catena::sensor
