// catena: one program, a verb for each thing it does. This file only dispatches; a verb lives in its
// cmd_<verb>.cc.
#include <fmt/format.h>

#include <exception>

#include "cli/command.h"
#include "cli/command_line.h"

namespace {

void add_verbs(CLI::App& app, int& exit_code) {
    using namespace catena::cli;  // NOLINT(google-build-using-namespace): for these few lines
    add_record(app, exit_code);
    add_events(app, exit_code);
    add_chain(app, exit_code);
    add_query(app, exit_code);
    add_import(app, exit_code);
    add_reduce(app, exit_code);
    add_analyze(app, exit_code);
    add_functions(app, exit_code);
    add_seccomp(app, exit_code);
    add_doctor(app, exit_code);
    add_completion(app, exit_code);
}

}  // namespace

int main(int argc, char** argv) {
    int exit_code = catena::cli::kDone;
    try {
        CLI::App app(
            "Catena tells you why something happened on a Linux machine, and what it could have done.",
            "catena");
        app.set_version_flag("--version", "catena " CATENA_VERSION, "Print the version and exit");
        app.footer("catena VERB --help says more, with examples.");
        app.get_formatter()->label("SUBCOMMAND", "VERB");
        app.get_formatter()->label("Subcommands", "Verbs");
        add_verbs(app, exit_code);
        const int parsed = catena::cli::parse_command_line(app, {argv + 1, argv + argc});
        return parsed == catena::cli::kDone ? exit_code : parsed;
    } catch (const std::exception& error) {
        fmt::print(stderr, "catena: gave up: {}\n", error.what());
        return catena::cli::kBadInput;
    }
}
