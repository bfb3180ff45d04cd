#include "event/text.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

namespace catena::event {
namespace {

class Text : public testing::Test {
  protected:
    void SetUp() override {
        ::setenv("TZ", "UTC", 1);
        ::tzset();
        table_.add(ProcessImage{.id = {1}, .since_ns = 1, .pid = 1234, .exe = "/usr/bin/cat"});
        table_.add(FileName{.id = {2}, .since_ns = 1, .path = "/etc/passwd"});
        table_.add(FileName{.id = {3}, .since_ns = 1, .path = "/tmp/\x1b[2J\nroot"});
        table_.add(Socket{.id = {4}, .protocol = "tcp", .local = "127.0.0.1:5000", .remote = "127.0.0.1:80"});
    }

    static Event event(Op op, std::uint64_t object) {
        return {
            .id = 1, .ts_ns = 3'661'000'042'999, .op = op, .process = {1}, .tid = 1234, .object = {object}};
    }

    EntityTable table_;
};

TEST_F(Text, ReadIsOneLineForAPerson) {
    Event read = event(Op::Read, 2);
    read.bytes = read.ret = 120;
    read.fd = 3;
    EXPECT_EQ(to_text_line(read, table_),
              "01:01:01.000042    1234 cat             read         /etc/passwd  120 bytes  fd 3");
}

TEST_F(Text, SocketsFailuresAndCounts) {
    Event connect = event(Op::Connect, 4);
    connect.ret = -ECONNREFUSED;
    connect.fd = 5;
    connect.count = 2;
    EXPECT_TRUE(
        to_text_line(connect, table_)
            .ends_with("connect      tcp 127.0.0.1:5000 → 127.0.0.1:80  fd 5  failed ECONNREFUSED  2 times"));
}

TEST_F(Text, PathsComeBeforeObjects) {
    Event rename = event(Op::Rename, 2);
    rename.path = "/a";
    rename.path2 = "/b";
    EXPECT_TRUE(to_text_line(rename, table_).ends_with("rename       /a → /b"));
}

TEST_F(Text, ExecShowsTheNameAskedFor) {
    Event exec = event(Op::Exec, 2);
    exec.path2 = "./passwd";
    EXPECT_TRUE(to_text_line(exec, table_).ends_with("exec         /etc/passwd  as ./passwd"));
}

TEST_F(Text, HostileNamesCannotReachTheTerminal) {
    const std::string line = to_text_line(event(Op::Close, 3), table_);
    EXPECT_TRUE(line.ends_with("/tmp/\\x1b[2J\\nroot")) << line;
}

TEST_F(Text, ContainersAreNamedAtTheEnd) {
    const auto in = [&](const std::string& runtime, const std::string& container) {
        Attribution attribution{.cgroup = {.runtime = runtime, .container = container, .unit = "x.scope"}};
        table_.add(ProcessImage{.id = {1},
                                .since_ns = 2,
                                .pid = 1234,
                                .exe = "/usr/bin/cat",
                                .attribution = std::make_shared<const Attribution>(attribution)});
        return to_text_line(event(Op::Close, 2), table_);
    };
    EXPECT_TRUE(in("", "").ends_with("/etc/passwd"));
    EXPECT_TRUE(in("docker", "0123456789abcdef" + std::string(48, '0'))
                    .ends_with("/etc/passwd  in docker 0123456789ab"));
    EXPECT_TRUE(
        in("lxc", "a-name-longer-than-an-id\x1b").ends_with("  in lxc a-name-longer-than-an-id\\x1b"));
}

TEST_F(Text, UnknownEntitiesAreSaidToBe) {
    Event close = event(Op::Close, 0x77);
    close.process = EntityId{0x99};
    const std::string line = to_text_line(close, table_);
    EXPECT_NE(line.find("? "), std::string::npos);
    EXPECT_TRUE(line.ends_with("unknown 77"));
}

}  // namespace
}  // namespace catena::event
