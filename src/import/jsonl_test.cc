#include <fmt/format.h>
#include <gmock/gmock.h>

#include <string>

#include "event/json_lines.h"
#include "import/imported_for_test.h"

namespace catena::import {
namespace {

using event::Event;
using event::Op;
using testing::ElementsAre;
using testing::HasSubstr;

Imported jsonl(std::string_view text) { return import_text("jsonl", text); }

constexpr std::string_view kShort =
    R"({"ts_ns":5,"op":"read","process":{"id":"p1","pid":7,"exe":"/bin/cat","cmdline":"cat x","uid":3,"parent":"p0"},"object":{"type":"file","id":"f1","path":"/etc/passwd"},"bytes":120,"ret":120})"
    "\n";

TEST(Jsonl, ReadsTheShortForm) {
    const Imported got = jsonl(kShort);
    EXPECT_THAT(got.told(), ElementsAre("cat 7 read /etc/passwd"));
    EXPECT_EQ(got.events[0].bytes, 120);
    const auto* image = got.entities.process(got.events[0].process, 5);
    EXPECT_EQ(image->uid, 3U);
    EXPECT_EQ(image->cmdline, "cat x");
    EXPECT_TRUE(image->parent);
    EXPECT_EQ(image->start_ns, 5);  // no fork tells: it began when it was met
}

// Whatever an event says, the line that catena events prints of it says it again after an import.
TEST(Jsonl, EveryOperationComesBackAsItWasExported) {
    event::EntityTable entities;
    entities.add(event::ProcessImage{.id = {1},
                                     .since_ns = 1,
                                     .start_ns = 1,
                                     .pid = 7,
                                     .uid = 5,
                                     .exe = "/bin/a\\\xff b",
                                     .cmdline = "a \xc3\xa4"});
    entities.add(event::FileName{.id = {2},
                                 .path = "/tmp/\xfe\\x41",
                                 .inode = 9,
                                 .dev = 254U << 20U | 3,
                                 .kind = event::FileKind::Regular});
    std::string text;
    std::vector<std::string> lines;
    std::int64_t id = 0;
    for (std::size_t op = 1; op < event::kOpCount; ++op) {
        for (const std::int64_t arg :
             {std::int64_t{0}, std::int64_t{0x1b600000241}, std::int64_t{0x2200000003},
              std::int64_t{0x0000004200000011}, std::int64_t{9}}) {
            Event event{.id = ++id,
                        .ts_ns = 10 + id,
                        .last_ns = 10 + id + id % 2,
                        .op = static_cast<Op>(op),
                        .syscall = "openat",
                        .process = {1},
                        .tid = 8,
                        .object = {2},
                        .bytes = 4,
                        .ret = 4,
                        .count = 2,
                        .fd = 3,
                        .arg = arg,
                        .path = "/a\xff",
                        .path2 = "b"};
            if (event.op == Op::Exit) event.ret = arg & 0xff7f;
            lines.push_back(to_json_line(event, entities));
            text += lines.back() + "\n";
        }
    }
    const Imported got = jsonl(text);
    EXPECT_EQ(got.summary.bad, 0U) << got.summary.first_bad.front().reason;
    EXPECT_EQ(got.summary.unknown_fields.total(), 0U) << got.summary.unknown_fields.names().begin()->first;
    ASSERT_EQ(got.events.size(), lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string again = to_json_line(got.events[i], got.entities);
        const auto rename = [&](const std::string& from, const std::string& to) {
            again.replace(again.find(from), from.size(), to);
        };
        rename("\"id\":\"p" + fmt::format("{:x}", got.events[i].process.value), "\"id\":\"p1");
        rename("\"id\":\"f" + fmt::format("{:x}", got.events[i].object.value), "\"id\":\"f2");
        EXPECT_EQ(again, lines[i]);
    }
}

TEST(Jsonl, BadLinesAreNamedAndSkipped) {
    const Imported got = jsonl(std::string(kShort) +
                               "{\"ts_ns\":1,\"op\":\n"
                               "[]\n"
                               "{\"op\":\"read\"}\n"
                               "{\"ts_ns\":\"soon\",\"op\":\"read\"}\n"
                               "{\"ts_ns\":1,\"op\":\"read\",\"count\":0}\n"
                               "{\"ts_ns\":1,\"op\":\"read\",\"process\":{\"pid\":1}}\n"
                               "{\"ts_ns\":1,\"op\":\"read\",\"object\":{\"id\":\"x\",\"type\":\"planet\"}}\n"
                               "{\"ts_ns\":1e300,\"op\":\"read\"}\n"
                               "\n" +
                               std::string(kShort));
    EXPECT_EQ(got.events.size(), 2U);
    EXPECT_EQ(got.summary.bad, 8U);
    ASSERT_EQ(got.summary.first_bad.size(), 5U);
    EXPECT_EQ(got.summary.first_bad[0].number, 2U);
    EXPECT_THAT(got.summary.first_bad[0].reason, HasSubstr("broken JSON"));
    EXPECT_EQ(got.summary.first_bad[1].reason, "not a JSON object");
    EXPECT_EQ(got.summary.first_bad[2].reason, "\"ts_ns\" is missing");
    EXPECT_EQ(got.summary.first_bad[3].reason, "\"ts_ns\" is not a whole number of 64 bits");
    ASSERT_FALSE(got.accounting.empty());
    const event::Accounting& sum = got.accounting.back();
    EXPECT_EQ(sum.lost, 8U);
    EXPECT_EQ(sum.seen, sum.stored + sum.merged + sum.filtered + sum.lost);
}

TEST(Jsonl, UnknownFieldsAreCountedAndUnknownOperationsPassed) {
    const Imported got = jsonl(R"({"ts_ns":1,"op":"read","mood":1,"process":{"id":"a","mood":2}})"
                               "\n"
                               R"({"ts_ns":1,"op":"teleport"})");
    EXPECT_EQ(got.summary.unknown_fields.names().at("mood"), 2U);
    EXPECT_EQ(got.summary.unknown_records.names().at("teleport"), 1U);
    EXPECT_EQ(got.events.size(), 1U);
}

TEST(Jsonl, DeepNestingIsABadLine) {
    const std::string deep =
        "{\"ts_ns\":1,\"op\":\"read\",\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
    const Imported got = jsonl(deep + "\n" + std::string(kShort));
    EXPECT_EQ(got.events.size(), 1U);
    ASSERT_EQ(got.summary.bad, 1U);
    EXPECT_THAT(got.summary.first_bad[0].reason, HasSubstr("nested deeper than 64"));
}

TEST(Jsonl, TenMegabytesAreALineLikeAnother) {
    const std::string big(10'000'000, 'a');
    const Imported got = jsonl(R"({"ts_ns":1,"op":"read","process":{"id":"p","cmdline":")" + big + "\"}}\n" +
                               std::string(kShort));
    ASSERT_EQ(got.events.size(), 2U);
    EXPECT_EQ(got.entities.process(got.events[0].process, 1)->cmdline.size(), big.size());
}

TEST(Jsonl, BytesThatAreNoUtf8AreKept) {
    const Imported got = jsonl(
        "{\"ts_ns\":1,\"op\":\"read\",\"object\":{\"type\":\"file\",\"id\":\"f\",\"path\":\"/tmp/"
        "\xff\xfe\xc3\xa4\xc3\"}}\n");
    ASSERT_EQ(got.events.size(), 1U);
    EXPECT_EQ(got.entities.file(got.events[0].object, 1)->path, "/tmp/\xff\xfe\xc3\xa4\xc3");
}

TEST(Jsonl, AnEventThatIsThereAlreadyIsBad) {
    const Imported got = jsonl(
        "{\"id\":3,\"ts_ns\":1,\"op\":\"read\"}\n{\"id\":4,\"ts_ns\":1,\"op\":\"read\"}\n{\"id\":3,\"ts_ns\":"
        "1,\"op\":\"read\"}\n{\"ts_ns\":1,\"op\":\"read\"}\n");
    ASSERT_EQ(got.events.size(), 3U);
    EXPECT_EQ(got.events[2].id, 5);
    EXPECT_EQ(got.summary.first_bad.at(0).reason, "event 3 is there already");
}

TEST(Jsonl, OutOfOrderAndFarTimesAreTakenAsTheyAre) {
    const Imported got = jsonl(
        "{\"ts_ns\":9223372036854775807,\"op\":\"read\"}\n{\"ts_ns\":-9223372036854775808,\"op\":\"exit\"}\n{"
        "\"ts_ns\":5,\"op\":\"fork\"}\n");
    EXPECT_EQ(got.events.size(), 3U);
    EXPECT_EQ(got.summary.out_of_order, 2U);
}

TEST(Jsonl, ProcessThatActsAfterItsEndStaysTheSame) {
    const Imported got = jsonl(
        R"({"ts_ns":5,"op":"exit","process":{"id":"p","pid":1,"exe":"/a"}})"
        "\n"
        R"({"ts_ns":3,"op":"fork","process":{"id":"q","pid":2,"exe":"/b"},"object":{"type":"process","id":"p","pid":1,"exe":"/a"}})"
        "\n"
        R"({"ts_ns":9,"op":"read","process":{"id":"p","pid":1,"exe":"/a"}})");
    EXPECT_THAT(got.told(), ElementsAre("a 1 exit", testing::StartsWith("b 2 fork"), "a 1 read"));
    EXPECT_EQ(got.entities.images(got.events[0].process).size(), 1U);
}

}  // namespace
}  // namespace catena::import
