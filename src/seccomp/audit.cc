#include "seccomp/audit.h"

#include <algorithm>
#include <string_view>

#include "seccomp/policy.h"

namespace catena::seccomp {
namespace {

bool can_call(const Profile& profile, std::string_view name, const CveNeed& need) {
    const auto number = sys::syscall_number(name);
    if (!number) return false;
    const ProfileCall* call = find_call(profile, sys::Abi::X64, static_cast<std::uint32_t>(*number));
    if (call == nullptr) return false;
    return need.argument < 0 || can_be_made(*call, static_cast<std::uint32_t>(need.argument), need.value);
}

bool is_met(const Profile& profile, const CveNeed& need) {
    std::string_view rest = need.calls;
    if (rest.empty()) return true;
    for (;;) {
        const std::size_t bar = rest.find('|');
        if (can_call(profile, rest.substr(0, bar), need)) return true;
        if (bar == std::string_view::npos) return false;
        rest.remove_prefix(bar + 1);
    }
}

}  // namespace

Audit audit(const Profile& profile) {
    Audit result;
    result.all = sys::syscalls(sys::Abi::X64).size();
    for (const ProfileCall& call : profile.calls) {
        if (call.abi != sys::Abi::X64 || sys::syscall_name(static_cast<int>(call.number)).empty()) continue;
        ++result.allowed;
        if (!call.when.empty()) ++result.conditional;
        if (call.phase == Phase::StartUp) ++result.start_up;
    }
    for (const KernelCve& cve : kKernelCves) {
        const bool reachable =
            std::ranges::all_of(cve.needs, [&](const CveNeed& need) { return is_met(profile, need); });
        result.cves.push_back({.cve = &cve, .reachable = reachable});
    }
    return result;
}

}  // namespace catena::seccomp
