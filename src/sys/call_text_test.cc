#include "sys/call_text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syscall.h>

#include <csignal>
#include <cstring>
#include <string>

namespace catena::sys {
namespace {

// A call with the memory of its arguments.
class CallText : public testing::Test {
  protected:
    void piece(std::uint8_t argument, std::string_view bytes, std::uint8_t when = 0) {
        data_ += static_cast<char>(argument);
        data_ += static_cast<char>(when);
        data_ += static_cast<char>(bytes.size() & 0xffU);
        data_ += static_cast<char>(bytes.size() >> 8U);
        data_ += bytes;
    }
    template <class T>
    void object(std::uint8_t argument, const T& value, std::uint8_t when = 0) {
        piece(argument, {reinterpret_cast<const char*>(&value), sizeof(value)}, when);
    }
    std::string text(std::uint32_t nr, std::array<std::uint64_t, 6> args, std::int64_t ret,
                     Abi abi = Abi::X64) {
        const std::string data = std::exchange(data_, "");
        return call_text(
            {.abi = abi, .nr = nr, .args = args, .ret = ret, .data = std::as_bytes(std::span(data))});
    }

    std::string data_;
};

constexpr std::uint64_t kCwd = static_cast<std::uint64_t>(AT_FDCWD);

TEST_F(CallText, PathsFlagsAndWhatCameBack) {
    piece(1, std::string_view("/etc/passwd", 12));
    EXPECT_EQ(text(SYS_openat, {kCwd, 0x7000, O_RDONLY | O_CLOEXEC, 0xffff}, 3),
              "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3");
    piece(1, std::string_view("new\n", 5));
    EXPECT_EQ(text(SYS_openat, {5, 0x7000, O_WRONLY | O_CREAT, 0644}, -EACCES),
              "openat(5, \"new\\n\", O_WRONLY|O_CREAT, 0644) = -1 EACCES (Permission denied)");
    EXPECT_EQ(text(SYS_openat, {kCwd, 0x7000, 0}, -EFAULT),
              "openat(AT_FDCWD, 0x7000, O_RDONLY) = -1 EFAULT (Bad address)");
    EXPECT_EQ(text(SYS_openat, {kCwd, 0, 0}, -EFAULT),
              "openat(AT_FDCWD, NULL, O_RDONLY) = -1 EFAULT (Bad address)");
}

TEST_F(CallText, BytesAreNotShownButCounted) {
    EXPECT_EQ(text(SYS_read, {3, 0x1000, 100}, 42), "read(3, 0x1000, 100) = 42");
    EXPECT_EQ(text(SYS_lseek, {3, static_cast<std::uint64_t>(-5), SEEK_END}, 95),
              "lseek(3, -5, SEEK_END) = 95");
}

TEST_F(CallText, MemoryMaps) {
    EXPECT_EQ(text(SYS_mmap, {0, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, ~0ULL, 0},
                   0x7f0000000000),
              "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000");
    EXPECT_EQ(text(SYS_madvise, {0x1000, 4096, MADV_DONTNEED}, 0),
              "madvise(0x1000, 4096, MADV_DONTNEED) = 0");
}

TEST_F(CallText, Addresses) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(8080);
    in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    object(1, in);
    EXPECT_EQ(
        text(SYS_connect, {3, 0x7000, sizeof(in)}, -EINPROGRESS),
        "connect(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}, 16) = -1 "
        "EINPROGRESS (Operation now in progress)");
    sockaddr_in6 in6{};
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(53);
    in6.sin6_addr = in6addr_loopback;
    object(1, in6);
    EXPECT_EQ(text(SYS_bind, {3, 0x7000, sizeof(in6)}, 0),
              "bind(3, {sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "
              "\"::1\", "
              "&sin6_addr), sin6_scope_id=0}, 28) = 0");
    piece(1, std::string_view("\x01\0/run/x\0", 9));
    EXPECT_EQ(text(SYS_connect, {3, 0x7000, 9}, 0),
              "connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 9) = 0");
    piece(1, std::string_view("\x01\0\0name", 7));
    EXPECT_EQ(text(SYS_connect, {3, 0x7000, 7}, 0),
              "connect(3, {sa_family=AF_UNIX, sun_path=@\"name\"}, 7) = 0");
}

TEST_F(CallText, SocketsAndTheirOptions) {
    EXPECT_EQ(text(SYS_socket, {AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP}, 3),
              "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3");
    EXPECT_EQ(text(SYS_socket, {AF_NETLINK, SOCK_RAW, 0}, 3),
              "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3");
    object(3, 1);
    EXPECT_EQ(text(SYS_setsockopt, {3, SOL_SOCKET, SO_REUSEADDR, 0x7000, 4}, 0),
              "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0");
    EXPECT_EQ(text(SYS_sendto, {3, 0x7000, 5, MSG_NOSIGNAL, 0, 0}, 5),
              "sendto(3, 0x7000, 5, MSG_NOSIGNAL, NULL, 0) = 5");
}

TEST_F(CallText, Signals) {
    struct {
        std::uint64_t handler = 0x401000, flags = 0x04000000 | SA_RESTART, restorer = 0x402000,
                      mask = 1U << (SIGTERM - 1);
    } action;
    object(1, action);
    EXPECT_EQ(text(SYS_rt_sigaction, {SIGINT, 0x7000, 0, 8}, 0),
              "rt_sigaction(SIGINT, {sa_handler=0x401000, sa_mask=[TERM], sa_flags=SA_RESTORER|SA_RESTART, "
              "sa_restorer=0x402000}, NULL, 8) = 0");
    object(1, ~(1ULL << (SIGKILL - 1)));
    EXPECT_EQ(text(SYS_rt_sigprocmask, {SIG_SETMASK, 0x7000, 0, 8}, 0),
              "rt_sigprocmask(SIG_SETMASK, ~[KILL], NULL, 8) = 0");
    EXPECT_EQ(text(SYS_tgkill, {10, 11, SIGTERM}, 0), "tgkill(10, 11, SIGTERM) = 0");
}

TEST_F(CallText, StructuresThatTheKernelFilledIn) {
    struct stat status{};
    status.st_mode = S_IFREG | 0644;
    status.st_size = 1234;
    object(1, status, 1);
    EXPECT_EQ(text(SYS_fstat, {3, 0x7000}, 0), "fstat(3, {st_mode=S_IFREG|0644, st_size=1234, ...}) = 0");
    object(1, 7 << 8, 1);
    EXPECT_EQ(text(SYS_wait4, {~0ULL, 0x7000, WNOHANG, 0}, 55),
              "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 7}], WNOHANG, NULL) = 55");
    const std::uint64_t limits[2] = {8192 * 1024, ~0ULL};
    object(3, limits, 1);
    EXPECT_EQ(text(SYS_prlimit64, {0, RLIMIT_STACK, 0, 0x7000}, 0),
              "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0");
    const int fds[2] = {3, 4};
    object(0, fds, 1);
    EXPECT_EQ(text(SYS_pipe2, {0x7000, O_CLOEXEC}, 0), "pipe2([3, 4], O_CLOEXEC) = 0");
}

TEST_F(CallText, PollTellsWhatWasAskedAndWhatHappened) {
    pollfd asked{.fd = 5, .events = POLLIN, .revents = 0};
    object(0, asked);
    asked.revents = POLLIN | POLLHUP;
    object(0, asked, 1);
    EXPECT_EQ(text(SYS_poll, {0x7000, 1, static_cast<std::uint64_t>(-1)}, 1),
              "poll([{fd=5, events=POLLIN}], 1, -1) = 1 ([{fd=5, revents=POLLIN|POLLHUP}])");
}

TEST_F(CallText, ArgumentsThatAnotherOneDecides) {
    EXPECT_EQ(text(SYS_fcntl, {3, F_GETFL, 99}, 2), "fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)");
    EXPECT_EQ(text(SYS_fcntl, {3, F_SETFD, FD_CLOEXEC}, 0), "fcntl(3, F_SETFD, FD_CLOEXEC) = 0");
    EXPECT_EQ(text(SYS_fcntl, {3, F_DUPFD_CLOEXEC, 10}, 10), "fcntl(3, F_DUPFD_CLOEXEC, 10) = 10");
    EXPECT_EQ(text(SYS_futex, {0x7000, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 5, 6, 7}, 0),
              "futex(0x7000, FUTEX_WAKE_PRIVATE, 1) = 0");
    const timespec time{.tv_sec = 1, .tv_nsec = 5};
    object(3, time);
    EXPECT_EQ(text(SYS_futex, {0x7000, FUTEX_WAIT, 2, 0x7100}, -ETIMEDOUT),
              "futex(0x7000, FUTEX_WAIT, 2, {tv_sec=1, tv_nsec=5}) = -1 ETIMEDOUT (Connection timed out)");
    EXPECT_EQ(text(SYS_ioctl, {0, TCGETS, 0x7000}, -ENOTTY),
              "ioctl(0, TCGETS, 0x7000) = -1 ENOTTY (Inappropriate ioctl for device)");
    EXPECT_EQ(text(SYS_ioctl, {0, _IOR('x', 200, int), 0}, 0),
              "ioctl(0, _IOC(_IOC_READ, 0x78, 0xc8, 0x4), NULL) = 0");
    EXPECT_EQ(text(SYS_prctl, {PR_SET_PDEATHSIG, SIGKILL}, 0),
              "prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) = 0");
}

TEST_F(CallText, ProgramsAndTheirArguments) {
    piece(0, std::string_view("/bin/ls", 8));
    piece(1, std::string_view("ls\0-l\0", 6));
    EXPECT_EQ(text(SYS_execve, {0x7000, 0x7100, 0x7200}, 0),
              "execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x7200) = 0");
    EXPECT_EQ(call_text({.nr = SYS_exit_group, .args = {3}, .returned = false, .data = {}}),
              "exit_group(3) = ?");
    EXPECT_EQ(text(SYS_clone, {SIGCHLD | CLONE_VM, 0, 0, 0, 0}, 7),
              "clone(CLONE_VM|SIGCHLD, NULL, NULL, NULL, 0) = 7");
}

TEST_F(CallText, MessagesAndVectors) {
    iovec vectors[2] = {{reinterpret_cast<void*>(0x10), 3}, {nullptr, 0}};
    object(1, vectors);
    EXPECT_EQ(text(SYS_writev, {1, 0x7000, 2}, 3),
              "writev(1, [{iov_base=0x10, iov_len=3}, {iov_base=NULL, iov_len=0}], 2) = 3");
    msghdr message{};
    message.msg_iovlen = 1;
    object(1, message);
    object(0x21, vectors[0]);
    EXPECT_EQ(text(SYS_sendmsg, {3, 0x7000, MSG_DONTWAIT}, 3),
              "sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=0x10, iov_len=3}], msg_iovlen=1, "
              "msg_controllen=0, msg_flags=0}, MSG_DONTWAIT) = 3");
}

TEST_F(CallText, TheThirtyTwoBitTableHasItsOwnNumbersAndHalves) {
    EXPECT_EQ(text(180, {3, 0x1000, 10, 5, 1}, 10, Abi::I386), "pread64(3, 0x1000, 10, 4294967301) = 10");
    EXPECT_EQ(text(4, {1, 0x1000, 3}, 3, Abi::I386), "write(1, 0x1000, 3) = 3");
    const std::uint32_t arguments[6] = {2, 1, 0, 0, 0, 0};
    object(1, arguments);
    EXPECT_EQ(text(102, {1, 0x1000}, 3, Abi::I386), "socketcall(SYS_SOCKET, [2, 1, 0, 0, 0, 0]) = 3");
    EXPECT_EQ(text(192, {0, 4096, 1, 2, 0xffffffff, 0}, static_cast<std::int32_t>(0xf7000000), Abi::I386),
              "mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE, -1, 0) = 0xf7000000");
    EXPECT_EQ(text(515, {1, 0x1000, 0}, 0, Abi::X32), "readv(1, 0x1000, 0) = 0");
}

TEST_F(CallText, NumbersWithoutNames) {
    EXPECT_EQ(text(500, {1, 2, 3, 4, 5, 6}, -ENOSYS),
              "syscall_0x1f4(0x1, 0x2, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)");
    EXPECT_EQ(text(SYS_nanosleep, {0, 0}, -516),
              "nanosleep(NULL, NULL) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)");
}

TEST_F(CallText, DataThatLiesIsIgnored) {
    data_ = std::string(
        "\1\0\xff\xff"
        "abc",
        7);
    EXPECT_EQ(text(SYS_openat, {kCwd, 0x7000, 0}, 3), "openat(AT_FDCWD, 0x7000, O_RDONLY) = 3");
    piece(1, "xy");
    EXPECT_EQ(text(SYS_fstat, {3, 0x7000}, 0), "fstat(3, 0x7000) = 0");
}

}  // namespace
}  // namespace catena::sys
