#include "seccomp/profile_json.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/fd.h"
#include "seccomp/oci.h"
#include "seccomp/systemd.h"

namespace catena::seccomp {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Profile example() {
    Profile profile;
    profile.program = "/usr/sbin/s\xff";
    profile.calls = {
        {.name = "read", .number = 0, .origin = Origin::Both, .seen = 12, .evidence = {"main in s"}},
        {.name = "socket",
         .number = 41,
         .origin = Origin::Static,
         .phase = Phase::StartUp,
         .arguments = {{.argument = 1, .mask = 0xf, .values = {1, 2}, .origin = Origin::Both}},
         .when = {{{.argument = 0, .op = Compare::MaskedEqual, .value = 2, .mask = 0xffffffff}},
                  {{.argument = 0, .value = 1}, {.argument = 1, .op = Compare::Less, .value = 6}}}},
        {.name = "syscall_0x24b", .number = 587},
        {.name = "write", .number = 4, .abi = sys::Abi::I386, .origin = Origin::Observed}};
    profile.serving_begins = {"accept4"};
    profile.evidence = {"t.catena: 1 process"};
    profile.doubts = {"a \"doubt\""};
    profile.unresolved = {
        {.binary = "/lib/l.so", .address = 0x40, .function = "f", .reason = "r", .numbers = {{1, 2}}},
        {.binary = "/lib/m.so", .address = 0x80, .function = "", .reason = ""}};
    return profile;
}

std::string error_of(std::string_view text) {
    const auto read = profile_from_json(text);
    if (read) return "";
    EXPECT_NE(read.error().code, base::ErrorCode::System);
    return read.error().message;
}

std::string with_calls(const std::string& calls) {
    return R"({"catena_profile": 1, "calls": [)" + calls + "]}";
}

TEST(ProfileJson, WhatIsWrittenIsReadBack) {
    const Profile profile = example();
    const auto read = profile_from_json(to_json(profile));
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->program, profile.program);
    EXPECT_EQ(read->calls, profile.calls);
    EXPECT_EQ(read->serving_begins, profile.serving_begins);
    EXPECT_EQ(read->evidence, profile.evidence);
    EXPECT_EQ(read->doubts, profile.doubts);
    ASSERT_EQ(read->unresolved.size(), 2U);
    EXPECT_EQ(read->unresolved[0].numbers, profile.unresolved[0].numbers);
    EXPECT_EQ(read->unresolved[1].numbers, std::nullopt);
    EXPECT_EQ(to_json(*read), to_json(profile));
}

TEST(ProfileJson, ByHandANameIsEnough) {
    const auto read = profile_from_json(with_calls(R"({"name": "write"}, {"name": "read"})"));
    ASSERT_TRUE(read) << read.error().message;
    ASSERT_EQ(read->calls.size(), 2U);
    EXPECT_EQ(read->calls[0].name, "read");
    EXPECT_EQ(read->calls[1].number, 1U);
    EXPECT_EQ(read->calls[1].origin, Origin::User);
    EXPECT_EQ(read->calls[1].phase, Phase::Both);
}

TEST(ProfileJson, UnknownNamesAreListedAndRefused) {
    const std::string error =
        error_of(with_calls(R"({"name": "raed"}, {"name": "read"}, {"name": "wriet"})"));
    EXPECT_THAT(error, AllOf(HasSubstr("raed, wriet"), HasSubstr("not known"), Not(HasSubstr("read,"))));
}

TEST(ProfileJson, AnEmptyProfileIsRefused) {
    EXPECT_THAT(error_of(with_calls("")), HasSubstr("allows no system call at all"));
    EXPECT_THAT(error_of(R"({"catena_profile": 1})"), HasSubstr("allows no system call at all"));
}

TEST(ProfileJson, WhatIsWrongIsNamedWithItsPlace) {
    EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
    EXPECT_THAT(error_of("{\"catena_profile\": 1, \"calls\": ["), HasSubstr("not JSON"));
    EXPECT_THAT(error_of("[]"), HasSubstr("not a JSON object"));
    EXPECT_THAT(error_of("{}"), HasSubstr("no profile"));
    EXPECT_THAT(error_of(R"({"catena_profile": 2, "calls": []})"), HasSubstr("another version"));
    EXPECT_THAT(error_of(R"({"catena_profile": "1"})"), HasSubstr("catena_profile is no whole number"));
    EXPECT_THAT(error_of(R"({"catena_profile": 1, "calls": {}})"), HasSubstr("calls is no list"));
    EXPECT_THAT(error_of(with_calls("7")), HasSubstr("calls[0]"));
    EXPECT_THAT(error_of(with_calls(R"({"number": 1})")), HasSubstr("calls[0].name is missing"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read", "number": 1})")),
                HasSubstr("number is 1, but read is 0"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read", "number": -1})")), HasSubstr("calls[0].number"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read", "phase": "never"})")), HasSubstr("calls[0].phase"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read", "origin": 3})")),
                HasSubstr("calls[0].origin is no text"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read", "abi": "x32"})")),
                HasSubstr("x32 cannot be allowed"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read"}, {"name": "read"})")),
                HasSubstr("read is in the profile twice"));
    EXPECT_THAT(error_of(with_calls(R"({"name": "read", "when": [[]]})")),
                HasSubstr("when[0] has no condition"));
    EXPECT_THAT(
        error_of(with_calls(R"({"name": "read", "when": [[{"argument": 6, "op": "==", "value": 1}]]})")),
        HasSubstr("when[0][0].argument"));
    EXPECT_THAT(error_of(R"({"catena_profile": 1, "serving_begins": ["x"], "calls": [{"name": "read"}]})"),
                HasSubstr("there is no call x"));
}

TEST(Oci, WhatIsWrittenIsReadBack) {
    Profile profile = example();
    profile.calls.erase(profile.calls.begin() + 2);  // OCI has names only
    const auto read = profile_from_json(to_oci(profile));
    ASSERT_TRUE(read) << read.error().message;
    // "write" of 32-bit programs is also that of others: OCI does not tell them apart.
    ASSERT_NE(find_call(*read, sys::Abi::I386, 4), nullptr);
    ASSERT_NE(find_call(*read, sys::Abi::X64, 1), nullptr);
    const ProfileCall* socket = find_call(*read, sys::Abi::X64, 41);
    ASSERT_NE(socket, nullptr);
    EXPECT_EQ(socket->when, profile.calls[1].when);
    EXPECT_EQ(find_call(*read, sys::Abi::X64, 101), nullptr);  // ptrace, which it denies by name
}

TEST(Oci, DockersOwnFormIsRead) {
    const auto read = profile_from_json(R"({"defaultAction": "SCMP_ACT_ERRNO",
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]}],
        "syscalls": [{"names": ["read", "arm_sync_file_range"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["personality"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
            {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
             "args": [{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}]},
            {"names": ["bpf"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_BPF"]}},
            {"names": ["ptrace"], "action": "SCMP_ACT_ERRNO"}]})");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_NE(find_call(*read, sys::Abi::I386, 3), nullptr);
    EXPECT_EQ(find_call(*read, sys::Abi::X64, 321), nullptr);
    EXPECT_EQ(find_call(*read, sys::Abi::X64, 101), nullptr);
    const ProfileCall* clone = find_call(*read, sys::Abi::X64, 56);
    ASSERT_NE(clone, nullptr);
    EXPECT_EQ(clone->when[0][0].mask, 2114060288U);
    EXPECT_EQ(clone->when[0][0].value, 0U);
    ASSERT_EQ(read->doubts.size(), 2U);
    EXPECT_THAT(read->doubts[0], HasSubstr("arm_sync_file_range"));
}

TEST(Oci, ProfilesThatListWhatIsForbiddenAreNotSupported) {
    EXPECT_THAT(error_of(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []})"),
                HasSubstr("does not name"));
    EXPECT_THAT(error_of(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [3]})"),
                HasSubstr("syscalls[0]"));
    EXPECT_THAT(error_of(R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": []})"),
                HasSubstr("no system call at all"));
}

TEST(Systemd, LinesAreThoseThatSystemdAddsUp) {
    const std::string text = to_systemd(example());
    EXPECT_THAT(text, AllOf(HasSubstr("[Service]\nSystemCallFilter=read socket write\n"),
                            HasSubstr("SystemCallErrorNumber=EPERM\n"),
                            HasSubstr("SystemCallArchitectures=native x86\n"),
                            HasSubstr("looks at none: socket\n"), HasSubstr("no name: syscall_0x24b\n")));
}

TEST(ProfileJson, ADeviceOrAPipeIsWrittenToAndNotReplaced) {
    std::string folder = testing::TempDir() + "catena-pipe-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string pipe = folder + "/pipe";
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    const base::Fd reader(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(write_file(pipe, "text"));
    char got[8] = {};
    EXPECT_EQ(::read(reader.get(), got, sizeof got), 4);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace catena::seccomp
