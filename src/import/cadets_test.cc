#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "import/imported_for_test.h"

namespace catena::import {
namespace {

using event::Op;
using testing::ElementsAre;
using testing::HasSubstr;

// A line of process `who` (its uuid and pid are made of it).
std::string line(std::string_view name, int who, int time, std::string_view rest) {
    return fmt::format(
        ", {{\"event\": \"audit:event:aue_{}:\", \"time\": {}, \"pid\": {}, \"ppid\": 1, \"tid\": {}, "
        "\"uid\": 80, "
        "\"exec\": \"prog{}\", \"subjprocuuid\": \"proc-{}\", \"subjthruuid\": \"thread\", {}}}\n",
        name, time, who, who + 100, who, who, rest);
}

TEST(Cadets, ReadsAnArrayOfObjectsALine) {
    const Imported got = import_text(
        "cadets",
        "[\n" +
            line(
                "accept", 1, 1,
                R"("arg_objuuid1": "l", "arg_objuuid2": "s", "address": "10.0.0.9", "port": 99, "fd": 6, "retval": 9)")
                .substr(1) +
            line("read", 1, 2, R"("arg_objuuid1": "s", "fd": 9, "retval": 20, "fdpath": "<unknown>")") +
            line("open_rwtc", 1, 3,
                 R"("ret_objuuid1": "f", "upath1": "/tmp//./x", "flags": 513, "mode": 504, "retval": 14)") +
            line("write", 1, 3, R"("arg_objuuid1": "f", "fd": 14, "retval": 20, "fdpath": "/tmp/x")") +
            line("fork", 1, 4, R"("ret_objuuid1": "proc-2", "arg_pid": 2, "retval": 2)") +
            line("execve", 2, 5,
                 R"("arg_objuuid1": "f", "upath1": "/./tmp/x", "retval": 0, "cmdline": "x -v")") +
            line("connect", 2, 6,
                 R"("arg_objuuid1": "c", "fd": 4, "address": "::1", "port": 53, "retval": 0)") +
            line("lseek", 2, 6, R"("fd": 4, "retval": 0)") +
            line("unlink", 2, 7, R"("arg_objuuid1": "f", "upath1": "/tmp/x", "retval": 0)") +
            line("exit", 2, 8, R"("retval": 0)") + "]\n");
    EXPECT_THAT(got.told(), ElementsAre("prog1 1 accept tcp → 10.0.0.9:99",
                                        "prog1 1 read tcp → 10.0.0.9:99", "prog1 1 create /tmp/x",
                                        "prog1 1 write /tmp/x", "prog1 1 fork 2 (prog1)", "x 2 exec /tmp/x",
                                        "x 2 connect inet6 → [::1]:53", "x 2 unlink /tmp/x", "x 2 exit"));
    EXPECT_EQ(got.summary.bad, 0U);
    EXPECT_EQ(got.summary.nothing, 1U);
    EXPECT_EQ(got.events[1].bytes, 20);
    EXPECT_EQ(got.events[2].arg,
              std::int64_t{0770} << 32 | 01 | 0100);  // O_WRONLY|O_CREAT, as Linux numbers them
    EXPECT_EQ(got.entities.images(got.events[5].process).back().cmdline, "x -v");
    EXPECT_EQ(got.entities.images(got.events[5].process).front().parent, got.events[0].process);
}

TEST(Cadets, ChildThatActsBeforeItsForkIsToldHasItsParent) {
    const Imported got = import_text(
        "cadets", line("exit", 2, 5, R"("retval": 0)") +
                      line("vfork", 1, 5, R"("ret_objuuid1": "proc-2", "arg_pid": 2, "retval": 2)"));
    const auto& images = got.entities.images(got.events[0].process);
    ASSERT_EQ(images.size(), 1U);
    EXPECT_EQ(images[0].parent, got.events[1].process);
}

TEST(Cadets, FileKeepsItsIdentityThroughARename) {
    const Imported got = import_text(
        "cadets",
        line("write", 1, 1, R"("arg_objuuid1": "f", "fd": 4, "retval": 1, "fdpath": "/a")") +
            line("rename", 1, 2,
                 R"("arg_objuuid1": "f", "arg_objuuid2": "g", "upath1": "/a", "upath2": "/b", "retval": 0)") +
            line("read", 2, 3, R"("arg_objuuid1": "f", "fd": 4, "retval": 1, "fdpath": "/b")"));
    EXPECT_THAT(got.told(), ElementsAre("prog1 1 write /a", "prog1 1 rename /b", "prog2 2 read /b"));
    EXPECT_EQ(got.events[0].object, got.events[2].object);
}

TEST(Cadets, LinesThatDoNotHoldAreLeftAsAWhole) {
    const Imported got =
        import_text("cadets", line("read", 1, 1, R"("arg_objuuid1": "f", "retval": "much")") +
                                  line("accept", 1, 1, R"("arg_objuuid2": 7, "retval": 1)") +
                                  line("juggle", 1, 1, R"("retval": 1)") +
                                  ", {\"event\": \"audit:event:aue_read:\", \"time\": 1, \"pid\": 1}\n" +
                                  ", {\"event\": \"audit:event:aue_re\n");
    EXPECT_TRUE(got.events.empty());
    EXPECT_EQ(got.summary.bad, 4U);
    EXPECT_EQ(got.summary.first_bad[0].reason, "\"retval\" is not a whole number of 64 bits");
    EXPECT_EQ(got.summary.first_bad[2].reason, "\"subjprocuuid\" is missing");
    EXPECT_EQ(got.summary.unknown_records.names().at("audit:event:aue_juggle:"), 1U);
    EXPECT_TRUE(got.entities.size() == 0);
}

}  // namespace
}  // namespace catena::import
