#include "event/json_lines.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>

#include "event/escape.h"

namespace catena::event {
namespace {

using nlohmann::json;

constexpr EntityId kProcess{0xa1};
constexpr EntityId kParent{0xa0};
constexpr EntityId kFile{0xf1};
constexpr EntityId kSocket{0x51};
constexpr EntityId kPipe{0x31};

EntityTable entities() {
    EntityTable table;
    table.add(ProcessImage{.id = kProcess,
                           .since_ns = 1,
                           .pid = 7,
                           .parent = kParent,
                           .uid = 33,
                           .exe = "/bin/cat",
                           .cmdline = "cat x"});
    table.add(FileName{.id = kFile,
                       .since_ns = 1,
                       .path = "/etc/passwd",
                       .inode = 42,
                       .dev = 254U << 20 | 3,
                       .kind = FileKind::Regular});
    table.add(Socket{.id = kSocket,
                     .protocol = "tcp",
                     .local = "[::1]:5000",
                     .remote = "[::1]:80",
                     .peer = EntityId{0x52},
                     .inode = 77});
    table.add(Object{.id = kPipe, .type = EntityType::Pipe, .label = "pipe:[9]"});
    return table;
}

Event event(Op op, std::int64_t arg = 0) {
    return {.id = 5, .ts_ns = 1000, .last_ns = 1000, .op = op, .process = kProcess, .tid = 8, .arg = arg};
}

json parsed(const Event& event) { return json::parse(to_json_line(event, entities())); }

std::int64_t pair(std::int64_t high, std::uint32_t low) { return high << 32 | low; }

TEST(JsonLines, WholeLineIsAsDocumented) {
    Event read = event(Op::Read);
    read.syscall = "pread64";
    read.object = kFile;
    read.bytes = read.ret = 120;
    read.fd = 3;
    EXPECT_EQ(
        to_json_line(read, entities()),
        R"({"id":5,"ts_ns":1000,"op":"read","syscall":"pread64","process":{"id":"pa1","pid":7,"exe":"/bin/cat",)"
        R"("cmdline":"cat x","uid":33,"parent":"pa0"},"tid":8,"object":{"type":"file","id":"ff1",)"
        R"("path":"/etc/passwd","inode":42,"dev":"254:3","kind":"regular"},"bytes":120,"ret":120,"count":1,)"
        R"("fd":3,"source":"kernel"})");
}

TEST(JsonLines, AttributionSaysWhatIsKnown) {
    Attribution attribution{.user = "www-data",
                            .login_uid = 1000,
                            .login_user = "alice",
                            .session = 3,
                            .cgroup = {.runtime = "docker",
                                       .container = "c0ffee",
                                       .pod = "beef",
                                       .unit = "docker-c0ffee.scope",
                                       .user_unit = "app\xff.service"}};
    EntityTable table;
    const auto add = [&](std::int64_t since_ns) {
        table.add(ProcessImage{.id = kProcess,
                               .since_ns = since_ns,
                               .pid = 7,
                               .attribution = std::make_shared<const Attribution>(attribution)});
    };
    add(1);
    attribution = {.user = "0"};
    add(2000);
    EXPECT_EQ(
        json::parse(to_json_line(event(Op::Read), table))["process"],
        json::parse(R"({"id":"pa1","pid":7,"uid":0,"user":"www-data","login_uid":1000,"login_user":"alice",
        "session":3,"unit":"docker-c0ffee.scope","user_unit":"app\\xff.service","container":"c0ffee","runtime":"docker",
        "pod":"beef"})"));
    Event later = event(Op::Read);
    later.ts_ns = 3000;
    EXPECT_EQ(json::parse(to_json_line(later, table))["process"],
              json::parse(R"({"id":"pa1","pid":7,"uid":0,"user":"0"})"));
}

TEST(JsonLines, ObjectsOfEveryType) {
    Event send = event(Op::Send);
    send.object = kSocket;
    EXPECT_EQ(parsed(send)["object"],
              json::parse(R"({"type":"socket","id":"s51","protocol":"tcp","local":"[::1]:5000",
        "remote":"[::1]:80","inode":77,"peer":"s52"})"));
    send.object = kPipe;
    EXPECT_EQ(parsed(send)["object"], json::parse(R"({"type":"pipe","id":"o31","label":"pipe:[9]"})"));
    send.object = kProcess;
    EXPECT_EQ(parsed(send)["object"],
              json::parse(R"({"type":"process","id":"pa1","pid":7,"exe":"/bin/cat"})"));
    send.object = EntityId{0x99};
    EXPECT_EQ(parsed(send)["object"], json::parse(R"({"id":"x99"})")) << "never described";
}

TEST(JsonLines, AbsentRatherThanNull) {
    json line = parsed(event(Op::Setuid));
    for (const char* key : {"last_ns", "object", "bytes", "error", "fd", "path", "path2", "syscall"}) {
        EXPECT_FALSE(line.contains(key)) << key;
    }
}

TEST(JsonLines, BytesAreGivenWhereDataMovesEvenWhenNone) {
    EXPECT_EQ(parsed(event(Op::Write))["bytes"], 0);
    EXPECT_FALSE(parsed(event(Op::Close)).contains("bytes"));
}

TEST(JsonLines, FailuresHaveTheirName) {
    Event open = event(Op::Open);
    open.ret = -EACCES;
    EXPECT_EQ(parsed(open)["error"], "EACCES");
    EXPECT_EQ(parsed(open)["ret"], -EACCES);
}

TEST(JsonLines, MergedEventsHaveTheirCountAndLastTime) {
    Event read = event(Op::Read);
    read.count = 12;
    read.last_ns = 2000;
    EXPECT_EQ(parsed(read)["count"], 12);
    EXPECT_EQ(parsed(read)["last_ns"], 2000);
}

TEST(JsonLines, ArgumentsOfFiles) {
    json created = parsed(event(Op::Create, pair(0640, O_WRONLY | O_CREAT)));
    EXPECT_EQ(created["flags"], "O_WRONLY|O_CREAT");
    EXPECT_EQ(created["mode"], "0640");
    EXPECT_FALSE(parsed(event(Op::Open, pair(0640, O_RDONLY))).contains("mode"));
    EXPECT_EQ(parsed(event(Op::Chmod, 04755))["mode"], "04755");
    EXPECT_EQ(parsed(event(Op::Mkdir, 0))["mode"], "0000");
    EXPECT_EQ(parsed(event(Op::Truncate, 4096))["length"], 4096);
    EXPECT_EQ(parsed(event(Op::Dup, 3))["old_fd"], 3);
    json mapped = parsed(event(Op::Load, pair(MAP_PRIVATE, PROT_READ | PROT_EXEC)));
    EXPECT_EQ(mapped["prot"], "PROT_READ|PROT_EXEC");
    EXPECT_EQ(mapped["flags"], "MAP_PRIVATE");
}

TEST(JsonLines, ChownLeavesOutWhatStaysUnchanged) {
    json line = parsed(event(Op::Chown, pair(-1, 1000)));
    EXPECT_EQ(line["uid"], 1000);
    EXPECT_FALSE(line.contains("gid"));
}

TEST(JsonLines, ArgumentsOfProcessesAndSockets) {
    EXPECT_EQ(parsed(event(Op::Kill, SIGTERM))["signal"], "SIGTERM");
    EXPECT_EQ(parsed(event(Op::Ptrace, PTRACE_ATTACH))["request"], "PTRACE_ATTACH");
    EXPECT_EQ(parsed(event(Op::Setuid, pair(2, 1)))["euid"], 2);
    EXPECT_EQ(parsed(event(Op::Setgid, pair(2, 1)))["gid"], 1);
    EXPECT_EQ(parsed(event(Op::Fork, SIGCHLD))["flags"], "SIGCHLD");
    EXPECT_FALSE(parsed(event(Op::Fork)).contains("flags"));
    EXPECT_EQ(parsed(event(Op::Listen, 128))["backlog"], 128);
    json socket = parsed(event(Op::Socket, pair(SOCK_STREAM | SOCK_CLOEXEC, AF_INET)));
    EXPECT_EQ(socket["family"], "AF_INET");
    EXPECT_EQ(socket["type"], "SOCK_STREAM|SOCK_CLOEXEC");
}

TEST(JsonLines, ExitIsDecodedFromTheWaitStatus) {
    Event exit = event(Op::Exit);
    exit.ret = 3 << 8;
    EXPECT_EQ(parsed(exit)["exit_code"], 3);
    exit.ret = SIGSEGV | 0x80;
    EXPECT_EQ(parsed(exit)["signal"], "SIGSEGV");
    EXPECT_FALSE(parsed(exit).contains("exit_code"));
}

TEST(JsonLines, OddNamesSurvive) {
    const std::string name = "/tmp/a\nb\"\\\xff\x01\xc3\xbc";
    Event unlink = event(Op::Unlink);
    unlink.path = name;
    const std::string line = to_json_line(unlink, entities());
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_EQ(unescape(json::parse(line)["path"].get<std::string>()), name);
}

}  // namespace
}  // namespace catena::event
