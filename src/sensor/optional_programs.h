// Optional programs: those that only some kernels have a place for. Whatever a kernel lacks is left out, and
// what is left out is told.
#pragma once

#include <string>
#include <vector>

struct catena_bpf;  // NOLINT(readability-identifier-naming): the name that bpftool gives

namespace catena::sensor {

// Between opening and loading: leaves out the programs whose tracepoints the kernel does not have, and fits
// those of io_uring to the arguments that it gives them.
void fit_io_uring(catena_bpf& skeleton);

// Leaves out all optional programs; their names. For a second attempt when the kernel refused the first.
std::vector<std::string> without_optional(catena_bpf& skeleton);

}  // namespace catena::sensor
