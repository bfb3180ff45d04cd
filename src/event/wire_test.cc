// The wire format and the user-space types name the same things.
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <string_view>

#include "event/op.h"
#include "wire/records.h"

namespace catena::event {
namespace {

struct WireOp {
    int value;
    std::string_view name;
};

// Every enumerator of enum cat_op but the count, spelled once: the preprocessor makes the name from it.
#define ROW(name) \
    WireOp { CAT_OP_##name, #name }
constexpr WireOp kWireOps[] = {
    ROW(NONE),     ROW(FORK),         ROW(THREAD), ROW(EXEC),    ROW(EXIT),   ROW(OPEN),
    ROW(CLOSE),    ROW(DUP),          ROW(READ),   ROW(WRITE),   ROW(MMAP),   ROW(MMAP_WRITE),
    ROW(LOAD),     ROW(RENAME),       ROW(LINK),   ROW(SYMLINK), ROW(UNLINK), ROW(MKDIR),
    ROW(RMDIR),    ROW(TRUNCATE),     ROW(CHMOD),  ROW(CHOWN),   ROW(PIPE),   ROW(SOCKETPAIR),
    ROW(SOCKET),   ROW(CONNECT),      ROW(ACCEPT), ROW(BIND),    ROW(LISTEN), ROW(SEND),
    ROW(RECV),     ROW(SETUID),       ROW(SETGID), ROW(PTRACE),  ROW(KILL),   ROW(VM_READ),
    ROW(VM_WRITE), ROW(MEMFD_CREATE), ROW(CREATE), ROW(TAKE_FD), ROW(SETNS),  ROW(UNSHARE),
    ROW(CHROOT),   ROW(PIVOT_ROOT),   ROW(MOUNT),  ROW(UMOUNT),
};
#undef ROW

TEST(Wire, OperationsAreInTheSameOrder) {
    ASSERT_EQ(std::size(kWireOps), std::size_t{CAT_OP_COUNT});
    ASSERT_EQ(kOpCount, std::size_t{CAT_OP_COUNT});
    for (const WireOp& row : kWireOps) {
        std::string name;
        for (const char c : row.name) name += static_cast<char>(std::tolower(c));
        EXPECT_EQ(to_string(static_cast<Op>(row.value)), name);
    }
}

TEST(Wire, IdsAreNeverZeroAndFitIn63Bits) {
    for (cat_u64 i = 0; i < 1000; ++i) {
        for (const cat_u64 id : {cat_hash(i, 0), cat_hash(0, i), cat_hash(~i, ~i)}) {
            EXPECT_NE(id, 0U);
            EXPECT_EQ(id >> 63, 0U);
        }
    }
}

TEST(Wire, IdsOfNeighboursDiffer) {
    std::set<cat_u64> ids;
    for (cat_u32 i = 0; i < 10000; ++i) {
        ids.insert(cat_process_id(i, 1000));
        ids.insert(cat_process_id(1000, i + 1000000));
        ids.insert(cat_file_id(i, 1, 0));
        ids.insert(cat_file_id(1, 2, i));
        ids.insert(cat_user_id(i));
        ids.insert(cat_socket_id(i, 0, 0, 0));
        ids.insert(cat_socket_id(1, 0x7f000001, 0, i + 1));
    }
    EXPECT_EQ(ids.size(), 70000U);
}

TEST(Wire, TheSameIdentityGivesTheSameId) {
    EXPECT_EQ(cat_process_id(7, 99), cat_process_id(7, 99));
    EXPECT_NE(cat_process_id(7, 99), cat_process_id(7, 100));
    EXPECT_NE(cat_file_id(5, 6, 0), cat_file_id(6, 5, 0));
    EXPECT_NE(cat_file_id(5, 6, 0), cat_file_id(5, 6, 1)) << "a reused inode number is another file";
}

}  // namespace
}  // namespace catena::event
