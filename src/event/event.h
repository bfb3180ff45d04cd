// Event: an edge of a recording. A process did something to an object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "event/entity.h"
#include "event/op.h"
#include "sys/syscalls.h"

namespace catena::event {

enum class Source : std::uint8_t {
    Kernel,  // the object was taken from kernel structures
    User     // the object is what the program's memory said when the call ended: a race could have changed it
};

struct Event {
    std::int64_t id = 0;       // 1, 2, … in the order of arrival
    std::int64_t ts_ns = 0;    // nanoseconds since 1970, when it ended (the first, where several were merged)
    std::int64_t last_ns = 0;  // of the last one merged
    Op op = Op::None;
    std::string_view syscall;  // "openat"; points to static storage; empty for exec, exit
    EntityId process;          // who
    std::int32_t tid = 0;
    EntityId object;          // to what; none where the call failed before it had one
    std::int64_t bytes = 0;   // moved by read, write, send, recv, sendfile…; 0 otherwise
    std::int64_t ret = 0;     // as the kernel returned it: negative errno on failure
    std::uint64_t count = 1;  // calls in this row
    std::int32_t fd = -1;     // descriptor the program used; -1 where there is none
    // Open: flags. Mkdir, Chmod, and Open with O_CREAT (upper 32 bits): mode. Chown: gid << 32 | uid. Kill:
    // signal. Ptrace: request. Mmap…: flags << 32 | prot. Setuid: euid << 32 | uid. Setgid: egid << 32 | gid.
    // Socket…: type << 32 | family. Dup: old descriptor. Listen: backlog. Truncate: length. Fork: clone flags
    // where the call gives them.
    std::int64_t arg = 0;
    std::string path;   // the first path of a path operation, absolute where it could be made so
    std::string path2;  // the second (rename, link, symlink); exec: the file name that was asked for
    Source source = Source::Kernel;
    sys::Abi abi = sys::Abi::X64;  // by which table the system call was made
    std::int64_t call =
        0;  // id of the call that it is of, in recordings with full fidelity; 0 where there is none
    std::uint32_t context = 0;  // id of the FunctionContext that it was made in; 0 where none is known
};

// What was seen and what became of it, on one CPU, since the recording began.
// Invariant: seen == stored + merged + filtered + lost.
struct Accounting {
    std::int64_t ts_ns = 0;
    std::int32_t cpu = 0;
    std::uint64_t seen = 0;
    std::uint64_t stored = 0;    // as a row of its own
    std::uint64_t merged = 0;    // into a row that is stored; its count says how many
    std::uint64_t filtered = 0;  // calls that carry nothing: failed, empty, or of no kind that is recorded
    std::uint64_t lost = 0;      // in all, of which
    std::uint64_t lost_reserved = 0;  // the rest of the ring buffer was kept for what matters more
    std::uint64_t lost_share = 0;     // its cgroup had used up its share of a ring buffer that filled up
    // Full fidelity: system calls, and those of them that found the ring buffer full. calls - lost_calls are
    // stored.
    std::uint64_t calls = 0;
    std::uint64_t lost_calls = 0;
    // Calls of user functions in mode events, and those of them that found it full.
    std::uint64_t function_calls = 0;
    std::uint64_t lost_function_calls = 0;
};

}  // namespace catena::event
