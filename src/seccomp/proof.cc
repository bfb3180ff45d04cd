// The filter is run by a slow and obvious machine for classic BPF, and what it returns is compared with the
// plain reading of the profile (policy.h).
#include "seccomp/proof.h"

#include <fmt/format.h>
#include <linux/audit.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "seccomp/policy.h"
#include "sys/call_text.h"

namespace catena::seccomp {
namespace {

constexpr std::uint32_t kX32Bit = 0x40000000;
constexpr std::uint32_t kNumbers = 640;           // beyond all tables
constexpr std::uint64_t kMaxCombinations = 8192;  // of values of arguments, of one call

// Of 32-bit calls, libseccomp takes the calls of sockets and of System V's IPC together with the same
// operations of socketcall and ipc, since they are the same to the kernel.
bool is_multiplexed(std::uint32_t number) {
    return number == 102 || number == 117 || (number >= 359 && number <= 373) ||
           (number >= 393 && number <= 402) || number == 420;
}

std::uint32_t wanted(const Profile& profile, FilterUse use, sys::Abi abi, std::uint32_t number,
                     const Arguments& arguments) {
    const Verdict verdict = judge(profile, abi, number, arguments);
    const ProfileCall* call = find_call(profile, abi, number);
    const bool asks = use == FilterUse::SupervisedPhases && call != nullptr && call->phase == Phase::StartUp;
    if (verdict == Verdict::Allowed && !asks) return SECCOMP_RET_ALLOW;
    if (use != FilterUse::Alone) return SECCOMP_RET_USER_NOTIF;
    if (profile.on_denied == OnDenied::Log) return SECCOMP_RET_LOG;
    if (verdict == Verdict::Denied) return SECCOMP_RET_ERRNO | EPERM;
    // Where 32-bit calls are allowed at all, the filter does not tell numbers without a call apart.
    const bool any = std::ranges::any_of(profile.calls, [&](const ProfileCall& e) { return e.abi == abi; });
    return SECCOMP_RET_ERRNO | (abi == sys::Abi::I386 && any ? EPERM : ENOSYS);
}

// Values of each argument on both sides of what it is compared with.
std::array<std::vector<std::uint64_t>, 6> values_of(const ProfileCall& call) {
    std::array<std::vector<std::uint64_t>, 6> values;
    for (const Conditions& conditions : call.when) {
        for (const Comparison& each : conditions) {
            std::vector<std::uint64_t>& all = values.at(each.argument);
            const std::uint64_t value = each.value;
            for (const std::uint64_t next :
                 {value, value - 1, value + 1, value ^ (std::uint64_t{1} << 32U), value ^ ~each.mask,
                  value + 12, ~std::uint64_t{0}, std::uint64_t{0}})
                if (std::ranges::find(all, next) == all.end()) all.push_back(next);
        }
    }
    for (std::vector<std::uint64_t>& each : values) {
        if (each.empty()) each.push_back(0);
    }
    return values;
}

class Prover {
  public:
    Prover(const Profile& profile, FilterUse use, std::span<const sock_filter> filter)
        : profile_(profile), use_(use), filter_(filter) {}

    base::Status check(sys::Abi abi, std::uint32_t number, const Arguments& arguments) const {
        seccomp_data data{};
        data.nr = static_cast<int>(abi == sys::Abi::X32 ? number | kX32Bit : number);
        data.arch = abi == sys::Abi::I386 ? AUDIT_ARCH_I386 : AUDIT_ARCH_X86_64;
        std::ranges::copy(arguments, data.args);
        if (evaluate(filter_, data) == wanted(profile_, use_, abi, number, arguments)) return {};
        return base::fail(
            base::ErrorCode::NotSupported,
            fmt::format(
                "the filter that libseccomp makes of the profile is wrong for {} with the arguments {:#x}: "
                "give the call fewer conditions, or none",
                sys::call_name(abi, number), fmt::join(arguments, ", ")));
    }

    // Each value of each argument with each of the others; where that would be too many, some from
    // everywhere.
    base::Status check_arguments(const ProfileCall& call) const {
        constexpr std::uint64_t kStride = 1'000'003;  // a prime
        const auto values = values_of(call);
        std::uint64_t combinations = 1;
        for (const auto& each : values) combinations *= each.size();
        const std::uint64_t stride = combinations > kMaxCombinations ? kStride : 1;
        for (std::uint64_t sample = 0; sample < std::min(combinations, kMaxCombinations); ++sample) {
            Arguments arguments{};
            std::uint64_t rest = sample * stride % combinations;
            for (std::size_t i = 0; i < arguments.size(); ++i) {
                arguments.at(i) = values.at(i).at(rest % values.at(i).size());
                rest /= values.at(i).size();
            }
            if (auto checked = check(call.abi, call.number, arguments); !checked) return checked;
        }
        return {};
    }

  private:
    const Profile& profile_;
    FilterUse use_;
    std::span<const sock_filter> filter_;
};

}  // namespace

std::optional<std::uint32_t> evaluate(std::span<const sock_filter> filter, const seccomp_data& data) {
    std::uint32_t a = 0;
    for (std::size_t pc = 0; pc < filter.size(); ++pc) {
        const sock_filter& each = filter[pc];
        const auto jump = [&](bool taken) { pc += taken ? each.jt : each.jf; };
        switch (each.code) {
            case BPF_LD | BPF_W | BPF_ABS:
                if (each.k % 4 != 0 || each.k > sizeof data - 4) return std::nullopt;
                std::memcpy(&a, reinterpret_cast<const char*>(&data) + each.k, 4);
                break;
            case BPF_ALU | BPF_AND | BPF_K:
                a &= each.k;
                break;
            case BPF_JMP | BPF_JA:
                pc += each.k;
                break;
            case BPF_JMP | BPF_JEQ | BPF_K:
                jump(a == each.k);
                break;
            case BPF_JMP | BPF_JGT | BPF_K:
                jump(a > each.k);
                break;
            case BPF_JMP | BPF_JGE | BPF_K:
                jump(a >= each.k);
                break;
            case BPF_JMP | BPF_JSET | BPF_K:
                jump((a & each.k) != 0);
                break;
            case BPF_RET | BPF_K:
                return each.k;
            default:
                return std::nullopt;
        }
    }
    return std::nullopt;
}

base::Status prove(const Profile& profile, FilterUse use, std::span<const sock_filter> filter) {
    const Prover prover(profile, use, filter);
    for (const sys::Abi abi : {sys::Abi::X64, sys::Abi::I386, sys::Abi::X32}) {
        for (std::uint32_t number = 0; number < kNumbers; ++number) {
            if (abi == sys::Abi::I386 && is_multiplexed(number)) continue;
            for (const std::uint64_t fill : {std::uint64_t{0}, ~std::uint64_t{0}}) {
                Arguments arguments{};
                arguments.fill(fill);
                if (auto checked = prover.check(abi, number, arguments); !checked) return checked;
            }
        }
    }
    for (const ProfileCall& call : profile.calls) {
        if (call.abi == sys::Abi::I386 && is_multiplexed(call.number)) continue;
        if (auto checked = prover.check_arguments(call); !checked) return checked;
    }
    return {};
}

}  // namespace catena::seccomp
