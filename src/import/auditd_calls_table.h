// Which operation a system call of Linux audit's log is, and which part of auditd.cc reads it.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>

#include "event/op.h"

namespace catena::import {

enum class AuditReader : unsigned char {
    Open, Data, Map, Transfer, Descriptor, Exec, Fork, Exit, Path, Rename, Socket, Pipe, User, Process
};

struct AuditCallRow {
    std::string_view name;
    event::Op op;
    AuditReader reader;
};

// By name.
inline constexpr AuditCallRow kAuditCalls[] = {
    {"accept", event::Op::Accept, AuditReader::Socket},
    {"accept4", event::Op::Accept, AuditReader::Socket},
    {"bind", event::Op::Bind, AuditReader::Socket},
    {"chmod", event::Op::Chmod, AuditReader::Path},
    {"chown", event::Op::Chown, AuditReader::Path},
    {"chroot", event::Op::Chroot, AuditReader::Path},
    {"clone", event::Op::Fork, AuditReader::Fork},
    {"clone3", event::Op::Fork, AuditReader::Fork},
    {"close", event::Op::Close, AuditReader::Descriptor},
    {"connect", event::Op::Connect, AuditReader::Socket},
    {"copy_file_range", event::Op::Read, AuditReader::Transfer},
    {"creat", event::Op::Open, AuditReader::Open},
    {"dup", event::Op::Dup, AuditReader::Descriptor},
    {"dup2", event::Op::Dup, AuditReader::Descriptor},
    {"dup3", event::Op::Dup, AuditReader::Descriptor},
    {"execve", event::Op::Exec, AuditReader::Exec},
    {"execveat", event::Op::Exec, AuditReader::Exec},
    {"exit", event::Op::Exit, AuditReader::Exit},
    {"exit_group", event::Op::Exit, AuditReader::Exit},
    {"fchmod", event::Op::Chmod, AuditReader::Path},
    {"fchmodat", event::Op::Chmod, AuditReader::Path},
    {"fchmodat2", event::Op::Chmod, AuditReader::Path},
    {"fchown", event::Op::Chown, AuditReader::Path},
    {"fchownat", event::Op::Chown, AuditReader::Path},
    {"fcntl", event::Op::Dup, AuditReader::Descriptor},
    {"fcntl64", event::Op::Dup, AuditReader::Descriptor},
    {"fork", event::Op::Fork, AuditReader::Fork},
    {"ftruncate", event::Op::Truncate, AuditReader::Path},
    {"kill", event::Op::Kill, AuditReader::Process},
    {"lchown", event::Op::Chown, AuditReader::Path},
    {"link", event::Op::Link, AuditReader::Rename},
    {"linkat", event::Op::Link, AuditReader::Rename},
    {"listen", event::Op::Listen, AuditReader::Socket},
    {"mkdir", event::Op::Mkdir, AuditReader::Path},
    {"mkdirat", event::Op::Mkdir, AuditReader::Path},
    {"mknod", event::Op::Create, AuditReader::Path},
    {"mknodat", event::Op::Create, AuditReader::Path},
    {"mmap", event::Op::Mmap, AuditReader::Map},
    {"mmap2", event::Op::Mmap, AuditReader::Map},
    {"mount", event::Op::Mount, AuditReader::Path},
    {"open", event::Op::Open, AuditReader::Open},
    {"openat", event::Op::Open, AuditReader::Open},
    {"openat2", event::Op::Open, AuditReader::Open},
    {"pipe", event::Op::Pipe, AuditReader::Pipe},
    {"pipe2", event::Op::Pipe, AuditReader::Pipe},
    {"pread64", event::Op::Read, AuditReader::Data},
    {"preadv", event::Op::Read, AuditReader::Data},
    {"preadv2", event::Op::Read, AuditReader::Data},
    {"process_vm_readv", event::Op::VmRead, AuditReader::Process},
    {"process_vm_writev", event::Op::VmWrite, AuditReader::Process},
    {"ptrace", event::Op::Ptrace, AuditReader::Process},
    {"pwrite64", event::Op::Write, AuditReader::Data},
    {"pwritev", event::Op::Write, AuditReader::Data},
    {"pwritev2", event::Op::Write, AuditReader::Data},
    {"read", event::Op::Read, AuditReader::Data},
    {"readv", event::Op::Read, AuditReader::Data},
    {"recvfrom", event::Op::Recv, AuditReader::Data},
    {"recvmsg", event::Op::Recv, AuditReader::Data},
    {"rename", event::Op::Rename, AuditReader::Rename},
    {"renameat", event::Op::Rename, AuditReader::Rename},
    {"renameat2", event::Op::Rename, AuditReader::Rename},
    {"rmdir", event::Op::Rmdir, AuditReader::Path},
    {"sendfile", event::Op::Write, AuditReader::Transfer},
    {"sendfile64", event::Op::Write, AuditReader::Transfer},
    {"sendmsg", event::Op::Send, AuditReader::Data},
    {"sendto", event::Op::Send, AuditReader::Data},
    {"setgid", event::Op::Setgid, AuditReader::User},
    {"setregid", event::Op::Setgid, AuditReader::User},
    {"setresgid", event::Op::Setgid, AuditReader::User},
    {"setresuid", event::Op::Setuid, AuditReader::User},
    {"setreuid", event::Op::Setuid, AuditReader::User},
    {"setuid", event::Op::Setuid, AuditReader::User},
    {"socket", event::Op::Socket, AuditReader::Socket},
    {"socketpair", event::Op::Socketpair, AuditReader::Pipe},
    {"splice", event::Op::Read, AuditReader::Transfer},
    {"symlink", event::Op::Symlink, AuditReader::Path},
    {"symlinkat", event::Op::Symlink, AuditReader::Path},
    {"tgkill", event::Op::Kill, AuditReader::Process},
    {"tkill", event::Op::Kill, AuditReader::Process},
    {"truncate", event::Op::Truncate, AuditReader::Path},
    {"umount2", event::Op::Umount, AuditReader::Path},
    {"unlink", event::Op::Unlink, AuditReader::Path},
    {"unlinkat", event::Op::Unlink, AuditReader::Path},
    {"vfork", event::Op::Fork, AuditReader::Fork},
    {"write", event::Op::Write, AuditReader::Data},
    {"writev", event::Op::Write, AuditReader::Data},
};

// Null where the call is none that is recorded.
inline const AuditCallRow* find_audit_call(std::string_view name) {
    const auto* row = std::ranges::lower_bound(kAuditCalls, name, {}, &AuditCallRow::name);
    return row != std::end(kAuditCalls) && row->name == name ? row : nullptr;
}

}  // namespace catena::import
