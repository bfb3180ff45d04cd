// What a file says by itself: the scan, and for each instruction that enters the kernel, and each call of a
// function that is asked for by name, what it is given there, traced back to where the value comes from.
#include "callgraph/analyze_object.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>

#include "callgraph/arms.h"
#include "callgraph/code_scan.h"
#include "callgraph/function_flows.h"
#include "callgraph/nss.h"
#include "callgraph/trace_values.h"

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxTextBytes = 4096;
constexpr std::size_t kMaxNssName = 32;
constexpr std::uint64_t kNumberMask = 0xffffffff;

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

class Analyzer {
  public:
    Analyzer(const elf::Image& image, Scan scan)
        : image_(image), scan_(std::move(scan)), flows_(image_, scan_), tracer_(image_, scan_, flows_) {}

    ObjectCode run() {
        for (const SiteInstruction& each : scan_.sites) resolve(each);
        note_passed();
        note_passed_to_own();
        note_nss();
        note_report();
        scan_.code.argument_arms = arms_of_arguments(image_, scan_, flows_);
        scan_.code.event_arms = arms_of_event_sources(image_, scan_, flows_, tracer_);
        merge_calls();
        scan_.code.calls = std::move(calls_);
        scan_.code.wrappers = std::move(wrappers_);
        scan_.code.passed = std::move(passed_);
        scan_.code.texts = std::move(texts_);
        return std::move(scan_.code);
    }

  private:
    [[nodiscard]] const ObjectCode& code() const { return scan_.code; }

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
            calls_.push_back(std::move(fact));
        };
        const FlowPoint* point = flows_.at(site.function, site.address);
        if (point == nullptr)
            return found(
                {.owner = site.function, .reason = "it is read in a second way of reading the code"});
        tracer_.trace(site.function, point->state.registers[kRax], found,
                      [&](std::uint32_t function, std::uint8_t parameter) {
                          wrappers_.push_back({.function = function,
                                               .parameter = parameter,
                                               .holder = site.function,
                                               .address = site.address,
                                               .door = site.door});
                      });
    }

    // --- what is passed to functions of other files

    void note_passed() {
        for (const Use& use : code().uses) {
            if (use.last - use.first != 1 || code().pointers[use.first].kind != PointerKind::Symbol) continue;
            const std::string_view symbol = scan_.symbols[use.first];
            for (const AskedFunction& each : kAsked) {
                if (symbol == each.name) note_passed(use, each.parameter, each.text);
            }
            for (const Wrapper& each : wrappers_) {
                if (symbol == code().functions[each.function].name && symbol != "syscall" &&
                    each.parameter < kRegisters)
                    note_passed(use, each.parameter, {});
            }
        }
    }

    // All values that are passed on all calls through a pointer in one function.
    void note_passed(const Use& use, unsigned parameter, std::optional<TextKind> text) {
        const std::uint64_t slot = code().pointers[use.first].at;
        const auto found = [&](const TracedValue& value) {
            if (text)
                note_texts(*text, value);
            else
                note_values(use.from, use.first, kNone, parameter, value);
        };
        const auto exported = [&](std::uint32_t function, std::uint8_t) {
            found({.owner = function, .reason = "other files can call the function that is given it"});
        };
        for (const FlowPoint& each : flows_.of(use.from)) {
            if (each.slot != slot && flows_.slot_of_stub(each.target) != slot) continue;
            tracer_.trace(use.from, each.state.registers[parameter], found, exported);
        }
    }

    void note_values(std::uint32_t from, std::uint32_t pointer, std::uint32_t own, unsigned parameter,
                     const TracedValue& value) {
        passed_.push_back({.from = from,
                           .pointer = pointer,
                           .own = own,
                           .parameter = static_cast<std::uint8_t>(parameter),
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
            function, AbstractValue::entry(parameter),
            [&](const TracedValue& value) { note_values(value.owner, kNone, function, parameter, value); },
            [&](std::uint32_t through, std::uint8_t) {
                if (through != function)
                    note_values(through, kNone, function, parameter,
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
                i, AbstractValue::entry(asked->parameter),
                [&](const TracedValue& value) {
                    if (value.when == When::Reached) note_texts(*asked->text, value);
                },
                [](std::uint32_t, std::uint8_t) {});
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
        std::map<std::tuple<std::uint32_t, std::uint64_t, When, bool, std::uint32_t>, CallFact> merged;
        for (CallFact& each : calls_) {
            auto [place, fresh] = merged.try_emplace(
                std::tuple(each.owner, each.address, each.when, each.resolved, each.elsewhere), each);
            if (fresh) continue;
            auto& numbers = place->second.numbers;
            numbers.insert(numbers.end(), each.numbers.begin(), each.numbers.end());
        }
        calls_.clear();
        for (auto& [key, each] : merged) {
            std::ranges::sort(each.numbers);
            const auto same = std::ranges::unique(each.numbers);
            each.numbers.erase(same.begin(), same.end());
            calls_.push_back(std::move(each));
        }
    }

    const elf::Image& image_;
    Scan scan_;
    FunctionFlows flows_;
    ValueTracer tracer_;
    std::vector<CallFact> calls_;
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
