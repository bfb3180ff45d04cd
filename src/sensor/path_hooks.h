// The optional programs of bpf/path_hooks.bpf.c, which see what a call on a path or an address really used:
// whether the kernel takes them is found by trying, never by its version.
#pragma once

#include "base/result.h"

struct catena_bpf;  // NOLINT(readability-identifier-naming): the name that bpftool gave the skeleton

namespace catena::sensor {

// Whether the kernel loads and attaches a program at the functions that the hooks are for; else what it said.
base::Status try_path_hooks();

// Chooses, before loading, whether the hooks are loaded at all.
void choose_path_hooks(catena_bpf& skeleton, bool wanted);

// Attaches loaded hooks, all or none. To be called when the other programs are attached: what a hook writes
// down is taken at the end of the call.
base::Status attach_path_hooks(catena_bpf& skeleton);

}  // namespace catena::sensor
