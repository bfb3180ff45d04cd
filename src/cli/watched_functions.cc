#include "cli/watched_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "event/escape.h"
#include "sensor/site_ability.h"
#include "sensor/uprobe.h"
#include "sys/program_path.h"

namespace catena::cli {
namespace {

// Files that a process runs code of.
std::vector<std::string> mapped_files(std::int32_t pid) {
    std::set<std::string> files;
    std::ifstream maps(fmt::format("/proc/{}/maps", pid));
    for (std::string line; std::getline(maps, line);) {
        const std::size_t slash = line.find('/');
        if (slash != std::string::npos && line.find(" r-xp ") != std::string::npos)
            files.insert(line.substr(slash));
    }
    return {files.begin(), files.end()};
}

sensor::UprobeWay uprobe_way() {
    const char* told = std::getenv("CATENA_PROBES");
    return told != nullptr && std::string_view(told) == "singly" ? sensor::UprobeWay::Singly
                                                                 : sensor::best_uprobe_way();
}

}  // namespace

sensor::FunctionsMode FunctionOptions::sensor_mode() const {
    if (patterns.empty()) return sensor::FunctionsMode::None;
    if (mode == "count") return sensor::FunctionsMode::Count;
    return mode == "once" ? sensor::FunctionsMode::Once : sensor::FunctionsMode::Events;
}

base::Result<WatchedFunctions> WatchedFunctions::find(const FunctionOptions& options,
                                                      const std::vector<std::string>& command,
                                                      std::int32_t pid) {
    WatchedFunctions self;
    self.options_ = options;
    if (options.patterns.empty()) return self;
    self.way_ = uprobe_way();
    auto ability = sensor::try_sites(self.way_);
    if (!ability) return std::unexpected(std::move(ability).error().with_context("probes on functions"));
    functions::SelectOptions where;
    where.ability = *ability;
    where.returns = options.exits;
    if (options.exits) {
        if (options.sensor_mode() != sensor::FunctionsMode::Events)
            return base::fail(base::ErrorCode::Usage, "--exits goes with --functions-mode events");
        const auto safe = sensor::returns_survive_seccomp(self.way_);
        if (!safe) return std::unexpected(base::Error(safe.error()).with_context("--exits"));
        if (!*safe) {
            return base::fail(
                base::ErrorCode::NotSupported,
                "--exits: on this kernel a probe on a return ends programs that have a seccomp filter "
                "(Linux 6.14 and newer let it pass)");
        }
    }
    where.allow_single_step = options.allow_single_step;
    if (!command.empty()) where.exe = sys::find_program(command.front()).value_or(command.front());
    if (pid != 0) {
        where.exe = fmt::format("/proc/{}/exe", pid);
        where.libraries = mapped_files(pid);
    }
    auto selected = functions::select(options.patterns, where);
    if (!selected) return std::unexpected(std::move(selected).error());
    self.selected_ = *std::move(selected);
    return self;
}

base::Status WatchedFunctions::attach(Recorder& recorder, const sensor::Placed& placed) {
    if (options_.patterns.empty()) return {};
    std::vector<sensor::FunctionProbe> probes;
    for (const functions::Selected& each : selected_) {
        if (!each.function.watched) continue;
        probes.push_back({.function = each.function.id,
                          .binary = each.function.binary,
                          .file_offset = each.function.site_offset,
                          .stack_bytes = each.stack_bytes,
                          .code_bytes = each.code_bytes,
                          .outermost = each.function.symbol == functions::kOutermost,
                          .timed = each.function.timed,
                          .entry_offset = each.entry_offset});
    }
    auto refused = recorder.sensor().watch_functions(probes, placed);
    if (!refused) return std::unexpected(std::move(refused).error());
    for (const sensor::RefusedProbe& probe : *refused) {
        event::Function& function = selected_[probe.function - 1].function;
        if (probe.is_return) {
            function.timed = false;
            selected_[probe.function - 1].why_not_timed = probe.reason;
            continue;
        }
        function.watched = false;
        function.site = "refused";
        function.reason = probe.reason;
    }
    event::Batch batch;
    for (const functions::Selected& each : selected_) batch.functions.push_back(each.function);
    tell();
    if (options_.exits) tell_untimed();
    return recorder.put(std::move(batch));
}

void WatchedFunctions::tell_untimed() const {
    std::map<std::string, std::size_t> reasons;
    std::size_t untimed = 0;
    for (const functions::Selected& each : selected_) {
        if (!each.function.watched || each.function.timed) continue;
        ++untimed;
        ++reasons[each.why_not_timed];
    }
    if (untimed == 0) return;
    fmt::print(stderr, "catena: {} of the watched functions have no durations:\n", untimed);
    for (const auto& [reason, count] : reasons) fmt::print(stderr, "  {:>6}  {}\n", count, reason);
}

void WatchedFunctions::tell() const {
    const auto count_of = [&](std::string_view site) {
        return std::ranges::count_if(selected_, [&](const functions::Selected& each) {
            return !each.function.watched && each.function.site == site;
        });
    };
    const auto stepped = count_of("single-stepped");
    const auto refused = count_of("refused");
    const auto watched =
        std::ranges::count_if(selected_, [](const auto& each) { return each.function.watched; });
    if (stepped + refused == 0) return;
    fmt::print(stderr, "catena: {} of {} functions are watched", watched, selected_.size());
    if (stepped != 0)
        fmt::print(stderr, "; {} would cost microseconds a call (--allow-single-step takes them)", stepped);
    if (refused != 0) fmt::print(stderr, "; {} cannot be probed", refused);
    fmt::print(stderr, "{}\n", options_.list_unwatched ? ":" : "; --list-unwatched names them");
    if (!options_.list_unwatched) return;
    for (const functions::Selected& each : selected_) {
        const event::Function& function = each.function;
        if (function.watched) continue;
        fmt::print(stderr, "  {:#x}  {}  {} ({})\n", function.address, function.site,
                   function.name.empty() ? "(no name)" : event::escape_for_terminal(function.name),
                   function.reason);
    }
}

}  // namespace catena::cli
