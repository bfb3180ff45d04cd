#include "sys/argument_rules.h"

#include <gtest/gtest.h>

#include "sys/call_signatures.h"
#include "sys/syscalls.h"

namespace catena::sys {
namespace {

TEST(ArgumentRules, AreOfArgumentsThatTheCallsHave) {
    for (const ArgumentRule& each : argument_rules()) {
        EXPECT_EQ(syscall_number(each.call), static_cast<int>(each.number)) << each.call;
        const Signature* signature = signature_of(each.call, Abi::X64);
        ASSERT_NE(signature, nullptr) << each.call;
        EXPECT_LT(each.argument, signature->size()) << each.call;
    }
}

TEST(ArgumentRules, AreFoundByTheNumberOfTheCall) {
    EXPECT_EQ(argument_rules(41).size(), 2U);  // socket
    EXPECT_EQ(argument_rules(16).front().call, "ioctl");
    for (const char* hot : {"read", "write", "futex", "epoll_wait", "recvfrom", "sendto"})
        EXPECT_TRUE(argument_rules(static_cast<std::uint32_t>(syscall_number(hot).value())).empty()) << hot;
}

}  // namespace
}  // namespace catena::sys
