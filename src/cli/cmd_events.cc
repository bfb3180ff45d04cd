// catena events: prints the events of a recording, as text for people or as JSON Lines for programs.
#include <csignal>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/result.h"
#include "cli/command.h"
#include "event/call_lines.h"
#include "event/entity_table.h"
#include "event/escape.h"
#include "event/json_lines.h"
#include "event/text.h"
#include "store/store.h"

namespace catena::cli {
namespace {

constexpr const char* kExamples = R"(
EXPR is an SQL condition over the columns of the table events (catena query TRACE "describe events").

Examples:
  catena events trace.catena
  catena events trace.catena --where "op = 'connect' and ret < 0"
  catena events trace.catena --where "bytes > 1000000" --format json | jq .object.path
  catena events trace.catena --calls --where "syscall = 'openat' and ret < 0"
  catena events trace.catena --where "op in ('rename', 'unlink') and path like '/etc/%'")";

struct EventsOptions {
    std::string trace;
    std::string where;
    std::string format = "text";
    bool calls = false;
};

base::Result<event::EntityTable> load_entities(store::Reader& reader) {
    event::EntityTable table;
    const auto add = [&table](auto&& row) { table.add(std::forward<decltype(row)>(row)); };
    if (auto status = reader.processes(add); !status) return std::unexpected(std::move(status).error());
    if (auto status = reader.files(add); !status) return std::unexpected(std::move(status).error());
    if (auto status = reader.sockets(add); !status) return std::unexpected(std::move(status).error());
    if (auto status = reader.objects(add); !status) return std::unexpected(std::move(status).error());
    if (auto status = reader.function_paths(add); !status) return std::unexpected(std::move(status).error());
    return table;
}

base::Status print_events(const EventsOptions& options) {
    auto reader = store::open_recording(options.trace);
    if (!reader) return std::unexpected(std::move(reader).error());
    if (options.calls && (*reader)->meta()["fidelity"] != "full") {
        return base::fail(
            base::ErrorCode::NotFound,
            event::escape_for_terminal(options.trace) +
                " holds no system calls, only what flowed; catena record --fidelity full keeps them");
    }
    const auto entities = load_entities(**reader);
    if (!entities) return std::unexpected(entities.error());
    const bool json = options.format == "json";
    const auto print = [&](const auto& row) {
        const std::string line = (json ? to_json_line(row, *entities) : to_text_line(row, *entities)) + '\n';
        std::fwrite(line.data(), 1, line.size(), stdout);
    };
    auto status =
        options.calls ? (*reader)->calls(options.where, print) : (*reader)->events(options.where, print);
    if (!status) return status;
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        return base::fail_errno("standard output cannot be written");
    }
    return {};
}

int run_events(const EventsOptions& options) {
    // A reader that has seen enough (| head) ends this program as it ends any other in a pipeline: quietly.
    std::signal(SIGPIPE, SIG_DFL);
    const auto status = print_events(options);
    return status ? kDone : report(status.error());
}

}  // namespace

void add_events(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("events", "Print the events of a recording");
    const auto options = std::make_shared<EventsOptions>();
    command->add_option("TRACE", options->trace, "The recording")->required();
    command->add_option("--where", options->where, "Only events for which this SQL condition holds")
        ->option_text("EXPR");
    command->add_flag("--calls", options->calls,
                      "Print the system calls of a recording made with --fidelity full, as strace does; EXPR "
                      "is over the view syscalls");
    command->add_option("--format", options->format, "text (default) or json: one object a line")
        ->option_text("text|json")
        ->check(CLI::IsMember({"text", "json"}));
    command->footer(kExamples);
    command->callback([options, &exit_code] { exit_code = run_events(*options); });
}

}  // namespace catena::cli
