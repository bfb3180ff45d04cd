// The kernel takes the probes of one file together, quickly, but refuses all of them for one that it cannot
// place. So a group that is refused is halved until those are found.
#include "sensor/function_probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iterator>
#include <utility>

#include "base/steady.h"
#include "catena.skel.h"

namespace catena::sensor {
namespace {

// Once: when those that were hit are taken away.
constexpr std::uint64_t kCallsToDropAtOnce = 1000;
constexpr std::int64_t kDropEveryNs = 250'000'000;

std::uint32_t flags_of(const FunctionProbe& probe) {
    return (probe.outermost ? CAT_FUNCTION_OUTERMOST : 0) | (probe.timed ? CAT_FUNCTION_RETURNS : 0);
}

}  // namespace

void choose_function_programs(catena_bpf& skeleton, FunctionsMode mode) {
    auto& programs = skeleton.progs;
    auto& maps = skeleton.maps;
    const bool events = mode == FunctionsMode::Events;
    const bool counts = mode == FunctionsMode::Count;
    bpf_program__set_autoload(programs.cat_function_event, events);
    bpf_program__set_autoload(programs.cat_function_return, events);
    bpf_program__set_autoload(programs.cat_function_exit, events);
    bpf_program__set_autoload(programs.cat_function_exec, events);
    bpf_program__set_autoload(programs.cat_flush_functions, events);
    bpf_program__set_autoload(programs.cat_function_count, counts);
    bpf_program__set_autoload(programs.cat_function_new_stack, tells_contexts(mode));
    bpf_program__set_autoload(programs.cat_function_fork, tells_contexts(mode));
    bpf_program__set_autoload(programs.cat_function_once, mode == FunctionsMode::Once);
    for (bpf_program* program :
         {programs.cat_function_event, programs.cat_function_return, programs.cat_function_count,
          programs.cat_function_once, programs.cat_function_exit, programs.cat_function_exec,
          programs.cat_function_new_stack, programs.cat_function_fork, programs.cat_flush_functions}) {
        bpf_program__set_autoattach(program, false);
    }
    bpf_map__set_autocreate(maps.cat_function_tasks, events);
    bpf_map__set_autocreate(maps.cat_function_stacks, tells_contexts(mode));
    bpf_map__set_autocreate(maps.cat_context_ids, tells_contexts(mode));
    bpf_map__set_autocreate(maps.cat_context_list, tells_contexts(mode));
    bpf_map__set_autocreate(maps.cat_function_edges, counts);
    bpf_map__set_autocreate(maps.cat_function_hits, counts || mode == FunctionsMode::Once);
}

void FunctionProbes::LinkDeleter::operator()(bpf_link* link) const { bpf_link__destroy(link); }

base::Status FunctionProbes::prepare(catena_bpf& skeleton, FunctionsMode mode) {
    mode_ = mode;
    if (mode == FunctionsMode::None) return {};
    program_ = mode == FunctionsMode::Events  ? skeleton.progs.cat_function_event
               : mode == FunctionsMode::Count ? skeleton.progs.cat_function_count
                                              : skeleton.progs.cat_function_once;
    return_program_ = skeleton.progs.cat_function_return;
    if (tells_contexts(mode)) {
        contexts_ =
            FunctionContexts(bpf_map__fd(skeleton.maps.cat_context_list), &skeleton.bss->cat_context_count);
    }
    if (mode == FunctionsMode::Count) edges_map_ = bpf_map__fd(skeleton.maps.cat_function_edges);
    if (mode != FunctionsMode::Events) hits_map_ = bpf_map__fd(skeleton.maps.cat_function_hits);
    for (const bpf_program* program :
         {skeleton.progs.cat_function_exit, skeleton.progs.cat_function_exec,
          skeleton.progs.cat_function_new_stack, skeleton.progs.cat_function_fork}) {
        if (!bpf_program__autoload(program)) continue;
        Link link(bpf_program__attach(program));
        if (!link) return base::fail_errno(fmt::format("attaching {}", bpf_program__name(program)));
        task_links_.push_back(std::move(link));
    }
    return {};
}

FunctionProbes::Link FunctionProbes::link_of(std::span<const FunctionProbe> probes, UprobeKind kind) const {
    const bool returns = kind == UprobeKind::Return;
    std::vector<unsigned long> offsets;
    std::vector<__u64> cookies;
    for (const FunctionProbe& probe : probes) {
        offsets.push_back(returns ? probe.entry_offset : probe.file_offset);
        cookies.push_back(returns ? probe.function
                                  : cat_function_cookie(probe.function, flags_of(probe), probe.stack_bytes,
                                                        probe.code_bytes));
    }
    LIBBPF_OPTS(bpf_uprobe_multi_opts, options);
    options.offsets = offsets.data();
    options.cookies = cookies.data();
    options.cnt = offsets.size();
    options.retprobe = returns;
    return Link(bpf_program__attach_uprobe_multi(returns ? return_program_ : program_, -1,
                                                 probes.front().binary.c_str(), nullptr, &options));
}

void FunctionProbes::attach_group(std::vector<FunctionProbe> probes, UprobeKind kind,
                                  std::vector<RefusedProbe>& refused) {
    if (Link link = link_of(probes, kind)) {
        auto& groups = kind == UprobeKind::Return ? return_groups_ : groups_;
        groups.push_back({std::move(probes), std::move(link)});
        return;
    }
    if (probes.size() == 1) {
        refused.push_back({.function = probes.front().function,
                           .reason = errno == 524 /* ENOTSUPP of the kernel */
                                         ? "the kernel does not place a probe there"
                                         : std::strerror(errno),
                           .is_return = kind == UprobeKind::Return});
        return;
    }
    const auto half = probes.begin() + static_cast<std::ptrdiff_t>(probes.size() / 2);
    attach_group({probes.begin(), half}, kind, refused);
    attach_group({half, probes.end()}, kind, refused);
}

base::Result<std::vector<RefusedProbe>> FunctionProbes::attach(std::span<const FunctionProbe> probes) {
    std::map<std::string, std::vector<FunctionProbe>> by_binary;
    for (const FunctionProbe& probe : probes) {
        by_binary[probe.binary].push_back(probe);
        last_function_ = std::max(last_function_, probe.function);
    }
    std::vector<RefusedProbe> refused;
    for (const auto& [binary, all] : by_binary) {
        // Where the kernel has no uprobe.multi at all, or denies it, no half of them fares better.
        const std::size_t before = refused.size();
        if (const Link first = link_of(std::span(all).first(1), UprobeKind::Entry);
            !first && (errno == EPERM || errno == EINVAL)) {
            return base::fail_errno(fmt::format("the kernel does not let probes be attached to {}", binary));
        }
        attach_group(all, UprobeKind::Entry, refused);
        const std::size_t refused_entries = refused.size() - before;
        std::vector<FunctionProbe> timed;
        std::ranges::copy_if(all, std::back_inserter(timed), &FunctionProbe::timed);
        if (!timed.empty()) attach_group(std::move(timed), UprobeKind::Return, refused);
        if (refused_entries == all.size() && all.size() > 1) {
            return base::fail(
                base::ErrorCode::NotSupported,
                fmt::format("the kernel accepts no probe in {}: {}", binary, refused.back().reason));
        }
    }
    return refused;
}

std::vector<std::uint64_t> FunctionProbes::hits() const {
    std::vector<std::uint64_t> values(CAT_FUNCTIONS_MAX);
    std::vector<std::uint32_t> keys(CAT_FUNCTIONS_MAX);
    std::uint32_t next = 0;
    std::uint32_t count = CAT_FUNCTIONS_MAX;
    LIBBPF_OPTS(bpf_map_batch_opts, options);
    bpf_map_lookup_batch(hits_map_, nullptr, &next, keys.data(), values.data(), &count, &options);
    values.resize(count);
    return values;
}

base::Status FunctionProbes::drop_hit() {
    const std::vector<std::uint64_t> hit = hits();
    const auto calls_of = [&](const FunctionProbe& probe) {
        return probe.function < hit.size() ? hit[probe.function] : 0;
    };
    const auto was_hit = [&](const FunctionProbe& probe) { return calls_of(probe) != 0; };
    std::uint64_t calls = 0;
    for (const Group& group : groups_)
        for (const FunctionProbe& probe : group.probes) calls += calls_of(probe);
    // Attaching a group anew costs about as much as some thousand calls. One that is large costs hardly more
    // than one that is small: the kernel waits for all its processors, once a group.
    const std::int64_t now = base::steady_ns();
    if (calls == 0 || (calls < kCallsToDropAtOnce && now - last_drop_ns_ < kDropEveryNs)) return {};
    last_drop_ns_ = now;
    for (Group& group : groups_) {
        if (std::erase_if(group.probes, was_hit) == 0) continue;
        // The rest is attached again before it goes, so that no call is missed in between.
        Link rest = group.probes.empty() ? nullptr : link_of(group.probes, UprobeKind::Entry);
        if (!rest && !group.probes.empty()) return base::fail_errno("attaching the probes that are left");
        group.link = std::move(rest);
    }
    std::erase_if(groups_, [](const Group& group) { return group.probes.empty(); });
    return {};
}

void FunctionProbes::detach() {
    return_groups_.clear();
    groups_.clear();
    task_links_.clear();
}

base::Result<std::vector<event::FunctionCount>> FunctionProbes::counts() const {
    std::vector<event::FunctionCount> counts;
    if (mode_ == FunctionsMode::None || mode_ == FunctionsMode::Events) return counts;
    if (mode_ == FunctionsMode::Count) {
        std::vector<std::uint64_t> by_cpu(static_cast<std::size_t>(libbpf_num_possible_cpus()));
        cat_function_edge edge{};
        const cat_function_edge* before = nullptr;
        while (bpf_map_get_next_key(edges_map_, before, &edge) == 0) {
            before = &edge;
            if (bpf_map_lookup_elem(edges_map_, &edge, by_cpu.data()) != 0)
                return base::fail_errno("reading the counts of functions");
            event::FunctionCount row{.function = edge.function, .caller = edge.caller, .count = 0};
            for (const std::uint64_t count : by_cpu) row.count += count;
            counts.push_back(row);
        }
    }
    const std::vector<std::uint64_t> hit = hits();
    for (std::uint32_t function = 0; function < hit.size(); ++function) {
        if (hit[function] != 0) counts.push_back({.function = function, .caller = 0, .count = hit[function]});
    }
    return counts;
}

}  // namespace catena::sensor
