// The comparison itself: it must find every kind of difference, or the kernel tests prove nothing.
#include "truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace catena::kernel_test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> compare(const std::string& told, const std::vector<const char*>& recorded) {
    std::vector<json> events;
    for (const char* line : recorded) events.push_back(json::parse(line));
    return differences(parse_truth(told), events);
}

constexpr const char* kRead3 = R"({"id":1,"op":"read","fd":3,"bytes":9,"process":{"pid":7,"exe":"/x"}})";
constexpr const char* kRead4 = R"({"id":2,"op":"read","fd":4,"bytes":9,"process":{"pid":7,"exe":"/x"}})";

TEST(Truth, FieldsThatAreNotToldDoNotMatter) {
    EXPECT_THAT(compare(R"({"op":"read","fd":3,"process":{"pid":7}})", {kRead3, kRead4}), IsEmpty());
}

TEST(Truth, MissingEventIsFoundWithTheNearestOne) {
    EXPECT_THAT(compare(R"({"op":"read","fd":5,"bytes":9,"process":{"pid":7}})", {kRead3}),
                ElementsAre(HasSubstr("fd: told 5, recorded 3")));
    EXPECT_THAT(compare(R"({"op":"write","process":{"pid":7}})", {kRead3}),
                ElementsAre(HasSubstr("not recorded")));
    EXPECT_THAT(compare(R"({"op":"read","process":{"pid":8}})", {kRead3}),
                ElementsAre(HasSubstr("not recorded")));
}

TEST(Truth, NestedFieldsCount) {
    EXPECT_THAT(compare(R"({"op":"read","process":{"pid":7,"exe":"/y"}})", {kRead3}),
                ElementsAre(HasSubstr("process.exe: told \"/y\", recorded \"/x\"")));
}

TEST(Truth, OrderCounts) {
    const std::string told = R"({"op":"read","fd":4,"process":{"pid":7}})"
                             "\n"
                             R"({"op":"read","fd":3,"process":{"pid":7}})";
    EXPECT_THAT(compare(told, {kRead4, kRead3}), IsEmpty());
    EXPECT_FALSE(compare(told, {kRead3, kRead4}).empty());
}

TEST(Truth, OneEventForOneLine) {
    EXPECT_THAT(compare(R"({"op":"read","fd":3,"process":{"pid":7}})", {kRead3, kRead3}),
                ElementsAre(HasSubstr("once too often")));
    const std::string twice = R"({"op":"read","fd":3,"process":{"pid":7}})"
                              "\n"
                              R"({"op":"read","fd":3,"process":{"pid":7}})";
    EXPECT_THAT(compare(twice, {kRead3, kRead3}), IsEmpty());
    EXPECT_THAT(compare(twice, {kRead3}), ElementsAre(HasSubstr("not recorded")));
}

TEST(Truth, ExhaustiveOperationsHaveNoOtherEvents) {
    const std::string told = R"({"exhaustive":["read"],"process":{"pid":7}})"
                             "\n"
                             R"({"op":"read","fd":3,"process":{"pid":7}})";
    EXPECT_THAT(compare(told, {kRead3, kRead4}), ElementsAre(HasSubstr("recorded but not told")));
    EXPECT_THAT(compare(told, {kRead3, R"({"op":"write","fd":1,"process":{"pid":7}})"}), IsEmpty());
}

TEST(Truth, VariablesAreTheSameEverywhere) {
    const std::string told = R"({"op":"send","object":{"id":"$a","peer":"$b"},"process":{"pid":7}})"
                             "\n"
                             R"({"op":"recv","object":{"id":"$b"},"process":{"pid":7}})";
    constexpr const char* kSend = R"({"op":"send","object":{"id":"s1","peer":"s2"},"process":{"pid":7}})";
    EXPECT_THAT(compare(told, {kSend, R"({"op":"recv","object":{"id":"s2"},"process":{"pid":7}})"}),
                IsEmpty());
    EXPECT_THAT(compare(told, {kSend, R"({"op":"recv","object":{"id":"s3"},"process":{"pid":7}})"}),
                ElementsAre(HasSubstr("object.id: told \"s2\", recorded \"s3\"")));
}

TEST(Truth, SkipHasAReason) { EXPECT_EQ(parse_truth(R"({"skip":"no IPv6"})").skip, "no IPv6"); }

}  // namespace
}  // namespace catena::kernel_test
