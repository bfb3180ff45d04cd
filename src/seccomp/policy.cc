#include "seccomp/policy.h"

#include <algorithm>

namespace catena::seccomp {
namespace {

bool compare(const Comparison& comparison, std::uint64_t value) {
    switch (comparison.op) {
        case Compare::Equal:
            return value == comparison.value;
        case Compare::NotEqual:
            return value != comparison.value;
        case Compare::Less:
            return value < comparison.value;
        case Compare::LessOrEqual:
            return value <= comparison.value;
        case Compare::Greater:
            return value > comparison.value;
        case Compare::GreaterOrEqual:
            return value >= comparison.value;
        case Compare::MaskedEqual:
            return (value & comparison.mask) == comparison.value;
    }
    return false;
}

}  // namespace

bool holds(const Comparison& comparison, const Arguments& arguments) {
    return comparison.argument < arguments.size() && compare(comparison, arguments.at(comparison.argument));
}

Verdict judge(const Profile& profile, sys::Abi abi, std::uint32_t number, const Arguments& arguments) {
    const bool any_of_abi =
        std::ranges::any_of(profile.calls, [&](const ProfileCall& each) { return each.abi == abi; });
    if (!any_of_abi && abi != sys::Abi::X64) return Verdict::Unknown;
    const ProfileCall* call = find_call(profile, abi, number);
    const auto satisfied = [&](const Conditions& conditions) {
        return std::ranges::all_of(conditions,
                                   [&](const Comparison& each) { return holds(each, arguments); });
    };
    if (call != nullptr && (call->when.empty() || std::ranges::any_of(call->when, satisfied)))
        return Verdict::Allowed;
    const bool known = call != nullptr || !sys::syscall_name(static_cast<int>(number), abi).empty();
    return known ? Verdict::Denied : Verdict::Unknown;
}

bool can_be_made(const ProfileCall& call, std::uint32_t argument, std::uint64_t value) {
    const auto possible = [&](const Conditions& conditions) {
        return std::ranges::all_of(conditions, [&](const Comparison& each) {
            return each.argument != argument || compare(each, value);
        });
    };
    return call.when.empty() || std::ranges::any_of(call.when, possible);
}

}  // namespace catena::seccomp
