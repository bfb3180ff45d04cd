#include "sensor/site_ability.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>

namespace catena::sensor {
namespace {

using functions::SiteInstruction;
using functions::SiteKind;

class SiteAbility : public testing::TestWithParam<UprobeWay> {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) GTEST_SKIP() << "probes need root";
        const std::array<std::uint8_t, 2> nop = {0x90, 0xc3};
        if (const auto tried = try_site(nop, GetParam()); !tried) GTEST_SKIP() << tried.error().message;
    }
};

TEST_P(SiteAbility, WhatNoKernelEmulatesIsStepped) {
    const std::array<std::uint8_t, 3> clear = {0x31, 0xc0, 0xc3};                // xor %eax,%eax; ret
    const std::array<std::uint8_t, 5> move = {0x48, 0x89, 0xe0, 0x90, 0xc3};     // mov %rsp,%rax; nop; ret
    const std::array<std::uint8_t, 5> landing = {0xf3, 0x0f, 0x1e, 0xfa, 0xc3};  // endbr64; ret
    EXPECT_EQ(try_site(clear, GetParam()), SiteKind::SingleStepped);
    EXPECT_EQ(try_site(move, GetParam()), SiteKind::SingleStepped);
    EXPECT_EQ(try_site(landing, GetParam()), SiteKind::SingleStepped);
}

TEST_P(SiteAbility, PrefixesThatTheKernelDoesNotTakeAreRefused) {
    const std::array<std::uint8_t, 5> locked = {0xf0, 0x48, 0xff, 0x08, 0xc3};  // lock decq (%rax)
    EXPECT_EQ(try_site(locked, GetParam()), SiteKind::Refused);
}

// Every kernel that records (6.1) emulates these.
TEST_P(SiteAbility, PushesAndDirectBranchesAreEmulated) {
    const auto ability = try_sites(GetParam());
    ASSERT_TRUE(ability) << ability.error().message;
    for (const SiteInstruction each : {SiteInstruction::Push, SiteInstruction::PushRex, SiteInstruction::Call,
                                       SiteInstruction::Jump, SiteInstruction::ConditionalJump}) {
        EXPECT_EQ(ability->of(each), SiteKind::Emulated)
            << static_cast<int>(each) << ": " << describe(*ability);
    }
    EXPECT_NE(ability->of(SiteInstruction::Nop5), SiteKind::Refused);
}

INSTANTIATE_TEST_SUITE_P(Ways, SiteAbility, testing::Values(UprobeWay::Together, UprobeWay::Singly),
                         [](const auto& info) { return name_of(info.param); });

}  // namespace
}  // namespace catena::sensor
