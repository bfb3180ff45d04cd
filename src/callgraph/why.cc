#include "callgraph/why.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/stable_sort.h"
#include "callgraph/code_scan.h"
#include "callgraph/reachable.h"

namespace catena::callgraph {
namespace {

class Asker {
  public:
    Asker(const Linked& linked, const Reach& reach, FunctionRef function)
        : linked_(linked), reach_(reach), function_(function) {}

    Why run() {
        result_.function = function_;
        result_.reached = reach_.reached(function_);
        if (result_.reached) result_.path = path_to(linked_, reach_, function_);
        for (const Edge& each : linked_.objects[function_.object].code->edges) {
            if (each.to == function_.function)
                add({function_.object, each.from}, fmt::format("{} at {:#x}", to_string(each.kind), each.at));
        }
        for (std::uint32_t object = 0; object < linked_.objects.size(); ++object) add_pointers(object);
        for (const EntryPlace& each : linked_.entries) {
            if (each.place.object == function_.object && is_here(each.place.address))
                result_.referrers.push_back(
                    {.how = fmt::format("it is entered from outside: {}", each.why), .can_run = true});
        }
        const std::uint32_t gate = reach_.kept_back_by(function_);
        if (gate != kNone && !result_.reached)
            result_.referrers.push_back({.how = fmt::format("left out: {}", linked_.gates[gate])});
        base::stable_sort(result_.referrers, [](const Referrer& each) { return !each.can_run; });
        return std::move(result_);
    }

  private:
    [[nodiscard]] bool is_here(std::uint64_t address) const {
        return function_of(*linked_.objects[function_.object].code, address) == function_.function;
    }

    void add(FunctionRef from, std::string how) {
        result_.referrers.push_back({.from = from, .how = std::move(how), .can_run = reach_.reached(from)});
    }

    [[nodiscard]] bool leads_here(std::uint32_t object, std::uint32_t index) const {
        const Pointer& pointer = linked_.objects[object].code->pointers[index];
        if (pointer.kind == PointerKind::Symbol) {
            const Place& place = linked_.objects[object].bound[index].place;
            return place.object == function_.object && is_here(place.address);
        }
        return pointer.kind != PointerKind::Data && object == function_.object &&
               pointer.to == function_.function;
    }

    void add_pointers(std::uint32_t object) {
        const ObjectCode& code = *linked_.objects[object].code;
        for (std::uint32_t i = 0; i < code.pointers.size(); ++i) {
            if (!leads_here(object, i)) continue;
            bool used = false;
            for (const Use& each : code.uses) {
                if (i < each.first || i >= each.last) continue;
                used = true;
                add({object, each.from},
                    fmt::format("{} the pointer at {:#x}", each.call ? "calls through" : "uses",
                                code.pointers[i].at));
            }
            if (!used)
                result_.referrers.push_back(
                    {.how = fmt::format("the pointer at {:#x} of {}, which no code refers to by itself",
                                        code.pointers[i].at, linked_.objects[object].path)});
        }
    }

    const Linked& linked_;
    const Reach& reach_;
    FunctionRef function_;
    Why result_;
};

}  // namespace

std::vector<FunctionRef> functions_named(const Linked& linked, std::string_view name) {
    std::vector<FunctionRef> found;
    for (std::uint32_t object = 0; object < linked.objects.size(); ++object) {
        const auto& functions = linked.objects[object].code->functions;
        for (std::uint32_t i = 0; i < functions.size(); ++i) {
            if (functions[i].name == name || function_name(linked, {object, i}) == name ||
                fmt::format("{:#x}", functions[i].address) == name)
                found.push_back({object, i});
        }
    }
    return found;
}

Why why(const Linked& linked, const Reach& reach, FunctionRef function) {
    return Asker(linked, reach, function).run();
}

std::string_view to_string(EdgeKind kind) {
    switch (kind) {
        case EdgeKind::Call:
            return "calls it";
        case EdgeKind::Jump:
            return "jumps to it";
        case EdgeKind::Falls:
            return "goes on into it";
        case EdgeKind::Table:
            return "can jump to it by a table";
        case EdgeKind::Takes:
            return "takes its address";
    }
    return "";
}

std::string_view to_string(Via via) {
    switch (via) {
        case Via::Entry:
            return "entered from outside";
        case Via::Call:
            return "called";
        case Via::Jump:
            return "jumped to";
        case Via::Taken:
            return "address taken in code";
        case Via::Data:
            return "address in data";
        case Via::Slot:
            return "called through a slot";
        case Via::Name:
            return "found by its name";
        case Via::Resolver:
            return "called to bind a name";
    }
    return "";
}

}  // namespace catena::callgraph
