#include "sys/users.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace catena::sys {
namespace {

class Users : public testing::Test {
  protected:
    Users() {
        std::string pattern = (std::filesystem::temp_directory_path() / "catena-users-XXXXXX").string();
        directory_ = ::mkdtemp(pattern.data());
        path_ = (directory_ / "passwd").string();
    }
    ~Users() override { std::filesystem::remove_all(directory_); }
    // As vipw and useradd do it: a new file takes the old one's place.
    void write(const std::string& text) {
        std::ofstream(path_ + "+") << text;
        std::filesystem::rename(path_ + "+", path_);
    }

    std::filesystem::path directory_;
    std::string path_;
};

TEST_F(Users, NamesComeFromTheFile) {
    write("root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nalice:x:1000:1000:A:/home/a:/bin/sh\n");
    UserNames users(path_);
    EXPECT_EQ(users.name(0), "root");
    EXPECT_EQ(users.name(1000), "alice");
    EXPECT_EQ(users.name(1001), "1001");
    EXPECT_EQ(users.find(1001), "");
    EXPECT_EQ(users.name(0xffffffff), "4294967295");
}

TEST_F(Users, AUserThatIsAddedLaterIsFound) {
    write("root:x:0:0:root:/root:/bin/sh\n");
    UserNames users(path_);
    EXPECT_EQ(users.name(1000), "1000");
    write("root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000:A:/home/a:/bin/sh\n");
    EXPECT_EQ(users.name(1000), "alice");
    EXPECT_EQ(users.name(0), "root");
}

TEST_F(Users, OddFilesAreSafe) {
    EXPECT_EQ(UserNames(path_).name(5), "5") << "there is no file";
    EXPECT_EQ(UserNames(directory_.string()).name(5), "5") << "a directory";
    write("nonsense\n:::\n+nis:x:6:6:::\n" + std::string(200'000, 'x') +
          ":x:5:5:::\nbob:x:8:8:" + std::string(9000, 'g') + ":/:/bin/sh\neve:x:7:7:::\n");
    UserNames users(path_);
    EXPECT_EQ(users.name(6), "6");
    EXPECT_EQ(users.name(8), "bob");
    EXPECT_EQ(users.name(7), "eve");
}

}  // namespace
}  // namespace catena::sys
