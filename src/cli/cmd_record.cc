// catena record: records a command, a process, a cgroup, a unit or the host.

#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/command_line.h"
#include "cli/duration.h"
#include "cli/held_command.h"
#include "cli/leave_files.h"
#include "cli/progress.h"
#include "cli/progress_line.h"
#include "cli/recorder.h"
#include "cli/watched_functions.h"
#include "event/escape.h"
#include "sensor/sensor.h"
#include "store/store.h"
#include "sys/cgroup.h"
#include "sys/program_path.h"

namespace catena::cli {
namespace {

using Clock = std::chrono::steady_clock;

// What is larger is not kept for later by the allocator.
constexpr int kLargeBytes = 256 << 10;
// Each call of full fidelity is a record: what a busy program does in a second has to wait somewhere.
constexpr std::uint64_t kCausalRingMib = 16;
constexpr std::uint64_t kFullRingMib = 256;
constexpr std::uint64_t kTellBehindMib = 16;     // of what is stored after the end: a second or so
constexpr std::chrono::milliseconds kLook{100};  // for signals, while there is nothing else to do
// How long an interrupted command may take to end before recording stops without it.
constexpr std::chrono::seconds kGrace{3};

struct RecordOptions {
    bool host = false;
    std::int32_t pid = 0;
    std::string cgroup;
    std::string unit;
    std::string output = "trace.catena";
    std::string duration;
    std::string fidelity = "causal";
    int ready_fd = -1;
    std::uint64_t ring_mib = 0;  // 0: what suits the fidelity
    std::uint64_t backlog_mib = 1024;
    FunctionOptions functions;
    std::vector<std::string> command;

    [[nodiscard]] int targets() const {
        return int{host} + int{pid != 0} + int{!cgroup.empty()} + int{!unit.empty()} + int{!command.empty()};
    }
};

// One run of `catena record`, from options to exit code.
class Session {
  public:
    explicit Session(RecordOptions options) : options_(std::move(options)) {}

    int run();

  private:
    base::Result<sensor::Options> sensor_options() const;
    base::Status prepare();
    base::Status begin();
    base::Status place_probes();
    base::Status record();
    base::Status wait_for_snapshot();
    void wait_for_probes();
    int begin_and_finish();
    void on_signal();
    [[nodiscard]] bool over() const;
    int finish(base::Status recorded);
    int tell_start_failure(int verdict) const;
    int wait_for_command();

    RecordOptions options_;
    std::optional<std::chrono::nanoseconds> duration_;
    std::optional<HeldCommand> command_;
    std::unique_ptr<Recorder> recorder_;
    WatchedFunctions functions_;
    base::Fd signals_;
    base::Fd epoll_;
    std::unique_ptr<Progress> progress_;
    Clock::time_point began_;
    int signals_seen_ = 0;
    int exec_verdict_ = 0;  // exit code for a command that could not be started, 0 while it could
    std::optional<Clock::time_point> give_up_;
};

base::Result<sensor::Options> Session::sensor_options() const {
    sensor::Options result;
    const bool full = options_.fidelity == "full";
    if (full) result.fidelity = sensor::Fidelity::Full;
    result.functions = options_.functions.sensor_mode();
    const bool calls = result.functions == sensor::FunctionsMode::Events;
    result.ring_bytes = (options_.ring_mib != 0 ? options_.ring_mib
                         : full || calls        ? kFullRingMib
                                                : kCausalRingMib)
                        << 20;
    result.backlog_bytes = options_.backlog_mib << 20;
    if (const auto folder = std::filesystem::path(options_.output).parent_path(); !folder.empty())
        result.backlog_folder = folder.string();
    if (options_.host) result.scope = sensor::Scope::Host;
    if (!options_.cgroup.empty() || !options_.unit.empty()) {
        auto found =
            options_.unit.empty() ? sys::find_cgroup(options_.cgroup) : sys::find_unit(options_.unit);
        if (!found) return std::unexpected(found.error());
        result.scope = sensor::Scope::Cgroup;
        result.cgroup = *found;
    }
    return result;
}

// Everything up to where recording could begin.
base::Status Session::prepare() {
    if (!options_.duration.empty()) {
        auto parsed = parse_duration(options_.duration);
        if (!parsed) return std::unexpected(parsed.error());
        duration_ = *parsed;
    }
    auto sensor_options = this->sensor_options();
    if (!sensor_options) return std::unexpected(sensor_options.error());
    if (options_.pid != 0 && ::kill(options_.pid, 0) != 0 && errno == ESRCH) {
        return base::fail(base::ErrorCode::NotFound,
                          fmt::format("there is no process {}: it may have ended", options_.pid));
    }
    auto functions = WatchedFunctions::find(options_.functions, options_.command, options_.pid);
    if (!functions) return std::unexpected(functions.error());
    functions_ = *std::move(functions);
    sensor_options->uprobes = functions_.way();
    // Blocked before any thread starts; the command unblocks them for itself.
    sigset_t handled;
    sigemptyset(&handled);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&handled, signal);
    ::sigprocmask(SIG_BLOCK, &handled, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    signals_.reset(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));

    auto sensor = sensor::Sensor::create(*sensor_options);
    if (!sensor) return std::unexpected(sensor.error());
    auto writer = store::create_recording(options_.output);
    if (!writer) return std::unexpected(writer.error());
    // Forked before the recorder starts its threads.
    if (!options_.command.empty()) {
        auto held = HeldCommand::create(options_.command);
        if (!held) return std::unexpected(held.error());
        command_.emplace(std::move(*held));
    }
    recorder_ = std::make_unique<Recorder>(std::move(*sensor), std::move(*writer));
    return {};
}

base::Status Session::begin() {
    sensor::Sensor& sensor = recorder_->sensor();
    if (command_) {
        if (auto tracked = sensor.track(command_->pidfd()); !tracked) return tracked;
    }
    if (options_.pid != 0) {
        if (auto tracked = sensor.track_tree(options_.pid); !tracked) return tracked;
    }
    if (auto placed = place_probes(); !placed) return placed;
    sensor.start_snapshot();

    epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
    for (const int fd : {sensor.wait_fd(), signals_.get()}) {
        epoll_event wanted{.events = EPOLLIN, .data = {.fd = fd}};
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &wanted) != 0) return base::fail_errno("epoll_ctl");
    }
    if (command_) {
        // Told once: descendants may outlive the command.
        epoll_event ended{.events = EPOLLIN | EPOLLET, .data = {.fd = command_->pidfd()}};
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, command_->pidfd(), &ended) != 0)
            return base::fail_errno("epoll_ctl");
    }
    if (auto named = wait_for_snapshot(); !named) return named;
    began_ = Clock::now();
    if (command_) {
        if (auto released = command_->release(); !released) {
            exec_verdict_ =
                released.error().errno_value == ENOENT ? HeldCommand::kNotFound : HeldCommand::kNotExecutable;
            return released;
        }
    }
    if (options_.ready_fd >= 0) {
        (void)!::write(options_.ready_fd, "\n", 1);
        ::close(options_.ready_fd);
    }
    return {};
}

// Where probes are placed one by one that takes a while: what happens meanwhile is stored, and a signal ends
// it.
base::Status Session::place_probes() {
    ProgressLine line(Clock::now());
    Clock::time_point pumped = Clock::now();
    base::Status storing;
    const auto placed = [&](std::size_t done, std::size_t all) {
        if (line.is_due()) line.draw(fmt::format("placing probes: {} of {}", done, all));
        if (Clock::now() - pumped > recorder_->rest()) {
            storing = recorder_->pump();
            pumped = Clock::now();
        }
        on_signal();
        return signals_seen_ == 0 && storing;
    };
    const base::Status watched = functions_.attach(*recorder_, placed);
    if (!storing) return storing;
    if (watched || signals_seen_ == 0) return watched;
    return base::fail(base::ErrorCode::System, "stopped while probes were placed: nothing was started");
}

// Before the command starts, all that was there before should have its name.
base::Status Session::wait_for_snapshot() {
    std::array<epoll_event, 4> events{};
    while (!recorder_->sensor().snapshot_done()) {
        ::epoll_wait(epoll_.get(), events.data(), events.size(), 1);
        if (auto pumped = recorder_->pump(); !pumped) return pumped;
    }
    return recorder_->pump();
}

// The first signal asks the command to end as it asks us; the second one stops recording whatever the command
// does.
void Session::on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
        ++signals_seen_;
        if (!command_ || command_->reap()) continue;
        // What the terminal sends has reached the command too.
        if (info.ssi_code != SI_KERNEL) command_->send_signal(static_cast<int>(info.ssi_signo));
        if (!give_up_) give_up_ = Clock::now() + kGrace;
    }
}

bool Session::over() const {
    if (signals_seen_ > 0 && (!command_ || signals_seen_ > 1)) return true;
    if (give_up_ && Clock::now() >= *give_up_) return true;
    if (duration_ && Clock::now() - began_ >= *duration_) return true;
    const bool tree = !options_.host && options_.cgroup.empty() && options_.unit.empty();
    return tree && recorder_->progress().live_processes <= 0;
}

base::Status Session::record() {
    progress_ = std::make_unique<Progress>(began_);
    recorder_->give_way();
    std::array<epoll_event, 4> events{};
    while (!over()) {
        ::epoll_wait(epoll_.get(), events.data(), events.size(), static_cast<int>(recorder_->rest().count()));
        on_signal();
        if (command_) command_->reap();
        if (auto pumped = recorder_->pump(); !pumped) return pumped;
        progress_->show(recorder_->progress());
    }
    return {};
}

int Session::wait_for_command() {
    std::optional<int> code = command_->reap();
    if (code || duration_ || signals_seen_ > 0) return code.value_or(kDone);
    std::array<epoll_event, 1> ended{};
    epoll_event wanted{.events = EPOLLIN, .data = {.fd = command_->pidfd()}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, command_->pidfd(), &wanted);
    while (!(code = command_->reap())) ::epoll_wait(epoll_.get(), ended.data(), ended.size(), -1);
    return *code;
}

int Session::finish(base::Status recorded) {
    progress_.reset();
    if (const std::uint64_t behind = recorder_->progress().backlog_bytes >> 20U; behind > kTellBehindMib)
        fmt::print(stderr, "catena: storing {} MiB that had to wait\n", behind);
    std::map<std::string, std::string> meta;
    std::string line;
    for (const std::string& argument : options_.command) line += (line.empty() ? "" : " ") + argument;
    meta["command"] = event::escape(line);
    const auto troubles = recorder_->sensor().troubles();
    meta["lost_descriptions"] = fmt::format("{}", troubles.lost_descriptions);
    meta["lost_merged"] = fmt::format("{}", troubles.lost_merged);
    meta["malformed_records"] = fmt::format("{}", troubles.malformed);
    meta["snapshot"] = troubles.snapshot_failed ? "failed" : "complete";
    meta["forgotten_names"] = fmt::format("{}", troubles.forgotten);
    if (auto closed = recorder_->finish(std::move(meta)); !closed && recorded) recorded = closed;
    if (!recorded) {
        std::string kept = fmt::format("recording to {} stopped; what was stored until then is in it",
                                       event::escape_for_terminal(options_.output));
        if (const std::uint64_t missing = recorder_->missing(); missing > 0)
            kept += fmt::format(", though perhaps none of {} calls that were seen since", missing);
        const int code = report(std::move(recorded.error()).with_context(kept));
        if (command_ && !give_up_) wait_for_command();
        return code;
    }
    Progress::summarise(recorder_->progress(), options_.output);
    return command_ ? wait_for_command() : kDone;
}

int Session::tell_start_failure(int verdict) const {
    fmt::print(stderr, "catena: {}: {}\n", event::escape_for_terminal(options_.command.front()),
               verdict == HeldCommand::kNotFound
                   ? "command not found: check its name, or give its path"
                   : "is not executable: check its permissions and that it is a program");
    return verdict;
}

// Where taking probes away takes the kernel long, the recording is stored by then. Who does not want to wait
// leaves that to the kernel.
void Session::wait_for_probes() {
    ProgressLine line(Clock::now());
    const int signals_before = signals_seen_;
    while (const std::size_t left = recorder_->sensor().wait_for_probes(kLook)) {
        if (line.is_due()) line.draw(fmt::format("taking probes away: {} left", left));
        on_signal();
        if (signals_seen_ == signals_before) continue;
        fmt::print(stderr, "catena: {} probes, which do nothing any more, are left to a process behind it\n",
                   left);
        return leave_files_to_child();
    }
}

int Session::run() {
    // What a batch held goes back to the system at once, and threads share what is free: a recorder is to
    // stay small.
    ::mallopt(M_MMAP_THRESHOLD, kLargeBytes);
    ::mallopt(M_ARENA_MAX, 2);
    if (!options_.command.empty()) {
        if (const auto program = sys::find_program(options_.command.front()); !program) {
            return tell_start_failure(program.error().code == base::ErrorCode::NotFound
                                          ? HeldCommand::kNotFound
                                          : HeldCommand::kNotExecutable);
        }
    }
    if (auto prepared = prepare(); !prepared) return report(prepared.error());
    const int code = begin_and_finish();
    wait_for_probes();
    return code;
}

int Session::begin_and_finish() {
    if (auto begun = begin(); !begun) {
        if (command_) command_->cancel();
        // The recording stays, empty but complete; why nothing began is what counts.
        const base::Status closed = recorder_->finish({});
        if (exec_verdict_ != 0) return tell_start_failure(exec_verdict_);
        if (!closed) report(closed.error());
        return report(begun.error());
    }
    return finish(record());
}

void add_function_options(CLI::App& record, FunctionOptions& options) {
    record
        .add_option("--functions", options.patterns,
                    "Record calls of functions: exe:GLOB of the executable, lib:NAME:GLOB of libraries, or "
                    "PATH:GLOB; can "
                    "be given several times")
        ->option_text("BINARY:GLOB")
        ->allow_extra_args(false);
    record
        .add_option("--functions-mode", options.mode,
                    "events: each call; count: how often each, by caller; once: which are called at all")
        ->option_text("events|count|once")
        ->capture_default_str()
        ->check(CLI::IsMember({"events", "count", "once"}));
    record.add_flag("--exits", options.exits,
                    "Record when functions return, too, where a probe there is safe: durations");
    record.add_flag("--allow-single-step", options.allow_single_step,
                    "Watch functions too where each call costs microseconds");
    record.add_flag("--list-unwatched", options.list_unwatched,
                    "Name the functions that are not watched, and why");
}

void add_buffer_options(CLI::App& record, RecordOptions& options) {
    record
        .add_option(
            "--ring-mib", options.ring_mib,
            "Size of the kernel's ring buffer in MiB, a power of two (default 16, with full fidelity 256)")
        ->option_text("MIB")
        ->check(CLI::IsMember({1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}));
    record
        .add_option(
            "--backlog-mib", options.backlog_mib,
            "How much may wait on disk, beside the recording, while the machine is too busy to store it "
            "(default 1024; 0: nothing)")
        ->option_text("MIB")
        ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 20U));
}

}  // namespace

void add_record(CLI::App& app, int& exit_code) {
    auto options = std::make_shared<RecordOptions>();
    CLI::App* record =
        app.add_subcommand("record", "Record what a command, a process, a cgroup, a unit or the host does");
    record->footer(
        "Examples:\n"
        "  catena record -o t.catena -- sh -c 'cat /etc/hostname | tr a-z A-Z'\n"
        "  catena record --pid 1234 --duration 10s\n"
        "  catena record --unit nginx -o nginx.catena\n"
        "  catena record --host --duration 1m\n"
        "  catena record --functions 'exe:*' -- ./server\n"
        "  catena record --pid 1234 --functions 'lib:libssl*:SSL_*' --functions-mode count\n"
        "\nA command and a process are recorded with all their descendants, until the last of them has "
        "ended.\n"
        "The exit code is the command's own (128 + signal if it was killed), or 127 if it was not found, 126 "
        "if it could\n"
        "not be executed. SIGINT and SIGTERM go to the command too; the second one stops recording at once.");
    record->add_flag("--host", options->host, "Record the whole host, except catena itself");
    record->add_option("--pid", options->pid, "Record a running process and its descendants")
        ->check(is_positive);
    record->add_option("--cgroup", options->cgroup, "Record a cgroup (v2): a path below its tree");
    record->add_option("--unit", options->unit, "Record a systemd unit, by name (.service may be left out)");
    record
        ->add_option("-o,--output", options->output, "The recording to write; one that is there is replaced")
        ->capture_default_str();
    record
        ->add_option(
            "--fidelity", options->fidelity,
            "causal: edges, repetitions merged in the kernel; full: each edge by itself, and each system "
            "call with its registers, times and the memory that its arguments point to, but not the data "
            "read and written")
        ->option_text("causal|full")
        ->capture_default_str()
        ->check(CLI::IsMember({"causal", "full"}));
    add_function_options(*record, options->functions);
    record->add_option("--duration", options->duration,
                       "Stop after so long: 500ms, 10s, 5m, 1h (a command goes on)");
    record->add_option("--ready-fd", options->ready_fd,
                       "Write a newline to this descriptor once recording has begun");
    add_buffer_options(*record, *options);
    record->add_option("command", options->command, "The command and its arguments, behind --")
        ->option_text("-- COMMAND ARG...");
    record->positionals_at_end();
    record->callback([options, &exit_code] {
        if (options->targets() != 1) {
            exit_code =
                report({base::ErrorCode::Usage, 0,
                        options->targets() == 0
                            ? "nothing to record: give a command behind --, or one of --pid, --cgroup, "
                              "--unit, --host"
                            : "record takes one of: a command behind --, --pid, --cgroup, --unit, --host"});
            return;
        }
        exit_code = Session(*options).run();
    });
}

}  // namespace catena::cli
