#include "cli/seccomp_run.h"

#include <fmt/format.h>

#include <utility>

#include "cli/command.h"
#include "event/escape.h"
#include "seccomp/filter.h"
#include "seccomp/launcher.h"
#include "seccomp/profile_json.h"
#include "seccomp/supervisor.h"
#include "sys/call_text.h"

namespace catena::cli {
namespace {

constexpr int kNotFound = 127;
constexpr int kNotExecutable = 126;

std::string_view done_text(const seccomp::Violation& violation, const SeccompRunOptions& options) {
    if (options.learn) return "learned";
    if (options.log_only) return "let pass";
    return violation.verdict == seccomp::Verdict::Unknown ? "refused (ENOSYS)" : "refused (EPERM)";
}

std::string advice(const seccomp::Violation& violation, const SeccompRunOptions& options) {
    if (options.learn) return "";
    if (violation.abi == sys::Abi::X32) return "; x32 cannot be allowed";
    const std::string name = sys::call_name(violation.abi, violation.number);
    const std::string abi = violation.abi == sys::Abi::I386 ? ", \"abi\": \"i386\"" : "";
    if (violation.too_late)
        return fmt::format(
            "; it is allowed for start-up only: make its phase \"both\" in {} to allow it later",
            options.profile);
    return fmt::format("; to allow it, add {{\"name\": \"{}\", \"number\": {}{}}} to {}, or run with --learn",
                       name, violation.number, abi, options.profile);
}

void tell(const seccomp::Violation& violation, const SeccompRunOptions& options) {
    const std::string abi =
        violation.abi == sys::Abi::X64 ? "" : fmt::format(" [{}]", sys::to_string(violation.abi));
    fmt::print(stderr, "catena: {} {}{} of {} (pid {}): {}{}\n", done_text(violation, options),
               event::escape_for_terminal(violation.text), abi, event::escape_for_terminal(violation.exe),
               violation.pid, event::escape_for_terminal(to_text(violation.frames)),
               event::escape_for_terminal(advice(violation, options)));
}

base::Result<int> run(const SeccompRunOptions& options) {
    auto profile = seccomp::read_profile(options.profile);
    if (!profile) return std::unexpected(std::move(profile).error());
    const bool log_only = options.log_only || profile->on_denied == seccomp::OnDenied::Log;
    const auto filter = seccomp::compile(
        *profile, options.phases ? seccomp::FilterUse::SupervisedPhases : seccomp::FilterUse::Supervised);
    if (!filter) return std::unexpected(filter.error());
    auto launched =
        seccomp::launch(options.command, *filter,
                        options.new_privileges ? seccomp::NewPrivileges::Yes : seccomp::NewPrivileges::No);
    if (!launched) return std::unexpected(std::move(launched).error());
    const std::size_t calls_before = profile->calls.size();
    seccomp::Supervisor supervisor(std::move(*launched), *profile,
                                   {.on_violation = options.learn ? seccomp::OnViolation::Learn
                                                    : log_only    ? seccomp::OnViolation::Pass
                                                                  : seccomp::OnViolation::Deny,
                                    .phases = options.phases});
    SeccompRunOptions told = options;
    told.log_only = log_only;
    const auto outcome = supervisor.run([&](const seccomp::Violation& violation) { tell(violation, told); });
    if (!outcome) return std::unexpected(base::Error(outcome.error()).with_context(options.command.front()));
    if (outcome->repeated > 0)
        fmt::print(stderr, "catena: {} more of the calls that were told\n", outcome->repeated);
    if (options.learn && outcome->violations > 0) {
        if (auto written = seccomp::write_file(options.profile, seccomp::to_json(*profile)); !written)
            return std::unexpected(std::move(written).error());
        fmt::print(stderr, "catena: {} has {} calls now, and had {}\n",
                   event::escape_for_terminal(options.profile), profile->calls.size(), calls_before);
    }
    return outcome->exit_code;
}

}  // namespace

int run_under_profile(const SeccompRunOptions& options) {
    const auto code = run(options);
    if (code) return *code;
    const int reported = report(code.error());
    // As a shell has it, where the command itself could not be started.
    if (code.error().message.starts_with(options.command.front()))
        return code.error().code == base::ErrorCode::NotFound ? kNotFound : kNotExecutable;
    return reported;
}

}  // namespace catena::cli
