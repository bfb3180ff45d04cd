#include "sensor/function_probes.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/steady.h"
#include "catena.skel.h"
#include "sys/open_files.h"

namespace catena::sensor {
namespace {

// Once: when those that were hit are taken away.
constexpr std::uint64_t kCallsToDropAtOnce = 1000;
constexpr std::int64_t kDropEveryNs = 250'000'000;

std::uint32_t flags_of(const FunctionProbe& probe) {
    return (probe.outermost ? CAT_FUNCTION_OUTERMOST : 0) | (probe.timed ? CAT_FUNCTION_RETURNS : 0);
}

RefusedProbe refused_probe(const UprobeSet::Refused& refused, UprobeKind kind = UprobeKind::Entry) {
    return {.function = cat_cookie_function(refused.place.cookie),
            .reason = refused.error == 524 /* ENOTSUPP of the kernel */
                          ? "the kernel does not place a probe there"
                          : std::strerror(refused.error),
            .is_return = kind == UprobeKind::Return};
}

}  // namespace

void choose_function_programs(catena_bpf& skeleton, FunctionsMode mode, UprobeWay way) {
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
    for (bpf_program* program : {programs.cat_function_event, programs.cat_function_return,
                                 programs.cat_function_count, programs.cat_function_once}) {
        bpf_program__set_expected_attach_type(program, attach_type_of(way));
    }
    skeleton.rodata->cat_probes_linger = way == UprobeWay::Singly;
    bpf_map__set_autocreate(maps.cat_function_tasks, events);
    bpf_map__set_autocreate(maps.cat_function_stacks, tells_contexts(mode));
    bpf_map__set_autocreate(maps.cat_context_ids, tells_contexts(mode));
    bpf_map__set_autocreate(maps.cat_context_list, tells_contexts(mode));
    bpf_map__set_autocreate(maps.cat_function_edges, counts);
    bpf_map__set_autocreate(maps.cat_function_hits, counts || mode == FunctionsMode::Once);
}

void FunctionProbes::LinkDeleter::operator()(bpf_link* link) const { bpf_link__destroy(link); }

base::Status FunctionProbes::prepare(catena_bpf& skeleton, FunctionsMode mode, UprobeWay way) {
    mode_ = mode;
    way_ = way;
    over_ = &skeleton.bss->cat_functions_over;
    if (mode == FunctionsMode::None) return {};
    const bpf_program* program = mode == FunctionsMode::Events  ? skeleton.progs.cat_function_event
                                 : mode == FunctionsMode::Count ? skeleton.progs.cat_function_count
                                                                : skeleton.progs.cat_function_once;
    entries_ = UprobeSet::create(way, bpf_program__fd(program), UprobeKind::Entry);
    returns_ =
        UprobeSet::create(way, bpf_program__fd(skeleton.progs.cat_function_return), UprobeKind::Return);
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

base::Status FunctionProbes::attach_file(const std::string& binary, const std::vector<FunctionProbe>& probes,
                                         const UprobeSet::More& more, std::vector<RefusedProbe>& refused) {
    std::vector<UprobePlace> entries;
    std::vector<UprobePlace> returns;
    for (const FunctionProbe& probe : probes) {
        entries.push_back({probe.file_offset, cat_function_cookie(probe.function, flags_of(probe),
                                                                  probe.stack_bytes, probe.code_bytes)});
        if (probe.timed) returns.push_back({probe.entry_offset, probe.function});
    }
    std::vector<UprobeSet::Refused> no_entry;
    std::vector<UprobeSet::Refused> no_return;
    if (auto added = entries_->add(binary, std::move(entries), no_entry, more); !added) return added;
    if (auto added = returns_->add(binary, std::move(returns), no_return, more); !added) return added;
    for (const auto& each : no_entry) refused.push_back(refused_probe(each, UprobeKind::Entry));
    for (const auto& each : no_return) refused.push_back(refused_probe(each, UprobeKind::Return));
    if (no_entry.size() < probes.size() || probes.size() == 1) return {};
    return base::fail(
        base::ErrorCode::NotSupported,
        fmt::format("the kernel accepts no probe in {}: {}", binary, refused_probe(no_entry.back()).reason));
}

base::Result<std::vector<RefusedProbe>> FunctionProbes::attach(std::span<const FunctionProbe> probes,
                                                               const Placed& placed) {
    std::map<std::string, std::vector<FunctionProbe>> by_binary;
    std::size_t all = probes.size();
    for (const FunctionProbe& probe : probes) {
        by_binary[probe.binary].push_back(probe);
        last_function_ = std::max(last_function_, probe.function);
        if (probe.timed) ++all;
    }
    if (way_ == UprobeWay::Singly) {
        if (auto room = sys::allow_open_files(all); !room)
            return std::unexpected(std::move(room).error().with_context(fmt::format(
                "this kernel has no uprobe.multi, and {} probes one by one are as many open files "
                "(watch fewer functions)",
                all)));
    }
    std::size_t done = 0;
    const UprobeSet::More more = [&](std::size_t count) { return placed(done += count, all); };
    std::vector<RefusedProbe> refused;
    for (const auto& [binary, of_file] : by_binary) {
        if (auto attached = attach_file(binary, of_file, more, refused); !attached)
            return std::unexpected(std::move(attached).error().with_context(binary));
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
    const auto was_hit = [&](std::uint64_t calls) { return calls != 0; };
    const auto called = static_cast<std::uint64_t>(std::ranges::count_if(hit, was_hit));
    // It costs about as much as some thousand calls, for however many.
    const std::int64_t now = base::steady_ns();
    const std::uint64_t fresh = called - dropped_;
    if (fresh == 0 || (fresh < kCallsToDropAtOnce && now - last_drop_ns_ < kDropEveryNs)) return {};
    last_drop_ns_ = now;
    dropped_ = called;
    return entries_->remove_if([&](const UprobePlace& place) {
        const std::uint32_t function = cat_cookie_function(place.cookie);
        return function < hit.size() && was_hit(hit[function]);
    });
}

void FunctionProbes::detach() {
    if (over_ != nullptr) *over_ = 1;
    if (returns_) returns_->clear();
    if (entries_) entries_->clear();
    task_links_.clear();
}

std::size_t FunctionProbes::wait(std::chrono::milliseconds at_most) {
    if (!entries_) return 0;
    const std::size_t returns = returns_->wait(at_most);
    return returns + entries_->wait(returns == 0 ? at_most : std::chrono::milliseconds(0));
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
