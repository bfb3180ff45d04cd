#include "seccomp/oci.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "event/escape.h"
#include "seccomp/json_fields.h"

namespace catena::seccomp {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::pair<Compare, std::string_view>, 7> kOps = {{
    {Compare::Equal, "SCMP_CMP_EQ"},
    {Compare::NotEqual, "SCMP_CMP_NE"},
    {Compare::Less, "SCMP_CMP_LT"},
    {Compare::LessOrEqual, "SCMP_CMP_LE"},
    {Compare::Greater, "SCMP_CMP_GT"},
    {Compare::GreaterOrEqual, "SCMP_CMP_GE"},
    {Compare::MaskedEqual, "SCMP_CMP_MASKED_EQ"},
}};

bool has_i386(const Profile& profile) {
    return std::ranges::any_of(profile.calls, [](const ProfileCall& e) { return e.abi == sys::Abi::I386; });
}

Json arguments_of(const Conditions& conditions) {
    Json all = Json::array();
    for (const Comparison& each : conditions) {
        const std::string_view op =
            std::ranges::find(kOps, each.op, &decltype(kOps)::value_type::first)->second;
        const bool masked = each.op == Compare::MaskedEqual;
        all.push_back({{"index", each.argument},
                       {"value", masked ? each.mask : each.value},
                       {"valueTwo", masked ? each.value : 0},
                       {"op", op}});
    }
    return all;
}

// OCI has names only, the same for all architectures.
Json rules_of(const Profile& profile) {
    std::set<std::string> always;
    std::map<std::string, std::vector<Conditions>> sometimes;
    for (const ProfileCall& call : profile.calls) {
        if (call.when.empty())
            always.insert(call.name);
        else
            sometimes[call.name] = call.when;
    }
    std::set<std::string> denied;
    for (const sys::SyscallRow& row : sys::syscalls(sys::Abi::X64)) {
        const std::string name(row.name);
        if (!always.contains(name) && !sometimes.contains(name)) denied.insert(name);
    }
    Json rules = Json::array();
    rules.push_back({{"names", always}, {"action", "SCMP_ACT_ALLOW"}});
    for (const auto& [name, alternatives] : sometimes) {
        if (always.contains(name)) continue;
        for (const Conditions& each : alternatives) {
            rules.push_back({{"names", {name}}, {"action", "SCMP_ACT_ALLOW"}, {"args", arguments_of(each)}});
        }
    }
    if (profile.on_denied == OnDenied::Refuse)
        rules.push_back({{"names", denied}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", EPERM}});
    return rules;
}

bool allows(std::string_view action) {
    return action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG" || action == "SCMP_ACT_TRACE" ||
           action == "SCMP_ACT_NOTIFY";
}

// Several comparisons of one argument are alternatives in OCI, as runc hands them on; else all have to hold.
std::vector<Conditions> read_arguments(Fields& rule) {
    Conditions all;
    rule.each("args", [&](Fields& each) {
        Comparison comparison;
        comparison.argument = static_cast<std::uint32_t>(each.number("index", 0, 5));
        comparison.value = each.number("value", 0, ~std::uint64_t{0});
        const std::string op = each.text("op");
        const auto found = std::ranges::find(kOps, op, &decltype(kOps)::value_type::second);
        if (found == kOps.end())
            each.wrong("op", "is no comparison that OCI has");
        else
            comparison.op = found->first;
        if (comparison.op == Compare::MaskedEqual) {
            comparison.mask = comparison.value;
            comparison.value = each.has("valueTwo") ? each.number("valueTwo", 0, ~std::uint64_t{0}) : 0;
        }
        all.push_back(comparison);
    });
    std::set<std::uint32_t> arguments;
    for (const Comparison& each : all) arguments.insert(each.argument);
    if (all.empty()) return {};
    if (arguments.size() == all.size()) return {all};
    std::vector<Conditions> alternatives;
    for (const Comparison& each : all) alternatives.push_back({each});
    return alternatives;
}

struct OciReader {
    Profile profile;
    bool i386 = false;
    std::set<std::string> unknown;
    std::size_t conditional = 0;

    void add(const std::string& name, const std::vector<Conditions>& when) {
        bool known = false;
        for (const sys::Abi abi : {sys::Abi::X64, sys::Abi::I386}) {
            const auto number = sys::syscall_number(name, abi);
            known = known || number.has_value();
            if (!number || (abi == sys::Abi::I386 && !i386)) continue;
            profile.calls.push_back(
                {.name = name, .number = static_cast<std::uint32_t>(*number), .abi = abi, .when = when});
        }
        if (!known) unknown.insert(name);
    }

    void read_rule(Fields& rule, const nlohmann::json& json) {
        const std::string action = rule.text("action");
        if (!allows(action)) return;
        const auto depends = [&](const char* name) { return json.contains(name) && !json[name].empty(); };
        if (depends("includes") || depends("excludes")) {
            ++conditional;
            return;
        }
        const std::vector<Conditions> when = read_arguments(rule);
        if (rule.has("name")) add(rule.text("name"), when);  // before OCI 1.0
        rule.each("names", [&](Fields& each) { add(each.own_text(), when); });
    }
};

bool names_i386(const nlohmann::json& json) {
    return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).contains("\"SCMP_ARCH_X86\"");
}

}  // namespace

std::string to_oci(const Profile& profile) {
    const bool log = profile.on_denied == OnDenied::Log;
    Json json = {{"defaultAction", log ? "SCMP_ACT_LOG" : "SCMP_ACT_ERRNO"}};
    if (!log) json["defaultErrnoRet"] = ENOSYS;
    json["architectures"] = {"SCMP_ARCH_X86_64"};
    if (has_i386(profile)) json["architectures"].push_back("SCMP_ARCH_X86");
    json["syscalls"] = rules_of(profile);
    return json.dump(2) + "\n";
}

bool is_oci(const nlohmann::json& json) { return json.is_object() && json.contains("defaultAction"); }

base::Result<Profile> profile_from_oci(const nlohmann::json& json) {
    base::Status status;
    Fields fields(json, "", status);
    const std::string otherwise = fields.text("defaultAction");
    OciReader reader;
    if (otherwise == "SCMP_ACT_LOG") reader.profile.on_denied = OnDenied::Log;
    if (status && allows(otherwise) && otherwise != "SCMP_ACT_LOG") {
        return base::fail(base::ErrorCode::NotSupported,
                          fmt::format("its defaultAction is {}: it allows what it does not name, and Catena "
                                      "reads profiles that list what is allowed",
                                      event::escape_for_terminal(otherwise)));
    }
    // Lists of architectures come in two forms: OCI's own, and Docker's archMap.
    reader.i386 = (json.contains("architectures") && names_i386(json["architectures"])) ||
                  (json.contains("archMap") && names_i386(json["archMap"]));
    std::size_t index = 0;
    fields.each("syscalls", [&](Fields& rule) {
        const nlohmann::json& one = json["syscalls"][index++];
        if (one.is_object())
            reader.read_rule(rule, one);
        else
            rule.wrong("", "is no object");
    });
    if (!status) return std::unexpected(std::move(status).error());
    Profile& profile = reader.profile;
    if (profile.calls.empty())
        return base::fail(base::ErrorCode::BadInput, "the profile allows no system call at all");
    if (!reader.unknown.empty()) {
        profile.doubts.push_back(
            fmt::format("calls of no x86 table are left out: {}",
                        event::escape(fmt::format("{}", fmt::join(reader.unknown, ", ")))));
    }
    if (reader.conditional > 0) {
        profile.doubts.push_back(fmt::format(
            "{} rules that depend on the container (includes, excludes) are left out", reader.conditional));
    }
    normalize(profile);
    return profile;
}

}  // namespace catena::seccomp
