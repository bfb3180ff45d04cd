#include "sensor/decoder.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "wire/functions.h"

namespace catena::sensor {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::int64_t kOffset = 1'000'000;

template <class Record>
Bytes bytes_of(Record record, std::uint16_t type, const std::string& tail = {}) {
    cat_header header{};
    header.type = type;
    header.size = static_cast<cat_u32>(sizeof(Record) + tail.size());
    header.ts_ns = 5;
    std::memcpy(&record, &header, sizeof(header));
    Bytes bytes(sizeof(Record) + tail.size());
    std::memcpy(bytes.data(), &record, sizeof(Record));
    std::memcpy(bytes.data() + sizeof(Record), tail.data(), tail.size());
    return bytes;
}

Bytes file_record(std::uint64_t id, const std::string& names, std::uint32_t mode = S_IFREG,
                  std::uint32_t file_class = CAT_CLASS_FILE) {
    cat_file record{};
    record.id = id;
    record.inode = id + 100;
    record.mode = mode;
    record.file_class = file_class;
    record.names_len = static_cast<cat_u32>(names.size());
    return bytes_of(record, CAT_FILE, names);
}

cat_event event_record(cat_op op, std::uint64_t object = 0) {
    cat_event record{};
    record.op = static_cast<cat_u16>(op);
    record.process = 7;
    record.tgid = 70;
    record.tid = 71;
    record.object = object;
    record.syscall = 0;
    return record;
}

Bytes path_record(cat_op op, const std::string& path, const std::string& path2, std::uint64_t dir) {
    cat_path_event record{};
    record.event = event_record(op);
    record.event.flags = CAT_FLAG_USER_SOURCE;
    record.dir = dir;
    record.dir2 = dir;
    record.path_len = static_cast<cat_u16>(path.size());
    record.path2_len = static_cast<cat_u16>(path2.size());
    record.room = CAT_PATH_SMALL;
    std::string tail = path + std::string(CAT_PATH_SMALL - path.size(), '\0');
    tail += path2 + std::string(CAT_PATH_SMALL - path2.size(), '\0');
    return bytes_of(record, CAT_PATH_EVENT, tail);
}

// The same as the kernel says it: names in directories, and what is there.
Bytes resolved_record(cat_op op, const std::string& name, const std::string& name2, std::uint64_t dir,
                      std::uint64_t object, std::uint64_t object2 = 0, std::int64_t arg = 0) {
    Bytes bytes = path_record(op, name, name2, dir);
    cat_path_event record{};
    std::memcpy(&record, bytes.data(), sizeof(record));
    record.event.flags = 0;
    record.event.object = object;
    record.event.arg = arg;
    record.object2 = object2;
    std::memcpy(bytes.data(), &record, sizeof(record));
    return bytes;
}

Bytes process_record(std::uint64_t id, cat_process_reason reason, std::uint64_t parent,
                     std::uint32_t args_len) {
    cat_process record{};
    record.id = id;
    record.tgid = static_cast<cat_u32>(id * 10);
    record.parent = parent;
    record.parent_tgid = static_cast<cat_u32>(parent * 10);
    record.reason = reason;
    record.args_len = args_len;
    record.exe = 50;
    return bytes_of(record, CAT_PROCESS);
}

Bytes args_record(std::uint64_t process, std::uint32_t offset, const std::string& data) {
    cat_args record{};
    record.process = process;
    record.offset = offset;
    record.len = static_cast<cat_u32>(data.size());
    std::memcpy(record.data, data.data(), data.size());
    return bytes_of(record, CAT_ARGS);
}

class DecoderTest : public testing::Test {
  protected:
    bool decode(const Bytes& bytes) { return decoder_.decode(bytes, batch_); }
    Decoder decoder_{kOffset};
    event::Batch batch_;
};

// Of function calls, `told` is what the record says that it has, `there` what it has.
Bytes function_calls_record(std::uint32_t told, std::uint32_t there) {
    cat_function_calls record{};
    record.process = 7;
    record.tgid = 70;
    record.tid = 71;
    record.count = told;
    for (std::uint32_t i = 0; i < CAT_FUNCTION_BLOCK; ++i)
        record.call[i] = {.function = static_cast<cat_u16>(i + 1),
                          .is_return = 0,
                          .returned = static_cast<cat_u8>(i % 3),
                          .after_ns = 10 * i,
                          .stack = cat_u64{0x7ffd00001000} - i};
    Bytes bytes = bytes_of(record, CAT_FUNCTION_CALLS);
    bytes.resize(offsetof(cat_function_calls, call) + there * sizeof(cat_function_call));
    const auto size = static_cast<cat_u32>(bytes.size());
    std::memcpy(bytes.data() + offsetof(cat_header, size), &size, sizeof(size));
    return bytes;
}

TEST_F(DecoderTest, CallsOfFunctionsComeOutAsTheyWere) {
    for (const std::uint32_t count : {0U, 1U, 3U, static_cast<std::uint32_t>(CAT_FUNCTION_BLOCK)}) {
        batch_ = {};
        ASSERT_TRUE(decode(function_calls_record(count, count))) << count;
        ASSERT_EQ(batch_.function_calls.size(), count);
        for (std::uint32_t i = 0; i < count; ++i) {
            const auto& call = batch_.function_calls[i];
            EXPECT_EQ(call.ts_ns, kOffset + 5 + 10 * i);
            EXPECT_EQ(call.process.value, 7U);
            EXPECT_EQ(call.tid, 71);
            EXPECT_EQ(call.function, i + 1);
            EXPECT_EQ(call.stack, 0x7ffd00001000 - i);
            EXPECT_EQ(call.returned, i % 3);
        }
    }
}

TEST_F(DecoderTest, ReturnsOfFunctionsAreToldApartFromCalls) {
    Bytes record = function_calls_record(2, 2);
    record[offsetof(cat_function_calls, call) + sizeof(cat_function_call) +
           offsetof(cat_function_call, is_return)] = std::byte{1};
    ASSERT_TRUE(decode(record));
    ASSERT_EQ(batch_.function_calls.size(), 1U);
    ASSERT_EQ(batch_.function_returns.size(), 1U);
    EXPECT_EQ(batch_.function_returns[0].function, 2U);
    EXPECT_EQ(batch_.function_returns[0].ts_ns, kOffset + 5 + 10);
    EXPECT_EQ(batch_.function_returns[0].stack, 0x7ffd00000fffU);
}

TEST_F(DecoderTest, ARecordWithFewerCallsOfFunctionsThanItSaysIsRefusedWhole) {
    EXPECT_FALSE(decode(function_calls_record(1, 0)));
    EXPECT_FALSE(decode(function_calls_record(CAT_FUNCTION_BLOCK, CAT_FUNCTION_BLOCK - 1)));
    EXPECT_FALSE(decode(function_calls_record(CAT_FUNCTION_BLOCK + 1, CAT_FUNCTION_BLOCK)));
    EXPECT_FALSE(decode(function_calls_record(UINT32_MAX, CAT_FUNCTION_BLOCK)));
    const Bytes good = function_calls_record(2, 2);
    for (std::size_t size = 0; size < good.size(); ++size) {
        // Its header tells the size that it has, so that only the count lies.
        Bytes shorter(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
        const auto told = static_cast<cat_u32>(size);
        if (size >= sizeof(cat_header))
            std::memcpy(shorter.data() + offsetof(cat_header, size), &told, sizeof(told));
        EXPECT_FALSE(decode(shorter)) << size;
    }
    EXPECT_TRUE(batch_.function_calls.empty());
}

TEST_F(DecoderTest, TurnsNamesRound) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(1, "leaf\0dir\0top\0"s)));
    ASSERT_TRUE(decode(file_record(2, "", S_IFDIR)));
    EXPECT_EQ(batch_.files.at(0).path, "/top/dir/leaf");
    EXPECT_EQ(batch_.files.at(0).inode, 101u);
    EXPECT_EQ(batch_.files.at(0).since_ns, 5 + kOffset);
    EXPECT_EQ(batch_.files.at(1).path, "/");
    EXPECT_EQ(batch_.files.at(1).kind, event::FileKind::Directory);
}

TEST_F(DecoderTest, PipesAndMemoryAreObjectsNotFiles) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(1, "x\0"s, S_IFIFO, CAT_CLASS_PIPE)));
    ASSERT_TRUE(decode(file_record(2, "memfd:secret\0"s, S_IFREG, CAT_CLASS_MEMFD)));
    ASSERT_EQ(batch_.objects.size(), 2u);
    EXPECT_EQ(batch_.objects[0].label, "pipe:[101]");
    EXPECT_EQ(batch_.objects[1].label, "memfd:secret");
    EXPECT_EQ(batch_.objects[1].type, event::EntityType::Memory);
}

TEST_F(DecoderTest, NumbersEventsInTheOrderTheyArrive) {
    ASSERT_TRUE(decode(bytes_of(event_record(CAT_OP_READ, 3), CAT_EVENT)));
    ASSERT_TRUE(decode(bytes_of(event_record(CAT_OP_WRITE, 3), CAT_EVENT)));
    EXPECT_EQ(batch_.events.at(0).id, 1);
    EXPECT_EQ(batch_.events.at(1).id, 2);
    EXPECT_EQ(batch_.events.at(0).syscall, "read");
    EXPECT_EQ(batch_.events.at(1).op, event::Op::Write);
    EXPECT_EQ(batch_.events.at(0).ts_ns, 5 + kOffset);
}

TEST_F(DecoderTest, AProcessNobodyDescribedStillGetsAnImage) {
    ASSERT_TRUE(decode(bytes_of(event_record(CAT_OP_READ, 3), CAT_EVENT)));
    ASSERT_TRUE(decode(bytes_of(event_record(CAT_OP_READ, 3), CAT_EVENT)));
    ASSERT_EQ(batch_.processes.size(), 1u);
    EXPECT_EQ(batch_.processes[0].pid, 70);
}

TEST_F(DecoderTest, AnImageAfterExecWaitsForAllItsArguments) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(50, "cat\0bin\0"s, S_IFREG | 0755)));
    ASSERT_TRUE(decode(process_record(3, CAT_PROCESS_EXEC, 2, 10)));
    ASSERT_TRUE(decode(args_record(3, 0, "cat\0a b"s)));
    EXPECT_TRUE(batch_.processes.empty());
    ASSERT_TRUE(decode(args_record(3, 7, "\0c\0"s)));
    ASSERT_EQ(batch_.processes.size(), 1u);
    EXPECT_EQ(batch_.processes[0].cmdline, "cat a b c");
    EXPECT_EQ(batch_.processes[0].exe, "/bin/cat");
}

TEST_F(DecoderTest, AChildHasItsParentsImage) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(50, "cat\0bin\0"s)));
    ASSERT_TRUE(decode(process_record(3, CAT_PROCESS_EXEC, 2, 4)));
    ASSERT_TRUE(decode(args_record(3, 0, "cat\0"s)));
    ASSERT_TRUE(decode(process_record(4, CAT_PROCESS_FORK, 3, 0)));
    ASSERT_EQ(batch_.processes.size(), 2u);
    EXPECT_EQ(batch_.processes[1].cmdline, "cat");
    EXPECT_EQ(batch_.processes[1].parent, event::EntityId{3});
}

TEST_F(DecoderTest, ASignalFindsTheProcessThatHasThePid) {
    ASSERT_TRUE(decode(process_record(3, CAT_PROCESS_SNAPSHOT, 0, 0)));
    cat_event kill = event_record(CAT_OP_KILL, 30);
    kill.flags = CAT_FLAG_TARGET_PID;
    ASSERT_TRUE(decode(bytes_of(kill, CAT_EVENT)));
    EXPECT_EQ(batch_.events.back().object, event::EntityId{3});
    kill.object = 31;
    ASSERT_TRUE(decode(bytes_of(kill, CAT_EVENT)));
    EXPECT_EQ(batch_.events.back().object, event::EntityId{});
}

TEST_F(DecoderTest, ARenamedFileKeepsItsIdentity) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(1, "", S_IFDIR)));
    ASSERT_TRUE(decode(file_record(2, "a\0no-such\0"s)));
    ASSERT_TRUE(decode(path_record(CAT_OP_RENAME, "/no-such/a", "/no-such/b", 1)));
    ASSERT_TRUE(decode(path_record(CAT_OP_UNLINK, "/no-such/b", "", 1)));
    ASSERT_EQ(batch_.events.size(), 2u);
    EXPECT_EQ(batch_.events[0].object, event::EntityId{2});
    EXPECT_EQ(batch_.events[0].path, "/no-such/a");
    EXPECT_EQ(batch_.events[0].path2, "/no-such/b");
    EXPECT_EQ(batch_.events[1].object, event::EntityId{2});
    EXPECT_EQ(batch_.files.back().path, "/no-such/b");
    EXPECT_EQ(batch_.files.back().inode, 102u);
}

TEST_F(DecoderTest, AnOpenAfterAnOperationByPathIsOnTheSameFile) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(1, "", S_IFDIR)));
    ASSERT_TRUE(decode(path_record(CAT_OP_CHMOD, "/no-such/a", "", 1)));
    ASSERT_TRUE(decode(file_record(2, "a\0no-such\0"s)));
    ASSERT_TRUE(decode(bytes_of(event_record(CAT_OP_READ, 2), CAT_EVENT)));
    EXPECT_EQ(batch_.events.at(0).object, batch_.events.at(1).object);
}

TEST_F(DecoderTest, WhereTheKernelSaysWhichFileItIsTheFileIsThat) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(1, "d\0"s, S_IFDIR)));
    ASSERT_TRUE(decode(file_record(2, "old\0d\0"s)));
    ASSERT_TRUE(decode(file_record(3, "a\0d\0"s)));
    // Somebody whom we do not record has put file 2 where file 3 was.
    ASSERT_TRUE(decode(resolved_record(CAT_OP_CHMOD, "a", "", 1, 2)));
    ASSERT_TRUE(decode(resolved_record(CAT_OP_RENAME, "a", "b", 1, 2)));
    ASSERT_TRUE(decode(path_record(CAT_OP_UNLINK, "b", "", 1)));
    for (const event::Event& event : batch_.events) EXPECT_EQ(event.object, event::EntityId{2});
    EXPECT_EQ(batch_.events.at(0).path, "/d/a");
    EXPECT_EQ(batch_.events.at(0).source, event::Source::Kernel);
    EXPECT_EQ(batch_.events.at(1).path2, "/d/b");
    EXPECT_EQ(batch_.files.back().path, "/d/b");
    EXPECT_EQ(batch_.files.back().inode, 102U);
}

TEST_F(DecoderTest, AnExchangeOrARenameOntoItselfLosesNoFile) {
    using namespace std::string_literals;
    ASSERT_TRUE(decode(file_record(1, "d\0"s, S_IFDIR)));
    ASSERT_TRUE(decode(resolved_record(CAT_OP_RENAME, "a", "b", 1, 2, 3, 2 /* RENAME_EXCHANGE */)));
    ASSERT_TRUE(decode(resolved_record(CAT_OP_RENAME, "a", "c", 1, 3, 3)));
    ASSERT_TRUE(decode(path_record(CAT_OP_CHMOD, "a", "", 1)));
    ASSERT_TRUE(decode(path_record(CAT_OP_CHMOD, "b", "", 1)));
    EXPECT_EQ(batch_.events.at(2).object, event::EntityId{3}) << "both names of it stay";
    EXPECT_EQ(batch_.events.at(3).object, event::EntityId{2});
}

TEST_F(DecoderTest, WhatHasNoDirectoryKeepsTheKernelsNameAndNoPath) {
    ASSERT_TRUE(decode(resolved_record(CAT_OP_CHMOD, "memfd:secret", "", 9, 2)));
    EXPECT_EQ(batch_.events.at(0).object, event::EntityId{2});
    EXPECT_EQ(batch_.events.at(0).path, "memfd:secret");
    EXPECT_TRUE(batch_.files.empty());
}

// Whatever a record says of itself, decoding must not read past its end (the sanitizers watch) nor fall over.
TEST_F(DecoderTest, SurvivesTruncatedAndMutatedRecords) {
    using namespace std::string_literals;
    const std::vector<Bytes> good = {
        file_record(1, "leaf\0dir\0"s),
        bytes_of(event_record(CAT_OP_READ, 3), CAT_EVENT),
        path_record(CAT_OP_RENAME, "/a", "/b", 1),
        resolved_record(CAT_OP_RENAME, "a", "b", 1, 2, 3),
        process_record(3, CAT_PROCESS_EXEC, 2, 10),
        args_record(3, 0, "cat\0"s),
        bytes_of(cat_socket{}, CAT_SOCKET),
    };
    for (const Bytes& record : good) {
        for (std::size_t size = 0; size < record.size(); ++size) {
            // A copy of its own, so that a read past the end is a read past an allocation.
            const Bytes shorter(record.begin(), record.begin() + static_cast<std::ptrdiff_t>(size));
            EXPECT_FALSE(decode(shorter)) << "its size says more than there is";
        }
    }
    std::mt19937_64 random(1);
    for (int round = 0; round < 20000; ++round) {
        Bytes record = good[random() % good.size()];
        for (int changes = 0; changes < 4; ++changes) {
            record[random() % std::min<std::size_t>(record.size(), 160)] = static_cast<std::byte>(random());
        }
        decode(record);
        batch_ = {};
    }
    EXPECT_GT(decoder_.malformed(), 1000u);
}

}  // namespace
}  // namespace catena::sensor
