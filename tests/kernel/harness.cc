#include "harness.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace catena::kernel_test {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

base::Fd checked(int fd, const char* what) {
    if (fd < 0) fail(what);
    return base::Fd(fd);
}

struct Pipe {
    base::Fd read;
    base::Fd write;
};

Pipe make_pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) < 0) fail("pipe2");
    return {base::Fd(fds[0]), base::Fd(fds[1])};
}

std::string contents(int fd) {
    std::string text;
    char buffer[65536];
    for (off_t at = 0;;) {
        const ssize_t bytes = ::pread(fd, buffer, sizeof(buffer), at);
        if (bytes <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(bytes));
        at += bytes;
    }
}

[[noreturn]] void become(const std::vector<std::string>& arguments, const RunOptions& options) {
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) < 0) ::_exit(121);
    if (options.prepare) options.prepare();
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    ::execvp(argv[0], argv.data());
    ::_exit(122);
}

// Makes a descriptor have a number in the program to come. dup2 of a number to itself would leave it to be
// closed by exec.
void put(int fd, int number) {
    if (fd == number) {
        ::fcntl(fd, F_SETFD, 0);
    } else {
        ::dup2(fd, number);
    }
}

}  // namespace

std::string catena_path() {
    const char* given = std::getenv("CATENA");
    return given != nullptr ? given : CATENA_BINARY;
}

std::string program_path(const std::string& name) { return std::string(CATENA_PROGRAMS_DIR) + "/" + name; }

TempDir::TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "catena-kernel-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) fail("mkdtemp");
    ::chmod(name.c_str(), 0755);
    path_ = name;
}

TempDir::~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

Command::Command(const std::vector<std::string>& arguments, const RunOptions& options) {
    Pipe input = make_pipe();
    Pipe ready = make_pipe();
    out_ = checked(::memfd_create("stdout", MFD_CLOEXEC), "memfd_create");
    err_ = checked(::memfd_create("stderr", MFD_CLOEXEC), "memfd_create");
    pid_ = ::fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
        put(input.read.get(), 0);
        put(out_.get(), 1);
        put(err_.get(), 2);
        put(ready.write.get(), kReadyFd);
        become(arguments, options);
    }
    input_ = std::move(input.write);
    ready_ = std::move(ready.read);
}

Command::~Command() {
    if (pid_ < 0) return;
    signal(SIGKILL);
    wait();
}

void Command::signal(int number) const { ::kill(pid_, number); }

bool Command::wait_until_ready() {
    char byte = 0;
    ssize_t bytes = 0;
    do {
        bytes = ::read(ready_.get(), &byte, 1);
    } while (bytes < 0 && errno == EINTR);
    return bytes == 1;
}

bool Command::is_running_after(std::chrono::milliseconds time) const {
    const base::Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
    return ::poll(&ended, 1, static_cast<int>(time.count())) == 0;
}

Outcome Command::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return {.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status),
            .out = contents(out_.get()),
            .err = contents(err_.get())};
}

Echo::Echo() {
    Pipe to = make_pipe();
    Pipe from = make_pipe();
    pid_ = ::fork();
    if (pid_ < 0) fail("fork");
    if (pid_ == 0) {
        to.write.reset();
        char byte = 0;
        while (::read(to.read.get(), &byte, 1) == 1) (void)!::write(from.write.get(), &byte, 1);
        ::_exit(0);
    }
    to_ = std::move(to.write);
    from_ = std::move(from.read);
}

void Echo::ping() {
    char byte = 'x';
    if (::write(to_.get(), &byte, 1) != 1 || ::read(from_.get(), &byte, 1) != 1) {
        throw std::runtime_error("the echo process does not answer");
    }
}

void Echo::end() {
    if (pid_ < 0) return;
    to_.reset();
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
}

Outcome run(const std::vector<std::string>& arguments, const RunOptions& options) {
    Command command(arguments, options);
    command.close_input();
    return command.wait();
}

Outcome catena(std::vector<std::string> arguments, const RunOptions& options) {
    arguments.insert(arguments.begin(), catena_path());
    return run(arguments, options);
}

std::vector<nlohmann::json> events_of(const std::string& trace, const std::string& where) {
    std::vector<std::string> arguments{"events", trace, "--format", "json"};
    if (!where.empty()) arguments.insert(arguments.end(), {"--where", where});
    const Outcome outcome = catena(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    std::vector<nlohmann::json> events;
    std::istringstream lines(outcome.out);
    for (std::string line; std::getline(lines, line);) events.push_back(nlohmann::json::parse(line));
    return events;
}

long calls_of(const std::string& trace, const std::string& where) {
    return std::stol("0" + value_of(trace, "select coalesce(sum(count), 0) from events where " + where));
}

std::string value_of(const std::string& trace, const std::string& sql) {
    const Outcome outcome = catena({"query", trace, "select '<<' || (" + sql + ") || '>>' as value"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const auto begin = outcome.out.find("<<");
    const auto end = outcome.out.find(">>");
    if (begin == std::string::npos || end == std::string::npos) return "";
    return outcome.out.substr(begin + 2, end - begin - 2);
}

Account account_of(const std::string& trace) {
    // The counters only grow, so that the largest of a CPU is its last.
    const std::string cpus =
        "(select cpu, max(seen) as seen, max(stored) as stored, max(merged) as merged, max(filtered) as "
        "filtered, "
        "max(lost) as lost, max(lost_reserved) as reserved, max(lost_share) as share from loss group by cpu)";
    const std::string sum = value_of(trace,
                                     "select concat_ws(' ', sum(seen), sum(stored), sum(merged), "
                                     "sum(filtered), sum(lost), sum(reserved), sum(share)) "
                                     "from " +
                                         cpus);
    Account account;
    std::istringstream(sum) >> account.seen >> account.stored >> account.merged >> account.filtered >>
        account.lost >> account.lost_reserved >> account.lost_share;
    EXPECT_GT(account.seen, 0);
    EXPECT_EQ(
        value_of(trace, "select count(*) from " + cpus + " where seen <> stored + merged + filtered + lost"),
        "0")
        << sum;
    EXPECT_EQ(value_of(trace, "select coalesce((select value from meta where key = 'lost_merged'), '0')"),
              "0");
    EXPECT_EQ(value_of(trace, "select sum(count) from events"),
              std::to_string(account.stored + account.merged))
        << sum;
    return account;
}

void expect_full_account(const std::string& trace) {
    EXPECT_EQ(account_of(trace).lost, 0) << "events were lost";
}

std::string cgroup_root() {
    std::ifstream mounts("/proc/mounts");
    std::string root;
    for (std::string device, where, type, rest;
         mounts >> device >> where >> type && std::getline(mounts, rest);) {
        if (type == "cgroup2") root = where;
    }
    return root;
}

std::string why_not_recordable() {
    if (::geteuid() != 0) return "recording needs root";
    if (::access("/sys/kernel/btf/vmlinux", R_OK) != 0) return "the kernel has no BTF";
    return "";
}

}  // namespace catena::kernel_test
