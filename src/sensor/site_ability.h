// What the running kernel does with a probe on each kind of instruction, found by trying.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "functions/site.h"
#include "sensor/uprobe.h"

namespace catena::sensor {

// Runs a function of machine code, of at most a page, with an empty probe on its first instruction, in a
// child of its own: a kernel that has stepped over the instruction leaves a mapping called [uprobes] in the
// process, one that has optimised a NOP leaves a call in its place. Nothing stays behind. NotPermitted,
// NotSupported: the kernel takes no probes from us at all.
base::Result<functions::SiteKind> try_site(std::span<const std::uint8_t> function, UprobeWay way);

// Runs a function of machine code as try_site does, with an empty probe on it or on its return, in a process
// whose seccomp filter ends it at any system call but exit_group. Kernels that come back from a probe by a
// system call have to let that one pass (since Linux 6.14); where they do not, false.
base::Result<bool> survives_seccomp(std::span<const std::uint8_t> function, UprobeKind kind, UprobeWay way);

// Whether probes on returns end no process that has a filter.
base::Result<bool> returns_survive_seccomp(UprobeWay way);

// What it does with each of functions::SiteInstruction; one on which a process with a filter would not
// survive is refused. Takes some milliseconds, and most of a second where probes are placed singly.
base::Result<functions::Ability> try_sites(UprobeWay way);

// The same in words, for `catena doctor`: "push: emulated, …".
std::string describe(const functions::Ability& ability);

}  // namespace catena::sensor
