#include "seccomp/serving.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <fstream>
#include <memory>
#include <optional>

#include "sys/process.h"
#include "sys/syscalls.h"

namespace catena::seccomp {
namespace {

constexpr int kMaxAncestors = 1000;

struct Stat {
    pid_t parent = 0;
    std::uint64_t start = 0;  // clock ticks since boot
};

std::optional<Stat> stat_of(pid_t pid) {
    std::ifstream file(fmt::format("/proc/{}/stat", pid));
    std::string text;
    std::getline(file, text, '\0');
    const std::size_t after_name = text.rfind(')');  // the name can hold anything, parentheses too
    if (after_name == std::string::npos) return std::nullopt;
    std::size_t at = after_name + 1;
    Stat stat;
    // Behind the name: state (field 3), parent (4), …, start time (22).
    for (int field = 3; field <= 22; ++field) {
        at = text.find_first_not_of(' ', at);
        if (at == std::string::npos) return std::nullopt;
        const std::size_t end = text.find(' ', at);
        if (field == 4) std::from_chars(text.data() + at, text.data() + text.size(), stat.parent);
        if (field == 22) std::from_chars(text.data() + at, text.data() + text.size(), stat.start);
        if (end == std::string::npos && field < 22) return std::nullopt;
        at = end;
    }
    return stat;
}

std::uint64_t ticks_now() {
    timespec now{};
    ::clock_gettime(CLOCK_BOOTTIME, &now);
    const auto per_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
    return static_cast<std::uint64_t>(now.tv_sec) * per_second +
           static_cast<std::uint64_t>(now.tv_nsec) * per_second / 1'000'000'000U;
}

// The number of the call in which the thread waits; nothing where it runs, or cannot be looked at.
std::optional<int> waiting_in(const std::string& task) {
    std::ifstream file(task + "/syscall");
    int number = -1;
    if (!(file >> number) || number < 0) return std::nullopt;
    return number;
}

template <class Visit>
void each_thread(pid_t pid, Visit&& visit) {
    const std::string path = fmt::format("/proc/{}/task", pid);
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(path.c_str()), ::closedir);
    if (!directory) return;
    while (const dirent* entry = ::readdir(directory.get())) {
        if (entry->d_name[0] != '.') visit(path + "/" + entry->d_name);
    }
}

}  // namespace

Serving::Serving(const std::vector<std::string>& begins_by, pid_t command) : command_(command) {
    for (const std::string& name : begins_by) {
        if (const auto number = sys::syscall_number(name)) numbers_.insert(*number);
    }
}

void Serving::look() {
    if (numbers_.empty()) return;
    for (const pid_t pid : sys::process_tree(::getpid()).value_or(std::vector<std::int32_t>())) {
        if (pid == ::getpid() || since_.contains(pid)) continue;
        bool waits = false;
        each_thread(pid, [&](const std::string& task) {
            const auto number = waiting_in(task);
            waits = waits || (number && numbers_.contains(*number));
        });
        if (!waits) continue;
        since_[pid] = ticks_now();
        first_ = std::min(first_, since_[pid]);
    }
}

bool Serving::serves(pid_t pid) const {
    std::uint64_t forked = ~std::uint64_t{0};  // when the one that we came from began
    for (int i = 0; i < kMaxAncestors && pid > 1; ++i) {
        const auto stat = stat_of(pid);
        if (!stat) return false;
        const auto found = since_.find(pid);
        // An older mark is that of a process that had this pid before.
        if (found != since_.end() && stat->start <= found->second && found->second < forked) return true;
        // Whoever lost its parent cannot be traced back: it must not become new by that.
        if (stat->parent == ::getpid() && pid != command_) return first_ < stat->start;
        forked = stat->start;
        pid = stat->parent;
    }
    return false;
}

}  // namespace catena::seccomp
