// catena query: any SQL that reads, over the tables of a recording (docs/formats/recording.md).
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "cli/command.h"
#include "cli/table_printer.h"
#include "store/store.h"

namespace catena::cli {
namespace {

constexpr const char* kExamples = R"(
SQL is DuckDB's. Nothing but the recording can be read, and nothing can be changed.

Examples:
  catena query trace.catena "SHOW TABLES"
  catena query trace.catena "DESCRIBE events"
  catena query trace.catena "SELECT op, count(*) FROM events GROUP BY op ORDER BY 2 DESC"
  catena query trace.catena "SELECT exe, cmdline, exit_status FROM processes WHERE uid = 0" --format csv
  catena query trace.catena --format json "SELECT make_timestamp_ns(ts_ns) AS at, path FROM events WHERE op = 'unlink'"
  catena query trace.catena "SELECT p.exe, f.path, sum(e.bytes) FROM events e JOIN processes p ON p.id = e.process
                             JOIN files f ON f.id = e.object WHERE e.op = 'write' GROUP BY ALL")";

struct QueryOptions {
    std::string trace;
    std::string sql;
    std::string format = "text";
};

// "\nTables: events, files, …": for who mistyped one.
std::string tables_hint(store::Reader& reader) {
    std::string names;
    const auto listed = reader.query(
        "SELECT name FROM (SHOW TABLES) ORDER BY name", [](const store::Table&) {},
        [&](const store::Row& row) { names += (names.empty() ? "" : ", ") + row.front().value_or(""); });
    if (!listed || names.empty()) return "";
    return fmt::format("\nTables: {}.\nDESCRIBE and a table's name shows its columns.", names);
}

base::Status print_rows(const QueryOptions& options) {
    auto reader = store::open_recording(options.trace);
    if (!reader) return std::unexpected(std::move(reader).error());
    const auto printer = make_table_printer(options.format);
    std::uint64_t count = 0;
    auto status = (*reader)->query(
        options.sql, [&](const store::Table& table) { printer->begin(table); },
        [&](const store::Row& row) {
            printer->row(row);
            ++count;
        });
    if (!status && status.error().code == base::ErrorCode::Usage) {
        status.error().message = "the SQL is not possible: " + status.error().message + tables_hint(**reader);
    }
    if (!status) return status;
    printer->end();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        return base::fail_errno("standard output cannot be written");
    }
    if (::isatty(STDERR_FILENO) == 1) fmt::print(stderr, "{} {}\n", count, count == 1 ? "row" : "rows");
    return {};
}

int run_query(const QueryOptions& options) {
    // A reader that has seen enough (| head) ends this program as it ends any other in a pipeline: quietly.
    std::signal(SIGPIPE, SIG_DFL);
    const auto status = print_rows(options);
    return status ? kDone : report(status.error());
}

}  // namespace

void add_query(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("query", "Ask a recording in SQL");
    const auto options = std::make_shared<QueryOptions>();
    command->add_option("TRACE", options->trace, "The recording")->required();
    command->add_option("SQL", options->sql, "One statement that reads")->required();
    command->add_option("--format", options->format, "text (default), json or csv")
        ->option_text("text|json|csv")
        ->check(CLI::IsMember({"text", "json", "csv"}));
    command->footer(kExamples);
    command->callback([options, &exit_code] { exit_code = run_query(*options); });
}

}  // namespace catena::cli
