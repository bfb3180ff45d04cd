// Uprobes: a BPF program on places in the code of a file, in all processes that have the file mapped, or
// will. The kernel knows two ways to put it there.
#pragma once

#include <linux/bpf.h>

#include <cstdint>
#include <span>
#include <string>

#include "base/fd.h"
#include "base/result.h"

namespace catena::sensor {

enum class UprobeKind : std::uint8_t { Entry, Return };

enum class UprobeWay : std::uint8_t {
    Together,  // one uprobe.multi link for many places of a file (Linux 6.6); refused for one bad place
    Singly     // a perf event and a link for each place; taking one away takes tens of milliseconds
};

[[nodiscard]] constexpr const char* name_of(UprobeWay way) {
    return way == UprobeWay::Together ? "together" : "singly";
}

struct UprobePlace {
    std::uint64_t offset = 0;  // in the file
    std::uint64_t cookie = 0;  // what the program gets from bpf_get_attach_cookie there
};

// The expected_attach_type that a program has to be loaded with to be put somewhere that way.
bpf_attach_type attach_type_of(UprobeWay way);

// Puts a program on all of these places, or on the return of the functions that begin there, for as long as
// the descriptor is open. The errno of a place that the kernel does not take is often 524, its own ENOTSUPP.
base::Result<base::Fd> attach_together(int program, const std::string& path,
                                       std::span<const UprobePlace> places, UprobeKind kind);
base::Result<base::Fd> attach_singly(int program, const std::string& path, const UprobePlace& place,
                                     UprobeKind kind);

// What the running kernel can: Together if it has that, found by trying.
UprobeWay best_uprobe_way();

}  // namespace catena::sensor
