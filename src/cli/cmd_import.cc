// catena import: makes a recording from a log that something else wrote.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.h"
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
  catena import cadets stretch.json.xz -o stretch.catena
  zcat audit.json.gz | catena import cadets - -o audit.catena)";

volatile std::sig_atomic_t interrupted = 0;

// One line on standard error that is drawn anew, where that is a terminal.
class ImportProgress {
  public:
    explicit ImportProgress(const import::LineReader& lines) : lines_(lines) {}
    ~ImportProgress() {
        if (terminal_) fmt::print(stderr, "\r\033[K");
    }
    ImportProgress(const ImportProgress&) = delete;
    ImportProgress& operator=(const ImportProgress&) = delete;

    void show(const import::Summary& summary) {
        const auto now = std::chrono::steady_clock::now();
        if (!terminal_ || now - drawn_ < std::chrono::milliseconds(250)) return;
        drawn_ = now;
        fmt::print(stderr, "\r\033[Kimporting: ");
        if (lines_.size() > 0) fmt::print(stderr, "{}%, ", 100 * lines_.position() / lines_.size());
        fmt::print(stderr, "{} lines, {} events, {} bad lines", summary.lines, summary.events, summary.bad);
        std::fflush(stderr);
    }

  private:
    const import::LineReader& lines_;
    bool terminal_ = ::isatty(STDERR_FILENO) == 1;
    std::chrono::steady_clock::time_point drawn_{};
};

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
    auto lines = import::LineReader::open(options.file);
    if (!lines) return std::unexpected(lines.error());
    const auto head = lines->head();
    if (!head) return std::unexpected(head.error());
    if (auto fits = import::check_format(*format, *head, options.file); !fits)
        return std::unexpected(fits.error());
    auto writer = store::create_recording(options.trace);
    if (!writer) return std::unexpected(writer.error());

    ImportProgress progress(*lines);
    event::Batch first;
    first.meta = description(options, *lines);
    if (auto done = (*writer)->append(first); !done) return std::unexpected(done.error());
    const auto summary =
        import::run({.format = *format,
                     .lines = *lines,
                     .append = [&](const event::Batch& batch) { return (*writer)->append(batch); },
                     .proceed =
                         [&](const import::Summary& now) {
                             progress.show(now);
                             return interrupted == 0;
                         }});
    if (!summary) return std::unexpected(summary.error());
    event::Batch last;
    last.meta = {{"state", "complete"}};
    if (auto done = (*writer)->append(last); !done) return std::unexpected(done.error());
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
