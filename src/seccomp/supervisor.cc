#include "seccomp/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

#include "sys/call_text.h"
#include "sys/process.h"

namespace catena::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kContinue = 1;    // SECCOMP_USER_NOTIF_FLAG_CONTINUE
constexpr std::size_t kMaxTold = 10'000;  // different violations that are told
constexpr int kLookMs = 20;               // between two looks at who serves

pid_t process_of(pid_t tid) {
    std::ifstream file(fmt::format("/proc/{}/status", tid));
    for (std::string line; std::getline(file, line);) {
        pid_t pid = 0;
        if (!line.starts_with("Tgid:\t")) continue;
        std::from_chars(line.data() + 6, line.data() + line.size(), pid);
        return pid;
    }
    return tid;
}

sys::Abi abi_of(const seccomp_data& data) {
    if (data.arch == AUDIT_ARCH_I386) return sys::Abi::I386;
    return (static_cast<std::uint32_t>(data.nr) & kX32Bit) != 0 ? sys::Abi::X32 : sys::Abi::X64;
}

// The same call from the same place is told once.
std::string key_of(const Violation& violation) {
    std::string key =
        fmt::format("{}/{}/{}", static_cast<int>(violation.abi), violation.number, violation.exe);
    for (const Frame& frame : violation.frames) key += fmt::format("/{}+{:x}", frame.binary, frame.address);
    return key;
}

bool is_ready(int fd) {
    pollfd one{.fd = fd, .events = POLLIN};
    return ::poll(&one, 1, 0) > 0;
}

}  // namespace

struct Supervisor::Asked {
    std::uint64_t id = 0;
    pid_t tid = 0;
    pid_t pid = 0;
    std::uint64_t instruction = 0;
    sys::Abi abi = sys::Abi::X64;
    std::uint32_t number = 0;
    Arguments arguments{};
};

Supervisor::Supervisor(Launched launched, Profile& profile, SupervisorOptions options)
    : launched_(std::move(launched)),
      profile_(profile),
      options_(options),
      serving_(profile.serving_begins, launched_.pid) {}

base::Result<Outcome> Supervisor::run(const std::function<void(const Violation&)>& tell) {
    // Daemons lose their parent; as ours they can still be looked at, and reaped.
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    sigset_t forwarded;
    sigemptyset(&forwarded);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD})
        sigaddset(&forwarded, signal);
    ::sigprocmask(SIG_BLOCK, &forwarded, nullptr);
    const base::Fd signals(::signalfd(-1, &forwarded, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals) return base::fail_errno("signalfd");
    for (;;) {
        std::array<pollfd, 2> fds = {pollfd{.fd = launched_.listener.get(), .events = POLLIN},
                                     pollfd{.fd = signals.get(), .events = POLLIN}};
        const int timeout = options_.phases && !profile_.serving_begins.empty() ? kLookMs : -1;
        if (::poll(fds.data(), fds.size(), timeout) < 0 && errno != EINTR) return base::fail_errno("poll");
        if (options_.phases) serving_.look();
        signalfd_siginfo signal{};
        while (::read(signals.get(), &signal, sizeof signal) == sizeof signal) {
            if (signal.ssi_signo != SIGCHLD)
                ::syscall(SYS_pidfd_send_signal, launched_.pidfd.get(), signal.ssi_signo, nullptr, 0);
        }
        if ((fds[0].revents & POLLIN) != 0) {
            if (auto answered = answer_next(tell); !answered)
                return std::unexpected(std::move(answered).error());
        }
        const bool any_left = reap();
        if (!any_left || ((fds[0].revents & POLLHUP) != 0 && exited_)) break;
    }
    see_launch();
    if (exec_error_ != 0) return base::fail_errno("exec", exec_error_);
    return outcome_;
}

// Collects whoever has ended. False once no child is left.
bool Supervisor::reap() {
    int status = 0;
    pid_t pid = 0;
    while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != launched_.pid) continue;
        exited_ = true;
        outcome_.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return pid == 0;
}

// Looks whether the exec is over, and how it went.
void Supervisor::see_launch() {
    if (launched_yet_ || exec_error_ != 0 || !is_ready(launched_.launching.get())) return;
    int error = 0;
    const ssize_t got = ::read(launched_.launching.get(), &error, sizeof error);
    if (got == sizeof error)
        exec_error_ = error;
    else
        launched_yet_ = true;
}

// Before its exec has succeeded the child runs our own code. The kernel closes the other end of the pipe in
// the exec, so that this is told before the program itself can make a call. Where the exec failed, what is
// left is the child's end.
bool Supervisor::is_launch_call(pid_t pid) {
    see_launch();
    return !launched_yet_ && pid == launched_.pid;
}

base::Status Supervisor::answer_next(const std::function<void(const Violation&)>& tell) {
    seccomp_notif request{};
    if (::ioctl(launched_.listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &request) != 0) {
        // ENOENT: the thread was killed, or a signal broke its call off, before we looked.
        if (errno == ENOENT || errno == EINTR) return {};
        return base::fail_errno("cannot receive a notification");
    }
    Asked asked{.id = request.id,
                .tid = static_cast<pid_t>(request.pid),
                .pid = process_of(static_cast<pid_t>(request.pid)),
                .instruction = request.data.instruction_pointer,
                .abi = abi_of(request.data),
                .number = static_cast<std::uint32_t>(request.data.nr) & ~kX32Bit};
    std::ranges::copy(request.data.args, asked.arguments.begin());
    if (is_launch_call(asked.pid)) return reply(asked.id, 0);
    const Verdict verdict = judge(profile_, asked.abi, asked.number, asked.arguments);
    bool too_late = false;
    if (verdict == Verdict::Allowed) {
        const ProfileCall* call = find_call(profile_, asked.abi, asked.number);
        too_late =
            options_.phases && call != nullptr && call->phase == Phase::StartUp && serving_.serves(asked.pid);
        if (!too_late) return reply(asked.id, 0);
    }
    ++outcome_.violations;
    const Violation violation = describe(asked, verdict, too_late);
    if (told_.size() < kMaxTold && told_.insert(key_of(violation)).second)
        tell(violation);
    else
        ++outcome_.repeated;
    if (options_.on_violation == OnViolation::Learn) learn(violation);
    if (options_.on_violation != OnViolation::Deny) return reply(asked.id, 0);
    return reply(asked.id, verdict == Verdict::Unknown ? ENOSYS : EPERM);
}

Violation Supervisor::describe(const Asked& asked, Verdict verdict, bool too_late) {
    return {.abi = asked.abi,
            .number = asked.number,
            .arguments = asked.arguments,
            .text = call_text_of(asked.tid, asked.abi, asked.number, asked.arguments),
            .pid = asked.pid,
            .tid = asked.tid,
            .exe = sys::process_exe(asked.pid),
            .frames = culprits_.frames(asked.tid, asked.instruction),
            .verdict = verdict,
            .too_late = too_late};
}

void Supervisor::learn(const Violation& violation) {
    if (violation.abi == sys::Abi::X32) return;
    const auto found = std::ranges::find_if(profile_.calls, [&](const ProfileCall& each) {
        return each.abi == violation.abi && each.number == violation.number;
    });
    const std::string evidence = "learned: " + to_text(violation.frames);
    if (found != profile_.calls.end()) {
        found->when.clear();
        found->phase = Phase::Both;
        found->seen += 1;
        if (found->evidence.empty()) found->evidence.push_back(evidence);
        return;
    }
    profile_.calls.push_back({.name = sys::call_name(violation.abi, violation.number),
                              .number = violation.number,
                              .abi = violation.abi,
                              .origin = Origin::Observed,
                              .seen = 1,
                              .evidence = {evidence}});
    normalize(profile_);
}

// With 0 the kernel makes the call.
base::Status Supervisor::reply(std::uint64_t id, int error) {
    seccomp_notif_resp response{};
    response.id = id;
    response.error = -error;
    if (error == 0) response.flags = kContinue;
    if (::ioctl(launched_.listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0) return {};
    // A signal broke the call off; where it is made again, it asks again.
    if (errno == ENOENT) return {};
    return base::fail_errno("cannot answer a notification");
}

}  // namespace catena::seccomp
