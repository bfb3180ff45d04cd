#include "sensor/sensor.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <span>
#include <thread>

#include "base/fd.h"
#include "catena.skel.h"
#include "sensor/backlog.h"
#include "sensor/capture_table.h"
#include "sensor/decoder.h"
#include "sensor/function_probes.h"
#include "sensor/optional_programs.h"
#include "sensor/path_hooks.h"
#include "sensor/ring.h"
#include "sensor/syscall_tables.h"
#include "sys/process.h"

namespace catena::sensor {
namespace {

constexpr int kRecordsAPoll = 1024;  // of up to eight events each: what batches hold is most of our memory
constexpr std::size_t kFunctionCallsAPoll = 65'536;
constexpr double kMakeRoomFrom = 0.5;  // of the ring
constexpr int kCollectsToForget = 40;  // ten seconds of work
const char* const kBtf = "/sys/kernel/btf/vmlinux";

struct SkeletonDeleter {
    void operator()(catena_bpf* skeleton) const { catena_bpf::destroy(skeleton); }
};
using Skeleton = std::unique_ptr<catena_bpf, SkeletonDeleter>;

// libbpf's last warning, for error messages; libbpf prints through one process-wide function.
std::string& last_warning() {
    static thread_local std::string text;
    return text;
}

int keep_warning(enum libbpf_print_level level, const char* format, va_list arguments) {
    if (level != LIBBPF_WARN) return 0;
    std::array<char, 512> line{};
    std::vsnprintf(line.data(), line.size(), format, arguments);
    std::string text = line.data();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    // The first warning says most; those behind it say that loading failed.
    if (last_warning().empty()) last_warning() = text;
    return 0;
}

std::int64_t clock_ns(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// What to add to boot time for time since 1970: the tightest of several readings.
std::int64_t boot_to_real_ns() {
    std::int64_t best_width = INT64_MAX;
    std::int64_t offset = 0;
    for (int i = 0; i < 16; ++i) {
        const std::int64_t before = clock_ns(CLOCK_BOOTTIME);
        const std::int64_t real = clock_ns(CLOCK_REALTIME);
        const std::int64_t after = clock_ns(CLOCK_BOOTTIME);
        if (after - before < best_width) {
            best_width = after - before;
            offset = real - (before + (after - before) / 2);
        }
    }
    return offset;
}

// Between two ticks of the kernel, by which it moves its coarse clocks.
std::uint64_t tick_ns() {
    timespec tick{};
    ::clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    return static_cast<std::uint64_t>(tick.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(tick.tv_nsec);
}

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

// Runs a BPF iterator to its end. It has no output of its own: what it finds goes into the ring buffer.
base::Status run_iterator(const bpf_program* program) {
    bpf_link* link = bpf_program__attach_iter(program, nullptr);
    if (!link) return base::fail_errno(fmt::format("attaching iterator {}", bpf_program__name(program)));
    const base::Fd iterator(bpf_iter_create(bpf_link__fd(link)));
    std::array<char, 4096> nothing{};
    ssize_t got = iterator ? 1 : -1;
    while (got > 0 || (got < 0 && errno == EINTR))
        got = ::read(iterator.get(), nothing.data(), nothing.size());
    const int error = errno;
    bpf_link__destroy(link);
    if (got < 0)
        return base::fail_errno(fmt::format("running iterator {}", bpf_program__name(program)), error);
    return {};
}

class BpfSensor final : public Sensor {
  public:
    explicit BpfSensor(const Options& options)
        : scope_(options.scope),
          fidelity_(options.fidelity),
          boot_to_real_(boot_to_real_ns()),
          decoder_(boot_to_real_),
          backlog_(options.backlog_folder, options.backlog_bytes) {}

    base::Status start(const Options& options);

    base::Status track(int pidfd) override;
    base::Status track_tree(std::int32_t pid) override;
    base::Result<std::vector<RefusedProbe>> watch_functions(std::span<const FunctionProbe> probes,
                                                            const Placed& placed) override {
        return functions_.attach(probes, placed);
    }
    base::Status drop_called_functions() override {
        return functions_.mode() == FunctionsMode::Once ? functions_.drop_hit() : base::Status();
    }
    base::Result<std::vector<event::FunctionCount>> function_counts() override { return functions_.counts(); }
    void start_snapshot() override;
    [[nodiscard]] bool snapshot_done() const override { return snapshot_done_; }
    [[nodiscard]] int wait_fd() const override { return bpf_map__fd(skeleton_->maps.cat_ring); }
    bool poll(event::Batch& out) override;
    base::Status collect_waiting() override;
    [[nodiscard]] double fill() const override { return ring_.fill(); }
    void make_room() override;
    [[nodiscard]] base::Result<std::uint64_t> backlog_bytes() override;
    void stop() override;
    std::size_t wait_for_probes(std::chrono::milliseconds at_most) override {
        return functions_.wait(at_most);
    }
    std::vector<event::Accounting> accounting() override;
    Progress progress() override;
    Troubles troubles() override;
    std::map<std::string, std::string> description() override;

  private:
    bool load(const Options& options, bool with_optional);
    base::Status load_best(const Options& options);
    void drained(std::size_t bytes);
    bool take(std::span<const std::byte> record, event::Batch& out);
    std::vector<cat_counters> counters();
    void share_told(const std::vector<cat_counters>& kernel);

    Scope scope_;
    Fidelity fidelity_;
    std::int64_t boot_to_real_;
    Decoder decoder_;
    bool stopped_ = false;
    std::vector<std::uint64_t> told_;  // merged calls that rows speak of, by CPU
    Skeleton skeleton_;
    FunctionProbes functions_;
    Ring ring_;
    std::mutex taking_;  // guards the reading of ring_, backlog_, and drained_bytes_
    Backlog backlog_;
    std::size_t cpus_ = 0;
    base::Status path_hooks_;           // why paths are read from programs' memory, where they are
    std::vector<std::string> without_;  // optional programs that this kernel refused
    int taken_ = 0;                     // records and calls in this poll
    std::uint64_t quarter_bytes_ = 0;   // of the ring
    int collected_ = 0;
    std::uint64_t drained_bytes_ = 0;  // since the kernel was last told
    std::atomic<bool> snapshot_done_ = false;
    std::atomic<bool> snapshot_failed_ = false;
    std::jthread snapshot_;  // last: joined before what it uses goes away
};

// Opens, sets up and loads the programs, the hooks on paths only where path_hooks_ says that they work; false
// with errno where the kernel refuses.
bool BpfSensor::load(const Options& options, bool with_optional) {
    last_warning().clear();
    skeleton_.reset(catena_bpf::open());
    if (!skeleton_) return false;
    fit_io_uring(*skeleton_);
    without_.clear();
    if (!with_optional) without_ = without_optional(*skeleton_);
    skeleton_->rodata->cat_scope = static_cast<std::uint32_t>(options.scope);
    skeleton_->rodata->cat_fidelity = static_cast<std::uint32_t>(options.fidelity);
    skeleton_->rodata->cat_cgroup_id = options.cgroup.id;
    skeleton_->rodata->cat_cgroup_level = options.cgroup.level;
    skeleton_->rodata->cat_wakeup_bytes = options.ring_bytes / 16;
    skeleton_->rodata->cat_ring_bytes = options.ring_bytes;
    skeleton_->rodata->cat_tick_ns = tick_ns();
    quarter_bytes_ = options.ring_bytes / 4;
    fill_tables(*skeleton_);
    if (options.fidelity == Fidelity::Full) fill_captures(skeleton_->rodata->cat_captures);
    skeleton_->rodata->cat_hooked = path_hooks_.has_value();
    choose_path_hooks(*skeleton_, path_hooks_.has_value());
    for (bpf_program* program : {skeleton_->progs.cat_mark_tasks, skeleton_->progs.cat_describe_tasks,
                                 skeleton_->progs.cat_describe_files, skeleton_->progs.cat_tell_tasks,
                                 skeleton_->progs.cat_flush_tasks}) {
        bpf_program__set_autoattach(program, false);
    }
    // Half of what system calls cost is being met at their entry, and no edge needs it. Which function execs
    // is only known there.
    const bool contexts = tells_contexts(options.functions);
    skeleton_->rodata->cat_contexts = contexts;
    bpf_program__set_autoload(skeleton_->progs.cat_sys_enter, options.fidelity == Fidelity::Full || contexts);
    bpf_program__set_autoload(skeleton_->progs.cat_flush_tasks, options.fidelity == Fidelity::Full);
    choose_function_programs(*skeleton_, options.functions, options.uprobes);
    bpf_map__set_max_entries(skeleton_->maps.cat_ring, static_cast<std::uint32_t>(options.ring_bytes));
    return catena_bpf::load(skeleton_.get()) == 0;
}

// Loads all that the kernel takes: without what is only useful, or without the hooks on paths, where it must
// be.
base::Status BpfSensor::load_best(const Options& options) {
    path_hooks_ = try_path_hooks();
    if (load(options, true) || load(options, false)) return {};
    const auto failure = [] {
        auto failed = base::fail_errno("the kernel refused a program", errno);
        failed.error().message += fmt::format(" ({}): catena doctor shows what works here", last_warning());
        return failed;
    };
    if (!path_hooks_) return failure();
    path_hooks_ = failure();
    if (load(options, true) || load(options, false)) return {};
    return failure();
}

base::Status BpfSensor::start(const Options& options) {
    libbpf_set_print(keep_warning);
    if (auto loaded = load_best(options); !loaded) return loaded;
    bpf_test_run_opts run{};
    run.sz = sizeof(run);
    if (bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.cat_introduce), &run) != 0) {
        return base::fail_errno("introducing the recorder to the kernel");
    }
    const bpf_map* ring = skeleton_->maps.cat_ring;
    if (auto mapped = ring_.map(bpf_map__fd(ring), bpf_map__max_entries(ring)); !mapped) return mapped;
    cpus_ = static_cast<std::size_t>(libbpf_num_possible_cpus());
    if (auto prepared = functions_.prepare(*skeleton_, options.functions, options.uprobes); !prepared)
        return prepared;
    if (catena_bpf::attach(skeleton_.get()) != 0) return base::fail_errno("attaching the kernel programs");
    if (path_hooks_) path_hooks_ = attach_path_hooks(*skeleton_);
    return {};
}

base::Status BpfSensor::track(int pidfd) {
    cat_task task{};
    task.tracked = 1;
    __sync_fetch_and_add(&skeleton_->bss->cat_live, 1);
    const int map = bpf_map__fd(skeleton_->maps.cat_tasks);
    if (bpf_map_update_elem(map, &pidfd, &task, BPF_ANY) != 0) return base::fail_errno("marking the command");
    return {};
}

base::Status BpfSensor::track_tree(std::int32_t pid) {
    std::vector<std::int32_t> known;
    // What is marked marks its children itself; look again until no process slipped through before it was
    // marked.
    for (;;) {
        auto tree = sys::process_tree(pid);
        if (!tree) return known.empty() ? base::Status(std::unexpected(tree.error())) : base::Status{};
        std::erase(*tree, static_cast<std::int32_t>(::getpid()));
        std::ranges::sort(*tree);
        if (std::ranges::includes(known, *tree)) return {};
        for (const std::int32_t each : *tree) {
            const auto key = static_cast<std::uint32_t>(each);
            const std::uint32_t value = 1;
            if (bpf_map_update_elem(bpf_map__fd(skeleton_->maps.cat_roots), &key, &value, BPF_ANY) != 0) {
                return base::fail_errno(fmt::format("marking process {}", each));
            }
        }
        known = std::move(*tree);
        if (auto marked = run_iterator(skeleton_->progs.cat_mark_tasks); !marked) return marked;
    }
}

void BpfSensor::start_snapshot() {
    snapshot_ = std::jthread([this] {
        // Names for what was there before are a help, not a condition: where an iterator fails, placeholders
        // name it.
        const bool tasks = run_iterator(skeleton_->progs.cat_describe_tasks).has_value();
        const bool files = run_iterator(skeleton_->progs.cat_describe_files).has_value();
        snapshot_failed_ = !tasks || !files;
        snapshot_done_ = true;
    });
}

// False when there are enough for one batch.
bool BpfSensor::take(std::span<const std::byte> record, event::Batch& out) {
    const std::size_t calls = out.calls.size();
    decoder_.decode(record, out);
    taken_ += static_cast<int>(out.calls.size() - calls);
    if (out.function_calls.size() + out.function_returns.size() >= kFunctionCallsAPoll)
        taken_ = kRecordsAPoll;
    return ++taken_ < kRecordsAPoll;
}

// Lets the kernel know, now and then, that there is room again (cat_has_share).
void BpfSensor::drained(std::size_t bytes) {
    drained_bytes_ += bytes;
    if (drained_bytes_ < quarter_bytes_) return;
    drained_bytes_ = 0;
    ++skeleton_->bss->cat_drained;
}

bool BpfSensor::poll(event::Batch& out) {
    taken_ = 0;
    skeleton_->bss->cat_wakeup_pending = 0;
    const auto from_backlog = [&](std::span<const std::byte> record) { return take(record, out); };
    const auto from_ring = [&](std::span<const std::byte> record) {
        drained(record.size());
        return take(record, out);
    };
    const bool more = [&] {
        const std::lock_guard lock(taking_);
        return backlog_.consume(from_backlog) || ring_.consume(from_ring);
    }();
    functions_.take_contexts(out);
    return more;
}

void BpfSensor::make_room() {
    if (ring_.fill() < kMakeRoomFrom) return;
    const std::lock_guard lock(taking_);
    if (!backlog_.has_room()) return;
    // As much as there was, and not what comes meanwhile: a reader waits.
    std::uint64_t left = 4 * quarter_bytes_;
    ring_.consume([&](std::span<const std::byte> record) {
        drained(record.size());
        backlog_.put(record);
        left -= std::min<std::uint64_t>(left, record.size());
        return left > 0 && backlog_.has_room();
    });
}

base::Result<std::uint64_t> BpfSensor::backlog_bytes() {
    const std::lock_guard lock(taking_);
    if (!backlog_.status()) return std::unexpected(backlog_.status().error());
    return backlog_.bytes();
}

base::Status BpfSensor::collect_waiting() {
    if (functions_.mode() == FunctionsMode::Events) {
        if (auto flushed = run_iterator(skeleton_->progs.cat_flush_functions); !flushed) return flushed;
    }
    if (fidelity_ == Fidelity::Full) return run_iterator(skeleton_->progs.cat_flush_tasks);
    // Who has bumped a version word is forgotten now and then, when no sum depends on it any more: else in
    // the end everybody would have.
    auto& shared = *skeleton_->bss;
    const bool forgets = ++collected_ % kCollectsToForget == 0;
    if (forgets) shared.cat_exact = 1;
    auto told = run_iterator(skeleton_->progs.cat_tell_tasks);
    if (told && forgets) std::memset(shared.cat_bumpers, 0, sizeof(shared.cat_bumpers));
    shared.cat_exact = 0;
    return told;
}

void BpfSensor::stop() {
    if (snapshot_.joinable()) snapshot_.join();
    catena_bpf::detach(skeleton_.get());
    functions_.detach();
    stopped_ = true;
    skeleton_->bss->cat_stopping = 1;
}

std::vector<cat_counters> BpfSensor::counters() {
    std::vector<cat_counters> rows(cpus_);
    const std::uint32_t key = 0;
    bpf_map_lookup_elem(bpf_map__fd(skeleton_->maps.cat_counts), &key, rows.data());
    for (cat_counters& row : rows) {
        row.emitted -= row.dropped;
        row.lost[CAT_LOST_FULL] += row.dropped;
    }
    return rows;
}

// Rows that sum up merged calls do not say on which CPU each was seen. As many as were told are taken from
// the CPUs one after the other, so that what is said of a CPU only grows, and in the end is what it has
// counted.
void BpfSensor::share_told(const std::vector<cat_counters>& kernel) {
    told_.resize(kernel.size());
    std::uint64_t left = decoder_.merged();
    for (const cat_counters& counted : kernel) left += counted.lost_merged;
    for (const std::uint64_t told : told_) left -= std::min(left, told);
    for (std::size_t cpu = 0; cpu < kernel.size(); ++cpu) {
        const std::uint64_t more =
            std::min(left, kernel[cpu].merged - std::min(kernel[cpu].merged, told_[cpu]));
        told_[cpu] += more;
        left -= more;
    }
}

std::vector<event::Accounting> BpfSensor::accounting() {
    const std::vector<cat_counters> kernel = counters();
    share_told(kernel);
    std::vector<event::Accounting> rows;
    for (std::size_t cpu = 0; cpu < kernel.size(); ++cpu) {
        event::Accounting row;
        row.ts_ns = clock_ns(CLOCK_BOOTTIME) + boot_to_real_;
        row.cpu = static_cast<std::int32_t>(cpu);
        row.stored = decoder_.stored(cpu);
        row.merged = told_[cpu];
        row.filtered = kernel[cpu].filtered;
        row.lost_reserved = kernel[cpu].lost[CAT_LOST_RESERVED];
        row.lost_share = kernel[cpu].lost[CAT_LOST_SHARE];
        row.lost = kernel[cpu].lost[CAT_LOST_FULL] + row.lost_reserved + row.lost_share;
        row.calls = kernel[cpu].calls;
        row.lost_calls = kernel[cpu].lost_calls;
        row.function_calls = kernel[cpu].function_calls;
        row.lost_function_calls = kernel[cpu].lost_function_calls;
        // What is still in the ring buffer, or merged and not told, counts as not seen yet: no row speaks of
        // it. Nor is a call known whose end is being met while we look. At the end there is none of these.
        row.seen = stopped_ ? kernel[cpu].seen : row.stored + row.merged + row.filtered + row.lost;
        rows.push_back(row);
    }
    return rows;
}

Progress BpfSensor::progress() {
    Progress sum;
    sum.waits_uncounted = fidelity_ == Fidelity::Full || functions_.mode() == FunctionsMode::Events;
    const std::vector<cat_counters> kernel = counters();
    for (std::size_t cpu = 0; cpu < kernel.size(); ++cpu) {
        sum.seen += kernel[cpu].seen;
        sum.filtered += kernel[cpu].filtered;
        sum.merged += kernel[cpu].merged;
        for (const std::uint64_t lost : kernel[cpu].lost) sum.lost += lost;
        sum.stored += decoder_.stored(cpu);
        sum.calls += kernel[cpu].calls;
        sum.lost_calls += kernel[cpu].lost_calls;
        sum.function_calls += kernel[cpu].function_calls;
        sum.lost_function_calls += kernel[cpu].lost_function_calls;
    }
    sum.backlog_bytes = backlog_bytes().value_or(0);
    sum.live_processes = __sync_fetch_and_add(&skeleton_->bss->cat_live, 0);
    return sum;
}

Sensor::Troubles BpfSensor::troubles() {
    Troubles found;
    for (const cat_counters& row : counters()) {
        found.lost_descriptions += row.lost_descriptions;
        found.lost_merged += row.lost_merged;
    }
    found.malformed = decoder_.malformed();
    found.forgotten = decoder_.forgotten();
    found.snapshot_failed = snapshot_failed_;
    return found;
}

std::map<std::string, std::string> BpfSensor::description() {
    utsname host{};
    ::uname(&host);
    return {
        {"host", host.nodename},
        {"kernel", fmt::format("{} {}", host.sysname, host.release)},
        {"machine", host.machine},
        {"boot_id", first_line("/proc/sys/kernel/random/boot_id")},
        {"boot_to_real_ns", fmt::format("{}", boot_to_real_)},
        {"recorder_pid", fmt::format("{}", static_cast<std::uint32_t>(skeleton_->bss->cat_recorder_tgid))},
        {"programs_refused", fmt::format("{}", fmt::join(without_, " "))},
        {"fidelity", fidelity_ == Fidelity::Full ? "full" : "causal"},
        {"functions", functions_.mode() == FunctionsMode::None    ? ""
                      : functions_.mode() == FunctionsMode::Count ? "count"
                      : functions_.mode() == FunctionsMode::Once  ? "once"
                                                                  : "events"},
        {"function_probes", functions_.mode() == FunctionsMode::None ? "" : name_of(functions_.way())},
        {"path_source", path_hooks_ ? "kernel" : "user"},
        {"path_source_reason", path_hooks_ ? "" : path_hooks_.error().message},
        {"scope", scope_ == Scope::Host     ? "host"
                  : scope_ == Scope::Cgroup ? "cgroup"
                                            : "tree"}};
}

}  // namespace

base::Result<std::unique_ptr<Sensor>> Sensor::create(const Options& options) {
    if (::geteuid() != 0) {
        return base::fail(base::ErrorCode::NotPermitted,
                          "recording needs root (CAP_BPF and CAP_PERFMON at least): run it with sudo");
    }
    std::error_code ignored;
    if (!std::filesystem::exists(kBtf, ignored)) {
        return base::fail(
            base::ErrorCode::NotSupported,
            fmt::format("this kernel does not describe its types: {} is missing; it must be built with "
                        "CONFIG_DEBUG_INFO_BTF=y, as those of Debian are",
                        kBtf));
    }
    auto sensor = std::make_unique<BpfSensor>(options);
    if (auto started = sensor->start(options); !started) return std::unexpected(started.error());
    return sensor;
}

}  // namespace catena::sensor
