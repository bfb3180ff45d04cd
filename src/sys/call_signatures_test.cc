#include "sys/call_signatures.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "sys/call_name_lists.h"

namespace catena::sys {
namespace {

constexpr Abi kAbis[] = {Abi::X64, Abi::I386, Abi::X32};

TEST(CallSignatures, EveryCallOfEveryAbiHasOne) {
    for (const Abi abi : kAbis) {
        for (const SyscallRow& call : syscalls(abi)) {
            EXPECT_NE(signature_of(call.name, abi), nullptr) << to_string(abi) << ' ' << call.name;
        }
        EXPECT_GT(syscalls(abi).size(), 350U);
    }
}

TEST(CallSignatures, NoRowIsForACallThatNobodyHasOrIsThereTwice) {
    for (const Abi abi : {Abi::X64, Abi::I386}) {
        std::set<std::string_view> seen;
        for (const Signature& signature : signatures(abi)) {
            EXPECT_TRUE(syscall_number(signature.name, abi)) << signature.name;
            EXPECT_TRUE(seen.insert(signature.name).second) << signature.name;
        }
    }
}

TEST(CallSignatures, ListsOfNamesAreThereAndOnlyWhereTheyAreUsed) {
    for (const Abi abi : {Abi::X64, Abi::I386}) {
        for (const Signature& signature : signatures(abi)) {
            for (const Argument& argument : signature.arguments) {
                const bool named = argument.kind == Kind::Flags || argument.kind == Kind::Named;
                EXPECT_EQ(named, argument.names != Names::None) << signature.name << ' ' << argument.name;
                if (named) {
                    EXPECT_TRUE(has_names(argument.names)) << signature.name << ' ' << argument.name;
                }
            }
        }
    }
}

TEST(CallSignatures, RulesNameArgumentsThatThereAre) {
    for (const Abi abi : kAbis) {
        for (const SyscallRow& call : syscalls(abi)) {
            const Signature& signature = *signature_of(call.name, abi);
            for (const CaptureRule& rule : capture_rules(signature, abi)) {
                EXPECT_LT(rule.argument, signature.size()) << call.name;
                const bool counted =
                    rule.how == Capture::Counted || rule.how == Capture::Sized || rule.how == Capture::Bits;
                if (counted) {
                    EXPECT_LT(rule.count_argument, signature.size()) << call.name;
                }
                if (rule.how == Capture::Fixed) {
                    EXPECT_GT(rule.bytes, 0) << call.name;
                }
            }
        }
    }
}

TEST(CallSignatures, WhatIsCapturedFollowsFromTheKinds) {
    const auto open = capture_rules(*signature_of("openat", Abi::X64), Abi::X64);
    ASSERT_EQ(open.size(), 1U);
    EXPECT_EQ(open[0], (CaptureRule{.how = Capture::String, .argument = 1, .count_argument = 2}));
    const auto accept = capture_rules(*signature_of("accept", Abi::X64), Abi::X64);
    ASSERT_EQ(accept.size(), 3U);
    EXPECT_EQ(accept[0], (CaptureRule{.how = Capture::Sized,
                                      .argument = 1,
                                      .at_exit = true,
                                      .count_argument = 2,
                                      .bytes = 1,
                                      .most = 128}));
    EXPECT_TRUE(capture_rules(*signature_of("read", Abi::X64), Abi::X64).empty());
}

TEST(CallSignatures, StructuresOfI386AreSmaller) {
    EXPECT_EQ(memory_bytes(Kind::Timespec, Abi::X64), 16U);
    EXPECT_EQ(memory_bytes(Kind::Timespec, Abi::I386), 8U);
    EXPECT_EQ(memory_bytes(Kind::Timespec, Abi::X32), 16U);
    EXPECT_EQ(memory_bytes(Kind::Vectors, Abi::X32), 8U);
    EXPECT_EQ(memory_bytes(Kind::Fd, Abi::X64), 0U);
}

}  // namespace
}  // namespace catena::sys
