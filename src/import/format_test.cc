#include "import/format.h"

#include <gmock/gmock.h>

#include <map>

#include "import/id_set.h"
#include "import/ids.h"
#include "import/processes.h"
#include "import/tally.h"

namespace catena::import {
namespace {

using testing::HasSubstr;

const std::map<std::string, std::string> kSamples = {
    {"jsonl", R"({"ts_ns":5,"op":"read","process":{"id":"p1"}})"},
    {"cadets", R"(, {"event": "audit:event:aue_write:", "time": 1})"},
    {"sysflow", R"({"_": "FileFlow", "procOID": {"_": "OID", "createTS": 0, "hpid": 1}})"},
    {"auditd", "type=SYSCALL msg=audit(1364481363.243:24287): arch=c000003e syscall=2"}};

TEST(Format, EachIsRecognisedAndNamedWhereAnotherWasAskedFor) {
    ASSERT_EQ(kSamples.size(), formats().size());
    for (const Format& asked : formats()) {
        for (const auto& [name, sample] : kSamples) {
            const auto fits = check_format(asked, "\n[\n" + sample + "\n", "log");
            EXPECT_EQ(fits.has_value(), asked.name == name) << asked.name << " " << name;
            if (asked.name != name) {
                EXPECT_EQ(fits.error().code, base::ErrorCode::BadInput);
                EXPECT_THAT(fits.error().message,
                            HasSubstr("log looks like " + name + ", not like " + std::string(asked.name)));
            }
        }
    }
}

TEST(Format, EmptyAndForeignInputIsNamed) {
    EXPECT_THAT(check_format(formats()[0], " \n\n", "-").error().message,
                HasSubstr("standard input is empty"));
    EXPECT_THAT(check_format(formats()[0],
                             "\x7f"
                             "ELF\x01\x02\n",
                             "x")
                    .error()
                    .message,
                HasSubstr("begins with"));
}

TEST(Ids, DependOnAllOfBothTextsAndAreTheSameEverywhere) {
    EXPECT_NE(id_of("a", "bc"), id_of("ab", "c"));
    EXPECT_NE(id_of("a", "0123456789"), id_of("a", "0123456788"));
    EXPECT_NE(id_of("a", std::string("x\0", 2)), id_of("a", "x"));
    EXPECT_EQ(id_of("cadets", "33980ae3-84a8-11e6-ae3f-4f8a638f29ca").value,
              id_of("cadets", "33980ae3-84a8-11e6-ae3f-4f8a638f29ca").value);
    EXPECT_LT(id_of("", "").value, std::uint64_t{1} << 62);
}

TEST(IdSet, KnowsWhatWasMet) {
    IdSet set;
    std::map<std::int64_t, bool> slow;
    std::uint64_t random = 1;
    for (int i = 0; i < 20'000; ++i) {
        random = random * 6364136223846793005U + 1442695040888963407U;
        const auto number = static_cast<std::int64_t>((random >> 33U) % 5000);
        EXPECT_EQ(set.insert(number), slow.emplace(number, true).second);
    }
}

TEST(Tally, IsBounded) {
    Tally tally;
    for (int i = 0; i < 1000; ++i) tally.count(std::string(1000, 'x') + std::to_string(i));
    for (int i = 0; i < 1000; ++i) tally.count(std::to_string(i));
    EXPECT_EQ(tally.total(), 2000U);
    EXPECT_EQ(tally.names().size(), Tally::kMaxNames);
    EXPECT_EQ(tally.names().at(std::string(Tally::kMaxNameBytes, 'x')), 1000U);
}

TEST(PlainPath, LeavesOutWhatNamesTheSame) {
    EXPECT_EQ(plain_path("/./var//tmp/././x"), "/var/tmp/x");
    EXPECT_EQ(plain_path("./x/../y"), "./x/../y");
    EXPECT_EQ(plain_path("///"), "/");
}

}  // namespace
}  // namespace catena::import
