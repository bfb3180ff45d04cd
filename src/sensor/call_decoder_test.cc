#include "sensor/call_decoder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace catena::sensor {
namespace {

constexpr std::uint32_t kTid = 7;

cat_one_call call(std::uint64_t enter_ns, std::uint64_t exit_ns) {
    cat_one_call one{};
    one.enter_ns = enter_ns;
    one.exit_ns = exit_ns;
    one.flags = exit_ns != 0 ? CAT_CALL_RETURNED : 0;
    return one;
}

cat_event event(std::uint64_t ts_ns, std::uint32_t flags = 0) {
    cat_event event{};
    event.header.ts_ns = ts_ns;
    event.tid = kTid;
    event.flags = flags;
    return event;
}

class CallDecoderTest : public testing::Test {
  protected:
    // The ids that a record's calls get; nothing where the record is malformed.
    std::vector<std::int64_t> decode(const std::vector<cat_one_call>& calls, std::uint32_t data_len = 0) {
        cat_calls head{};
        head.tid = kTid;
        head.count = static_cast<cat_u32>(calls.size());
        head.data_len = data_len;
        std::vector<std::byte> bytes(sizeof(head) + calls.size() * sizeof(cat_one_call));
        std::memcpy(bytes.data(), &head, sizeof(head));
        if (!calls.empty())
            std::memcpy(bytes.data() + sizeof(head), calls.data(), calls.size() * sizeof(cat_one_call));
        std::vector<std::int64_t> ids;
        std::vector<event::Call> out;
        decoder_.decode(bytes, out, [&](const cat_calls&, const cat_one_call&, const event::Call& each) {
            ids.push_back(each.id);
        });
        return ids;
    }

    CallDecoder decoder_{1000};
};

using Ids = std::vector<std::int64_t>;

TEST_F(CallDecoderTest, EventsAreOfTheCallBeforeThem) {
    EXPECT_EQ(decode({call(10, 20), call(30, 40)}), (Ids{1, 2}));
    EXPECT_EQ(decoder_.call_of(event(41)), 2);
    EXPECT_EQ(decoder_.call_of(event(42)), 2);
    EXPECT_EQ(decoder_.call_of(event(43, CAT_FLAG_NO_CALL)), 0);
}

TEST_F(CallDecoderTest, ACallThatItsEventAnnouncesGetsTheIdThatTheEventHas) {
    EXPECT_EQ(decoder_.call_of(event(15, CAT_FLAG_IN_CALL)), 1);
    EXPECT_EQ(decoder_.call_of(event(16, CAT_FLAG_IN_CALL)), 1);
    EXPECT_EQ(decode({call(10, 20)}), (Ids{1}));
    EXPECT_EQ(decode({call(21, 22)}), (Ids{2}));
}

TEST_F(CallDecoderTest, ACallThatIsAnnouncedAndLostLeavesItsIdToNobody) {
    EXPECT_EQ(decoder_.call_of(event(15, CAT_FLAG_IN_CALL)), 1);
    EXPECT_EQ(decode({call(30, 40)}), (Ids{2}));
    EXPECT_EQ(decoder_.call_of(event(41)), 2);
}

TEST_F(CallDecoderTest, EarlierCallsThatComeLateTakeNoEvents) {
    EXPECT_EQ(decode({call(30, 40)}), (Ids{1}));
    EXPECT_EQ(decode({call(10, 20)}), (Ids{2}));
    EXPECT_EQ(decoder_.call_of(event(41)), 1);

    EXPECT_EQ(decoder_.call_of(event(55, CAT_FLAG_IN_CALL)), 3);
    EXPECT_EQ(decode({call(42, 44)}), (Ids{4}));
    EXPECT_EQ(decode({call(50, 0)}), (Ids{3}));
}

TEST_F(CallDecoderTest, MalformedRecordsAreRefused) {
    EXPECT_EQ(decode({}), Ids{});
    EXPECT_EQ(decode({call(1, 2)}, 1), Ids{});              // shorter than it says
    EXPECT_EQ(decode({call(1, 2), call(3, 4)}, 1), Ids{});  // data belong to one call
    EXPECT_EQ(decode(std::vector<cat_one_call>(CAT_BATCH + 1, call(1, 2))), Ids{});
}

}  // namespace
}  // namespace catena::sensor
