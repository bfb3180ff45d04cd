#include "callgraph/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace catena::callgraph {
namespace {

class Setter {
  public:
    Setter(Linked& linked, const NssConfiguration& nss) : linked_(linked), nss_(nss) {}

    void run() {
        linked_.gates.clear();
        linked_.nss_gates.clear();
        for (LinkedObject& each : linked_.objects) {
            each.gated.clear();
            each.keys.clear();
            set_nss(each);
            set_ceiling(each);
        }
    }

  private:
    std::uint32_t gate(std::string why) {
        linked_.gates.push_back(std::move(why));
        return static_cast<std::uint32_t>(linked_.gates.size() - 1);
    }

    static void keep_back(LinkedObject& object, std::uint32_t function, FunctionGate gate) {
        object.gated.resize(object.code->functions.size());
        object.gated[function] = gate;
    }

    void set_nss(LinkedObject& object) {
        const auto& functions = object.code->functions;
        for (std::uint32_t i = 0; i < functions.size(); ++i) {
            const auto [service, function] = nss_function(functions[i].name);
            if (function.empty()) continue;
            const std::string_view database = nss_database(function);
            if (nss_.services(database).contains(std::string(service)))
                keep_back(object, i, {.gate = nss_gate(function)});
            else
                keep_back(object, i,
                          {.gate = gate(fmt::format("/etc/nsswitch.conf does not have {} for {}", service,
                                                    database))});
        }
    }

    std::uint32_t nss_gate(std::string_view function) {
        const auto known = linked_.nss_gates.find(function);
        if (known != linked_.nss_gates.end()) return known->second;
        const std::uint32_t fresh =
            gate(fmt::format("nothing that can run asks the name service switch for {}", function));
        linked_.nss_gates.emplace(function, fresh);
        return fresh;
    }

    // The function has no name in libc: it is the one that asks for both ends of the priorities, and that
    // others cannot call.
    void set_ceiling(LinkedObject& object) {
        const auto& functions = object.code->functions;
        const auto named = [&](std::string_view name) {
            const auto found = std::ranges::find(functions, name, &CodeFunction::name);
            return found == functions.end() ? kNone : static_cast<std::uint32_t>(found - functions.begin());
        };
        const std::uint32_t key = named("pthread_mutexattr_setprotocol");
        const std::uint32_t least = named("sched_get_priority_min");
        const std::uint32_t most = named("sched_get_priority_max");
        if (key == kNone || least == kNone || most == kNone || named("pthread_mutex_lock") == kNone) return;
        std::vector<std::uint32_t> callers;
        for (const Edge& each : object.code->edges) {
            if (each.to == most && each.kind == EdgeKind::Call) callers.push_back(each.from);
        }
        std::uint32_t ceiling = kNone;
        for (const Edge& each : object.code->edges) {
            const bool both = each.to == least && each.kind == EdgeKind::Call &&
                              std::ranges::find(callers, each.from) != callers.end();
            if (both && !functions[each.from].exported && each.from != ceiling) {
                ceiling = ceiling == kNone ? each.from : kNone;
                if (ceiling == kNone) return;  // more than one: it is not known which
            }
        }
        if (ceiling == kNone) return;
        const std::uint32_t fresh =
            gate("nothing that can run gives mutexes a priority ceiling (pthread_mutexattr_setprotocol)");
        keep_back(object, ceiling, {.gate = fresh, .calls = true});
        object.keys.push_back({key, fresh});
    }

    Linked& linked_;
    const NssConfiguration& nss_;
};

}  // namespace

void set_gates(Linked& linked, const NssConfiguration& nss) { Setter(linked, nss).run(); }

}  // namespace catena::callgraph
