#include "event/entity_table.h"

#include <gtest/gtest.h>

namespace catena::event {
namespace {

constexpr EntityId kProcess{1};
constexpr EntityId kFile{2};
constexpr EntityId kSocket{3};
constexpr EntityId kPipe{4};

ProcessImage image(std::int64_t since_ns, const char* exe) {
    return {.id = kProcess, .since_ns = since_ns, .pid = 7, .exe = exe};
}

FileName name(std::int64_t since_ns, const char* path) {
    return {.id = kFile, .since_ns = since_ns, .path = path};
}

TEST(EntityTable, ImageInForceIsTheLastThatBegan) {
    EntityTable table;
    table.add(image(100, "/bin/sh"));
    table.add(image(200, "/bin/cat"));
    EXPECT_EQ(table.process(kProcess, 199)->exe, "/bin/sh");
    EXPECT_EQ(table.process(kProcess, 200)->exe, "/bin/cat");
    EXPECT_EQ(table.process(kProcess, 900)->exe, "/bin/cat");
}

TEST(EntityTable, BeforeTheFirstTheFirstHolds) {
    EntityTable table;
    table.add(image(100, "/bin/sh"));
    EXPECT_EQ(table.process(kProcess, 5)->exe, "/bin/sh");
}

TEST(EntityTable, RowsOutOfOrderAreSorted) {
    EntityTable table;
    table.add(name(300, "/c"));
    table.add(name(100, "/a"));
    table.add(name(200, "/b"));
    EXPECT_EQ(table.file(kFile, 150)->path, "/a");
    EXPECT_EQ(table.file(kFile, 250)->path, "/b");
    EXPECT_EQ(table.file(kFile, 300)->path, "/c");
    EXPECT_EQ(table.names(kFile).size(), 3U);
}

TEST(EntityTable, OfEqualTimesTheLaterRowCounts) {
    EntityTable table;
    table.add(name(100, "/old"));
    table.add(name(100, "/new"));
    EXPECT_EQ(table.file(kFile, 100)->path, "/new");
}

TEST(EntityTable, LastRowOfASocketHolds) {
    EntityTable table;
    table.add(Socket{.id = kSocket, .protocol = "tcp", .local = "127.0.0.1:80"});
    table.add(Socket{.id = kSocket, .protocol = "tcp", .local = "127.0.0.1:80", .peer = EntityId{9}});
    EXPECT_EQ(table.socket(kSocket)->peer, EntityId{9});
}

TEST(EntityTable, TypesOfAllKinds) {
    EntityTable table;
    table.add(image(1, "/bin/sh"));
    table.add(name(1, "/a"));
    table.add(Socket{.id = kSocket});
    table.add(Object{.id = kPipe, .type = EntityType::Pipe});
    EXPECT_EQ(table.type(kProcess), EntityType::Process);
    EXPECT_EQ(table.type(kFile), EntityType::File);
    EXPECT_EQ(table.type(kSocket), EntityType::Socket);
    EXPECT_EQ(table.type(kPipe), EntityType::Pipe);
    EXPECT_EQ(table.type(EntityId{99}), std::nullopt);
    EXPECT_EQ(table.size(), 4U);
}

TEST(EntityTable, UnknownEntitiesAreNull) {
    const EntityTable table;
    EXPECT_EQ(table.process(kProcess, 1), nullptr);
    EXPECT_EQ(table.file(kFile, 1), nullptr);
    EXPECT_EQ(table.socket(kSocket), nullptr);
    EXPECT_EQ(table.object(kPipe), nullptr);
    EXPECT_TRUE(table.images(kProcess).empty());
}

}  // namespace
}  // namespace catena::event
