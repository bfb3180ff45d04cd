#include "seccomp/derive.h"

#include <gmock/gmock.h>

#include "seccomp/audit.h"
#include "seccomp/diff.h"
#include "seccomp/policy.h"

namespace catena::seccomp {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

Observation observation() {
    return {.calls = {{.number = 0, .starting = 3, .serving = 9},    // read
                      {.number = 105, .starting = 1, .serving = 0},  // setuid
                      {.number = 288, .starting = 0, .serving = 5},  // accept4
                      {.number = 231, .starting = 1, .serving = 0},  // exit_group
                      {.abi = sys::Abi::X32, .number = 1, .starting = 1}},
            .complete = true,
            .serves = true,
            .serving_begins = {"accept4"},
            .evidence = {"t.catena"}};
}

callgraph::ReachableCalls reachable() {
    return {
        .program = "/bin/p",
        .binaries = {"/bin/p", "/lib/libc.so.6"},
        .calls = {{.number = 0, .evidence = {{"/lib/libc.so.6", 0x10, "read", {"main", "work", "read"}}}},
                  {.number = 41,
                   .evidence = {{"/lib/libc.so.6", 0x20, "socket", {}}},
                   .arguments = {{.index = 0, .mask = 0xffffffff, .known = true, .values = {1, 2}},
                                 {.index = 1, .mask = 0xf, .reason = "it comes from memory"}}},
                  {.number = 105, .evidence = {{"/bin/p", 0x30, "drop", {}}}}},
        .unresolved =
            {{.binary = "/bin/p", .address = 0x40, .function = "f", .reason = "a table", .numbers = {{39}}}},
        .doubts = {"dlopen of a name that is not known"}};
}

Profile derived(const std::vector<Observation>& observed, const std::vector<callgraph::ReachableCalls>& code,
                bool arguments = false) {
    auto profile = derive({.program = "/bin/p", .with_arguments = arguments}, observed, code);
    EXPECT_TRUE(profile) << profile.error().message;
    return profile.value_or(Profile());
}

const ProfileCall& call(const Profile& profile, const char* name) {
    static const ProfileCall kNone;
    const ProfileCall* found =
        find_call(profile, sys::Abi::X64, static_cast<std::uint32_t>(sys::syscall_number(name).value()));
    EXPECT_NE(found, nullptr) << name;
    return found == nullptr ? kNone : *found;
}

TEST(Derive, EachCallIsLabelledWithWhereItCameFrom) {
    const Profile profile = derived({observation()}, {reachable()});
    EXPECT_EQ(call(profile, "read").origin, Origin::Both);
    EXPECT_EQ(call(profile, "read").seen, 12U);
    EXPECT_THAT(call(profile, "read").evidence, ElementsAre("read in libc.so.6 by main → work → read"));
    EXPECT_EQ(call(profile, "accept4").origin, Origin::Observed);
    EXPECT_EQ(call(profile, "socket").origin, Origin::Static);
    EXPECT_EQ(call(profile, "getpid").origin, Origin::Static);  // of the site that was not resolved
    EXPECT_THAT(profile.doubts, Contains("dlopen of a name that is not known"));
    EXPECT_EQ(profile.unresolved.size(), 1U);
}

TEST(Derive, PhasesAreThoseInWhichACallWasSeen) {
    const Profile profile = derived({observation()}, {reachable()});
    EXPECT_EQ(call(profile, "read").phase, Phase::Both);
    EXPECT_EQ(call(profile, "setuid").phase, Phase::StartUp);
    EXPECT_EQ(call(profile, "accept4").phase, Phase::Serving);
    EXPECT_EQ(call(profile, "socket").phase, Phase::Both);  // never seen: it can be any
    EXPECT_THAT(profile.serving_begins, ElementsAre("accept4"));
}

TEST(Derive, WhatEveryProcessCanNeedIsAllowedAtAllTimes) {
    const Profile profile = derived({observation()}, {});
    for (const char* name : {"exit", "exit_group", "rt_sigreturn", "restart_syscall"})
        EXPECT_EQ(call(profile, name).phase, Phase::Both) << name;
}

TEST(Derive, SeveralRecordingsAddUp) {
    Observation other = observation();
    other.calls = {{.number = 105, .starting = 0, .serving = 2}};
    const Profile profile = derived({observation(), other}, {});
    EXPECT_EQ(call(profile, "setuid").phase, Phase::Both);
    EXPECT_EQ(call(profile, "setuid").seen, 3U);
}

TEST(Derive, ARecordingOfOnlyWhatHadAnEffectCarriesNoProfileByItself) {
    Observation causal = observation();
    causal.complete = false;
    const auto alone = derive({.program = "/bin/p"}, {causal}, {});
    ASSERT_FALSE(alone);
    EXPECT_THAT(alone.error().message, HasSubstr("--fidelity full"));
    EXPECT_EQ(call(derived({causal}, {reachable()}), "read").origin, Origin::Both);
    Observation empty;
    empty.complete = true;
    EXPECT_EQ(derive({.program = "/bin/p"}, {empty}, {}).error().code, base::ErrorCode::NotFound);
}

TEST(Derive, CodeOfWhatTheProgramStartsCountsToo) {
    callgraph::ReachableCalls started = {.program = "/bin/q", .calls = {{.number = 41}, {.number = 59}}};
    Observation seen = observation();
    seen.started = {"/bin/q", "/bin/r"};
    const Profile profile = derived({seen}, {reachable(), started}, true);
    EXPECT_EQ(call(profile, "execve").origin, Origin::Static);
    EXPECT_THAT(profile.doubts, Contains(HasSubstr("runs /bin/r")));
    EXPECT_THAT(profile.doubts, testing::Not(Contains(HasSubstr("runs /bin/q"))));
}

TEST(Derive, ASiteThatCanBeAnyCallWidensToAllOfThem) {
    auto code = reachable();
    code.unresolved[0].numbers.reset();
    const Profile profile = derived({}, {code});
    EXPECT_EQ(profile.calls.size(), sys::syscalls(sys::Abi::X64).size());
    EXPECT_THAT(profile.doubts,
                Contains(HasSubstr("f in /bin/p can make any call, so all of them are allowed")));
}

TEST(Derive, ArgumentsThatAreAllKnownBecomeConditionsWhereThatIsAskedFor) {
    const Profile any = derived({}, {reachable()});
    EXPECT_TRUE(call(any, "socket").when.empty());
    EXPECT_THAT(call(any, "socket").arguments,
                ElementsAre(ArgumentSet{0, 0xffffffff, {1, 2}, Origin::Static}));
    const Profile profile = derived({}, {reachable()}, true);
    EXPECT_EQ(call(profile, "socket").when.size(), 2U);
    EXPECT_EQ(judge(profile, sys::Abi::X64, 41, {2}), Verdict::Allowed);
    EXPECT_EQ(judge(profile, sys::Abi::X64, 41, {0xabcd00000002}),
              Verdict::Allowed);  // an int: the upper half is noise
    EXPECT_EQ(judge(profile, sys::Abi::X64, 41, {16}), Verdict::Denied);
}

TEST(Derive, ArgumentsOfAllProgramsCountTogether) {
    callgraph::ReachableCalls other = {
        .program = "/bin/q",
        .calls = {{.number = 41,
                   .arguments = {{.index = 0, .mask = 0xffffffff, .known = true, .values = {10}},
                                 {.index = 1, .mask = 0xf, .known = true, .values = {1}}}}}};
    const Profile profile = derived({}, {reachable(), other}, true);
    EXPECT_THAT(call(profile, "socket").arguments,
                ElementsAre(ArgumentSet{0, 0xffffffff, {1, 2, 10}, Origin::Static}));
    EXPECT_EQ(judge(profile, sys::Abi::X64, 41, {10, 2}), Verdict::Allowed);
    EXPECT_EQ(judge(profile, sys::Abi::X64, 41, {16, 2}), Verdict::Denied);
    other.calls = {{.number = 41}};
    EXPECT_TRUE(call(derived({}, {reachable(), other}, true), "socket").when.empty())
        << "only one of the two knows them";
    other.calls = {};
    other.unresolved = {{.numbers = {{41}}}};
    EXPECT_TRUE(call(derived({}, {reachable(), other}, true), "socket").when.empty());
    other.unresolved = {{}};
    EXPECT_TRUE(call(derived({}, {reachable(), other}, true), "socket").when.empty());
}

TEST(Derive, ArgumentsThatWereSeenAloneAllowAll) {
    Observation seen = observation();
    seen.calls.push_back({.number = 41, .starting = 2});
    seen.arguments = {{.number = 41, .argument = 0, .values = {1}}};
    const Profile profile = derived({seen}, {}, true);
    EXPECT_THAT(call(profile, "socket").arguments,
                ElementsAre(ArgumentSet{0, 0xffffffff, {1}, Origin::Observed}));
    EXPECT_TRUE(call(profile, "socket").when.empty());
}

TEST(Derive, ArgumentsThatWereSeenAreAmongThoseOfTheCode) {
    Observation seen = observation();
    seen.arguments = {{.number = 41, .argument = 0, .values = {1}},
                      {.number = 41, .argument = 1, .values = {3}}};
    Profile profile = derived({seen}, {reachable()}, true);
    EXPECT_THAT(call(profile, "socket").arguments,
                ElementsAre(ArgumentSet{0, 0xffffffff, {1, 2}, Origin::Both},
                            ArgumentSet{1, 0xf, {3}, Origin::Observed}));
    EXPECT_EQ(call(profile, "socket").when.size(), 2U);
    // What the analysis lacks is a mistake of it, and must not end in a refusal.
    seen.arguments = {{.number = 41, .argument = 0, .values = {1, 16}}};
    profile = derived({seen}, {reachable()}, true);
    EXPECT_TRUE(call(profile, "socket").when.empty());
    EXPECT_THAT(profile.doubts,
                Contains(HasSubstr("socket was called where family is AF_NETLINK (observed), which the "
                                   "analysis of the code lacks")));
}

TEST(Derive, ArgumentsOfAProgramWhoseCodeIsNotKnownCanBeAny) {
    Observation seen = observation();
    seen.started = {"/bin/r"};
    EXPECT_TRUE(call(derived({seen}, {reachable()}, true), "socket").when.empty());
}

TEST(Derive, TooManyCombinationsLeaveAnArgumentOut) {
    callgraph::ReachableCalls code = reachable();
    code.calls[1].arguments = {{.index = 0, .mask = 0xffffffff, .known = true},
                               {.index = 1, .mask = 0xf, .known = true, .values = {1, 2, 3}}};
    for (std::uint64_t family = 0; family < 40; ++family) code.calls[1].arguments[0].values.push_back(family);
    const Profile profile = derived({}, {code}, true);
    EXPECT_EQ(call(profile, "socket").arguments.size(), 2U);
    EXPECT_EQ(call(profile, "socket").when.size(), 40U);
    EXPECT_EQ(judge(profile, sys::Abi::X64, 41, {39, 5}), Verdict::Allowed);
}

TEST(Derive, X32CallsAreDoubtsAndNotAllowed) {
    const Profile profile = derived({observation()}, {});
    EXPECT_THAT(profile.doubts, Contains(HasSubstr("write was called by x32's table")));
}

TEST(Diff, TellsWhatIsOnlyInOneAndWhatChanged) {
    Profile first = derived({}, {reachable()});
    Profile second = derived({observation()}, {reachable()}, true);
    std::vector<std::string> names;
    for (const Difference& each : differences(first, second)) {
        names.push_back(std::to_string(static_cast<int>(each.kind)) +
                        (each.first != nullptr ? each.first->name : each.second->name));
    }
    EXPECT_THAT(names, ElementsAre("3socket", "2setuid", "1accept4"));
    EXPECT_TRUE(differences(first, first).empty());
}

TEST(Audit, SocketsAreJudgedByTheirFamily) {
    const auto reachable_ids = [](const Profile& profile) {
        std::vector<std::string> ids;
        for (const CveVerdict& each : audit(profile).cves) {
            if (each.reachable) ids.emplace_back(each.cve->id);
        }
        return ids;
    };
    EXPECT_THAT(reachable_ids(derived({}, {reachable()})), Contains("CVE-2024-1086"));
    EXPECT_THAT(reachable_ids(derived({}, {reachable()}, true)), testing::Not(Contains("CVE-2024-1086")));
    EXPECT_THAT(reachable_ids(derived({observation()}, {})), testing::IsEmpty());
}

TEST(Audit, EveryHoleNamesCallsThatExist) {
    Profile all;
    for (const sys::SyscallRow& row : sys::syscalls(sys::Abi::X64))
        all.calls.push_back(
            {.name = std::string(row.name), .number = static_cast<std::uint32_t>(row.number)});
    normalize(all);
    std::string before;
    EXPECT_GE(audit(all).cves.size(), 40U);
    for (const CveVerdict& each : audit(all).cves) {
        EXPECT_TRUE(each.reachable) << each.cve->id;
        EXPECT_EQ(std::string(each.cve->id).substr(4, 4), std::to_string(each.cve->year));
        for (const CveNeed& need : each.cve->needs) {
            for (std::size_t at = 0; at < need.calls.size();) {
                const std::size_t bar = std::min(need.calls.find('|', at), need.calls.size());
                EXPECT_TRUE(sys::syscall_number(need.calls.substr(at, bar - at))) << each.cve->id;
                at = bar + 1;
            }
        }
    }
}

}  // namespace
}  // namespace catena::seccomp
