// Trying single features of the kernel with the smallest thing that uses them. What works is success; else
// the error has the kernel's own words.
#pragma once

#include <cstdint>
#include <string>

#include "base/fd.h"
#include "base/result.h"
#include "sensor/uprobe.h"

namespace catena::sensor {

// A program at the entry, at the return, or as a security module at a hook of the kernel: loads and attaches.
base::Status try_fentry(const char* function);
base::Status try_fexit(const char* function);
base::Status try_lsm(const char* hook);

// A BTF tracepoint.
base::Status try_tracepoint(const char* name);

// On a function of our own.
base::Status try_uprobe(UprobeWay way);

// A program that does nothing, on a place in a file, or on the return of the function there, for as long as
// the descriptor is open.
base::Result<base::Fd> attach_empty_uprobe(const std::string& path, std::uint64_t offset, UprobeKind kind,
                                           UprobeWay way);

base::Status try_ring_buffer();
base::Status try_task_storage();
base::Status try_seccomp_notification();

}  // namespace catena::sensor
