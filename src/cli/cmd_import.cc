// catena import: makes a recording from a log that something else wrote.
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/bounded_queue.h"
#include "cli/command.h"
#include "cli/interrupts.h"
#include "cli/progress_line.h"
#include "event/escape.h"
#include "import/import.h"
#include "store/store.h"

namespace catena::cli {
namespace {

struct ImportOptions {
    std::string format;
    std::string file;
    std::string trace;
};

constexpr const char* kExamples = R"(
Lines that cannot be read are counted, named and skipped; the recording then holds the rest, and the exit code is 4.

Examples:
  catena import auditd /var/log/audit/audit.log -o audit.catena
  catena import sysflow trace.jsonl.zst -o trace.catena
  catena events a.catena --where "op <> 'close'" --format json | catena import jsonl - -o b.catena
  catena chain audit.catena file:/etc/shadow --forward)";

// Appends batches on a thread of its own, while the next lines are read. Owned by one thread.
class BatchWriter {
  public:
    explicit BatchWriter(store::Writer& writer) : writer_(writer), thread_([this] { write_all(); }) {}
    ~BatchWriter() { queue_.close(); }
    BatchWriter(const BatchWriter&) = delete;
    BatchWriter& operator=(const BatchWriter&) = delete;

    base::Status append(event::Batch batch) {
        if (queue_.push(std::move(batch))) return {};
        return finish();
    }
    // Waits until all is appended. No append() after it.
    base::Status finish() {
        queue_.close();
        if (thread_.joinable()) thread_.join();
        return done_;
    }

  private:
    static constexpr std::size_t kQueued = 3;

    void write_all() {
        while (auto batch = queue_.pop()) {
            done_ = writer_.append(*batch);
            if (!done_) return queue_.close();
        }
    }

    store::Writer& writer_;
    base::BoundedQueue<event::Batch> queue_{kQueued};
    base::Status done_;  // of the thread; read once it has ended
    std::jthread thread_;
};

std::string progress_of(const import::LineReader& lines, const import::Summary& summary) {
    std::string done;
    if (lines.size() > 0) done = fmt::format("{}%, ", 100 * lines.position() / lines.size());
    return fmt::format("importing: {}{} lines, {} events, {} bad lines", done, summary.lines, summary.events,
                       summary.bad);
}

std::string names_of(const import::Tally& tally) {
    std::string text;
    for (const auto& [name, count] : tally.names()) {
        text += fmt::format("{}{} ×{}", text.empty() ? "" : ", ", event::escape_for_terminal(name), count);
    }
    return text;
}

void tell_bad(const import::Summary& summary, const std::string& file) {
    for (const import::BadLine& bad : summary.first_bad) {
        fmt::print(stderr, "catena: {}: line {}: {}\n", file, bad.number,
                   event::escape_for_terminal(bad.reason));
    }
    const std::uint64_t more = summary.bad - summary.first_bad.size();
    if (more > 0) fmt::print(stderr, "catena: {}: and {} bad lines more\n", file, more);
    if (!summary.cut.empty()) fmt::print(stderr, "catena: {}\n", event::escape_for_terminal(summary.cut));
}

// The last word; the exit code.
int tell(const import::Summary& summary, const ImportOptions& options) {
    const std::string trace = event::escape_for_terminal(options.trace);
    tell_bad(summary, options.file == "-" ? "standard input" : event::escape_for_terminal(options.file));
    fmt::print(stderr, "catena: {}: {} events from {} lines; {} records carry nothing, {} lines are bad\n",
               trace, summary.events, summary.lines, summary.nothing, summary.bad);
    if (summary.unknown_records.total() > 0)
        fmt::print(stderr, "catena: {}: among those that carry nothing, of no known kind: {}\n", trace,
                   names_of(summary.unknown_records));
    if (summary.unknown_fields.total() > 0)
        fmt::print(stderr, "catena: {}: fields of no known meaning, left out: {}\n", trace,
                   names_of(summary.unknown_fields));
    return summary.bad > 0 || !summary.cut.empty() ? kBadInput : kDone;
}

std::map<std::string, std::string> description(const ImportOptions& options,
                                               const import::LineReader& lines) {
    return {{"source", "import"},
            {"import_format", options.format},
            {"import_file", options.file},
            {"import_compression", lines.compression()},
            {"state", "importing"}};
}

base::Result<int> import_file(const ImportOptions& options) {
    const import::Format* format = import::find_format(options.format);
    auto lines = import::LineReader::open(options.file, [] { return !was_interrupted(); });
    if (!lines) return std::unexpected(lines.error());
    const auto head = lines->head();
    if (!head) return std::unexpected(head.error());
    if (auto fits = import::check_format(*format, *head, options.file); !fits)
        return std::unexpected(fits.error());
    catch_interrupts({SIGINT, SIGTERM});
    auto writer = store::create_recording(options.trace);
    if (!writer) return std::unexpected(writer.error());
    ProgressLine progress;
    BatchWriter batches(**writer);
    event::Batch first;
    first.meta = description(options, *lines);
    if (auto done = batches.append(std::move(first)); !done) return std::unexpected(done.error());
    const auto summary =
        import::run({.format = *format,
                     .lines = *lines,
                     .append = [&](event::Batch&& batch) { return batches.append(std::move(batch)); },
                     .proceed =
                         [&](const import::Summary& now) {
                             if (progress.is_due()) progress.draw(progress_of(*lines, now));
                             return !was_interrupted();
                         }});
    if (!summary) return std::unexpected(summary.error());
    event::Batch last;
    last.meta = {{"state", summary->cut.empty() ? "complete" : "cut"},
                 {"import_lines", std::to_string(summary->lines)},
                 {"import_bad_lines", std::to_string(summary->bad)}};
    if (auto done = batches.append(std::move(last)); !done) return std::unexpected(done.error());
    if (auto done = batches.finish(); !done) return std::unexpected(done.error());
    if (auto done = (*writer)->finish(); !done) return std::unexpected(done.error());
    return tell(*summary, options);
}

int run_import(const ImportOptions& options) {
    const auto code = import_file(options);
    return code ? *code : report(code.error());
}

}  // namespace

void add_import(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("import", "Make a recording from a log of something else");
    const auto options = std::make_shared<ImportOptions>();
    std::vector<std::string> names;
    for (const import::Format& format : import::formats()) names.emplace_back(format.name);
    command->add_option("FORMAT", options->format, "What wrote it; see below")
        ->required()
        ->check(CLI::IsMember(names));
    command->add_option("FILE", options->file, "The log, plain or compressed; - is standard input")
        ->required();
    command->add_option("-o,--output", options->trace, "The recording to make")
        ->required()
        ->option_text("TRACE");
    std::string help = "\nFORMAT is one of\n";
    for (const import::Format& format : import::formats())
        help += fmt::format("  {:<8} {}\n", format.name, format.help);
    command->footer(help + kExamples);
    command->callback([options, &exit_code] { exit_code = run_import(*options); });
}

}  // namespace catena::cli
