// What a file says by itself: the scan, and for each instruction that enters the kernel, and each call of a
// function that is asked for by name, what it is given there, traced back to where the value comes from.
#include "callgraph/analyze_object.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "callgraph/arms.h"
#include "callgraph/code_scan.h"
#include "callgraph/function_flows.h"
#include "callgraph/nss.h"
#include "callgraph/trace_values.h"
#include "sys/argument_rules.h"

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxNssName = 32;
constexpr std::uint64_t kNumberMask = 0xffffffff;

// Where C libraries' syscall() is given the arguments of the call; a sixth is on the stack.
constexpr std::array<std::uint8_t, 6> kGivenToSyscall = {kRsi, kRdx, kRcx, 8, 9, kNoRegister};
constexpr std::array<std::uint8_t, 6> kNothingGiven = {kNoRegister, kNoRegister, kNoRegister,
                                                       kNoRegister, kNoRegister, kNoRegister};

// Functions of other files whose arguments matter: what they are called with is kept.
struct AskedFunction {
    std::string_view name;
    unsigned parameter;  // register
    std::optional<TextKind> text;
};
constexpr std::array kAsked = {
    AskedFunction{"syscall", kRdi, {}},
    AskedFunction{"glob", kRsi, {}},
    AskedFunction{"glob64", kRsi, {}},
    AskedFunction{"posix_spawnattr_setflags", kRsi, {}},
    AskedFunction{"dlopen", kRdi, TextKind::File},
    AskedFunction{"dlmopen", kRsi, TextKind::File},
    AskedFunction{"__libc_dlopen_mode", kRdi, TextKind::File},
    AskedFunction{"dlsym", kRsi, TextKind::Function},
    AskedFunction{"dlvsym", kRsi, TextKind::Function},
    AskedFunction{"__libc_dlsym", kRsi, TextKind::Function},
    AskedFunction{"ENGINE_by_id", kRdi, TextKind::Engine},
    AskedFunction{"OSSL_PROVIDER_load", kRsi, TextKind::Provider},
    AskedFunction{"OSSL_PROVIDER_try_load", kRsi, TextKind::Provider},
};

// Names of C libraries for one function: "__mmap", "mmap64", "posix_madvise".
std::string_view plain_name(std::string_view symbol) {
    while (symbol.starts_with('_')) symbol.remove_prefix(1);
    if (symbol.starts_with("posix_")) symbol.remove_prefix(6);
    if (symbol.ends_with("64")) symbol.remove_suffix(2);
    return symbol;
}

std::vector<AbstractValue> values_in(const FlowPoint& point, std::span<const std::uint8_t> registers) {
    std::vector<AbstractValue> values;
    for (const std::uint8_t each : registers)
        values.push_back(each < kRegisters ? point.state.registers[each] : AbstractValue{});
    return values;
}

class Analyzer {
  public:
    Analyzer(const elf::Image& image, Scan scan)
        : image_(image), scan_(std::move(scan)), flows_(image_, scan_), tracer_(image_, scan_, flows_) {}

    ObjectCode run() {
        for (const SiteInstruction& each : scan_.sites) resolve(each);
        for (const FoundCall& each : std::exchange(found_calls_, {})) note_arguments(each);
        note_passed();
        note_passed_to_own();
        note_nss();
        note_report();
        scan_.code.argument_arms = arms_of_arguments(image_, scan_, flows_);
        scan_.code.event_arms = arms_of_event_sources(image_, scan_, flows_, tracer_);
        merge_calls();
        merge_arguments();
        scan_.code.calls = std::move(calls_);
        scan_.code.arguments = std::move(arguments_);
        scan_.code.wrappers = std::move(wrappers_);
        scan_.code.passed = std::move(passed_);
        scan_.code.texts = std::move(texts_);
        return std::move(scan_.code);
    }

  private:
    [[nodiscard]] const ObjectCode& code() const { return scan_.code; }

    // A call whose number is known, and what its arguments are as `owner` knows them.
    struct FoundCall {
        SiteInstruction site;
        std::uint32_t owner = 0;
        std::vector<std::uint32_t> numbers;
        std::vector<AbstractValue> arguments;
    };

    void resolve(const SiteInstruction& site) {
        const auto found = [&](TracedValue value) {
            CallFact fact{.owner = value.owner,
                          .function = site.function,
                          .address = site.address,
                          .door = site.door,
                          .when = value.when,
                          .resolved = value.known,
                          .reason = std::move(value.reason),
                          .elsewhere = value.elsewhere};
            for (const std::uint64_t each : value.values)
                fact.numbers.push_back(static_cast<std::uint32_t>(each & kNumberMask));
            if (fact.resolved && site.door == Door::Syscall)
                found_calls_.push_back({site, value.owner, fact.numbers, std::move(value.companions)});
            calls_.push_back(std::move(fact));
        };
        const FlowPoint* point = flows_.at(site.function, site.address);
        if (point == nullptr)
            return found(
                {.owner = site.function, .reason = "it is read in a second way of reading the code"});
        TracedWith number{.value = point->state.registers[kRax]};
        for (const unsigned each : kArgumentRegisters)
            number.companions.push_back(point->state.registers[each]);
        tracer_.trace(
            site.function, number, found,
            [&](std::uint32_t function, std::uint8_t parameter, const std::vector<AbstractValue>& arguments) {
                Wrapper wrapper{.function = function,
                                .parameter = parameter,
                                .door = site.door,
                                .holder = site.function,
                                .address = site.address};
                std::ranges::transform(arguments, wrapper.given.begin(), register_of);
                add_wrapper(wrapper);
            });
    }

    void add_wrapper(const Wrapper& wrapper) {
        if (std::ranges::find(wrappers_, wrapper) == wrappers_.end()) wrappers_.push_back(wrapper);
    }

    // --- arguments

    void note_arguments(const FoundCall& call) {
        for (const std::uint32_t number : call.numbers) {
            for (const sys::ArgumentRule& rule : sys::argument_rules(number)) note_argument(call, rule);
        }
    }

    void note_argument(const FoundCall& call, const sys::ArgumentRule& rule) {
        bool any = false;
        const auto found = [&](const TracedValue& value) {
            any = true;
            arguments_.push_back({value.owner, call.site.function, value.when, rule.number, rule.argument,
                                  value.known, value.values, value.reason, value.elsewhere});
        };
        const auto exported = [&](std::uint32_t function, std::uint8_t parameter,
                                  const std::vector<AbstractValue>&) {
            any = true;
            add_wrapper({.function = function,
                         .parameter = parameter,
                         .argument = rule.argument,
                         .number = rule.number,
                         .holder = call.site.function,
                         .address = call.site.address});
        };
        trace_argument(call.owner, call.arguments[rule.argument], found, exported);
        if (!any) found({.owner = call.owner, .reason = "nothing is seen that gives it"});
    }

    // What is read in two ways can do what is not seen.
    void trace_argument(std::uint32_t owner, const AbstractValue& value, const ValueTracer::Found& found,
                        const ValueTracer::Exported& exported) {
        if (!code().doubts.empty())
            found({.owner = owner, .reason = "code of the file is read in two ways"});
        else
            tracer_.trace(owner, {.value = value, .through_structures = false}, found, exported);
    }

    // --- what is passed to functions of other files

    void note_passed() {
        const std::vector<Wrapper> own = wrappers_;
        for (const Use& use : code().uses) {
            const bool one = use.call && use.last - use.first == 1;
            if (!one || code().pointers[use.first].kind != PointerKind::Symbol) continue;
            const std::string_view symbol = scan_.symbols[use.first];
            std::set<std::pair<std::uint8_t, std::array<std::uint8_t, 6>>> asked;
            for (const AskedFunction& each : kAsked) {
                if (symbol != each.name) continue;
                if (each.text)
                    note_text(use, each.parameter, *each.text);
                else
                    asked.emplace(each.parameter, symbol == "syscall" ? kGivenToSyscall : kNothingGiven);
            }
            for (const sys::ArgumentRule& each : sys::argument_rules()) {
                if (plain_name(symbol) == each.call)
                    asked.emplace(kParameterRegisters.at(each.parameter), kNothingGiven);
            }
            for (const Wrapper& each : own) {
                if (symbol == code().functions[each.function].name && each.parameter < kRegisters)
                    asked.emplace(each.parameter, each.argument == kTheNumber ? each.given : kNothingGiven);
            }
            for (const auto& [parameter, given] : asked) note_passed(use, parameter, given);
        }
    }

    template <class Look>
    void at_calls_through(const Use& use, Look&& look) {
        const std::uint64_t slot = code().pointers[use.first].at;
        for (const FlowPoint& each : flows_.of(use.from)) {
            if (each.slot == slot || flows_.slot_of_stub(each.target) == slot) look(each);
        }
    }

    void note_text(const Use& use, unsigned parameter, TextKind text) {
        at_calls_through(use, [&](const FlowPoint& point) {
            tracer_.trace(
                use.from, {.value = point.state.registers[parameter]},
                [&](const TracedValue& value) { note_texts(text, value); },
                [&](std::uint32_t function, std::uint8_t, const auto&) {
                    note_texts(text, {.owner = function});
                });
        });
    }

    // All values that are passed on all calls through a pointer in one function; and where these are numbers
    // of calls, in which registers arguments are `given` with them, the arguments that have rules.
    void note_passed(const Use& use, std::uint8_t parameter, const std::array<std::uint8_t, 6>& given) {
        std::vector<FoundCall> calls;
        const auto found = [&](const TracedValue& value) {
            pass(use, parameter, kNone, value);
            FoundCall call{.owner = value.owner, .arguments = value.companions};
            for (const std::uint64_t each : value.values)
                call.numbers.push_back(static_cast<std::uint32_t>(each & kNumberMask));
            if (given != kNothingGiven) calls.push_back(std::move(call));
        };
        const auto exported = [&](std::uint32_t function, std::uint8_t, const auto&) {
            pass(use, parameter, kNone, given_by_others(function));
        };
        at_calls_through(use, [&](const FlowPoint& point) {
            tracer_.trace(use.from,
                          {.value = point.state.registers[parameter], .companions = values_in(point, given)},
                          found, exported);
        });
        for (const FoundCall& call : calls) {
            for (const std::uint32_t number : call.numbers) {
                for (const sys::ArgumentRule& rule : sys::argument_rules(number))
                    pass_argument(use, given.at(rule.argument), number, call.owner,
                                  call.arguments[rule.argument]);
            }
        }
    }

    void pass_argument(const Use& use, std::uint8_t parameter, std::uint32_t number, std::uint32_t owner,
                       const AbstractValue& value) {
        bool any = false;
        const auto found = [&](const TracedValue& traced) {
            any = true;
            pass(use, parameter, number, traced);
        };
        trace_argument(owner, value, found, [&](std::uint32_t function, std::uint8_t, const auto&) {
            found(given_by_others(function));
        });
        if (!any) found({.owner = owner, .reason = "nothing is seen that gives it"});
    }

    static TracedValue given_by_others(std::uint32_t function) {
        return {.owner = function, .reason = "other files can call the function that is given it"};
    }

    void pass(const Use& use, std::uint8_t parameter, std::uint32_t number, const TracedValue& value) {
        note_values(use.from, use.first, kNone, parameter, number, value);
    }

    void note_values(std::uint32_t from, std::uint32_t pointer, std::uint32_t own, unsigned parameter,
                     std::uint32_t number, const TracedValue& value) {
        passed_.push_back({.from = from,
                           .pointer = pointer,
                           .own = own,
                           .parameter = static_cast<std::uint8_t>(parameter),
                           .number = number,
                           .owner = value.owner,
                           .when = value.when,
                           .known = value.known,
                           .values = value.values,
                           .reason = value.reason,
                           .elsewhere = value.elsewhere});
    }

    // Flags that direct calls in the file pass; those of other files are noted there.
    void note_flags_of_own(std::uint32_t function, unsigned parameter) {
        tracer_.trace(
            function, {.value = AbstractValue::entry(parameter)},
            [&](const TracedValue& value) {
                note_values(value.owner, kNone, function, parameter, kNone, value);
            },
            [&](std::uint32_t through, std::uint8_t, const auto&) {
                if (through != function)
                    note_values(through, kNone, function, parameter, kNone,
                                {.owner = through, .reason = "other files can call the function"});
            });
    }

    // A library calls its own functions directly.
    void note_passed_to_own() {
        for (std::uint32_t i = 0; i < code().functions.size(); ++i) {
            const CodeFunction& function = code().functions[i];
            const auto asked =
                std::ranges::find(kAsked, std::string_view(function.name), &AskedFunction::name);
            if (asked == kAsked.end()) continue;
            if (!asked->text && asked->name != "syscall") note_flags_of_own(i, asked->parameter);
            if (!function.exported) continue;
            if (asked->text != TextKind::Engine && asked->text != TextKind::Provider) continue;
            tracer_.trace(
                i, {.value = AbstractValue::entry(asked->parameter)},
                [&](const TracedValue& value) {
                    if (value.when == When::Reached) note_texts(*asked->text, value);
                },
                [](std::uint32_t, std::uint8_t, const auto&) {});
        }
    }

    // A look-up of NSS refers to the name of the function that it asks modules for.
    void note_nss() {
        const auto is_nss = [](std::string_view name) {
            return name.find("__nss_") != std::string_view::npos;
        };
        const bool asks = std::ranges::any_of(scan_.symbols, is_nss) ||
                          std::ranges::any_of(code().functions, is_nss, &CodeFunction::name);
        if (!asks) return;
        for (const auto& each : scan_.references) {
            const auto bytes = each.taken ? image_.bytes_from(each.address) : std::span<const std::byte>{};
            const std::string_view text = elf::string_at(bytes, 0, kMaxNssName);
            if (!nss_database(text).empty())
                texts_.push_back({each.function, When::Reached, TextKind::Nss, true, {std::string(text)}});
        }
    }

    // `ld.so --list-diagnostics` prints what uname says.
    void note_report() {
        constexpr std::string_view kReport = "uname.";
        if (std::ranges::find(code().functions, "__tls_get_addr", &CodeFunction::name) ==
            code().functions.end())
            return;
        for (const auto& each : scan_.references) {
            const auto bytes = each.taken ? image_.bytes_from(each.address) : std::span<const std::byte>{};
            if (elf::string_at(bytes, 0, kMaxNssName) == kReport)
                texts_.push_back({each.function, When::Reached, TextKind::Report, true, {}});
        }
    }

    void note_texts(TextKind kind, const TracedValue& value) {
        NamedText named{value.owner, value.when, kind, value.known, {}};
        for (const std::uint64_t each : value.values) {
            // The header of the file is no text.
            const auto bytes =
                each < sizeof(Elf64_Ehdr) ? std::span<const std::byte>{} : image_.bytes_from(each);
            named.known = named.known && (!bytes.empty() || each == 0);
            if (!bytes.empty()) named.texts.emplace_back(elf::string_at(bytes, 0, kMaxTextBytes));
        }
        texts_.push_back(std::move(named));
    }

    // One fact for each owner, instruction and kind, with all numbers.
    void merge_calls() {
        const auto key = [](const CallFact& each) {
            return std::tuple(each.owner, each.address, each.when, each.resolved, each.elsewhere);
        };
        merge(calls_, key, &CallFact::numbers);
    }

    // One fact for each owner, function and argument, with all values.
    void merge_arguments() {
        const auto key = [](const ArgumentFact& each) {
            return std::tuple(each.owner, each.function, each.when, each.number, each.argument, each.known,
                              each.elsewhere);
        };
        merge(arguments_, key, &ArgumentFact::values);
    }

    // Of facts with the same key the first stays, with the values of all, each once, in order.
    template <class Fact, class Key, class Value>
    static void merge(std::vector<Fact>& facts, Key key, std::vector<Value> Fact::* values) {
        std::map<decltype(key(Fact())), Fact> merged;
        for (Fact& each : facts) {
            auto [place, fresh] = merged.try_emplace(key(each), each);
            if (fresh) continue;
            auto& all = place->second.*values;
            all.insert(all.end(), (each.*values).begin(), (each.*values).end());
        }
        facts.clear();
        for (auto& [ignored, each] : merged) {
            auto& all = each.*values;
            std::ranges::sort(all);
            const auto same = std::ranges::unique(all);
            all.erase(same.begin(), same.end());
            facts.push_back(std::move(each));
        }
    }

    const elf::Image& image_;
    Scan scan_;
    FunctionFlows flows_;
    ValueTracer tracer_;
    std::vector<FoundCall> found_calls_;
    std::vector<CallFact> calls_;
    std::vector<ArgumentFact> arguments_;
    std::vector<Wrapper> wrappers_;
    std::vector<PassedValues> passed_;
    std::vector<NamedText> texts_;
};

}  // namespace

base::Result<ObjectCode> analyze_object(const elf::Image& image) {
    auto scan = scan_code(image);
    if (!scan) return std::unexpected(scan.error());
    return Analyzer(image, std::move(*scan)).run();
}

}  // namespace catena::callgraph
