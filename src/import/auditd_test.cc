#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "import/auditd_call.h"
#include "import/imported_for_test.h"

namespace catena::import {
namespace {

using event::Op;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

// Records as the kernel and auditd write them (audit_log_exit in kernel/auditsc.c).
struct Log {
    std::string text;
    int seconds = 0;
    int serial = 0;

    // A new event of process `pid`, begun with its SYSCALL record.
    Log& call(int number, std::int64_t exit, int pid, std::string_view args,
              std::string_view who = R"(comm="webd" exe="/usr/sbin/webd")") {
        ++serial;
        ++seconds;
        return add(fmt::format("SYSCALL", 0),
                   fmt::format("arch=c000003e syscall={} success={} exit={} {} items=0 ppid=1 pid={} "
                               "auid=4294967295 uid=33 gid=33 "
                               "euid=33 suid=33 fsuid=33 egid=33 sgid=33 fsgid=33 tty=(none) ses=4294967295 "
                               "{} subj=unconfined key=\"k\"",
                               number, exit < 0 ? "no" : "yes", exit, args, pid, who));
    }
    Log& add(std::string_view type, std::string_view fields) {
        text += fmt::format("type={} msg=audit({}.{:03}:{}): {}\n", type, 1'700'000'000 + seconds, 7, serial,
                            fields);
        return *this;
    }
    Log& path(std::string_view name, int inode, std::string_view nametype, int item = 0) {
        return add("PATH", fmt::format("item={} name={} inode={} dev=fd:00 mode=0100644 ouid=0 ogid=0 "
                                       "rdev=00:00 nametype={} cap_fp=0",
                                       item, name, inode, nametype));
    }
    Log& end() { return add("PROCTITLE", "proctitle=2F7573722F7362696E2F77656264002D44"); }
};

// A server is told something, writes it to a file and runs it; that reads a secret and sends it.
Log attack() {
    Log log;
    log.call(288, 7, 500, "a0=3 a1=7ffd a2=7ffd a3=80800")
        .add("SOCKADDR", "saddr=0200A00CCB0071420000000000000000")
        .end();
    log.call(257, 9, 500, "a0=ffffff9c a1=7ffd a2=241 a3=1ff")
        .add("CWD", "cwd=\"/var/www\"")
        .path("\"up/\"", 11, "PARENT")
        .path("75702F6E6F206F6E65", 4242, "CREATE", 1)
        .end();
    log.call(56, 501, 500, "a0=1200011 a1=0 a2=0 a3=7f").end();
    log.call(59, 0, 501, "a0=55 a1=56 a2=57 a3=8", "comm=\"no one\" exe=\"/usr/bin/dash\"")
        .add("EXECVE", "argc=3 a0=\"./no one\" a1=2D63 a2=\"x\"")
        .add("CWD", "cwd=\"/var/www/up\"")
        .path("2E2F6E6F206F6E65", 4242, "NORMAL")
        .path("\"/bin/sh\"", 77, "NORMAL", 1)
        .end();
    log.call(2, 3, 501, "a0=7f a1=80000 a2=0 a3=0", "comm=\"no one\" exe=\"/usr/bin/dash\"")
        .add("CWD", "cwd=\"/var/www/up\"")
        .path("\"../../../etc/shadow\"", 99, "NORMAL")
        .end();
    log.call(41, 4, 501, "a0=2 a1=1 a2=0 a3=0", "comm=\"no one\" exe=\"/usr/bin/dash\"").end();
    log.call(42, -115, 501, "a0=4 a1=7f a2=10 a3=0", "comm=\"no one\" exe=\"/usr/bin/dash\"")
        .add("SOCKADDR", "saddr=02000050CB0071420000000000000000")
        .end();
    log.call(44, 100, 501, "a0=4 a1=7f a2=64 a3=0", "comm=\"no one\" exe=\"/usr/bin/dash\"").end();
    log.call(231, 0, 501, "a0=1 a1=0 a2=0 a3=0", "comm=\"no one\" exe=\"/usr/bin/dash\"").end();
    return log;
}

const std::vector<std::string> kAttack = {"webd 500 accept tcp → 203.0.113.66:40972",
                                          "webd 500 create /var/www/up/no one",
                                          "webd 500 write /var/www/up/no one",
                                          "webd 500 fork 501 (webd)",
                                          "dash 501 exec /var/www/up/no one",
                                          "dash 501 load /bin/sh",
                                          "dash 501 open /etc/shadow",
                                          "dash 501 read /etc/shadow",
                                          "dash 501 socket inet → 203.0.113.66:80",
                                          "dash 501 connect inet → 203.0.113.66:80",
                                          "dash 501 send inet → 203.0.113.66:80",
                                          "dash 501 exit"};

TEST(Auditd, JoinsTheRecordsOfEachCall) {
    const Imported got = import_text("auditd", attack().text);
    EXPECT_EQ(got.told(), kAttack);
    EXPECT_EQ(got.summary.bad, 0U);
    EXPECT_EQ(got.events[0].ts_ns, 1'700'000'001'007'000'000);
    EXPECT_EQ(got.events[9].ret, -115);
    EXPECT_EQ(got.events[10].bytes, 100);
    EXPECT_EQ(got.events[11].ret, 0x100);
    EXPECT_EQ(got.entities.images(got.events[5].process).back().cmdline, "./no one -c x");
    const auto* file = got.entities.file(got.events[1].object, 0);
    EXPECT_EQ(file->inode, 4242U);
    EXPECT_EQ(file->dev, 0xfdU << 20U);
    EXPECT_EQ(file->kind, event::FileKind::Regular);
    EXPECT_EQ(got.events[1].object, got.events[4].object);
}

// The records of several calls stand between each other in the log, as CPUs write them: those of one keep
// their order.
TEST(Auditd, InterleavedRecordsAreTheSameEvents) {
    const Log log = attack();
    std::vector<std::vector<std::string>> calls(1);
    std::size_t begin = 0;
    while (begin < log.text.size()) {
        const std::size_t end = log.text.find('\n', begin) + 1;
        calls.back().push_back(log.text.substr(begin, end - begin));
        if (calls.back().back().starts_with("type=PROCTITLE")) calls.emplace_back();
        begin = end;
    }
    calls.pop_back();
    // Calls end in their order, each after some records of the three that follow it, seconds later.
    std::string text;
    std::vector<std::size_t> taken(calls.size());
    for (std::size_t i = 0; i < calls.size(); ++i) {
        for (std::size_t ahead = i + 1; ahead < std::min(i + 4, calls.size()); ++ahead) {
            if (taken[ahead] + 1 < calls[ahead].size()) text += calls[ahead][taken[ahead]++];
        }
        while (taken[i] < calls[i].size()) text += calls[i][taken[i]++];
    }
    ASSERT_EQ(text.size(), log.text.size());
    ASSERT_NE(text, log.text);
    EXPECT_EQ(import_text("auditd", text).told(), kAttack);
}

TEST(Auditd, EventsWithoutALastRecordEndWithTheLog) {
    std::string text = attack().text;
    for (std::size_t at = 0; (at = text.find("type=PROCTITLE")) != std::string::npos;)
        text.erase(at, text.find('\n', at) + 1 - at);
    EXPECT_EQ(import_text("auditd", text).told(), kAttack);
}

TEST(Auditd, ReadsWhatAuditdAddsInWordsAndNodes) {
    std::string text = attack().text;
    text.insert(0, "\n");
    for (std::size_t at = 0; (at = text.find("\ntype=", at)) != std::string::npos; ++at)
        text.insert(at + 1, "node=www1 ");
    for (std::size_t at = 0; (at = text.find(" key=\"k\"\n", at)) != std::string::npos; at += 50)
        text.insert(at + 8,
                    "\x1d"
                    "ARCH=x86_64 SYSCALL=open UID=\"www-data\"");
    const Imported got = import_text("auditd", text);
    EXPECT_EQ(got.told(), kAttack);
}

// With rules for execve alone, a process comes from the one that it has for a parent.
TEST(Auditd, WithoutForksTheParentIsTakenFromPpid) {
    Log log;
    log.call(59, 0, 700, "a0=5", R"(comm="bash" exe="/bin/bash")").end();
    std::string text =
        log.text +
        "type=SYSCALL msg=audit(1700000009.000:90): arch=c000003e syscall=59 success=yes exit=0 a0=5 a1=0 "
        "a2=0 a3=0 items=0 ppid=700 pid=701 uid=0 comm=\"id\" exe=\"/bin/id\"\n";
    const Imported got = import_text("auditd", text);
    ASSERT_EQ(got.events.size(), 2U);
    const auto& image = got.entities.images(got.events[1].process).back();
    EXPECT_EQ(image.parent, got.events[0].process);
    EXPECT_EQ(image.start_ns, got.events[1].ts_ns);
}

TEST(Auditd, PidThatIsGivenAgainIsAnotherProcess) {
    Log log;
    const char* cat = R"(comm="cat" exe="/bin/cat")";
    log.call(56, 501, 500, "a0=11 a1=0 a2=0 a3=0").end();
    log.call(231, 0, 501, "a0=0", cat).end();
    log.call(57, 501, 500, "a0=0").end();
    log.call(231, 0, 501, "a0=0", cat).end();
    const Imported got = import_text("auditd", log.text);
    ASSERT_EQ(got.events.size(), 4U);
    EXPECT_EQ(got.events[0].object, got.events[1].process);
    EXPECT_EQ(got.events[2].object, got.events[3].process);
    EXPECT_NE(got.events[0].object, got.events[2].object);
}

TEST(Auditd, InodeThatIsGivenAgainIsAnotherFile) {
    Log log;
    log.call(257, 3, 500, "a0=ffffff9c a1=7 a2=241 a3=1a4")
        .add("CWD", "cwd=\"/\"")
        .path("\"/a\"", 5, "CREATE")
        .end();
    log.call(82, 0, 500, "a0=7 a1=8 a2=0 a3=0")
        .add("CWD", "cwd=\"/\"")
        .path("\"/\"", 2, "PARENT")
        .path("\"/a\"", 5, "DELETE", 1)
        .path("\"/b\"", 5, "CREATE", 2)
        .end();
    log.call(87, 0, 500, "a0=7").add("CWD", "cwd=\"/\"").path("\"/b\"", 5, "DELETE").end();
    log.call(257, 3, 500, "a0=ffffff9c a1=7 a2=241 a3=1a4")
        .add("CWD", "cwd=\"/\"")
        .path("\"/c\"", 5, "CREATE")
        .end();
    const Imported got = import_text("auditd", log.text);
    EXPECT_THAT(got.told(), ElementsAre("webd 500 create /a", "webd 500 write /a", "webd 500 rename /b",
                                        "webd 500 unlink /b", "webd 500 create /c", "webd 500 write /c"));
    EXPECT_EQ(got.events[0].object, got.events[3].object);
    EXPECT_NE(got.events[0].object, got.events[4].object);
    EXPECT_EQ(got.events[2].path, "/a");
    EXPECT_EQ(got.events[2].path2, "/b");
}

TEST(Auditd, DescriptorsAreFollowedThroughPipesDupAndFork) {
    Log log;
    log.call(293, 0, 500, "a0=7 a1=0 a2=0 a3=0").add("FD_PAIR", "fd0=5 fd1=6").end();
    log.call(56, 501, 500, "a0=11 a1=0 a2=0 a3=0").end();
    log.call(33, 1, 501, "a0=6 a1=1 a2=0 a3=0").end();
    log.call(1, 12, 501, "a0=1 a1=7 a2=c a3=0").end();
    log.call(0, 12, 500, "a0=5 a1=7 a2=c a3=0").end();
    const Imported got = import_text("auditd", log.text);
    EXPECT_THAT(got.told(), ElementsAre("webd 500 pipe pipe", "webd 500 fork 501 (webd)", "webd 501 dup pipe",
                                        "webd 501 write pipe", "webd 500 read pipe"));
    EXPECT_EQ(got.events[3].object, got.events[4].object);
}

TEST(Auditd, LinesThatAreNoRecordsAreBadAndOtherRecordsAreCounted) {
    const Imported got = import_text("auditd",
                                     "type=SYSCALL msg=audit(x\nhello\ntype=USER_LOGIN msg=audit(1.000:5): "
                                     "pid=1\ntype=SYSCALL msg=audit(1.000:6): arch=c00000b7 syscall=1\n");
    EXPECT_EQ(got.summary.bad, 2U);
    EXPECT_THAT(got.summary.first_bad[1].reason, HasSubstr("not a record of audit"));
    EXPECT_THAT(got.summary.unknown_records.names(), Contains(testing::Key("USER_LOGIN")));
    EXPECT_TRUE(got.events.empty());
}

TEST(Auditd, AddressesOfSockets) {
    const auto address = [](std::string_view hex) { return socket_address(*bytes_from_hex(hex)).value(); };
    EXPECT_EQ(address("02000035AC1500090000000000000000").address, "172.21.0.9:53");
    EXPECT_EQ(address("0A0001BB0000000000000000000000000000000000000001FFFFFFFF").address, "[::1]:443");
    EXPECT_EQ(address("01002F72756E2F780000").address, "/run/x");
    EXPECT_EQ(address("010000616200").address, "@ab");
    EXPECT_EQ(address("1000").protocol, "family/16");
    EXPECT_FALSE(socket_address("x"));
    EXPECT_FALSE(bytes_from_hex("0"));
    EXPECT_FALSE(bytes_from_hex("0g"));
    EXPECT_FALSE(bytes_from_hex("+1"));
}

}  // namespace
}  // namespace catena::import
