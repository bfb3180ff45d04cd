#include "event/op.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace catena::event {
namespace {

TEST(Op, NamesAreDistinctAndLeadBack) {
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < kOpCount; ++i) {
        const Op op = static_cast<Op>(i);
        EXPECT_FALSE(to_string(op).empty());
        EXPECT_TRUE(names.insert(to_string(op)).second) << to_string(op);
        EXPECT_EQ(op_from_string(to_string(op)), op);
    }
    EXPECT_EQ(op_from_string("READ"), std::nullopt);
    EXPECT_EQ(op_from_string(""), std::nullopt);
}

TEST(Op, FlowFollowsTheDesign) {
    for (const Op op : {Op::Read, Op::Recv, Op::Accept, Op::Mmap, Op::Load, Op::Exec, Op::VmRead}) {
        EXPECT_EQ(flow_of(op), Flow::In) << to_string(op);
    }
    for (const Op op : {Op::Write, Op::Send, Op::Rename, Op::Link, Op::Truncate, Op::Chmod, Op::Fork,
                        Op::Kill, Op::Ptrace, Op::Create, Op::VmWrite}) {
        EXPECT_EQ(flow_of(op), Flow::Out) << to_string(op);
    }
    EXPECT_EQ(flow_of(Op::Connect), Flow::Both);
    EXPECT_EQ(flow_of(Op::MmapWrite), Flow::Both);
    EXPECT_EQ(flow_of(Op::Open), Flow::None);
}

}  // namespace
}  // namespace catena::event
