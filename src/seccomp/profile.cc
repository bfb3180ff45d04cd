#include "seccomp/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <tuple>
#include <utility>

#include "base/stable_sort.h"
#include "sys/call_signatures.h"
#include "sys/call_values.h"

namespace catena::seccomp {
namespace {

constexpr std::array<std::string_view, 4> kOrigins = {"observed", "static", "both", "user"};
constexpr std::array<std::string_view, 3> kPhases = {"start-up", "serving", "both"};
constexpr std::size_t kMaxAlternatives = 64;  // combinations of arguments that become conditions
constexpr std::array<std::string_view, 7> kCompares = {"==", "!=", "<", "<=", ">", ">=", "&"};

template <class Enum, std::size_t N>
std::optional<Enum> value_of(const std::array<std::string_view, N>& names, std::string_view name) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

// The weaker claim gives way: what one has seen and the other has shown is known both ways.
Origin joined(Origin a, Origin b) {
    if (a == b) return a;
    if (a == Origin::User) return b;
    if (b == Origin::User) return a;
    return Origin::Both;
}

auto key_of(const ProfileCall& call) { return std::tuple(call.abi, call.number); }

void join(ProfileCall& into, ProfileCall&& other) {
    into.origin = joined(into.origin, other.origin);
    if (into.phase != other.phase) into.phase = Phase::Both;
    into.seen += other.seen;
    if (into.when.empty() || other.when.empty()) {
        into.when.clear();
    } else {
        std::ranges::copy_if(other.when, std::back_inserter(into.when), [&](const Conditions& each) {
            return std::ranges::find(into.when, each) == into.when.end();
        });
    }
    std::ranges::copy_if(other.evidence, std::back_inserter(into.evidence), [&](const std::string& each) {
        return std::ranges::find(into.evidence, each) == into.evidence.end();
    });
}

}  // namespace

std::string_view to_string(Origin origin) { return kOrigins.at(static_cast<std::size_t>(origin)); }
std::string_view to_string(Phase phase) { return kPhases.at(static_cast<std::size_t>(phase)); }
std::string_view to_string(Compare op) { return kCompares.at(static_cast<std::size_t>(op)); }
std::optional<Origin> origin_from_string(std::string_view name) { return value_of<Origin>(kOrigins, name); }
std::optional<Phase> phase_from_string(std::string_view name) { return value_of<Phase>(kPhases, name); }
std::optional<Compare> compare_from_string(std::string_view name) {
    return value_of<Compare>(kCompares, name);
}

std::string to_text(const Conditions& conditions) {
    std::string text;
    for (const Comparison& each : conditions) {
        if (!text.empty()) text += " and ";
        text += each.op == Compare::MaskedEqual
                    ? fmt::format("argument {} & {:#x} == {}", each.argument, each.mask, each.value)
                    : fmt::format("argument {} {} {}", each.argument, to_string(each.op), each.value);
    }
    return text;
}

std::vector<Conditions> conditions_of(const std::vector<ArgumentSet>& arguments) {
    std::vector<Conditions> all;
    for (const ArgumentSet& argument : arguments) {
        if (argument.origin == Origin::Observed) continue;
        if (std::max<std::size_t>(all.size(), 1) * argument.values.size() > kMaxAlternatives) continue;
        std::vector<Conditions> longer;
        if (all.empty()) all.emplace_back();
        for (const Conditions& each : all) {
            for (const std::uint64_t value : argument.values) {
                longer.push_back(each);
                longer.back().push_back({.argument = argument.argument,
                                         .op = Compare::MaskedEqual,
                                         .value = value,
                                         .mask = argument.mask});
            }
        }
        all = std::move(longer);
    }
    return all;
}

std::string to_text(const ProfileCall& call, const ArgumentSet& argument) {
    const sys::Signature* signature = sys::signature_of(call.name, call.abi);
    const bool named = signature != nullptr && argument.argument < signature->size();
    std::vector<std::string> values;
    values.reserve(argument.values.size());
    for (const std::uint64_t each : argument.values) {
        values.push_back(named ? sys::value_text(signature->arguments.at(argument.argument), each, call.abi)
                               : fmt::format("{:#x}", each));
    }
    std::string name = named ? std::string(signature->arguments.at(argument.argument).name)
                             : fmt::format("argument {}", argument.argument);
    constexpr std::uint64_t kInt = 0xffffffff;
    if ((argument.mask & kInt) != kInt) name += fmt::format(" & {:#x}", argument.mask);
    return fmt::format("{} is {} ({})", name, fmt::join(values, " "), to_string(argument.origin));
}

void normalize(Profile& profile) {
    base::stable_sort(profile.calls, key_of);
    std::vector<ProfileCall> calls;
    calls.reserve(profile.calls.size());
    for (ProfileCall& call : profile.calls) {
        if (!calls.empty() && key_of(calls.back()) == key_of(call))
            join(calls.back(), std::move(call));
        else
            calls.push_back(std::move(call));
    }
    profile.calls = std::move(calls);
}

const ProfileCall* find_call(const Profile& profile, sys::Abi abi, std::uint32_t number) {
    const auto found = std::ranges::lower_bound(profile.calls, std::tuple(abi, number), {}, key_of);
    if (found == profile.calls.end() || key_of(*found) != std::tuple(abi, number)) return nullptr;
    return &*found;
}

}  // namespace catena::seccomp
