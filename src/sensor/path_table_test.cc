#include "sensor/path_table.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace catena::sensor {
namespace {

constexpr event::EntityId kRoot{1};
constexpr event::EntityId kDirectory{2};
constexpr event::EntityId kFile{3};

event::FileName file(event::EntityId id, std::string path, event::FileKind kind = event::FileKind::Regular) {
    event::FileName name;
    name.id = id;
    name.path = std::move(path);
    name.kind = kind;
    name.inode = 100 + id.value;
    return name;
}

event::EntityId id_at(PathTable& table, const std::string& path) {
    return table.at(path, event::FileKind::Unknown).file.id;
}

class PathTableTest : public testing::Test {
  protected:
    PathTableTest() {
        table_.describe(file(kRoot, "/", event::FileKind::Directory));
        table_.describe(file(kDirectory, "/no/such/dir", event::FileKind::Directory));
    }
    PathTable table_;
};

TEST_F(PathTableTest, AbsoluteJoinsTextToTheDirectoryItStartsFrom) {
    EXPECT_EQ(table_.absolute(kRoot, "/no/such/a"), "/no/such/a");
    EXPECT_EQ(table_.absolute(kDirectory, "a"), "/no/such/dir/a");
    EXPECT_EQ(table_.absolute(kDirectory, "a/"), "/no/such/dir/a");
    EXPECT_EQ(table_.absolute(kDirectory, "./b/../a"), "/no/such/dir/a");
    EXPECT_EQ(table_.absolute(kDirectory, "."), "/no/such/dir");
    EXPECT_EQ(table_.absolute(kDirectory, ".."), "/no/such");
    EXPECT_EQ(table_.absolute(kRoot, "/"), "/");
    EXPECT_EQ(table_.absolute(kRoot, "//no//such///a"), "/no/such/a");
    EXPECT_EQ(table_.absolute({99}, "a"), "a") << "the directory is not known";
}

TEST_F(PathTableTest, AbsoluteFollowsLinksInDirectoriesButNotTheLastName) {
    std::string directory = (std::filesystem::temp_directory_path() / "catena-paths-XXXXXX").string();
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    ASSERT_EQ(::mkdir((directory + "/real").c_str(), 0700), 0);
    ASSERT_EQ(::symlink("real", (directory + "/link").c_str()), 0);
    EXPECT_EQ(table_.absolute(kRoot, directory + "/link/a"), directory + "/real/a");
    EXPECT_EQ(table_.absolute(kRoot, directory + "/link"), directory + "/link");
    std::filesystem::remove_all(directory);
}

TEST_F(PathTableTest, KnowsWhatWasDescribedUnderAPath) {
    table_.describe(file(kFile, "/d/a"));
    const PathTable::Named named = table_.at("/d/a", event::FileKind::Unknown);
    EXPECT_FALSE(named.is_new);
    EXPECT_EQ(named.file.id, kFile);
    EXPECT_EQ(named.file.inode, 103u);
    EXPECT_EQ(named.file.path, "/d/a");
}

TEST_F(PathTableTest, MakesOneEntityForAPathNobodyDescribed) {
    const PathTable::Named first = table_.at("/d/new", event::FileKind::Directory);
    EXPECT_TRUE(first.is_new);
    EXPECT_EQ(first.file.kind, event::FileKind::Directory);
    EXPECT_FALSE(table_.at("/d/new", event::FileKind::Unknown).is_new);
    EXPECT_EQ(id_at(table_, "/d/new"), first.file.id);
}

TEST_F(PathTableTest, AFileDescribedLaterIsTheEntityMadeForItsPath) {
    const event::EntityId made = id_at(table_, "/d/a");
    EXPECT_EQ(table_.describe(file(kFile, "/d/a")), made);
    EXPECT_EQ(table_.resolve(kFile), made);
    EXPECT_EQ(id_at(table_, "/d/a"), made);
}

TEST_F(PathTableTest, ARemovedPathIsNotTheNextFileOfThatName) {
    const event::EntityId made = id_at(table_, "/d/a");
    table_.remove("/d/a");
    EXPECT_EQ(table_.describe(file(kFile, "/d/a")), kFile);
    EXPECT_NE(table_.resolve(kFile), made);
}

TEST_F(PathTableTest, RenameTakesTheEntityAlong) {
    table_.describe(file(kFile, "/d/a"));
    table_.rename("/d/a", "/d/b");
    EXPECT_EQ(id_at(table_, "/d/b"), kFile);
    EXPECT_NE(id_at(table_, "/d/a"), kFile);
}

TEST_F(PathTableTest, RenamingADirectoryMovesWhatIsBelowIt) {
    table_.describe(file({10}, "/x", event::FileKind::Directory));
    table_.describe(file({11}, "/x/sub", event::FileKind::Directory));
    table_.describe(file(kFile, "/x/sub/a"));
    table_.describe(file({12}, "/xy"));
    table_.rename("/x", "/y");
    EXPECT_EQ(id_at(table_, "/y/sub/a"), kFile);
    EXPECT_EQ(id_at(table_, "/xy"), event::EntityId{12});
    EXPECT_EQ(table_.absolute({11}, "new"), "/y/sub/new");
}

TEST_F(PathTableTest, ExchangeSwapsTwoFiles) {
    table_.describe(file({10}, "/a"));
    table_.describe(file({11}, "/b"));
    table_.exchange("/a", "/b");
    EXPECT_EQ(id_at(table_, "/a"), event::EntityId{11});
    EXPECT_EQ(id_at(table_, "/b"), event::EntityId{10});
}

TEST_F(PathTableTest, ALinkIsASecondNameOfTheSameFile) {
    const event::FileName known = file(kFile, "/a");
    table_.describe(known);
    table_.link("/b", known);
    table_.remove("/a");
    EXPECT_EQ(id_at(table_, "/b"), kFile);
}

}  // namespace
}  // namespace catena::sensor
