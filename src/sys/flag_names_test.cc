#include "sys/flag_names.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <vector>

#include "sys/errno_names.h"

namespace catena::sys {
namespace {

TEST(FlagNames, OpenFlagsBeginWithTheAccessMode) {
    EXPECT_EQ(open_flags(O_RDONLY), "O_RDONLY");
    EXPECT_EQ(open_flags(O_RDONLY | O_CLOEXEC), "O_RDONLY|O_CLOEXEC");
    EXPECT_EQ(open_flags(O_WRONLY | O_CREAT | O_TRUNC), "O_WRONLY|O_CREAT|O_TRUNC");
    EXPECT_EQ(open_flags(O_RDWR | O_APPEND | O_NONBLOCK), "O_RDWR|O_APPEND|O_NONBLOCK");
}

TEST(FlagNames, FlagsOfSeveralBitsAreNamedOnce) {
    EXPECT_EQ(open_flags(O_RDWR | O_TMPFILE), "O_RDWR|O_TMPFILE");
    EXPECT_EQ(open_flags(O_DIRECTORY), "O_RDONLY|O_DIRECTORY");
    EXPECT_EQ(open_flags(O_WRONLY | O_SYNC), "O_WRONLY|O_SYNC");
    EXPECT_EQ(open_flags(O_WRONLY | O_DSYNC), "O_WRONLY|O_DSYNC");
}

TEST(FlagNames, BitsWithoutANameAreHexadecimal) {
    EXPECT_EQ(open_flags(0x40000000), "O_RDONLY|0x40000000");
    EXPECT_EQ(mmap_prot(0x10 | PROT_READ), "PROT_READ|0x10");
    EXPECT_EQ(ptrace_request(0x9999), "39321");
}

TEST(FlagNames, MemoryMaps) {
    EXPECT_EQ(mmap_prot(PROT_NONE), "PROT_NONE");
    EXPECT_EQ(mmap_prot(PROT_READ | PROT_EXEC), "PROT_READ|PROT_EXEC");
    EXPECT_EQ(mmap_flags(MAP_PRIVATE | MAP_DENYWRITE), "MAP_PRIVATE|MAP_DENYWRITE");
    EXPECT_EQ(mmap_flags(MAP_SHARED_VALIDATE), "MAP_SHARED_VALIDATE");
    EXPECT_EQ(mmap_flags(MAP_SHARED | MAP_FIXED), "MAP_SHARED|MAP_FIXED");
}

TEST(FlagNames, CloneFlagsEndWithTheSignal) {
    EXPECT_EQ(clone_flags(SIGCHLD), "SIGCHLD");
    EXPECT_EQ(clone_flags(CLONE_VM | CLONE_VFORK | SIGCHLD), "CLONE_VM|CLONE_VFORK|SIGCHLD");
    EXPECT_EQ(clone_flags(0x200000000), "CLONE_INTO_CGROUP");
    EXPECT_EQ(clone_flags(0), "0");
}

TEST(FlagNames, SignalsSocketsPtrace) {
    EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
    EXPECT_EQ(signal_name(0), "0");
    EXPECT_EQ(signal_name(34), "SIGRT_2");
    EXPECT_EQ(signal_name(99), "99");
    EXPECT_EQ(socket_family(AF_INET6), "AF_INET6");
    EXPECT_EQ(socket_type(SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK),
              "SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC");
    EXPECT_EQ(ptrace_request(PTRACE_SEIZE), "PTRACE_SEIZE");
}

TEST(ErrnoNames, KnownKernelOnlyAndUnknown) {
    EXPECT_EQ(errno_name(EACCES), "EACCES");
    EXPECT_EQ(errno_name(EINPROGRESS), "EINPROGRESS");
    EXPECT_EQ(errno_name(512), "ERESTARTSYS");
    EXPECT_EQ(errno_name(4000), "4000");
}

TEST(FlagNames, AreReadBackAsTheNumbersTheyWereMadeOf) {
    // Each bit, each pair of neighbours, and small numbers.
    std::vector<std::uint64_t> numbers;
    for (unsigned bit = 0; bit < 32; ++bit) numbers.push_back(std::uint64_t{1} << bit);
    for (unsigned bit = 0; bit < 31; ++bit) numbers.push_back(std::uint64_t{3} << bit);
    for (std::uint64_t number = 0; number < 70; ++number) numbers.push_back(number);
    for (const std::uint64_t number : numbers) {
        const auto word = static_cast<std::uint32_t>(number);
        EXPECT_EQ(flags_from(FlagSet::Open, open_flags(word)), number);
        EXPECT_EQ(flags_from(FlagSet::MmapProt, mmap_prot(word)), number);
        EXPECT_EQ(flags_from(FlagSet::MmapFlags, mmap_flags(word)), number);
        EXPECT_EQ(flags_from(FlagSet::Clone, clone_flags(number)), number) << clone_flags(number);
        EXPECT_EQ(flags_from(FlagSet::Family, socket_family(word)), number);
        EXPECT_EQ(flags_from(FlagSet::SocketType, socket_type(word)), number) << socket_type(word);
        EXPECT_EQ(flags_from(FlagSet::Ptrace, ptrace_request(word)), number);
        if (number < 65)
            EXPECT_EQ(flags_from(FlagSet::Signal, signal_name(static_cast<int>(number))), number);
    }
    for (const char* text : {"", "|", "O_RDONLY|", "O_NOTHING", "0x", "1x", "SIGRT_99"}) {
        EXPECT_FALSE(flags_from(FlagSet::Open, text)) << text;
        EXPECT_FALSE(flags_from(FlagSet::Clone, text)) << text;
    }
}

}  // namespace
}  // namespace catena::sys
