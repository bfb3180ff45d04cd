#include "sys/argument_rules.h"

#include <algorithm>
#include <array>

namespace catena::sys {
namespace {

constexpr std::uint32_t kAll = 0xffffffff;
constexpr std::uint32_t kProtection = 0x7;         // PROT_READ, PROT_WRITE, PROT_EXEC
constexpr std::uint32_t kSocketType = 0xf;         // without SOCK_CLOEXEC and SOCK_NONBLOCK
constexpr std::uint32_t kNamespaces = 0x7e020080;  // CLONE_NEW…, with CLONE_NEWTIME

// Calls that are made all the time have none here: a call with conditions is looked at each time.
constexpr std::array kRules = {
    ArgumentRule{9, "mmap", 2, 2, kProtection},
    ArgumentRule{10, "mprotect", 2, 2, kProtection},
    ArgumentRule{16, "ioctl", 1, 1, kAll},
    ArgumentRule{28, "madvise", 2, 2, kAll},
    ArgumentRule{41, "socket", 0, 0, kAll},
    ArgumentRule{41, "socket", 1, 1, kSocketType},
    ArgumentRule{53, "socketpair", 0, 0, kAll},
    // Its lowest byte is the signal of its end: CLONE_NEWTIME is none of its flags.
    ArgumentRule{56, "clone", 0, 2, kNamespaces & ~0xffU},
    ArgumentRule{72, "fcntl", 1, 1, kAll},
    ArgumentRule{101, "ptrace", 0, 0, kAll},
    ArgumentRule{135, "personality", 0, 0, kAll},
    ArgumentRule{157, "prctl", 0, 0, kAll},
    ArgumentRule{158, "arch_prctl", 0, 0, kAll},
    ArgumentRule{250, "keyctl", 0, 0, kAll},
    ArgumentRule{272, "unshare", 0, 0, kNamespaces},
    ArgumentRule{308, "setns", 1, 1, kAll},
    ArgumentRule{317, "seccomp", 0, 0, kAll},
    ArgumentRule{321, "bpf", 0, 0, kAll},
    ArgumentRule{329, "pkey_mprotect", 2, 2, kProtection},
    ArgumentRule{427, "io_uring_register", 1, 1, kAll},
};
static_assert(std::ranges::is_sorted(kRules, {}, [](const ArgumentRule& each) {
    return each.number * 8 + each.argument;
}));

}  // namespace

std::span<const ArgumentRule> argument_rules() { return kRules; }

std::span<const ArgumentRule> argument_rules(std::uint32_t number) {
    return std::ranges::equal_range(kRules, number, {}, &ArgumentRule::number);
}

}  // namespace catena::sys
