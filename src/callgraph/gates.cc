#include "callgraph/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "callgraph/abstract_value.h"

namespace catena::callgraph {
namespace {

constexpr std::uint32_t kSetitimer = 38;
constexpr std::uint32_t kUname = 63;
constexpr std::uint64_t kGlobTilde = 0x1000 | 0x4000;  // GLOB_TILDE, GLOB_TILDE_CHECK
constexpr std::uint32_t kExecve = 59;
constexpr std::uint32_t kSchedGetparam = 143;
constexpr std::uint32_t kSchedSetscheduler = 144;
constexpr std::uint32_t kSchedGetscheduler = 145;
constexpr std::uint32_t kSchedSetaffinity = 203;
constexpr std::uint32_t kSetresuid = 117;
constexpr std::uint32_t kSetresgid = 119;
constexpr std::uint32_t kCloseRange = 436;
constexpr std::uint64_t kSpawnResetIds = 0x01;
constexpr std::uint64_t kSpawnSetPgroup = 0x02;
constexpr std::uint64_t kSpawnSetScheduling = 0x10 | 0x20;  // its parameters alone, and with the policy
constexpr std::uint64_t kSpawnSetSid = 0x80;
// What asks for an action on files, and what does it.
constexpr std::pair<std::string_view, std::string_view> kSpawnActions[] = {
    {"posix_spawn_file_actions_addchdir_np", "chdir"},
    {"posix_spawn_file_actions_addfchdir_np", "fchdir"},
    {"posix_spawn_file_actions_addtcsetpgrp_np", "getpgid"},
    {"posix_spawn_file_actions_addtcsetpgrp_np", "tcsetpgrp"},
};

class Setter {
  public:
    Setter(Linked& linked, const NssConfiguration& nss) : linked_(linked), nss_(nss) {}

    void run() {
        linked_.gates.clear();
        linked_.nss_gates.clear();
        for (LinkedObject& each : linked_.objects) {
            each.gated.clear();
            each.keys.clear();
            each.gated_calls.clear();
            each.gated_edges.clear();
            each.gated_uses.clear();
            each.outer_keys.clear();
            each.flag_keys.clear();
            set_nss(each);
            set_ceiling(each);
            set_threads(each);
            set_glob(each);
            set_rpc(each);
            set_spawn(each);
            set_event_sources(each);
            set_arguments(each);
            set_interpreter(each);
            std::ranges::sort(each.gated_edges, {}, &EdgeGate::from);
            std::ranges::sort(each.gated_uses, {}, &UseGate::from);
            std::ranges::sort(each.outer_keys, {}, &GateKey::function);
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

    // All functions of this name: there can be several versions.
    static std::vector<std::uint32_t> named(const LinkedObject& object, std::string_view name) {
        std::vector<std::uint32_t> found;
        const auto& functions = object.code->functions;
        for (std::uint32_t i = 0; i < functions.size(); ++i) {
            const std::string_view own = functions[i].name;
            if (own.starts_with(name) && (own.size() == name.size() || own[name.size()] == '@'))
                found.push_back(i);
        }
        return found;
    }

    // A gate that any of these functions opens; kNone where one of them is not there.
    std::uint32_t gate_with_keys(LinkedObject& object, std::initializer_list<std::string_view> keys,
                                 std::string why) {
        std::vector<std::uint32_t> functions;
        for (const std::string_view each : keys) {
            const auto found = named(object, each);
            if (found.empty()) return kNone;
            functions.insert(functions.end(), found.begin(), found.end());
        }
        const std::uint32_t fresh = gate(std::move(why));
        for (const std::uint32_t each : functions) object.keys.push_back({each, fresh});
        return fresh;
    }

    static std::vector<std::uint32_t> callers(const LinkedObject& object, std::uint32_t function) {
        std::vector<std::uint32_t> found;
        for (const Edge& each : object.code->edges) {
            if (each.to == function) found.push_back(each.from);
        }
        return found;
    }

    // The functions have no names in libc: they are those that ask for both ends of the priorities, and that
    // others cannot call.
    void set_ceiling(LinkedObject& object) {
        const auto least = named(object, "sched_get_priority_min");
        const auto most = named(object, "sched_get_priority_max");
        if (least.size() != 1 || most.size() != 1 || named(object, "pthread_mutex_lock").empty()) return;
        const auto of_least = callers(object, least.front());
        std::uint32_t fresh = kNone;
        std::vector<std::uint32_t> users;  // of a function that is kept back
        for (const std::uint32_t each : callers(object, most.front())) {
            const CodeFunction& function = object.code->functions[each];
            if (function.exported || std::ranges::find(of_least, each) == of_least.end()) continue;
            if (fresh == kNone)
                fresh = gate_with_keys(object, {"pthread_mutexattr_setprotocol"},
                                       "nothing that can run gives mutexes a priority ceiling "
                                       "(pthread_mutexattr_setprotocol)");
            if (fresh == kNone) return;
            keep_back(object, each, {.gate = fresh, .calls = true});
            const auto more = callers(object, each);
            users.insert(users.end(), more.begin(), more.end());
        }
        // And what asks for the priority that a thread has, for those that call the former alone.
        const auto scheduler = named(object, "sched_getscheduler");
        if (scheduler.size() != 1) return;
        for (const std::uint32_t each : callers(object, scheduler.front())) {
            const auto from = callers(object, each);
            const bool only = !from.empty() && std::ranges::all_of(from, [&](std::uint32_t caller) {
                return std::ranges::find(users, caller) != users.end();
            });
            if (only && fresh != kNone && !object.code->functions[each].exported)
                keep_back(object, each, {.gate = fresh, .calls = true});
        }
    }

    // In pthread_create, and in what only that calls.
    void set_threads(LinkedObject& object) {
        const auto create = named(object, "pthread_create");
        if (create.size() != 1) return;
        std::vector<std::uint32_t> holders = create;
        for (std::uint32_t i = 0; i < object.code->functions.size(); ++i) {
            const auto from = callers(object, i);
            const bool only = !from.empty() && std::ranges::all_of(from, [&](std::uint32_t each) {
                return each == create.front();
            });
            if (only && !object.code->functions[i].exported) holders.push_back(i);
        }
        const std::uint32_t schedule =
            gate_with_keys(object, {"pthread_attr_setinheritsched"},
                           "nothing that can run gives new threads a scheduling of their own "
                           "(pthread_attr_setinheritsched)");
        const std::uint32_t processors =
            gate_with_keys(object, {"pthread_attr_setaffinity_np", "pthread_getattr_np"},
                           "nothing that can run gives new threads processors of their own "
                           "(pthread_attr_setaffinity_np, pthread_getattr_np)");
        // Copies of attributes have what these had.
        for (const std::uint32_t to : named(object, "pthread_attr_setaffinity_np")) {
            for (const std::uint32_t from : callers(object, to))
                if (processors != kNone && !object.code->functions[from].exported)
                    object.gated_edges.push_back({from, to, processors});
        }
        for (const std::uint32_t holder : holders) {
            for (const std::uint32_t number : {kSchedGetparam, kSchedSetscheduler, kSchedGetscheduler})
                if (schedule != kNone) object.gated_calls.push_back({holder, number, schedule});
            if (processors != kNone) object.gated_calls.push_back({holder, kSchedSetaffinity, processors});
        }
    }

    void set_glob(LinkedObject& object) {
        const auto globs = named(object, "glob");
        if (globs.empty()) return;
        const std::uint32_t fresh =
            gate("nothing that can run calls glob with GLOB_TILDE or GLOB_TILDE_CHECK");
        for (const std::uint32_t each : globs) {
            object.flag_keys.push_back({each, static_cast<std::uint8_t>(kRsi), kGlobTilde, fresh});
            for (const std::string_view user : {"getpwnam_r", "getlogin_r"}) {
                for (const std::uint32_t to : named(object, user))
                    object.gated_edges.push_back({each, to, fresh});
            }
        }
    }

    void set_rpc(LinkedObject& object) {
        const auto unregister = named(object, "svc_unregister");
        if (unregister.size() != 1) return;
        const std::uint32_t fresh =
            gate_with_keys(object, {"svc_register"}, "nothing that can run offers Sun RPC (svc_register)");
        for (const std::uint32_t each : callers(object, unregister.front())) {
            if (fresh != kNone && !object.code->functions[each].exported)
                object.gated_edges.push_back({each, unregister.front(), fresh});
        }
    }

    // What a child of posix_spawn does before it executes is in one function that others cannot call: it does
    // what flags of the attributes and actions on files ask for.
    void set_spawn(LinkedObject& object) {
        const auto setters = named(object, "posix_spawnattr_setflags");
        const std::uint32_t child = child_of_spawn(object);
        if (setters.empty() || child == kNone) return;
        const auto edge = [&](std::string_view to, std::uint32_t gate) {
            for (const std::uint32_t each : named(object, to))
                object.gated_edges.push_back({child, each, gate});
        };
        const auto flag = [&](std::uint64_t bits, std::string_view name) {
            const std::uint32_t fresh =
                gate(fmt::format("nothing that can run sets {} (posix_spawnattr_setflags)", name));
            for (const std::uint32_t each : setters)
                object.flag_keys.push_back({each, static_cast<std::uint8_t>(kRsi), bits, fresh});
            return fresh;
        };
        edge("setpgid", flag(kSpawnSetPgroup, "POSIX_SPAWN_SETPGROUP"));
        edge("setsid", flag(kSpawnSetSid, "POSIX_SPAWN_SETSID"));
        const std::uint32_t scheduling =
            flag(kSpawnSetScheduling, "POSIX_SPAWN_SETSCHEDPARAM or POSIX_SPAWN_SETSCHEDULER");
        edge("sched_setparam", scheduling);
        edge("sched_setscheduler", scheduling);
        const std::uint32_t ids = flag(kSpawnResetIds, "POSIX_SPAWN_RESETIDS");
        edge("getuid", ids);
        edge("getgid", ids);
        object.gated_calls.push_back({child, kSetresuid, ids});
        object.gated_calls.push_back({child, kSetresgid, ids});
        const auto action = [&](std::string_view key) {
            return gate_with_keys(object, {key}, fmt::format("nothing that can run calls {}", key));
        };
        for (const auto& [key, does] : kSpawnActions) {
            const std::uint32_t fresh = action(key);
            if (fresh != kNone) edge(does, fresh);
        }
        const std::uint32_t close_from = action("posix_spawn_file_actions_addclosefrom_np");
        if (close_from != kNone) object.gated_calls.push_back({child, kCloseRange, close_from});
    }

    static std::uint32_t child_of_spawn(const LinkedObject& object) {
        std::vector<std::uint32_t> found;
        for (const std::string_view each : {"setsid", "setpgid", "sched_setparam", "sched_setscheduler"}) {
            std::vector<std::uint32_t> from;
            for (const std::uint32_t to : named(object, each)) {
                const auto more = callers(object, to);
                from.insert(from.end(), more.begin(), more.end());
            }
            if (each == "setsid") found = from;
            std::erase_if(found, [&](std::uint32_t function) {
                return std::ranges::find(from, function) == from.end() ||
                       object.code->functions[function].exported;
            });
        }
        std::ranges::sort(found);
        const auto same = std::ranges::unique(found);
        found.erase(same.begin(), same.end());
        return found.size() == 1 ? found.front() : kNone;
    }

    static void keep_back(LinkedObject& object, const Arm& arm, std::uint32_t gate) {
        if (arm.to != kNone)
            object.gated_edges.push_back({arm.from, arm.to, gate});
        else
            object.gated_uses.push_back({arm.from, arm.pointer, gate});
    }

    void set_event_sources(LinkedObject& object) {
        if (object.code->event_arms.empty()) return;
        const std::uint32_t never = gate("no event source of a kind that does this is ever made");
        for (const Arm& each : object.code->event_arms) keep_back(object, each, never);
    }

    void set_arguments(LinkedObject& object) {
        std::uint32_t fresh = kNone;
        std::uint32_t function = kNone;
        for (const Arm& each : object.code->argument_arms) {
            if (each.from != function) {
                function = each.from;
                fresh = gate(
                    "all that can run and calls the function passes it constants for which it does not "
                    "come to this");
                object.outer_keys.push_back({function, fresh});
            }
            keep_back(object, each, fresh);
        }
    }

    void set_interpreter(LinkedObject& object) {
        if (!object.interpreter) return;
        object.gated_calls.push_back(
            {kNone, kExecve,
             gate("the loader starts another program only where it is started as a program itself")});
        set_report(object);
        object.gated_calls.push_back(
            {kNone, kSetitimer, gate("the loader profiles only where the environment has LD_PROFILE")});
    }

    // Where it prints what uname says, it was started as a program and asked to.
    void set_report(LinkedObject& object) {
        const ObjectCode& code = *object.code;
        std::uint32_t fresh = kNone;
        for (const NamedText& each : code.texts) {
            if (each.kind != TextKind::Report) continue;
            if (fresh == kNone)
                fresh = gate("the loader prints diagnostics only where it is started as a program itself");
            for (const CallFact& call : code.calls) {
                if (call.function != each.owner &&
                    std::ranges::find(call.numbers, kUname) != call.numbers.end())
                    object.gated_edges.push_back({each.owner, call.function, fresh});
            }
        }
    }

    Linked& linked_;
    const NssConfiguration& nss_;
};

}  // namespace

void set_gates(Linked& linked, const NssConfiguration& nss) { Setter(linked, nss).run(); }

}  // namespace catena::callgraph
