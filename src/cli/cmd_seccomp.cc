// catena seccomp: which system calls a program needs, as a profile; and the program under it.
#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "callgraph/known_calls.h"
#include "callgraph/reachable_calls.h"
#include "cli/command.h"
#include "cli/recorded_calls.h"
#include "cli/seccomp_run.h"
#include "cli/seccomp_views.h"
#include "event/escape.h"
#include "seccomp/derive.h"
#include "seccomp/filter.h"
#include "seccomp/oci.h"
#include "seccomp/profile_json.h"
#include "seccomp/systemd.h"
#include "sys/program_path.h"

namespace catena::cli {
namespace {

constexpr const char* kHelp = R"(
VERB is one of
  derive   make a profile of a program, from recordings of it, from its code, or from both
  run      start a command under a profile, and tell which calls it does not have
  explain  list the calls of a profile: how each is known, when it is needed, who makes it
  diff     compare two profiles
  audit    tell what a profile takes away: calls, and holes of past kernels
  export   write a profile in another format

Examples:
  catena record --fidelity full -o t.catena -- ./server
  catena seccomp derive --trace t.catena -o server.json
  catena seccomp run --profile server.json -- ./server
  catena seccomp audit server.json

catena seccomp VERB --help says more.)";

constexpr const char* kDeriveHelp = R"(
Recordings say what was seen, the code what could be. With both, each call is labelled with where it came from:
observed, static or both. What counts is what the program did, and all that it started, since these inherit its
filter; what the launcher did before it began to run does not. So the code of what it starts counts, too: of what the
recordings saw it start, and of what further --binary name, which without a recording is the only way to know.
So it is with plugins that a configuration names: a doubt tells that there are some, and --also adds one.

A recording with --fidelity full holds every call of its processes and can carry a profile by itself. One with
--fidelity causal (which is what record makes unless told), an imported or a reduced one holds only calls that
moved data, opened or changed something: brk, futex, getpid and calls that failed are not in it. Such a one is
refused alone, and taken to confirm what the code can do. Calls that a recording lost, a start that it missed and
a recorder that was killed are doubts: they are told, and kept in the profile.

Where the code shows all values that an argument can have, of those that choose what a call does (a socket's family
and type, requests of ioctl, options of prctl and more), the call is allowed with these alone; --no-arguments allows
it with any. Values that a recording has are kept beside them, and limit nothing: others can follow. explain lists
both.

--format
  json     Catena's own, with all that is known (docs/formats/profile.md); run needs this one or oci
  oci      for runc, Docker and Podman
  systemd  a drop-in for a service
  bpf      the compiled filter, as an array of struct sock_filter
  pfc      the same as text, without the few instructions in front that answer ENOSYS

Known calls that are not in the profile get EPERM; those that no table has, ENOSYS.

Examples:
  catena seccomp derive --trace t.catena                        # of the program that was recorded
  catena seccomp derive --binary /usr/sbin/nginx --trace a.catena --trace b.catena -o nginx.json
  catena seccomp derive --binary /usr/sbin/nginx --static --format systemd
  catena seccomp derive --binary /usr/sbin/sshd --binary /usr/lib/openssh/sftp-server --binary /bin/sh --static
  catena seccomp derive --binary /usr/sbin/lighttpd --also /usr/lib/lighttpd/mod_cgi.so --static
  catena seccomp derive --trace t.catena --format oci -o server-oci.json)";

constexpr const char* kRunHelp = R"(
No privileges are needed. The command, and all that it starts, runs with no_new_privs: programs like sudo get no
privileges from their set-user-ID bit; a mail server that hands over to itself with root's rights, like exim, needs
--new-privileges, which takes root (CAP_SYS_ADMIN), as systemd starts services. What it takes to start the command need not be in the profile.

A call that the profile does not have is refused with EPERM (one that no table has, with ENOSYS), and told on
standard error: the call with its arguments, the process, the function and the library that made it, as far as
its callers are sure, and what to add. Each is told once, and the others are counted. Where the answer depends on
arguments, only their values count, never the memory that they point to. Should catena be killed, calls that are not
in the profile get ENOSYS from the kernel.

--phases refuses what is needed for start-up alone to each process that has begun to serve: once one of its threads
is found waiting in a call by which serving begins (serving_begins in the profile). This is looked at 50 times a
second; docs/decisions/0036 says what that means.

catena ends when nothing is left that runs under the profile; its exit code is the command's.

Examples:
  catena seccomp run --profile server.json -- ./server --port 8080
  catena seccomp run --profile server.json --learn -- ./server    # adds what is missing to server.json
  catena seccomp run --profile server.json --log-only -- ./server # tells, and lets pass)";

constexpr const char* kExportHelp = R"(
FILE is a profile of Catena, or one of OCI. Formats other than json know no phases and no origins; systemd no
arguments, other than families of sockets.

Examples:
  catena seccomp export server.json --format oci -o server-oci.json
  docker run --security-opt seccomp=server-oci.json server
  catena seccomp export server.json --format systemd -o /etc/systemd/system/server.service.d/calls.conf
  catena seccomp export server.json --format bpf -o server.bpf)";

constexpr const char* kFilesHelp = R"(
FILE is a profile of Catena, or one of OCI (as Docker and Podman take it).

Examples:
  catena seccomp explain server.json
  catena seccomp diff yesterday.json today.json       # exit code 1 where they differ
  catena seccomp audit server.json --format json)";

struct DeriveVerb {
    std::vector<std::string> binaries;  // the program, and others that it starts
    std::vector<std::string> also;  // libraries that the program opens by names that its code does not have
    std::vector<std::string> traces;
    std::string format = "json";
    std::string output;
    bool static_only = false;
    bool observed_only = false;
    bool no_arguments = false;
    bool log_only = false;
};

struct FilesVerb {
    std::string file;
    std::string other;
    std::string output;
    std::string format = "text";
};

// The one place where the analysis of code comes in.
base::Result<callgraph::ReachableCalls> reachable_calls(const std::string& binary,
                                                        const std::vector<std::string>& also = {}) {
    callgraph::ProgramOptions options;
    options.also = also;
    return callgraph::reachable_calls(binary, options);
}

base::Status check_options(const DeriveVerb& options) {
    if (options.static_only && options.observed_only)
        return base::fail(base::ErrorCode::Usage, "--static and --observed exclude each other");
    if (options.static_only && !options.traces.empty())
        return base::fail(base::ErrorCode::Usage, "--static takes no --trace: leave one of them out");
    if (options.observed_only && options.traces.empty())
        return base::fail(base::ErrorCode::Usage, "--observed needs at least one --trace");
    if (options.binaries.empty() && options.traces.empty())
        return base::fail(base::ErrorCode::Usage,
                          "name the program with --binary, or recordings with --trace");
    return {};
}

// Of the program first. Of what only recordings know that it starts, code is looked at as far as there is
// some: scripts, programs that are gone and those of other architectures stay what was recorded.
base::Result<std::vector<callgraph::ReachableCalls>> reachable_calls(
    const DeriveVerb& options, const std::vector<std::string>& binaries,
    const std::vector<seccomp::Observation>& observed) {
    std::vector<callgraph::ReachableCalls> all;
    for (const std::string& binary : binaries) {
        auto calls = reachable_calls(binary, all.empty() ? options.also : std::vector<std::string>());
        if (!calls) return std::unexpected(std::move(calls).error());
        all.push_back(std::move(*calls));
    }
    for (const seccomp::Observation& observation : observed) {
        for (const std::string& started : observation.started) {
            if (std::ranges::find(all, started, &callgraph::ReachableCalls::program) != all.end()) continue;
            if (auto calls = reachable_calls(started)) all.push_back(std::move(*calls));
        }
    }
    return all;
}

// As recordings name programs: without symbolic links. A program that is gone keeps the name that was given.
base::Result<std::vector<std::string>> named_programs(const DeriveVerb& options) {
    std::vector<std::string> binaries;
    for (const std::string& each : options.binaries) {
        std::string path = sys::real_path(each);
        if (std::ranges::find(binaries, path) == binaries.end()) binaries.push_back(std::move(path));
    }
    if (!binaries.empty()) return binaries;
    auto first = recorded_program(options.traces.front());
    if (!first) return std::unexpected(std::move(first).error());
    return std::vector{std::move(*first)};
}

base::Result<seccomp::Profile> derived(const DeriveVerb& options) {
    const auto binaries = named_programs(options);
    if (!binaries) return std::unexpected(binaries.error());
    const std::string& program = binaries->front();
    std::vector<seccomp::Observation> observed;
    for (const std::string& trace : options.traces) {
        auto observation = recorded_calls(trace, program);
        if (!observation) return std::unexpected(std::move(observation).error());
        observed.push_back(std::move(*observation));
    }
    std::vector<callgraph::ReachableCalls> reachable;
    if (!options.observed_only) {
        auto calls = reachable_calls(options, *binaries, observed);
        if (!calls) return std::unexpected(std::move(calls).error());
        reachable = std::move(*calls);
    }
    auto profile =
        seccomp::derive({.program = program, .with_arguments = !options.no_arguments}, observed, reachable);
    if (profile && options.log_only) profile->on_denied = seccomp::OnDenied::Log;
    return profile;
}

base::Result<std::string> formatted(const seccomp::Profile& profile, const std::string& format) {
    if (format == "oci") return to_oci(profile);
    if (format == "systemd") return to_systemd(profile);
    if (format == "pfc") return compile_to_text(profile);
    if (format == "json") return to_json(profile);
    const auto filter = compile(profile, seccomp::FilterUse::Alone);
    if (!filter) return std::unexpected(filter.error());
    return std::string(reinterpret_cast<const char*>(filter->data()), filter->size() * sizeof(sock_filter));
}

base::Result<int> put(const std::string& text, const std::string& output) {
    if (output.empty()) {
        (void)std::fwrite(text.data(), 1, text.size(), stdout);
        return kDone;
    }
    if (auto written = seccomp::write_file(output, text); !written)
        return std::unexpected(std::move(written).error());
    return kDone;
}

base::Result<int> derive(const DeriveVerb& options) {
    if (auto checked = check_options(options); !checked) return std::unexpected(std::move(checked).error());
    const auto profile = derived(options);
    if (!profile) return std::unexpected(profile.error());
    const auto text = formatted(*profile, options.format);
    if (!text) return std::unexpected(text.error());
    for (const std::string& doubt : profile->doubts)
        fmt::print(stderr, "catena: doubt: {}\n", event::escape_for_terminal(doubt));
    if (!options.output.empty()) {
        fmt::print(stderr, "catena: {} system calls for {}\n", profile->calls.size(),
                   event::escape_for_terminal(options.output));
    }
    return put(*text, options.output);
}

base::Result<int> export_profile(const FilesVerb& options) {
    const auto profile = seccomp::read_profile(options.file);
    if (!profile) return std::unexpected(profile.error());
    const auto text = formatted(*profile, options.format);
    if (!text) return std::unexpected(text.error());
    return put(*text, options.output);
}

base::Result<int> diff(const FilesVerb& options) {
    const auto first = seccomp::read_profile(options.file);
    if (!first) return std::unexpected(first.error());
    const auto second = seccomp::read_profile(options.other);
    if (!second) return std::unexpected(second.error());
    return print_differences(*first, *second, options.format) ? kNegative : kDone;
}

template <class Print>
base::Result<int> show(const FilesVerb& options, Print&& print) {
    const auto profile = seccomp::read_profile(options.file);
    if (!profile) return std::unexpected(profile.error());
    print(*profile, options.format);
    return kDone;
}

int finish(const base::Result<int>& code) {
    if (!code) return report(code.error());
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
        return report(base::fail_errno("standard output cannot be written").error());
    return *code;
}

void add_output(CLI::App& command, std::string& format, std::string& output) {
    command.add_option("--format", format, "json (default), oci, systemd, bpf or pfc")
        ->option_text("json|oci|systemd|bpf|pfc")
        ->check(CLI::IsMember({"json", "oci", "systemd", "bpf", "pfc"}));
    command.add_option("-o,--output", output, "The file to write; else standard output");
}

void add_derive(CLI::App& parent, int& exit_code) {
    CLI::App* command = parent.add_subcommand("derive", "Make a profile of a program");
    const auto options = std::make_shared<DeriveVerb>();
    command
        ->add_option("--binary", options->binaries,
                     "The program, else the one that the recording ran first; again: others that it starts")
        ->allow_extra_args(false);
    command
        ->add_option("--also", options->also,
                     "A library that it opens by a name from its configuration; can be given several times")
        ->allow_extra_args(false);
    command->add_option("--trace", options->traces, "A recording of it; can be given several times")
        ->allow_extra_args(false);
    command->add_flag("--static", options->static_only, "From its code alone");
    command->add_flag("--observed", options->observed_only, "From recordings alone");
    command->add_flag("--no-arguments", options->no_arguments, "Allow calls with any arguments");
    command->add_flag("--log-only", options->log_only, "What is not in it is made, and logged by the kernel");
    add_output(*command, options->format, options->output);
    command->footer(kDeriveHelp);
    command->callback([options, &exit_code] { exit_code = finish(derive(*options)); });
}

void add_run(CLI::App& parent, int& exit_code) {
    CLI::App* command = parent.add_subcommand("run", "Start a command under a profile");
    const auto options = std::make_shared<SeccompRunOptions>();
    command->add_option("--profile", options->profile, "The profile")->required();
    command->add_flag("--learn", options->learn, "Let calls pass that it does not have, and add them to it");
    command->add_flag("--log-only", options->log_only, "Let them pass, and only tell")->excludes("--learn");
    command->add_flag("--phases", options->phases, "Refuse what start-up alone needs once a process serves");
    command->add_flag("--new-privileges", options->new_privileges,
                      "Set-user-ID programs keep their effect (needs root)");
    command->add_option("COMMAND", options->command, "The command and its arguments, behind --")
        ->required()
        ->expected(1, 1 << 20);
    command->footer(kRunHelp);
    command->callback([options, &exit_code] { exit_code = run_under_profile(*options); });
}

CLI::App* add_view(CLI::App& parent, const char* name, const char* text,
                   const std::shared_ptr<FilesVerb>& options) {
    CLI::App* command = parent.add_subcommand(name, text);
    command->add_option("FILE", options->file, "The profile")->required();
    command->add_option("--format", options->format, "text (default) or json")
        ->option_text("text|json")
        ->check(CLI::IsMember({"text", "json"}));
    command->footer(kFilesHelp);
    return command;
}

}  // namespace

void add_seccomp(CLI::App& app, int& exit_code) {
    CLI::App* command = app.add_subcommand("seccomp", "Derive, try and judge filters of system calls");
    command->require_subcommand(1);
    command->footer(kHelp);
    add_derive(*command, exit_code);
    add_run(*command, exit_code);
    auto options = std::make_shared<FilesVerb>();
    add_view(*command, "explain", "List the calls of a profile", options)->callback([options, &exit_code] {
        exit_code = finish(show(*options, print_explanation));
    });
    options = std::make_shared<FilesVerb>();
    CLI::App* compared = add_view(*command, "diff", "Compare two profiles", options);
    compared->add_option("OTHER", options->other, "The profile to compare it with")->required();
    compared->callback([options, &exit_code] { exit_code = finish(diff(*options)); });
    options = std::make_shared<FilesVerb>();
    add_view(*command, "audit", "Tell what a profile takes away", options)->callback([options, &exit_code] {
        exit_code = finish(show(*options, print_audit));
    });
    options = std::make_shared<FilesVerb>(FilesVerb{.format = "json"});
    CLI::App* exported = command->add_subcommand("export", "Write a profile in another format");
    exported->add_option("FILE", options->file, "The profile")->required();
    add_output(*exported, options->format, options->output);
    exported->footer(kExportHelp);
    exported->callback([options, &exit_code] { exit_code = finish(export_profile(*options)); });
}

}  // namespace catena::cli
