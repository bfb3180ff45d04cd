#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "import/imported_for_test.h"

namespace catena::import {
namespace {

using testing::ElementsAre;

std::string oid(int start, int pid) {
    return fmt::format(R"({{"_": "OID", "createTS": {}, "hpid": {}}})", start, pid);
}

std::string process(int start, int pid, const std::string& parent, int ts, std::string_view exe) {
    return fmt::format(
        R"({{"_": "Process", "state": "CREATED", "oid": {}, "poid": {}, "ts": {}, "exe": "{}", "exeArgs": "-v", "uid": 0, "userName": "root", "gid": 0, "groupName": "root", "tty": false, "containerId": "c"}})"
        "\n",
        oid(start, pid), parent, ts, exe);
}
std::string file(std::string_view name, std::string_view path, char type = 'f') {
    return fmt::format(
        R"({{"_": "File", "state": "REUP", "oid": "{}", "ts": 1, "restype": {}, "path": "{}", "containerId": "c"}})"
        "\n",
        name, static_cast<int>(type), path);
}
std::string flow(const std::string& who, int ts, int end, int flags, std::string_view file, int fd = 3) {
    return fmt::format(
        R"({{"_": "FileFlow", "procOID": {}, "ts": {}, "tid": 1, "opFlags": {}, "openFlags": 1, "endTs": {}, "fileOID": "{}", "fd": {}, "numRRecvOps": 2, "numWSendOps": 3, "numRRecvBytes": 20, "numWSendBytes": 30}})"
        "\n",
        who, ts, flags, end, file, fd);
}
std::string process_event(const std::string& who, int ts, int tid, int flags, int ret) {
    return fmt::format(
        R"({{"_": "ProcessEvent", "procOID": {}, "ts": {}, "tid": {}, "opFlags": {}, "args": [], "ret": {}}})"
        "\n",
        who, ts, tid, flags, ret);
}
std::string file_event(const std::string& who, int ts, int flags, std::string_view from,
                       std::string_view to) {
    return fmt::format(
        R"({{"_": "FileEvent", "procOID": {}, "ts": {}, "tid": 1, "opFlags": {}, "fileOID": "{}", "ret": 0, "newFileOID": "{}"}})"
        "\n",
        who, ts, flags, from, to);
}
std::string connection(const std::string& who, int flags) {
    return fmt::format(
        R"({{"_": "NetworkFlow", "procOID": {}, "ts": 5, "tid": 1, "opFlags": {}, "endTs": 9, "sip": 1953111724, "sport": 38636, "dip": 167777708, "dport": 53, "proto": 6, "fd": 4, "numRRecvOps": 2, "numWSendOps": 0, "numRRecvBytes": 304, "numWSendBytes": 0}})"
        "\n",
        who, flags);
}
constexpr const char* kHeader = "{\"_\": \"SFHeader\", \"version\": 1000, \"exporter\": \"probe\"}\n";

TEST(Sysflow, ReadsProcessesFlowsAndEvents) {
    const Imported got = import_text(
        "sysflow", kHeader + process(0, 1, "null", 1, "/bin/sh") + process(5, 2, oid(0, 1), 5, "/bin/sh") +
                       process_event(oid(5, 2), 5, 2, 1, 0) + process_event(oid(0, 1), 5, 1, 1, 2) +
                       process(5, 2, oid(0, 1), 6, "/tmp/x") + process_event(oid(5, 2), 6, 2, 2, 0) +
                       file("f", "/etc/passwd") + flow(oid(5, 2), 7, 8, 1408, "f") +
                       connection(oid(5, 2), 1344) + process_event(oid(5, 2), 9, 2, 4, 256));
    EXPECT_THAT(got.told(),
                ElementsAre("sh 1 fork 2 (sh)", "x 2 exec /tmp/x", "x 2 open /etc/passwd",
                            "x 2 read /etc/passwd", "sh 2 connect tcp 172.30.106.116:38636 → 172.21.0.10:53",
                            "sh 2 recv tcp 172.30.106.116:38636 → 172.21.0.10:53", "x 2 exit"));
    EXPECT_EQ(got.events[3].bytes, 20);
    EXPECT_EQ(got.events[3].count, 2U);
    EXPECT_EQ(got.events[3].last_ns, 8);
    EXPECT_EQ(got.meta.at("import_exporter"), "probe");
    EXPECT_EQ(got.summary.bad, 0U);
    EXPECT_EQ(event::attribution_of(*got.entities.process(got.events[1].process, 6)).cgroup.container, "c");
}

TEST(Sysflow, ProcessOfACollectorThatStartedAnewIsTheSame) {
    const Imported got = import_text(
        "sysflow", process(5, 2, "null", 5, "/a") + file("f", "/x") + flow(oid(5, 2), 7, 8, 256, "f") +
                       kHeader + process(0, 2, "null", 20, "/a") + flow(oid(0, 2), 21, 22, 512, "f") +
                       process_event(oid(0, 2), 23, 2, 4, 0) + process(30, 2, "null", 30, "/b") +
                       flow(oid(30, 2), 31, 32, 256, "f"));
    ASSERT_EQ(got.events.size(), 4U);
    EXPECT_EQ(got.events[0].process, got.events[1].process);
    EXPECT_NE(got.events[0].process, got.events[3].process);  // its pid, after it ended
}

TEST(Sysflow, WhatWasWrittenFollowsTheFileAndNotItsName) {
    constexpr int kRename = 1 << 20;
    constexpr int kUnlink = 1 << 18;
    const std::string who = oid(1, 9);
    const Imported got =
        import_text("sysflow", file("a", "/a") + file("b", "/b") + flow(who, 10, 11, 512, "a") +
                                   file_event(who, 20, kRename, "a", "b") + flow(who, 30, 31, 256, "b") +
                                   flow(who, 30, 31, 512, "a") + file_event(who, 40, kUnlink, "b", "") +
                                   flow(who, 50, 51, 512, "b") + flow(who, 25, 60, 256, "b"));
    ASSERT_EQ(got.events.size(), 7U);
    const auto object = [&](std::size_t i) { return got.events[i].object; };
    EXPECT_EQ(object(0), object(2));  // through the new name
    EXPECT_NE(object(3), object(0));  // another file of the old name
    EXPECT_NE(object(5), object(0));  // another one of the name that was removed
    EXPECT_EQ(object(6), object(0));  // opened before that, and told late
    EXPECT_EQ(got.entities.file(object(0), 30)->path, "/b");
}

TEST(Sysflow, NamelessPipesOfTwoProcessesAreTwo) {
    const Imported got =
        import_text("sysflow", file("p", "", 'p') + flow(oid(1, 9), 1, 2, 512, "p") +
                                   flow(oid(1, 8), 1, 2, 256, "p") + flow(oid(1, 9), 1, 2, 256, "p"));
    ASSERT_EQ(got.events.size(), 3U);
    EXPECT_NE(got.events[0].object, got.events[1].object);
    EXPECT_EQ(got.events[0].object, got.events[2].object);
}

TEST(Sysflow, TwoEndsOfAConnectionOnThisHostArePeers) {
    const Imported got = import_text("sysflow", connection(oid(1, 9), 1344) + connection(oid(1, 8), 288));
    const event::Socket* client = got.entities.socket(got.events.front().object);
    const event::Socket* server = got.entities.socket(got.events.back().object);
    EXPECT_EQ(client->peer, server->id);
    EXPECT_EQ(server->peer, client->id);
    EXPECT_EQ(client->remote, server->local);
}

TEST(Sysflow, BadLinesAreNamed) {
    const Imported got = import_text(
        "sysflow", std::string("{\"_\": \"FileFlow\"}\n{\"x\": 1}\n{\"_\": \"Moon\"}\n") +
                       "{\"_\": \"FileFlow\", \"procOID\": {\"_\": \"OID\"}, \"ts\": 1, \"opFlags\": 1}\n");
    EXPECT_EQ(got.summary.bad, 3U);
    EXPECT_EQ(got.summary.first_bad[0].reason, "\"procOID\" is missing");
    EXPECT_EQ(got.summary.unknown_records.names().at("Moon"), 1U);
}

}  // namespace
}  // namespace catena::import
