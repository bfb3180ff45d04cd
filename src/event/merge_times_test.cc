// The times of merged flows (wire/merge.h) against what really happened, over long random histories: threads
// merge flows out of nodes that they and others bring news to, and a sum must end no earlier than its last
// flow and before the next news of its source.
#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <random>

#include "wire/merge.h"

namespace catena::event {
namespace {

constexpr std::uint64_t kTickNs = 4'000'000;
constexpr std::size_t kThreads = 3;
constexpr std::size_t kWords = 3;

struct Word {
    std::uint64_t version = 1;
    cat_bumpers bumpers{};
};

// A thread's sum of flows out of one word, and what is true of it.
struct Sum {
    cat_slot slot{};
    std::uint64_t last_ns = 0;             // the last merged flow
    std::optional<std::uint64_t> news_ns;  // the first bump of the source after that
};

class Machine {
  public:
    explicit Machine(std::uint32_t seed) : random_(seed) {}

    void step() {
        now_ns_ += 1 + below(below(20) == 0 ? 30'000'000 : 300'000);
        // The kernel counts a tick a little late, and never more than CAT_LATE_TICKS - 1 of them.
        const std::uint64_t due = now_ns_ / kTickNs - below(CAT_LATE_TICKS);
        ticks_ = std::max(ticks_, due);
        const std::size_t thread = below(kThreads);
        const std::size_t word = below(kWords);
        switch (below(9)) {
            case 0:
                bump(thread, word);
                break;
            case 1:
                tell(thread, word);
                break;
            case 2:
                if (below(40) == 0) forget();
                break;
            default:
                flow(thread, word);
        }
    }

    std::size_t told = 0;
    std::size_t coarse = 0;

  private:
    std::uint64_t below(std::uint64_t bound) { return random_() % bound; }
    static std::uint64_t name_of(std::size_t thread) { return thread + 1; }

    void flow(std::size_t thread, std::size_t word) {
        Sum& sum = sums_.at(thread).at(word);
        if (cat_slot_has_carried(&sum.slot, words_.at(word).version) == 0) {  // it is kept
            tell(thread, word);
            cat_slot_carry(&sum.slot, words_.at(word).version);
            sum.news_ns.reset();
            return;
        }
        if (cat_may_be_coarse(&sum.slot, &words_.at(word).bumpers, name_of(thread)) != 0) {
            cat_slot_add_coarsely(&sum.slot, ticks_, 1);
            ++coarse;
        } else {
            cat_slot_add(&sum.slot, now_ns_, 1);
        }
        sum.last_ns = now_ns_;
    }

    void bump(std::size_t thread, std::size_t word) {
        for (std::size_t other = 0; other < kWords; ++other) {
            Sum& own = sums_.at(thread).at(other);
            own.slot.last_ns = last_of(own, thread, other);
            own.slot.tick = 0;
        }
        cat_note_bump(&words_.at(word).bumpers, name_of(thread), now_ns_);
        ++words_.at(word).version;
        for (auto& sums : sums_) {
            if (!sums.at(word).news_ns) sums.at(word).news_ns = now_ns_;
        }
    }

    std::uint64_t last_of(const Sum& sum, std::size_t thread, std::size_t word) const {
        return cat_slot_last(&sum.slot, now_ns_, ticks_, kTickNs,
                             cat_bumped_by_others(&words_.at(word).bumpers, name_of(thread)));
    }

    void tell(std::size_t thread, std::size_t word) {
        Sum& sum = sums_.at(thread).at(word);
        if (sum.slot.count == sum.slot.told_count) return;
        const std::uint64_t last_ns = last_of(sum, thread, word);
        EXPECT_GE(last_ns, sum.last_ns);
        EXPECT_LE(last_ns, now_ns_);
        if (sum.news_ns) {
            EXPECT_LT(last_ns, *sum.news_ns);
        }
        EXPECT_LE(last_ns - sum.last_ns, 2 * CAT_LATE_TICKS * kTickNs);
        sum.slot.told_count = sum.slot.count;
        ++told;
    }

    // As the recorder does it: nothing is left that depends on who bumped what.
    void forget() {
        for (std::size_t thread = 0; thread < kThreads; ++thread) {
            for (std::size_t word = 0; word < kWords; ++word) tell(thread, word);
        }
        for (Word& word : words_) word.bumpers = {};
    }

    std::mt19937 random_;
    std::uint64_t now_ns_ = 1'000'000'000;
    std::uint64_t ticks_ = now_ns_ / kTickNs;
    std::array<Word, kWords> words_{};
    std::array<std::array<Sum, kWords>, kThreads> sums_{};
};

TEST(MergeTimes, ASumEndsAfterItsLastFlowAndBeforeTheNextNewsOfItsSource) {
    std::size_t told = 0;
    std::size_t coarse = 0;
    for (std::uint32_t seed = 0; seed < 200 && !testing::Test::HasFailure(); ++seed) {
        Machine machine(seed);
        for (int i = 0; i < 5000; ++i) machine.step();
        told += machine.told;
        coarse += machine.coarse;
    }
    EXPECT_GT(told, 100'000U);
    EXPECT_GT(coarse, 10'000U);
}

}  // namespace
}  // namespace catena::event
