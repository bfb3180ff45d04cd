// Operations: what an event did. The order is the wire format's (wire/records.h); names are those of JSON and
// SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace catena::event {

enum class Op : std::uint8_t {
    None,
    Fork,    // process → child process
    Thread,  // a thread began in the process itself
    Exec,    // file → process
    Exit,    // the process ended; ret is its wait status
    Open,    // a descriptor came to be; no flow by itself
    Close,
    Dup,
    Read,       // object → process, bytes
    Write,      // process → object, bytes
    Mmap,       // file mapped for reading or private: file → process
    MmapWrite,  // mapped shared and writable: both ways
    Load,       // mapped executable: file → process
    Rename,     // path is the old name, path2 the new one
    Link,       // path is the existing name, path2 the new one
    Symlink,    // path is the link, path2 its target text
    Unlink,
    Mkdir,
    Rmdir,
    Truncate,  // also an open with O_TRUNC of a file that was there
    Chmod,
    Chown,
    Pipe,
    Socketpair,
    Socket,
    Connect,
    Accept,
    Bind,
    Listen,
    Send,
    Recv,
    Setuid,  // setuid and its kind; object is the user the process became
    Setgid,
    Ptrace,   // process → process
    Kill,     // process → process
    VmRead,   // process_vm_readv: other process → process
    VmWrite,  // process → other process
    MemfdCreate,
    Create,  // an open that made the file: process → file
    TakeFd,  // pidfd_getfd: other process → process
    Setns,   // object: the process whose namespaces it joins, where a pidfd names them
    Unshare,
    Chroot,  // object: the new root, by its path on the host; so for pivot_root
    PivotRoot,
    Mount,  // path is the mount point, path2 what is mounted
    Umount,
};
inline constexpr std::size_t kOpCount = static_cast<std::size_t>(Op::Umount) + 1;

// Which way information goes between the acting process and the object.
enum class Flow : std::uint8_t { None, In /* object → process */, Out /* process → object */, Both };

std::string_view to_string(Op op);
std::optional<Op> op_from_string(std::string_view name);
Flow flow_of(Op op);

}  // namespace catena::event
