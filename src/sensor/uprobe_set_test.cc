// Both ways to put a program on places of a file, with a file in memory that this process has mapped, so that
// the breakpoints can be seen in it.
#include "sensor/uprobe_set.h"

#include <bpf/bpf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "sensor/probe.h"

namespace catena::sensor {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

constexpr std::uint8_t kNop = 0x90;
constexpr std::uint8_t kBreakpoint = 0xcc;
constexpr std::size_t kBytes = 4096;
constexpr std::uint64_t kLocked = 8;  // where there is an instruction that the kernel does not take

class UprobeSetTest : public testing::TestWithParam<UprobeWay> {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "probes need root";
        if (const auto tried = try_uprobe(GetParam()); !tried) GTEST_SKIP() << tried.error().message;
        file_.reset(::memfd_create("uprobe_set_test", MFD_CLOEXEC));
        std::array<std::uint8_t, kBytes> code{};
        code.fill(kNop);
        code[kLocked] = 0xf0;  // lock decq (%rax)
        code[kLocked + 1] = 0x48;
        code[kLocked + 2] = 0xff;
        code[kLocked + 3] = 0x08;
        ASSERT_EQ(::write(file_.get(), code.data(), code.size()), static_cast<ssize_t>(code.size()));
        void* const mapped = ::mmap(nullptr, kBytes, PROT_READ | PROT_EXEC, MAP_PRIVATE, file_.get(), 0);
        ASSERT_NE(mapped, MAP_FAILED);
        code_ = static_cast<const volatile std::uint8_t*>(mapped);
        program_ = load_program(GetParam());
        ASSERT_TRUE(program_);
        set_ = UprobeSet::create(GetParam(), program_.get(), UprobeKind::Entry);
    }

    void TearDown() override {
        if (code_ != nullptr) ::munmap(const_cast<std::uint8_t*>(code_), kBytes);
    }

    // One that returns 0.
    static base::Fd load_program(UprobeWay way) {
        std::array<bpf_insn, 2> nothing{};
        nothing[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
        nothing[1].code = BPF_JMP | BPF_EXIT;
        bpf_prog_load_opts options{};
        options.sz = sizeof(options);
        options.expected_attach_type = attach_type_of(way);
        return base::Fd(
            bpf_prog_load(BPF_PROG_TYPE_KPROBE, "test", "GPL", nothing.data(), nothing.size(), &options));
    }

    base::Status add(const std::vector<UprobePlace>& places) {
        return set_->add("/proc/self/fd/" + std::to_string(file_.get()), places, refused_,
                         [this](std::size_t more) { return (told_ += more) < stop_at_; });
    }

    // Where there is a breakpoint.
    [[nodiscard]] std::vector<std::size_t> placed() const {
        std::vector<std::size_t> found;
        for (std::size_t at = 0; at < kBytes; ++at)
            if (code_[at] == kBreakpoint) found.push_back(at);
        return found;
    }

    void wait_until_gone() {
        while (set_->wait(milliseconds(100)) > 0) {
        }
    }

    base::Fd file_;
    base::Fd program_;
    const volatile std::uint8_t* code_ = nullptr;
    std::unique_ptr<UprobeSet> set_;
    std::vector<UprobeSet::Refused> refused_;
    std::size_t told_ = 0;
    std::size_t stop_at_ = 1000;
};

TEST_P(UprobeSetTest, OneBadPlaceDoesNotLoseTheOthers) {
    ASSERT_TRUE(add({{0, 1}, {3, 2}, {kLocked, 3}, {100, 4}}));
    EXPECT_THAT(placed(), ElementsAre(0, 3, 100));
    ASSERT_EQ(refused_.size(), 1U);
    EXPECT_EQ(refused_[0].place.cookie, 3U);
    EXPECT_EQ(refused_[0].error, 524);
    EXPECT_EQ(told_, 4U);
}

TEST_P(UprobeSetTest, ThoseThatAreToGoGoAndTheOthersStay) {
    ASSERT_TRUE(add({{0, 1}, {3, 2}, {100, 4}}));
    ASSERT_TRUE(set_->remove_if([](const UprobePlace& place) { return place.cookie == 2; }));
    wait_until_gone();
    EXPECT_THAT(placed(), ElementsAre(0, 100));
    ASSERT_TRUE(set_->remove_if([](const UprobePlace&) { return true; }));
    wait_until_gone();
    EXPECT_THAT(placed(), ElementsAre());
}

TEST_P(UprobeSetTest, ClearTakesAllAway) {
    ASSERT_TRUE(add({{0, 1}, {3, 2}}));
    ASSERT_TRUE(add({{100, 3}}));
    EXPECT_THAT(placed(), ElementsAre(0, 3, 100));
    set_->clear();
    wait_until_gone();
    EXPECT_THAT(placed(), ElementsAre());
}

TEST_P(UprobeSetTest, ItsEndTakesAllAway) {
    ASSERT_TRUE(add({{0, 1}, {3, 2}}));
    set_.reset();
    EXPECT_THAT(placed(), ElementsAre());
}

TEST_P(UprobeSetTest, WhoIsToldCanStopIt) {
    stop_at_ = 1;
    const auto added = add({{0, 1}, {3, 2}});
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().errno_value, EINTR);
    if (GetParam() == UprobeWay::Singly) {
        EXPECT_THAT(placed(), ElementsAre(0));
    }
}

TEST_P(UprobeSetTest, WhereTheKernelTakesNoneThatIsAnError) {
    const base::Fd other =
        load_program(GetParam() == UprobeWay::Singly ? UprobeWay::Together : UprobeWay::Singly);
    if (!other) GTEST_SKIP() << "the kernel does not load programs for the other way";
    set_ = UprobeSet::create(GetParam(), other.get(), UprobeKind::Entry);
    EXPECT_FALSE(add({{0, 1}, {3, 2}}));
    EXPECT_TRUE(refused_.empty());
    EXPECT_THAT(placed(), ElementsAre());
}

INSTANTIATE_TEST_SUITE_P(Ways, UprobeSetTest, testing::Values(UprobeWay::Together, UprobeWay::Singly),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace catena::sensor
