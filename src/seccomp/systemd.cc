#include "seccomp/systemd.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <set>

#include "event/escape.h"
#include "sys/flag_names.h"

namespace catena::seccomp {
namespace {

constexpr std::size_t kLineBytes = 100;

// systemd adds up the lines.
std::string filter_lines(const std::set<std::string>& names) {
    std::string text;
    std::string line;
    for (const std::string& name : names) {
        if (line.size() + name.size() > kLineBytes) {
            text += "SystemCallFilter=" + line + "\n";
            line.clear();
        }
        line += (line.empty() ? "" : " ") + name;
    }
    return text + "SystemCallFilter=" + line + "\n";
}

// The families of sockets that the profile allows, by name; none where it allows others, or ones without a
// name.
std::set<std::string> families_of(const Profile& profile) {
    constexpr std::uint32_t kSocket = 41;
    std::set<std::string> families;
    const ProfileCall* socket = find_call(profile, sys::Abi::X64, kSocket);
    if (socket == nullptr) return {};
    for (const Conditions& conditions : socket->when) {
        const auto family = std::ranges::find_if(conditions, [](const Comparison& each) {
            return each.argument == 0 && (each.op == Compare::Equal ||
                                          (each.op == Compare::MaskedEqual && each.mask == 0xffffffff));
        });
        if (family == conditions.end()) return {};
        std::string name = sys::socket_family(static_cast<std::uint32_t>(family->value));
        if (!name.starts_with("AF_")) return {};
        families.insert(std::move(name));
    }
    return families;
}

}  // namespace

std::string to_systemd(const Profile& profile) {
    std::set<std::string> names;
    std::set<std::string> by_argument;
    std::set<std::string> nameless;
    bool i386 = false;
    for (const ProfileCall& call : profile.calls) {
        i386 = i386 || call.abi == sys::Abi::I386;
        const bool named = !sys::syscall_name(static_cast<int>(call.number), call.abi).empty();
        (named ? names : nameless).insert(call.name);
        if (!call.when.empty()) by_argument.insert(call.name);
    }
    std::string text =
        fmt::format("# {} system calls{}, from catena seccomp derive.\n", names.size(),
                    profile.program.empty() ? "" : " of " + event::escape_for_terminal(profile.program));
    if (!by_argument.empty()) {
        text += fmt::format("# With any arguments, since SystemCallFilter= looks at none: {}\n",
                            fmt::join(by_argument, " "));
    }
    if (!nameless.empty())
        text += fmt::format("# Left out, since they have no name: {}\n", fmt::join(nameless, " "));
    text += "[Service]\n";
    text += filter_lines(names);
    text += profile.on_denied == OnDenied::Log
                ? "SystemCallLog=~" + fmt::format("{}", fmt::join(names, " ")) + "\n"
                : "SystemCallErrorNumber=EPERM\n";
    if (const auto families = families_of(profile); !families.empty())
        text += fmt::format("RestrictAddressFamilies={}\n", fmt::join(families, " "));
    text += i386 ? "SystemCallArchitectures=native x86\n" : "SystemCallArchitectures=native\n";
    return text + "NoNewPrivileges=yes\n";
}

}  // namespace catena::seccomp
