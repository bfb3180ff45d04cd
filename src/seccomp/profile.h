// Profile: the system calls that a program may make, and how each is known (docs/formats/profile.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "callgraph/reachable_calls.h"
#include "sys/syscalls.h"

namespace catena::seccomp {

enum class Origin : std::uint8_t {
    Observed,  // a recording has it
    Static,    // the code can make it
    Both,
    User,  // somebody wrote it
};

// When a call is needed. What is needed for start-up alone is refused once the program serves.
enum class Phase : std::uint8_t { StartUp, Serving, Both };

enum class Compare : std::uint8_t {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    MaskedEqual,  // argument & mask == value
};

// Of one argument's register, unsigned, all 64 bits.
struct Comparison {
    std::uint32_t argument = 0;  // 0 is the first
    Compare op = Compare::Equal;
    std::uint64_t value = 0;
    std::uint64_t mask = ~std::uint64_t{0};  // of MaskedEqual
    bool operator==(const Comparison&) const = default;
};

using Conditions = std::vector<Comparison>;  // all of them hold

// What one argument of a call is known to be. Tells what is known; what is allowed is in ProfileCall::when.
struct ArgumentSet {
    std::uint32_t argument = 0;  // 0 is the first
    std::uint64_t mask = ~std::uint64_t{0};
    std::vector<std::uint64_t> values;  // in order, each once: what argument & mask is
    // Static: these, and no others, by the code. Observed: a recording has these, and there can be others.
    // Both: the code's, and a recording has some of them.
    Origin origin = Origin::User;
    bool operator==(const ArgumentSet&) const = default;
};

struct ProfileCall {
    std::string name;
    std::uint32_t number = 0;  // in the table of `abi`
    sys::Abi abi = sys::Abi::X64;
    Origin origin = Origin::User;
    Phase phase = Phase::Both;
    std::uint64_t seen = 0;              // times, in recordings
    std::vector<ArgumentSet> arguments;  // in order of `argument`
    std::vector<Conditions> when;        // it may be made where one of them holds; none: always
    std::vector<std::string> evidence;   // who makes it, in short
    bool operator==(const ProfileCall&) const = default;
};

// What happens to a call that is not in the profile.
enum class OnDenied : std::uint8_t {
    Refuse,  // EPERM for calls that are known, ENOSYS for others
    Log,     // it is made, and the kernel logs it
};

struct Profile {
    std::string program;
    OnDenied on_denied = OnDenied::Refuse;
    std::vector<ProfileCall> calls;  // in order of (abi, number), each once
    std::vector<std::string>
        serving_begins;                 // a process serves once it waits in one of these; none: no phases
    std::vector<std::string> evidence;  // what it was derived from, in sentences
    std::vector<callgraph::UnresolvedSite> unresolved;
    std::vector<std::string> doubts;  // why it may be too small, in sentences
};

std::string_view to_string(Origin origin);
std::string_view to_string(Phase phase);
std::string_view to_string(Compare op);  // "==", "!=", "<", "<=", ">", ">=", "&"
std::optional<Origin> origin_from_string(std::string_view name);
std::optional<Phase> phase_from_string(std::string_view name);
std::optional<Compare> compare_from_string(std::string_view name);

// "argument 0 == 1 and argument 1 & 0x7 == 2".
std::string to_text(const Conditions& conditions);

// What allows a call only with what is known of its arguments by code: all combinations. An argument that
// would make too many can be anything.
std::vector<Conditions> conditions_of(const std::vector<ArgumentSet>& arguments);

// "type & 0xf is SOCK_STREAM SOCK_DGRAM (static)".
std::string to_text(const ProfileCall& call, const ArgumentSet& argument);

// Puts the calls in order, and joins those that are there twice: what either allows is allowed.
void normalize(Profile& profile);

// The call, or nullptr. The profile has to be in order.
const ProfileCall* find_call(const Profile& profile, sys::Abi abi, std::uint32_t number);

}  // namespace catena::seccomp
