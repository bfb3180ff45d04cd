#include "seccomp/launcher.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <optional>

#include "sys/program_path.h"

namespace catena::seccomp {
namespace {

// What the child tells before it must not make calls any more; memory that both share.
struct Handover {
    static constexpr int kNothingYet = -1;
    std::atomic<int> listener = kNothingYet;
    std::atomic<int> error = 0;
    std::atomic<bool> taken = false;  // by the parent; an exec closes the child's own
};

constexpr std::uint64_t kMaxWaits = std::uint64_t{1} << 31U;  // of some tens of nanoseconds

struct Unmap {
    void operator()(Handover* handover) const { ::munmap(handover, sizeof(Handover)); }
};
using SharedHandover = std::unique_ptr<Handover, Unmap>;

SharedHandover share() {
    void* memory =
        ::mmap(nullptr, sizeof(Handover), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return SharedHandover(memory == MAP_FAILED ? nullptr : new (memory) Handover);
}

// Runs in the child.
[[noreturn]] void filter_and_exec(Handover& handover, const std::string& path, std::vector<char*>& argv,
                                  std::span<const sock_filter> filter, NewPrivileges privileges, int report) {
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    auto listener = install(filter, Listener::Yes, privileges);
    if (!listener) {
        handover.error = listener.error().errno_value != 0 ? listener.error().errno_value : ENOSYS;
        ::_exit(126);
    }
    handover.listener = listener->release();
    // Bounded, for the case that the parent was killed just now.
    for (std::uint64_t i = 0; i < kMaxWaits && !handover.taken; ++i) __builtin_ia32_pause();
    ::execv(path.c_str(), argv.data());
    const int error = errno;
    (void)!::write(report, &error, sizeof(error));
    ::_exit(126);
}

// The child makes no call between installing its filter and its exec, since the filter can forbid any that
// could wake us: so each side looks again and again at what the other wrote, for the few microseconds that it
// takes.
std::optional<int> wait_for_listener(const Handover& handover, pid_t pid) {
    while (handover.listener == Handover::kNothingYet && handover.error == 0) {
        siginfo_t info{};
        if (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid == pid)
            break;
        ::sched_yield();
    }
    const int listener = handover.listener;
    return listener == Handover::kNothingYet ? std::nullopt : std::optional(listener);
}

std::unexpected<base::Error> give_up(pid_t pid, std::unexpected<base::Error> error) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    return error;
}

}  // namespace

base::Result<Launched> launch(const std::vector<std::string>& command, std::span<const sock_filter> filter,
                              NewPrivileges privileges) {
    if (auto able = check_kernel(Listener::Yes); !able) return std::unexpected(std::move(able).error());
    const auto path = sys::find_program(command.front());
    if (!path) return std::unexpected(path.error());
    std::vector<char*> argv;
    argv.reserve(command.size() + 1);
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const SharedHandover handover = share();
    std::array<int, 2> report{};
    if (!handover || ::pipe2(report.data(), O_CLOEXEC) != 0)
        return base::fail_errno("cannot prepare a child");
    Launched launched;
    launched.launching.reset(report[0]);
    base::Fd write_end(report[1]);
    launched.pid = ::fork();
    if (launched.pid < 0) return base::fail_errno("fork");
    if (launched.pid == 0) filter_and_exec(*handover, *path, argv, filter, privileges, report[1]);
    write_end.reset();
    launched.pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, launched.pid, 0)));
    if (!launched.pidfd) return give_up(launched.pid, base::fail_errno("pidfd_open"));
    const auto listener = wait_for_listener(*handover, launched.pid);
    if (!listener) {
        return give_up(launched.pid,
                       base::fail_errno("the kernel refuses the filter, or its listener", handover->error));
    }
    launched.listener.reset(static_cast<int>(::syscall(SYS_pidfd_getfd, launched.pidfd.get(), *listener, 0)));
    if (!launched.listener)
        return give_up(launched.pid, base::fail_errno("cannot take the listener over (pidfd_getfd)"));
    handover->taken = true;
    return launched;
}

}  // namespace catena::seccomp
