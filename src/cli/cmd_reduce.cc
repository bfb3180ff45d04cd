// catena reduce: makes a smaller recording that gives the same answers, by a rule that says which.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "cli/command.h"
#include "cli/draft.h"
#include "cli/interrupts.h"
#include "cli/progress_line.h"
#include "cli/reduction.h"
#include "event/escape.h"
#include "graph/text.h"
#include "store/store.h"

namespace catena::cli {
namespace {

constexpr const char* kHelp = R"(
RULE is what has to stay the same:
  cpr  every answer, backward and forward, from every moment. Flows between the same two are merged while
       nothing comes into the first or leaves the second
  fd   backward from every moment; forward from every entity, and from every event that brought its target
       something new. Flows are merged that bring nothing
  sd   from which sources an entity can come, at every moment, and where each can have gone: files that nothing
       was written to, other machines, processes from before. Ways between them are left out where others lead
       from the same sources

A row sums up what was merged: count, bytes, first and last time; it keeps the id of its first event. Entities
stay. What leaves no edge is left out, as a recorder does without --fidelity full, and so are the system calls of
one with it, and calls of functions. Rows that sum up several already (of a recorder without --fidelity full, or of
catena reduce) stay as they are.

Examples:
  catena reduce full.catena -o small.catena
  catena reduce full.catena -o smaller.catena --rule sd --verbose
  catena reduce full.catena -o all.catena --rule cpr --keep-edgeless)";

struct ReduceOptions {
    std::string trace;
    std::string output;
    std::string rule = "fd";
    bool keep_edgeless = false;
    bool force = false;
    bool verbose = false;
};

// With its log, if there is one.
std::uint64_t bytes_of(const std::string& path) {
    std::uint64_t sum = 0;
    for (const char* part : {"", ".wal"}) {
        std::error_code error;
        const std::uintmax_t bytes = std::filesystem::file_size(path + part, error);
        if (!error) sum += bytes;
    }
    return sum;
}

void print_line(std::string_view what, std::uint64_t before, std::uint64_t after) {
    const std::string factor =
        after == 0 ? "" : fmt::format("{:.2f}×", static_cast<double>(before) / static_cast<double>(after));
    fmt::print("{:<12} {:>15} {:>15} {:>10}\n", what, graph::with_commas(before), graph::with_commas(after),
               factor);
}

void print_outcome(const Reduction& reduction, const ReduceOptions& options, std::uint64_t bytes_before) {
    Reduction::Rows events;
    for (const Reduction::Rows& rows : reduction.rows()) {
        events.before += rows.before;
        events.after += rows.after;
    }
    fmt::print("{:<12} {:>15} {:>15} {:>10}\n", options.rule, "before", "after", "factor");
    print_line("events", events.before, events.after);
    print_line("flows", reduction.flows().before, reduction.flows().after);
    print_line("bytes", bytes_before, bytes_of(options.output));
    for (std::size_t i = 0; options.verbose && i < event::kOpCount; ++i) {
        const Reduction::Rows& rows = reduction.rows().at(i);
        if (rows.before > 0) print_line(to_string(static_cast<event::Op>(i)), rows.before, rows.after);
    }
    const auto& counts = reduction.counts();
    const auto tell = [](std::uint64_t count, const char* what) {
        if (count > 0) fmt::print("{} {}\n", graph::with_commas(count), what);
    };
    tell(
        counts.news,
        "rows of flows begin with one that had to stay; others tell what else was done between the same two");
    tell(counts.merged, "events were summed up in the row of another");
    tell(counts.covered, "events brought nothing from any source, and have no row");
    tell(counts.edgeless, "events that leave no edge are left out (--keep-edgeless keeps them)");
    tell(reduction.calls(), "system calls are left out");
    tell(reduction.function_calls(), "calls of functions are left out");
    tell(counts.passed, "rows summed up several events before, and stay as they were");
}

base::Status reduce(const ReduceOptions& options) {
    std::error_code ignored;
    if (std::filesystem::equivalent(options.trace, options.output, ignored)) {
        return base::fail(base::ErrorCode::Usage,
                          "a recording cannot be reduced into itself: choose another name");
    }
    const auto reader = store::open_recording(options.trace);
    if (!reader) return std::unexpected(reader.error());
    auto draft = Draft::create(options.output, options.force ? Replace::Yes : Replace::No);
    if (!draft) return std::unexpected(draft.error());
    auto writer = store::create_recording(draft->path());
    if (!writer) return std::unexpected(writer.error());

    catch_interrupts({SIGINT, SIGTERM, SIGHUP});
    ProgressLine progress;
    Reduction reduction(
        **reader, **writer,
        {.rule = *graph::reduction_rule_from_string(options.rule), .keep_edgeless = options.keep_edgeless},
        [&](std::uint64_t done, std::uint64_t all) {
            if (progress.is_due())
                progress.draw(fmt::format("reducing: {}%", 100 * done / std::max<std::uint64_t>(all, 1)));
            return !was_interrupted();
        });
    base::Status status = reduction.run(options.trace);
    if (status) status = (*writer)->finish();
    writer->reset();
    const std::uint64_t bytes_before = bytes_of(options.trace);
    if (status)
        status = was_interrupted() ? base::fail(base::ErrorCode::System, "interrupted") : draft->publish();
    if (!status)
        return std::unexpected(std::move(status).error().with_context(options.trace + " is not reduced"));
    print_outcome(reduction, options, bytes_before);
    return {};
}

int run_reduce(const ReduceOptions& options) {
    const auto status = reduce(options);
    return status ? kDone : report(status.error());
}

}  // namespace

void add_reduce(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("reduce", "Make a smaller recording that gives the same answers");
    const auto options = std::make_shared<ReduceOptions>();
    command->add_option("TRACE", options->trace, "The recording")->required();
    command->add_option("-o,--output", options->output, "The recording to make")
        ->required()
        ->option_text("OUT");
    command->add_option("--rule", options->rule, "fd (default), cpr or sd; see below")
        ->option_text("cpr|fd|sd")
        ->check(CLI::IsMember({"cpr", "fd", "sd"}));
    command->add_flag(
        "--keep-edgeless", options->keep_edgeless,
        "Keep what leaves no edge, too: descriptors that come and go, calls that moved nothing");
    command->add_flag("--force", options->force, "Replace OUT, if it is a recording");
    command->add_flag("--verbose", options->verbose, "Print a line for each operation");
    command->footer(kHelp);
    command->callback([options, &exit_code] { exit_code = run_reduce(*options); });
}

}  // namespace catena::cli
