#include "seccomp/filter.h"

#include <fmt/format.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

#include "seccomp/proof.h"

namespace catena::seccomp {
namespace {

struct Release {
    void operator()(void* context) const { ::seccomp_release(context); }
};
using Context = std::unique_ptr<void, Release>;

constexpr std::uint32_t kX32Bit = 0x40000000;

std::unexpected<base::Error> refused(const char* what, int error) {
    return base::fail_errno(std::string("libseccomp: ") + what, -error);
}

scmp_arg_cmp as_libseccomp(const Comparison& comparison) {
    scmp_arg_cmp made{
        .arg = comparison.argument, .op = SCMP_CMP_EQ, .datum_a = comparison.value, .datum_b = 0};
    switch (comparison.op) {
        case Compare::Equal:
            break;
        case Compare::NotEqual:
            made.op = SCMP_CMP_NE;
            break;
        case Compare::Less:
            made.op = SCMP_CMP_LT;
            break;
        case Compare::LessOrEqual:
            made.op = SCMP_CMP_LE;
            break;
        case Compare::Greater:
            made.op = SCMP_CMP_GT;
            break;
        case Compare::GreaterOrEqual:
            made.op = SCMP_CMP_GE;
            break;
        case Compare::MaskedEqual:
            made.op = SCMP_CMP_MASKED_EQ;
            made.datum_a = comparison.mask;
            made.datum_b = comparison.value;
            break;
    }
    return made;
}

// libseccomp wants the native number, or a number of its own where the native table has no such call.
base::Result<int> libseccomp_number(const ProfileCall& call) {
    if (call.abi == sys::Abi::X64) return static_cast<int>(call.number);
    const int number = ::seccomp_syscall_resolve_name(call.name.c_str());
    if (number != __NR_SCMP_ERROR) return number;
    return base::fail(
        base::ErrorCode::NotSupported,
        fmt::format("the 32-bit call {} is newer than libseccomp here, which has no way to allow "
                    "it; install a newer libseccomp",
                    call.name));
}

bool passes(const ProfileCall& call, FilterUse use) {
    return use != FilterUse::SupervisedPhases || call.phase != Phase::StartUp;
}

// Those seen most get the highest priority. The tree does not need it; whoever turns it off does.
base::Status add_call(void* context, const ProfileCall& call, std::uint8_t priority) {
    const auto number = libseccomp_number(call);
    if (!number) return std::unexpected(number.error());
    const auto add = [&](const Conditions& conditions) {
        std::vector<scmp_arg_cmp> comparisons;
        std::ranges::transform(conditions, std::back_inserter(comparisons), as_libseccomp);
        return ::seccomp_rule_add_array(context, SCMP_ACT_ALLOW, *number,
                                        static_cast<unsigned>(comparisons.size()), comparisons.data());
    };
    int error = call.when.empty() ? add({}) : 0;
    for (const Conditions& each : call.when) {
        if (error == 0) error = add(each);
        if (error == -EEXIST) error = 0;  // it follows from another rule
    }
    if (error == 0) error = ::seccomp_syscall_priority(context, *number, priority);
    if (error != 0) return refused(call.name.c_str(), error);
    return {};
}

std::uint8_t priority_of(std::uint64_t seen) {
    std::uint8_t priority = 0;
    for (; seen > 0; seen >>= 1U) priority += 3;
    return priority;
}

std::uint32_t default_action(const Profile& profile, FilterUse use) {
    if (use != FilterUse::Alone) return SCMP_ACT_NOTIFY;
    return profile.on_denied == OnDenied::Log ? SCMP_ACT_LOG : SCMP_ACT_ERRNO(EPERM);
}

// The rules of one architecture.
base::Result<Context> context_of(const Profile& profile, FilterUse use, sys::Abi abi) {
    const std::uint32_t otherwise = default_action(profile, use);
    Context context(::seccomp_init(otherwise));
    if (!context)
        return base::fail(base::ErrorCode::NotSupported, "libseccomp does not take the default action");
    const std::uint32_t other_machine =
        otherwise == SCMP_ACT_ERRNO(EPERM) ? SCMP_ACT_ERRNO(ENOSYS) : otherwise;
    int error = ::seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, other_machine);
    if (error == 0) error = ::seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (error == 0 && abi == sys::Abi::I386) {
        error = ::seccomp_arch_add(context.get(), SCMP_ARCH_X86);
        if (error == 0) error = ::seccomp_arch_remove(context.get(), SCMP_ARCH_X86_64);
    }
    if (error != 0) return refused("cannot prepare a filter", error);
    for (const ProfileCall& call : profile.calls) {
        if (call.abi != abi || !passes(call, use)) continue;
        if (auto added = add_call(context.get(), call, priority_of(call.seen)); !added)
            return std::unexpected(std::move(added).error());
    }
    return context;
}

base::Result<Context> whole_context(const Profile& profile, FilterUse use) {
    auto native = context_of(profile, use, sys::Abi::X64);
    if (!native) return native;
    if (std::ranges::none_of(profile.calls, [](const ProfileCall& e) { return e.abi == sys::Abi::I386; }))
        return native;
    auto other = context_of(profile, use, sys::Abi::I386);
    if (!other) return other;
    // Where it succeeds, the first one owns the second.
    if (const int error = ::seccomp_merge(native->get(), other->get()); error != 0)
        return refused("cannot join the filters of both architectures", error);
    [[maybe_unused]] const auto* const owned = other->release();
    return native;
}

// What `write` puts into a file.
template <class Write>
base::Result<std::vector<std::byte>> written(Write&& write) {
    const base::Fd file(::memfd_create("filter", MFD_CLOEXEC));
    if (!file) return base::fail_errno("memfd_create");
    if (const int error = write(file.get()); error != 0) return refused("cannot write the filter", error);
    std::vector<std::byte> bytes(
        static_cast<std::size_t>(std::max<off_t>(0, ::lseek(file.get(), 0, SEEK_END))));
    if (::pread(file.get(), bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
        return base::fail_errno("cannot read the filter back");
    return bytes;
}

// Ranges of numbers below x32's that no native table has, each from its first to its last.
std::vector<std::pair<std::uint32_t, std::uint32_t>> unknown_numbers(const Profile& profile) {
    std::vector<std::uint32_t> known;
    for (const sys::SyscallRow& row : sys::syscalls(sys::Abi::X64))
        known.push_back(static_cast<std::uint32_t>(row.number));
    for (const ProfileCall& call : profile.calls) {
        if (call.abi == sys::Abi::X64) known.push_back(call.number);
    }
    std::ranges::sort(known);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> gaps;
    std::uint32_t next = 0;
    for (const std::uint32_t number : known) {
        if (number > next) gaps.emplace_back(next, number - 1);
        next = std::max(next, number + 1);
    }
    gaps.emplace_back(next, kX32Bit - 1);
    return gaps;
}

// Answers ENOSYS to native calls that no table has, and lets the program behind it decide all others. Jumps
// of BPF are relative and lead forward only, so that a program can be put in front of another.
Filter unknown_calls_filter(const Profile& profile) {
    const auto gaps = unknown_numbers(profile);
    Filter body = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const auto& [first, last] : gaps) {
        body.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first, 0, 2));
        body.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 1, 0));
        body.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    }
    Filter filter = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                     BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
                     BPF_STMT(BPF_JMP | BPF_JA, static_cast<std::uint32_t>(body.size()))};
    filter.insert(filter.end(), body.begin(), body.end());
    return filter;
}

int seccomp(unsigned operation, unsigned flags, const void* argument) {
    return static_cast<int>(::syscall(SYS_seccomp, operation, flags, argument));
}

}  // namespace

base::Result<Filter> compile(const Profile& profile, FilterUse use) {
    const auto context = whole_context(profile, use);
    if (!context) return std::unexpected(context.error());
    const auto bytes = written([&](int file) { return ::seccomp_export_bpf(context->get(), file); });
    if (!bytes) return std::unexpected(bytes.error());
    Filter filter;
    if (use == FilterUse::Alone && profile.on_denied == OnDenied::Refuse)
        filter = unknown_calls_filter(profile);
    const std::size_t before = filter.size();
    filter.resize(before + bytes->size() / sizeof(sock_filter));
    std::memcpy(filter.data() + before, bytes->data(), (filter.size() - before) * sizeof(sock_filter));
    if (filter.size() > BPF_MAXINSNS) {
        return base::fail(
            base::ErrorCode::NotSupported,
            fmt::format("the filter has {} instructions, and the kernel takes {}: it has too many "
                        "rules on arguments",
                        filter.size(), BPF_MAXINSNS));
    }
    if (auto proved = prove(profile, use, filter); !proved) return std::unexpected(std::move(proved).error());
    return filter;
}

base::Result<std::string> compile_to_text(const Profile& profile) {
    const auto context = whole_context(profile, FilterUse::Alone);
    if (!context) return std::unexpected(context.error());
    const auto bytes = written([&](int file) { return ::seccomp_export_pfc(context->get(), file); });
    if (!bytes) return std::unexpected(bytes.error());
    return std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size());
}

base::Status check_kernel(Listener listener) {
    const auto missing = [](const char* what) {
        return base::fail(
            base::ErrorCode::NotSupported,
            fmt::format("this kernel has no {}; it takes Linux 5.6 with CONFIG_SECCOMP_FILTER", what));
    };
    const std::uint32_t errors = SECCOMP_RET_ERRNO;
    if (seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &errors) != 0) return missing("seccomp filters");
    const std::uint32_t notify = SECCOMP_RET_USER_NOTIF;
    if (listener == Listener::Yes && seccomp(SECCOMP_GET_ACTION_AVAIL, 0, &notify) != 0)
        return missing("user notification of seccomp");
    return {};
}

base::Result<base::Fd> install(std::span<const sock_filter> filter, Listener listener,
                               NewPrivileges privileges) {
    if (privileges == NewPrivileges::No && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return base::fail_errno("no_new_privs");
    const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                             .filter = const_cast<sock_filter*>(filter.data())};
    const bool listens = listener == Listener::Yes;
    // Since 5.19 a call that the supervisor has begun to look at is not broken off by signals that are not
    // fatal.
    constexpr unsigned kWaitKillable = 1U << 5U;
    int made = -1;
    if (listens) {
        made = seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER | kWaitKillable, &program);
        if (made < 0 && errno == EINVAL)
            made = seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    } else {
        made = seccomp(SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    }
    if (made > 0 && !listens)
        return base::fail(base::ErrorCode::NotSupported, "a thread has seccomp filters of its own");
    if (made < 0 && errno == EBUSY) {
        return base::fail(base::ErrorCode::NotSupported,
                          "a supervisor listens to this process already, and there can be only one");
    }
    if (made < 0) return base::fail_errno("the kernel refuses the filter");
    return listens ? base::Fd(made) : base::Fd();
}

}  // namespace catena::seccomp
