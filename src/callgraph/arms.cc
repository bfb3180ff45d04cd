// What is verified of systemd's event loop in the file at hand: a function that others cannot call, and whose
// address nobody takes, allocates an object and stores a parameter in a word of it; every call passes a small
// number that is known; and functions that compare the word at this place have a call behind it that only
// event sources of other kinds have (a child that is waited for, a signal, a file that is watched). What is
// not shown: that the words that are compared there are those of such objects.
#include "callgraph/arms.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string_view>

namespace catena::callgraph {
namespace {

constexpr std::uint64_t kMaxKind = 31;
constexpr unsigned kMaxRounds = 4;
constexpr std::array<std::string_view, 5> kTellTale = {"signalfd", "inotify_init1", "inotify_add_watch",
                                                       "inotify_rm_watch", "waitid"};

// What a function calls: functions of the file, and pointers that it calls through.
struct Called {
    std::set<std::uint32_t> functions;
    std::set<std::uint32_t> pointers;
};

class Caller {
  public:
    Caller(const Scan& scan, const FunctionFlows& flows) : scan_(scan), flows_(flows) {}

    [[nodiscard]] Called of(const std::vector<FlowPoint>& points) const {
        Called called;
        for (const FlowPoint& each : points) {
            const std::uint64_t slot = each.slot != 0 ? each.slot : flows_.slot_of_stub(each.target);
            const auto pointer = std::ranges::lower_bound(scan_.code.pointers, slot, {}, &Pointer::at);
            if (slot != 0 && pointer != scan_.code.pointers.end() && pointer->at == slot)
                called.pointers.insert(static_cast<std::uint32_t>(pointer - scan_.code.pointers.begin()));
            else if (each.target != 0)
                called.functions.insert(function_of(scan_.code, each.target));
        }
        return called;
    }

  private:
    const Scan& scan_;
    const FunctionFlows& flows_;
};

class Arguments {
  public:
    Arguments(const elf::Image& image, const Scan& scan, FunctionFlows& flows)
        : scan_(scan), flows_(flows), constant_(constants_of(image)) {}

    std::vector<Arm> run() {
        if (!scan_.code.doubts.empty()) return {};
        std::vector<bool> enters(scan_.code.functions.size());
        for (const SiteInstruction& each : scan_.sites) enters[each.function] = true;
        std::vector<bool> near = enters;
        std::map<std::uint32_t, std::vector<std::uint32_t>> callers;
        for (const Edge& each : scan_.code.edges) {
            if (enters[each.to]) near[each.from] = true;
            if (each.kind == EdgeKind::Falls || each.kind == EdgeKind::Table)
                elsewhere_.insert(each.to);
            else if (each.kind != EdgeKind::Takes)
                callers[each.to].push_back(each.from);
        }
        // What others cannot call, compilers have made for these constants already, where they could.
        const bool shared = std::ranges::any_of(scan_.code.functions, &CodeFunction::exported);
        std::vector<Arm> arms;
        for (const auto& [function, from] : callers) {
            const CodeFunction& called = scan_.code.functions[function];
            const bool plain = near[function] && !called.part && (called.exported || !shared) &&
                               !elsewhere_.contains(function) && from.size() <= kMaxCallers;
            if (!plain) continue;
            const auto found = arms_of(function, from);
            arms.insert(arms.end(), found.begin(), found.end());
        }
        return arms;
    }

  private:
    std::vector<Arm> arms_of(std::uint32_t function, const std::vector<std::uint32_t>& callers) {
        Assumed assumed{.field = {}, .parameters = {}, .constant = constant_};
        const std::uint64_t address = scan_.code.functions[function].address;
        bool first = true;
        for (const std::uint32_t caller : callers) {
            bool any = false;
            for (const FlowPoint& each : flows_.of(caller)) {
                if (each.target != address) continue;
                any = true;
                for (const unsigned parameter : kParameterRegisters) {
                    AbstractValue& known = assumed.parameters[parameter];
                    const AbstractValue& passed = each.state.registers[parameter];
                    known = first ? passed : known.join(passed);
                }
                first = false;
            }
            if (!any) return {};
        }
        std::erase_if(assumed.parameters, [](const auto& each) { return !each.second.is_set(); });
        if (assumed.parameters.empty()) return {};
        return arms_without_way(scan_, flows_, function, assumed);
    }

    static constexpr std::size_t kMaxCallers = 4;
    const Scan& scan_;
    FunctionFlows& flows_;
    std::function<std::optional<std::uint64_t>(std::uint64_t, unsigned)> constant_;
    std::set<std::uint32_t> elsewhere_;  // control goes on into these without a call
};

class EventSources {
  public:
    EventSources(const elf::Image& image, const Scan& scan, FunctionFlows& flows, ValueTracer& tracer)
        : image_(image), scan_(scan), flows_(flows), tracer_(tracer), caller_(scan, flows) {}

    std::vector<Arm> run() {
        const auto is_own = [](const CodeFunction& each) { return each.name.starts_with("_nss_systemd_"); };
        if (std::ranges::none_of(scan_.code.functions, is_own) || !scan_.code.doubts.empty()) return {};
        find_tell_tales();
        find_kinds();
        std::vector<Arm> arms;
        bool any = false;
        for (const auto& [displacement, kinds] : kinds_) {
            if (!kinds) continue;
            std::vector<Arm> found = arms_at(displacement, *kinds);
            if (found.empty()) continue;
            if (any) return {};  // two words would be the kind
            any = true;
            arms = std::move(found);
        }
        return arms;
    }

  private:
    void find_tell_tales() {
        for (const Use& each : scan_.code.uses) {
            if (each.call && each.last - each.first == 1 && is_tell_tale(each.first))
                tell_tales_.insert(each.from);
        }
    }

    [[nodiscard]] bool is_tell_tale(std::uint32_t pointer) const {
        return std::ranges::find(kTellTale, scan_.symbols[pointer]) != kTellTale.end();
    }

    // --- the function that makes sources, and the kinds that it is asked for

    void find_kinds() {
        for (std::uint32_t i = 0; i < scan_.code.functions.size(); ++i) {
            const CodeFunction& function = scan_.code.functions[i];
            if (function.part || !allocates(i)) continue;
            for (const FlowPoint& each : flows_.with_stored_parameters(i)) {
                if (each.stored_parameter) note_kinds(i, *each.stored_parameter);
            }
        }
    }

    [[nodiscard]] bool allocates(std::uint32_t function) const {
        const auto uses = std::ranges::equal_range(scan_.code.uses, function, {}, &Use::from);
        return std::ranges::any_of(uses, [&](const Use& each) {
            const std::string_view symbol = scan_.symbols[each.first];
            return each.call && each.last - each.first == 1 && (symbol == "malloc" || symbol == "calloc");
        });
    }

    void note_kinds(std::uint32_t function, const Step::StoredParameter& stored) {
        auto& kinds = kinds_.try_emplace(stored.displacement, std::set<std::uint64_t>{}).first->second;
        bool known = true;
        const auto found = [&](const TracedValue& value) {
            known = known && value.known && value.when == When::Reached && value.elsewhere == kNone;
            for (const std::uint64_t each : value.values) {
                known = known && each <= kMaxKind;
                if (kinds) kinds->insert(each);
            }
        };
        tracer_.trace(function, {.value = AbstractValue::entry(stored.parameter)}, found,
                      [&](std::uint32_t, std::uint8_t, const auto&) { known = false; });
        if (!known) kinds.reset();
    }

    // --- what that leaves without a way

    // Rounds, since a function that has no way left to such a call says nothing of those that call it.
    [[nodiscard]] std::vector<Arm> arms_at(std::int64_t displacement, const std::set<std::uint64_t>& kinds) {
        const Assumed assumed{.field = Assumed::Field{displacement, {kinds.begin(), kinds.end()}},
                              .parameters = {},
                              .constant = constants_of(image_)};
        std::map<std::uint32_t, std::vector<Arm>> without_way;
        std::set<std::uint32_t> tell_tales = tell_tales_;
        for (unsigned round = 0; round < kMaxRounds; ++round) {
            std::set<std::uint32_t> left;
            for (const std::uint32_t function : with_callers(tell_tales)) {
                const auto [arms, fresh] = without_way.try_emplace(function);
                if (fresh) arms->second = arms_without_way(scan_, flows_, function, assumed);
                if (still_tells(function, tell_tales, arms->second)) left.insert(function);
            }
            if (left == tell_tales) break;
            tell_tales = std::move(left);
        }
        return those_that_tell(without_way);
    }

    [[nodiscard]] bool tells(const Arm& call, const std::set<std::uint32_t>& tell_tales) const {
        return call.to != kNone ? tell_tales.contains(call.to) : is_tell_tale(call.pointer);
    }

    // Whether a way is left in the function to a call that tells.
    [[nodiscard]] bool still_tells(std::uint32_t function, const std::set<std::uint32_t>& tell_tales,
                                   const std::vector<Arm>& without_way) const {
        const Called all = caller_.of(flows_.of(function));
        const auto is_left = [&](const Arm& call) {
            return tells(call, tell_tales) && std::ranges::find(without_way, call) == without_way.end();
        };
        return std::ranges::any_of(all.functions,
                                   [&](std::uint32_t to) { return is_left({function, to, kNone}); }) ||
               std::ranges::any_of(
                   all.pointers, [&](std::uint32_t pointer) { return is_left({function, kNone, pointer}); });
    }

    // All of the functions in which one of the arms leads to a call that tells, maybe by others.
    [[nodiscard]] std::vector<Arm> those_that_tell(
        const std::map<std::uint32_t, std::vector<Arm>>& without_way) const {
        std::set<std::uint32_t> leads = tell_tales_;
        for (unsigned round = 0; round < kMaxRounds; ++round) leads = with_callers(leads);
        std::vector<Arm> arms;
        for (const auto& [function, found] : without_way) {
            if (std::ranges::any_of(found, [&](const Arm& each) { return tells(each, leads); }))
                arms.insert(arms.end(), found.begin(), found.end());
        }
        return arms;
    }

    [[nodiscard]] std::set<std::uint32_t> with_callers(const std::set<std::uint32_t>& functions) const {
        std::set<std::uint32_t> all = functions;
        for (const Edge& each : scan_.code.edges) {
            if (functions.contains(each.to)) all.insert(each.from);
        }
        return all;
    }

    const elf::Image& image_;
    const Scan& scan_;
    FunctionFlows& flows_;
    ValueTracer& tracer_;
    Caller caller_;
    std::set<std::uint32_t> tell_tales_;
    // By displacement in the object; nothing where a kind is not known.
    std::map<std::int64_t, std::optional<std::set<std::uint64_t>>> kinds_;
};

}  // namespace

std::vector<Arm> arms_without_way(const Scan& scan, FunctionFlows& flows, std::uint32_t function,
                                  const Assumed& assumed) {
    // Code that is read in two ways can call what is not seen here.
    if (!scan.code.doubts.empty()) return {};
    const Caller caller(scan, flows);
    const Called all = caller.of(flows.of(function));
    const Called left = caller.of(flows.assuming(function, assumed));
    std::vector<Arm> arms;
    const auto edges = std::ranges::equal_range(scan.code.edges, function, {}, &Edge::from);
    for (const std::uint32_t to : all.functions) {
        const bool otherwise = std::ranges::any_of(edges, [&](const Edge& each) {
            return each.to == to && each.kind != EdgeKind::Call && each.kind != EdgeKind::Jump;
        });
        if (!left.functions.contains(to) && !otherwise && to != function)
            arms.push_back({function, to, kNone});
    }
    for (const std::uint32_t pointer : all.pointers)
        if (!left.pointers.contains(pointer)) arms.push_back({function, kNone, pointer});
    return arms;
}

std::vector<Arm> arms_of_arguments(const elf::Image& image, const Scan& scan, FunctionFlows& flows) {
    return Arguments(image, scan, flows).run();
}

std::vector<Arm> arms_of_event_sources(const elf::Image& image, const Scan& scan, FunctionFlows& flows,
                                       ValueTracer& tracer) {
    return EventSources(image, scan, flows, tracer).run();
}

}  // namespace catena::callgraph
