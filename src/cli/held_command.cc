// (glibc 2.36 declares pidfd_open for C only, hence syscall.) The child waits in a read that ends when we
// close the other end of its pipe: a read of zero bytes, which leaves nothing in the recording.

#include "cli/held_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "sys/process.h"

namespace catena::cli {
namespace {

// Runs in the child.
[[noreturn]] void wait_and_exec(int hold, int report, std::vector<char*>& argv) {
    char nothing = 0;
    (void)!::write(report, &nothing, 1);
    while (::read(hold, &nothing, 1) < 0 && errno == EINTR) {
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::execvp(argv[0], argv.data());
    const int error = errno;
    (void)!::write(report, &error, sizeof(error));
    ::_exit(error == ENOENT ? HeldCommand::kNotFound : HeldCommand::kNotExecutable);
}

// Whether a child that is going to sleep does not do so yet.
bool is_running(pid_t pid) {
    const char state = sys::process_state(pid);
    return state == 'R' || state == 'D';
}

}  // namespace

base::Result<HeldCommand> HeldCommand::create(const std::vector<std::string>& arguments) {
    std::array<int, 2> hold{};
    std::array<int, 2> report{};
    if (::pipe2(hold.data(), O_CLOEXEC) != 0 || ::pipe2(report.data(), O_CLOEXEC) != 0)
        return base::fail_errno("pipe");
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);

    HeldCommand command;
    command.pid_ = ::fork();
    if (command.pid_ < 0) return base::fail_errno("fork");
    if (command.pid_ == 0) {
        ::close(hold[1]);
        wait_and_exec(hold[0], report[1], argv);
    }
    ::close(hold[0]);
    ::close(report[1]);
    command.hold_.reset(hold[1]);
    command.exec_failed_.reset(report[0]);
    command.pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, command.pid_, 0)));
    if (!command.pidfd_) return base::fail_errno("pidfd_open");
    char nothing = 0;
    while (::read(command.exec_failed_.get(), &nothing, 1) < 0 && errno == EINTR) {
    }
    // Its write may not have returned yet, and would be recorded. From here on the child does nothing but
    // wait.
    while (is_running(command.pid_)) ::usleep(100);
    return command;
}

base::Status HeldCommand::release() {
    hold_.reset();
    int error = 0;
    ssize_t got = 0;
    do got = ::read(exec_failed_.get(), &error, sizeof(error));
    while (got < 0 && errno == EINTR);
    if (got == sizeof(error)) return base::fail_errno("exec", error);
    return {};
}

void HeldCommand::cancel() {
    send_signal(SIGKILL);
    int status = 0;
    while (!exit_code_ && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
}

void HeldCommand::send_signal(int signal) const {
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

std::optional<int> HeldCommand::reap() {
    int status = 0;
    if (!exit_code_ && ::waitpid(pid_, &status, WNOHANG) == pid_) {
        exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return exit_code_;
}

}  // namespace catena::cli
