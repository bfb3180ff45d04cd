// A joined profile allows what was seen and what could be. Of a call that was seen, the recordings know the
// phase; what only the code can do is allowed in both, since an analysis of code alone does not know when.

#include "seccomp/derive.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "event/escape.h"
#include "sys/argument_rules.h"
#include "sys/call_text.h"

namespace catena::seccomp {
namespace {

constexpr std::size_t kMaxValues = 64;   // of an argument that are told
constexpr std::size_t kMaxEvidence = 3;  // sites that are named of one call
constexpr std::size_t kMaxPath = 6;      // functions on the way to it

// Any process can be interrupted by a signal, and all of them end, whether or not that was seen.
constexpr std::array<std::string_view, 4> kAlwaysNeeded = {"exit", "exit_group", "restart_syscall",
                                                           "rt_sigreturn"};

std::string described(const callgraph::CallEvidence& site) {
    const std::size_t slash = site.binary.rfind('/');
    std::string text = fmt::format("{} in {}", site.function.empty() ? "?" : site.function,
                                   slash == std::string::npos ? site.binary : site.binary.substr(slash + 1));
    if (site.path.size() < 2) return text;
    const std::size_t from = site.path.size() > kMaxPath ? site.path.size() - kMaxPath : 0;
    text += from > 0 ? " by … " : " by ";
    return text + fmt::format("{}", fmt::join(site.path.begin() + static_cast<std::ptrdiff_t>(from),
                                              site.path.end(), " → "));
}

class Deriver {
  public:
    explicit Deriver(const DeriveOptions& options) : options_(options) { profile_.program = options.program; }

    void add(const Observation& observation) {
        for (const ObservedCall& call : observation.calls) {
            if (call.abi == sys::Abi::X32) {
                profile_.doubts.push_back(fmt::format("{} was called by x32's table, which cannot be allowed",
                                                      sys::call_name(call.abi, call.number)));
                continue;
            }
            const bool split = observation.serves;
            profile_.calls.push_back({.name = sys::call_name(call.abi, call.number),
                                      .number = call.number,
                                      .abi = call.abi,
                                      .origin = Origin::Observed,
                                      .phase = !split               ? Phase::Both
                                               : call.serving == 0  ? Phase::StartUp
                                               : call.starting == 0 ? Phase::Serving
                                                                    : Phase::Both,
                                      .seen = call.starting + call.serving});
        }
        for (const ObservedArgument& each : observation.arguments)
            arguments_[{each.number, each.argument}].seen.insert(each.values.begin(), each.values.end());
        append(profile_.evidence, observation.evidence);
        append(profile_.doubts, observation.doubts);
        append(profile_.serving_begins, observation.serving_begins);
    }

    void add(const callgraph::ReachableCalls& reachable) {
        for (const callgraph::ReachableCall& call : reachable.calls) {
            const sys::Abi abi = call.i386 ? sys::Abi::I386 : sys::Abi::X64;
            std::vector<std::string> evidence;
            for (const callgraph::CallEvidence& site : call.evidence) {
                std::string text = described(site);
                if (evidence.size() < kMaxEvidence && std::ranges::find(evidence, text) == evidence.end())
                    evidence.push_back(std::move(text));
            }
            if (call.evidence.size() > kMaxEvidence)
                evidence.push_back(fmt::format("and {} more sites", call.evidence.size() - kMaxEvidence));
            ProfileCall made{.name = sys::call_name(abi, call.number),
                             .number = call.number,
                             .abi = abi,
                             .origin = Origin::Static,
                             .evidence = std::move(evidence)};
            add_static(std::move(made));
            if (abi == sys::Abi::X64) add_arguments(call);
        }
        add_unresolved(reachable);
        profile_.evidence.push_back(fmt::format("the code of {} and what it loads: {} files, {} calls",
                                                reachable.program, reachable.binaries.size(),
                                                reachable.calls.size()));
        append(profile_.doubts, reachable.doubts);
    }

    // Of what it starts, only recordings say what it does, where its code was not looked at.
    void doubt_unknown(const std::vector<Observation>& observed,
                       const std::vector<callgraph::ReachableCalls>& reachable) {
        for (const Observation& observation : observed) {
            for (const std::string& started : observation.started) {
                if (std::ranges::find(reachable, started, &callgraph::ReachableCalls::program) !=
                    reachable.end())
                    continue;
                unknown_code_ = true;
                append(profile_.doubts,
                       {fmt::format("the program runs {}: its calls are those that were recorded",
                                    event::escape(started))});
            }
        }
    }

    Profile finish(bool observed_only) {
        normalize(profile_);  // so that each call is there once
        for (const std::string_view name : kAlwaysNeeded) {
            const auto number = static_cast<std::uint32_t>(sys::syscall_number(name).value_or(0));
            if (ProfileCall* call = find(sys::Abi::X64, number)) {
                call->phase = Phase::Both;
                continue;
            }
            profile_.calls.push_back(
                {.name = std::string(name),
                 .number = number,
                 .origin = Origin::Static,
                 .evidence = {"every process can need it, to return from a signal or to end"}});
        }
        normalize(profile_);
        for (ProfileCall& call : profile_.calls) {
            if (call.abi == sys::Abi::X64) finish_arguments(call);
        }
        if (observed_only) profile_.doubts.emplace_back("what the recordings did not run into is not in it");
        return std::move(profile_);
    }

  private:
    // What all sides know of one argument.
    struct KnownArgument {
        std::set<std::uint64_t> possible;  // by the code of all programs
        bool shown = false;                // some code has it
        bool any = false;                  // by some code it can be anything
        std::set<std::uint64_t> seen;      // in recordings
    };

    void add_arguments(const callgraph::ReachableCall& call) {
        for (const sys::ArgumentRule& rule : sys::argument_rules(call.number)) {
            KnownArgument& known = arguments_[{rule.number, rule.argument}];
            const auto given = std::ranges::find_if(call.arguments, [&](const auto& each) {
                return each.index == rule.argument && each.mask == rule.mask;
            });
            known.shown = true;
            if (given == call.arguments.end() || !given->known)
                known.any = true;
            else
                known.possible.insert(given->values.begin(), given->values.end());
        }
    }

    void finish_arguments(ProfileCall& call) {
        for (const sys::ArgumentRule& rule : sys::argument_rules(call.number)) {
            KnownArgument& known = arguments_[{rule.number, rule.argument}];
            ArgumentSet set{.argument = rule.argument, .mask = rule.mask};
            if (known.shown && !known.any && !unknown_code_ && holds_what_was_seen(call, set, known)) {
                set.values.assign(known.possible.begin(), known.possible.end());
                set.origin = known.seen.empty() ? Origin::Static : Origin::Both;
            } else {
                set.values.assign(known.seen.begin(), known.seen.end());
                set.origin = Origin::Observed;
            }
            if (!set.values.empty() && set.values.size() <= kMaxValues)
                call.arguments.push_back(std::move(set));
        }
        if (options_.with_arguments) call.when = conditions_of(call.arguments);
    }

    // A recording that knows better than the analysis shows a mistake of it. Nothing is then claimed.
    bool holds_what_was_seen(const ProfileCall& call, ArgumentSet set, const KnownArgument& known) {
        std::ranges::set_difference(known.seen, known.possible, std::back_inserter(set.values));
        if (set.values.empty()) return true;
        set.origin = Origin::Observed;
        profile_.doubts.push_back(fmt::format(
            "{} was called where {}, which the analysis of the code lacks: it is allowed with any; please "
            "report this",
            call.name, to_text(call, set)));
        return false;
    }

    static void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
        std::ranges::copy_if(from, std::back_inserter(to), [&](const std::string& each) {
            return std::ranges::find(to, each) == to.end();
        });
    }

    ProfileCall* find(sys::Abi abi, std::uint32_t number) {
        const auto found = std::ranges::find_if(profile_.calls, [&](const ProfileCall& each) {
            return each.abi == abi && each.number == number;
        });
        return found == profile_.calls.end() ? nullptr : &*found;
    }

    // Keeps the phase in which the call was seen, where it was seen at all: whoever joins both asks for that.
    void add_static(ProfileCall&& call) {
        for (ProfileCall& each : profile_.calls) {
            if (each.abi != call.abi || each.number != call.number) continue;
            call.phase = each.phase;
        }
        profile_.calls.push_back(std::move(call));
    }

    // A site whose number is not known widens the profile by what it can be; by all, where that is not known.
    void add_unresolved(const callgraph::ReachableCalls& reachable) {
        for (const callgraph::UnresolvedSite& site : reachable.unresolved) {
            profile_.unresolved.push_back(site);
            std::vector<std::uint32_t> numbers;
            if (site.numbers) {
                numbers = *site.numbers;
            } else {
                append(
                    profile_.doubts,
                    {fmt::format("{} in {} can make any call, so all of them are allowed; --observed takes "
                                 "what was seen alone",
                                 site.function, site.binary)});
                for (const sys::SyscallRow& row : sys::syscalls(sys::Abi::X64))
                    numbers.push_back(static_cast<std::uint32_t>(row.number));
            }
            for (const std::uint32_t number : numbers) {
                add_arguments({.number = number});
                add_static({.name = sys::call_name(sys::Abi::X64, number),
                            .number = number,
                            .origin = Origin::Static,
                            .evidence = {fmt::format("{} in {}: the number there is not known", site.function,
                                                     site.binary)}});
            }
        }
    }

    const DeriveOptions& options_;
    Profile profile_;
    std::map<std::pair<std::uint32_t, std::uint32_t>, KnownArgument> arguments_;  // by call and argument
    bool unknown_code_ = false;  // something was run whose code was not looked at
};

}  // namespace

base::Result<Profile> derive(const DeriveOptions& options, const std::vector<Observation>& observed,
                             const std::vector<callgraph::ReachableCalls>& reachable) {
    const bool complete = std::ranges::any_of(observed, &Observation::complete);
    if (reachable.empty() && !complete) {
        return base::fail(
            base::ErrorCode::BadInput,
            "these recordings hold only calls that moved data, opened or changed something: brk, "
            "futex and many others would be missing. Record with --fidelity full, or join them with "
            "the analysis of the code (leave --observed out)");
    }
    Deriver deriver(options);
    for (const Observation& each : observed) deriver.add(each);
    for (const callgraph::ReachableCalls& each : reachable) deriver.add(each);
    deriver.doubt_unknown(observed, reachable);
    Profile profile = deriver.finish(reachable.empty());
    const bool nothing_seen =
        std::ranges::all_of(observed, [](const Observation& each) { return each.calls.empty(); });
    if (reachable.empty() && nothing_seen) {
        return base::fail(base::ErrorCode::NotFound,
                          fmt::format("no system call of {} was found in the recordings", options.program));
    }
    return profile;
}

}  // namespace catena::seccomp
