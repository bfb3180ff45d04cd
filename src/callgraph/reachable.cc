#include "callgraph/reachable.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/stable_sort.h"

#include "elf/demangle.h"
#include "sys/argument_rules.h"

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxPath = 200;
constexpr std::size_t kMaxEvidence = 32;  // of one call
constexpr std::size_t kMaxReasons = 3;    // for which an argument is not known
// nanosleep, clock_nanosleep, poll and futex can be stopped by a signal in such a way that the kernel goes on
// with them by restart_syscall, which it puts in the place of their number.
constexpr std::uint32_t kSeccomp = 317;
constexpr std::uint32_t kRestartSyscall = 219;
constexpr std::uint32_t kRestarted[] = {7, 35, 202, 230};

class Collector {
  public:
    Collector(const Linked& linked, const Reach& reach) : linked_(linked), reach_(reach) {}

    ReachableCalls run() {
        if (!linked_.objects.empty()) result_.program = linked_.objects.front().path;
        for (std::uint32_t object = 0; object < linked_.objects.size(); ++object) {
            result_.binaries.push_back(linked_.objects[object].path);
            for (const std::string& each : linked_.objects[object].code->doubts)
                result_.doubts.push_back(fmt::format("{}: {}", linked_.objects[object].path, each));
            for (const CallFact& each : linked_.objects[object].code->calls) collect(object, each);
            for (const ArgumentFact& each : linked_.objects[object].code->arguments) collect(object, each);
        }
        for (const PassedNumber& each : reach_.passed()) collect(each);
        add_restart();
        for (auto& [key, call] : calls_) {
            base::stable_sort(call.evidence, [](const CallEvidence& each) { return each.path.size(); });
            if (call.evidence.size() > kMaxEvidence) call.evidence.resize(kMaxEvidence);
            if (!call.i386) add_arguments(call);
            result_.calls.push_back(std::move(call));
        }
        return std::move(result_);
    }

  private:
    void collect(std::uint32_t object, const CallFact& fact) {
        const FunctionRef owner{object, fact.owner};
        if (fact.when == When::Taken ? !reach_.taken(owner) : !reach_.reached(owner)) return;
        const FunctionRef holder{object, fact.function};
        if (stays_within(object, fact.elsewhere)) return;
        if (!fact.resolved) {
            unresolved(holder, fact.address,
                       fmt::format("{} (through {})", fact.reason, function_name(linked_, owner)));
            return;
        }
        for (const std::uint32_t number : fact.numbers)
            if (!is_kept_back(holder, number)) add(number, fact.door, evidence(owner, holder, fact.address));
    }

    // Whether the call waits for something that nothing that can run does.
    [[nodiscard]] bool is_kept_back(FunctionRef holder, std::uint32_t number) const {
        return std::ranges::any_of(linked_.objects[holder.object].gated_calls, [&](const CallGate& each) {
            return each.number == number && (each.function == kNone || each.function == holder.function) &&
                   !reach_.is_open(each.gate);
        });
    }

    // Whether the pointer, if there is one, is bound to the file that holds it.
    [[nodiscard]] bool stays_within(std::uint32_t object, std::uint32_t pointer) const {
        return pointer != kNone && linked_.objects[object].bound[pointer].place.object == object;
    }

    void collect(const PassedNumber& passed) {
        const FunctionRef holder{passed.wrapper.object, passed.what.holder};
        if (passed.when == When::Taken ? !reach_.taken(passed.owner) : !reach_.reached(passed.owner)) return;
        if (stays_within(passed.owner.object, passed.elsewhere)) return;
        if (passed.what.argument != kTheNumber) {
            if (!is_kept_back(holder, passed.what.number))
                give({passed.what.number, passed.what.argument}, passed.owner, passed.known, passed.values,
                     passed.reason);
            return;
        }
        if (!passed.known) {
            const std::string& path = linked_.objects[passed.owner.object].path;
            unresolved(holder, passed.what.address,
                       fmt::format("{} (through {} of {})", passed.reason,
                                   function_name(linked_, passed.owner), path));
            // libseccomp looks the number of this one call up in its own table, by name.
            if (path.find("/libseccomp.so.") == std::string::npos) return;
            UnresolvedSite& site = result_.unresolved.back();
            site.numbers = std::vector{kSeccomp};
            site.reason += "; libseccomp asks its table for seccomp and for no other call";
            add(kSeccomp, passed.what.door, evidence(passed.owner, holder, passed.what.address));
            give({kSeccomp, 0}, passed.owner, false, {}, "libseccomp makes it");
            return;
        }
        for (const std::uint64_t number : passed.values)
            add(static_cast<std::uint32_t>(number), passed.what.door,
                evidence(passed.owner, holder, passed.what.address));
    }

    void collect(std::uint32_t object, const ArgumentFact& fact) {
        const FunctionRef owner{object, fact.owner};
        if (fact.when == When::Taken ? !reach_.taken(owner) : !reach_.reached(owner)) return;
        if (stays_within(object, fact.elsewhere) || is_kept_back({object, fact.function}, fact.number))
            return;
        give({fact.number, fact.argument}, owner, fact.known, fact.values, fact.reason);
    }

    // What is known of one argument by all ways together.
    struct Given {
        std::set<std::uint64_t> values;
        std::set<std::string> unknown;  // why it can be anything
    };
    using ArgumentKey = std::pair<std::uint32_t, std::uint8_t>;  // the call's number, and which argument

    void give(ArgumentKey which, FunctionRef owner, bool known, const std::vector<std::uint64_t>& values,
              const std::string& reason) {
        Given& given = given_[which];
        given.values.insert(values.begin(), values.end());
        if (!known)
            given.unknown.insert(fmt::format("{} ({} of {})", reason, function_name(linked_, owner),
                                             linked_.objects[owner.object].path));
    }

    // An instruction that can make any call can make this one, with anything.
    [[nodiscard]] const UnresolvedSite* any_call() const {
        const auto any = std::ranges::find_if(result_.unresolved,
                                              [](const UnresolvedSite& each) { return !each.numbers; });
        return any == result_.unresolved.end() ? nullptr : &*any;
    }

    static std::string told(const std::set<std::string>& reasons) {
        std::string text;
        std::size_t left = reasons.size();
        for (const std::string& each : reasons) {
            if (reasons.size() - left == kMaxReasons) return text + fmt::format("; and {} more", left);
            text += (text.empty() ? "" : "; ") + each;
            --left;
        }
        return text;
    }

    void add_arguments(ReachableCall& call) const {
        for (const sys::ArgumentRule& rule : sys::argument_rules(call.number)) {
            ArgumentValues argument{.index = rule.argument, .mask = rule.mask};
            const auto found = given_.find({rule.number, rule.argument});
            if (const UnresolvedSite* any = any_call())
                argument.reason = fmt::format("{} of {} can make any call", any->function, any->binary);
            else if (found == given_.end())
                argument.reason = "nothing is seen that gives it";
            else
                argument.reason = told(found->second.unknown);
            argument.known = argument.reason.empty();
            if (argument.known) {
                std::set<std::uint64_t> values;
                for (const std::uint64_t each : found->second.values) values.insert(each & rule.mask);
                argument.values.assign(values.begin(), values.end());
            }
            call.arguments.push_back(std::move(argument));
        }
    }

    CallEvidence evidence(FunctionRef owner, FunctionRef holder, std::uint64_t address) {
        CallEvidence result{.binary = linked_.objects[holder.object].path,
                            .address = address,
                            .function = function_name(linked_, holder),
                            .path = path_to(linked_, reach_, owner)};
        if (!(owner == holder)) result.path.push_back(result.function);
        return result;
    }

    void add(std::uint32_t number, Door door, CallEvidence evidence) {
        const bool i386 = door != Door::Syscall;
        ReachableCall& call = calls_[{i386, number}];
        call.number = number;
        call.i386 = i386;
        call.evidence.push_back(std::move(evidence));
    }

    void unresolved(FunctionRef holder, std::uint64_t address, std::string reason) {
        result_.unresolved.push_back({.binary = linked_.objects[holder.object].path,
                                      .address = address,
                                      .function = function_name(linked_, holder),
                                      .reason = std::move(reason)});
    }

    void add_restart() {
        for (const std::uint32_t each : kRestarted) {
            const auto found = calls_.find({false, each});
            if (found == calls_.end() || found->second.evidence.empty()) continue;
            CallEvidence evidence = found->second.evidence.front();
            evidence.function += " (the kernel goes on with it after a signal)";
            add(kRestartSyscall, Door::Syscall, std::move(evidence));
            return;
        }
    }

    const Linked& linked_;
    const Reach& reach_;
    std::map<std::pair<bool, std::uint32_t>, ReachableCall> calls_;
    std::map<ArgumentKey, Given> given_;
    ReachableCalls result_;
};

}  // namespace

std::string function_name(const Linked& linked, FunctionRef ref) {
    const CodeFunction& function = linked.objects[ref.object].code->functions[ref.function];
    return function.name.empty() ? fmt::format("{:#x}", function.address) : elf::demangle(function.name);
}

std::vector<std::string> path_to(const Linked& linked, const Reach& reach, FunctionRef ref) {
    std::vector<std::string> path;
    while (ref.object != kNone && path.size() < kMaxPath) {
        path.push_back(function_name(linked, ref));
        ref = reach.origin(ref).from;
    }
    std::ranges::reverse(path);
    return path;
}

ReachableCalls reachable_calls(const Linked& linked, const Reach& reach) {
    return Collector(linked, reach).run();
}

}  // namespace catena::callgraph
