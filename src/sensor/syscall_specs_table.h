// Which x86-64 system calls are recorded, and where their arguments are. One row a call; a call without a row
// is counted as filtered. Argument numbers as in the manual pages, from 0. The sensor writes the table into
// the programs before loading.
#pragma once

#include <asm/unistd_64.h>

#include <cstdint>

#include "wire/records.h"

// Newer than Debian 12's headers.
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452
#endif

namespace catena::sensor {

struct SyscallSpec {
    std::uint16_t number;
    std::uint8_t handler;
    std::uint8_t op = CAT_OP_NONE;
    signed char fd = -1;
    signed char fd2 = -1;
    signed char dir = -1;
    signed char path = -1;
    signed char dir2 = -1;
    signed char path2 = -1;
    signed char arg = -1;
    signed char arg2 = -1;
};

inline constexpr SyscallSpec kSyscallSpecs[] = {
    // Processes: fork and exit have tracepoints of their own; an exec that was refused is a path operation.
    {.number = __NR_fork, .handler = CAT_H_TRACEPOINT},
    {.number = __NR_vfork, .handler = CAT_H_TRACEPOINT},
    {.number = __NR_clone, .handler = CAT_H_TRACEPOINT},
    {.number = __NR_clone3, .handler = CAT_H_TRACEPOINT},
    {.number = __NR_execve, .handler = CAT_H_TRACEPOINT, .op = CAT_OP_EXEC, .path = 0},
    {.number = __NR_execveat, .handler = CAT_H_TRACEPOINT, .op = CAT_OP_EXEC, .dir = 0, .path = 1},

    // Opening and closing.
    {.number = __NR_open, .handler = CAT_H_OPEN, .op = CAT_OP_OPEN, .path = 0, .arg = 1, .arg2 = 2},
    {.number = __NR_creat, .handler = CAT_H_OPEN, .op = CAT_OP_OPEN, .path = 0, .arg2 = 1},
    {.number = __NR_openat,
     .handler = CAT_H_OPEN,
     .op = CAT_OP_OPEN,
     .dir = 0,
     .path = 1,
     .arg = 2,
     .arg2 = 3},
    {.number = __NR_openat2, .handler = CAT_H_OPEN, .op = CAT_OP_OPEN, .dir = 0, .path = 1},
    {.number = __NR_close, .handler = CAT_H_CLOSE, .fd = 0},
    {.number = __NR_close_range, .handler = CAT_H_CLOSE, .arg = 0, .arg2 = 1},
    {.number = __NR_dup, .handler = CAT_H_DUP, .fd = 0},
    {.number = __NR_dup2, .handler = CAT_H_DUP, .fd = 0},
    {.number = __NR_dup3, .handler = CAT_H_DUP, .fd = 0},
    {.number = __NR_fcntl, .handler = CAT_H_FCNTL, .fd = 0},
    {.number = __NR_memfd_create, .handler = CAT_H_NEW_FD, .op = CAT_OP_MEMFD_CREATE, .arg = 1},
    {.number = __NR_pipe, .handler = CAT_H_PIPE, .op = CAT_OP_PIPE, .fd = 0},
    {.number = __NR_pipe2, .handler = CAT_H_PIPE, .op = CAT_OP_PIPE, .fd = 0, .arg = 1},

    // Bytes.
    {.number = __NR_read, .handler = CAT_H_READ, .fd = 0},
    {.number = __NR_readv, .handler = CAT_H_READ, .fd = 0},
    {.number = __NR_pread64, .handler = CAT_H_READ, .fd = 0},
    {.number = __NR_preadv, .handler = CAT_H_READ, .fd = 0},
    {.number = __NR_preadv2, .handler = CAT_H_READ, .fd = 0},
    {.number = __NR_write, .handler = CAT_H_WRITE, .fd = 0},
    {.number = __NR_writev, .handler = CAT_H_WRITE, .fd = 0},
    {.number = __NR_pwrite64, .handler = CAT_H_WRITE, .fd = 0},
    {.number = __NR_pwritev, .handler = CAT_H_WRITE, .fd = 0},
    {.number = __NR_pwritev2, .handler = CAT_H_WRITE, .fd = 0},
    {.number = __NR_vmsplice, .handler = CAT_H_WRITE, .fd = 0},
    {.number = __NR_mmap, .handler = CAT_H_MMAP, .fd = 4},
    {.number = __NR_sendfile, .handler = CAT_H_TRANSFER, .fd = 1, .fd2 = 0},
    {.number = __NR_splice, .handler = CAT_H_TRANSFER, .fd = 0, .fd2 = 2},
    {.number = __NR_tee, .handler = CAT_H_TRANSFER, .fd = 0, .fd2 = 1},
    {.number = __NR_copy_file_range, .handler = CAT_H_TRANSFER, .fd = 0, .fd2 = 2},

    // Names.
    {.number = __NR_rename, .handler = CAT_H_PATH, .op = CAT_OP_RENAME, .path = 0, .path2 = 1},
    {.number = __NR_renameat,
     .handler = CAT_H_PATH,
     .op = CAT_OP_RENAME,
     .dir = 0,
     .path = 1,
     .dir2 = 2,
     .path2 = 3},
    {.number = __NR_renameat2,
     .handler = CAT_H_PATH,
     .op = CAT_OP_RENAME,
     .dir = 0,
     .path = 1,
     .dir2 = 2,
     .path2 = 3,
     .arg = 4},
    {.number = __NR_link, .handler = CAT_H_PATH, .op = CAT_OP_LINK, .path = 0, .path2 = 1},
    {.number = __NR_linkat,
     .handler = CAT_H_PATH,
     .op = CAT_OP_LINK,
     .dir = 0,
     .path = 1,
     .dir2 = 2,
     .path2 = 3,
     .arg = 4},
    {.number = __NR_symlink, .handler = CAT_H_PATH, .op = CAT_OP_SYMLINK, .path = 1, .path2 = 0},
    {.number = __NR_symlinkat, .handler = CAT_H_PATH, .op = CAT_OP_SYMLINK, .dir = 1, .path = 2, .path2 = 0},
    {.number = __NR_unlink, .handler = CAT_H_PATH, .op = CAT_OP_UNLINK, .path = 0},
    {.number = __NR_unlinkat, .handler = CAT_H_PATH, .op = CAT_OP_UNLINK, .dir = 0, .path = 1, .arg = 2},
    {.number = __NR_mkdir, .handler = CAT_H_PATH, .op = CAT_OP_MKDIR, .path = 0, .arg = 1},
    {.number = __NR_mkdirat, .handler = CAT_H_PATH, .op = CAT_OP_MKDIR, .dir = 0, .path = 1, .arg = 2},
    {.number = __NR_rmdir, .handler = CAT_H_PATH, .op = CAT_OP_RMDIR, .path = 0},
    {.number = __NR_truncate, .handler = CAT_H_PATH, .op = CAT_OP_TRUNCATE, .path = 0, .arg = 1},
    {.number = __NR_chmod, .handler = CAT_H_PATH, .op = CAT_OP_CHMOD, .path = 0, .arg = 1},
    {.number = __NR_fchmodat, .handler = CAT_H_PATH, .op = CAT_OP_CHMOD, .dir = 0, .path = 1, .arg = 2},
    {.number = __NR_fchmodat2, .handler = CAT_H_PATH, .op = CAT_OP_CHMOD, .dir = 0, .path = 1, .arg = 2},
    {.number = __NR_chown, .handler = CAT_H_PATH, .op = CAT_OP_CHOWN, .path = 0, .arg = 1, .arg2 = 2},
    {.number = __NR_lchown, .handler = CAT_H_PATH, .op = CAT_OP_CHOWN, .path = 0, .arg = 1, .arg2 = 2},
    {.number = __NR_fchownat,
     .handler = CAT_H_PATH,
     .op = CAT_OP_CHOWN,
     .dir = 0,
     .path = 1,
     .arg = 2,
     .arg2 = 3},
    {.number = __NR_ftruncate, .handler = CAT_H_FD, .op = CAT_OP_TRUNCATE, .fd = 0, .arg = 1},
    {.number = __NR_fchmod, .handler = CAT_H_FD, .op = CAT_OP_CHMOD, .fd = 0, .arg = 1},
    {.number = __NR_fchown, .handler = CAT_H_FD, .op = CAT_OP_CHOWN, .fd = 0, .arg = 1, .arg2 = 2},

    // Sockets.
    {.number = __NR_socket, .handler = CAT_H_SOCKET, .op = CAT_OP_SOCKET, .arg = 0, .arg2 = 1},
    {.number = __NR_socketpair,
     .handler = CAT_H_SOCKETPAIR,
     .op = CAT_OP_SOCKETPAIR,
     .fd = 3,
     .arg = 0,
     .arg2 = 1},
    {.number = __NR_connect, .handler = CAT_H_CONNECT, .op = CAT_OP_CONNECT, .fd = 0},
    {.number = __NR_bind, .handler = CAT_H_FD, .op = CAT_OP_BIND, .fd = 0},
    {.number = __NR_listen, .handler = CAT_H_FD, .op = CAT_OP_LISTEN, .fd = 0, .arg = 1},
    {.number = __NR_accept, .handler = CAT_H_ACCEPT, .op = CAT_OP_ACCEPT, .fd = 0, .arg = 0},
    {.number = __NR_accept4, .handler = CAT_H_ACCEPT, .op = CAT_OP_ACCEPT, .fd = 0, .arg = 0},
    {.number = __NR_sendto, .handler = CAT_H_SENDTO, .op = CAT_OP_SEND, .fd = 0},
    {.number = __NR_recvfrom, .handler = CAT_H_RECVFROM, .op = CAT_OP_RECV, .fd = 0},
    {.number = __NR_sendmsg, .handler = CAT_H_MSG, .op = CAT_OP_SEND, .fd = 0},
    {.number = __NR_recvmsg, .handler = CAT_H_MSG, .op = CAT_OP_RECV, .fd = 0},
    {.number = __NR_sendmmsg, .handler = CAT_H_MMSG, .op = CAT_OP_SEND, .fd = 0},
    {.number = __NR_recvmmsg, .handler = CAT_H_MMSG, .op = CAT_OP_RECV, .fd = 0},

    // Who the process acts as.
    {.number = __NR_setuid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETUID},
    {.number = __NR_setreuid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETUID},
    {.number = __NR_setresuid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETUID},
    {.number = __NR_setfsuid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETUID},
    {.number = __NR_setgid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETGID},
    {.number = __NR_setregid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETGID},
    {.number = __NR_setresgid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETGID},
    {.number = __NR_setfsgid, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETGID},
    {.number = __NR_setgroups, .handler = CAT_H_CREDENTIALS, .op = CAT_OP_SETGID},

    // What it does to other processes; fd is the argument that names the process.
    {.number = __NR_ptrace, .handler = CAT_H_TARGET, .op = CAT_OP_PTRACE, .fd = 1, .arg = 0},
    {.number = __NR_kill, .handler = CAT_H_TARGET, .op = CAT_OP_KILL, .fd = 0, .arg = 1},
    {.number = __NR_tkill, .handler = CAT_H_TARGET, .op = CAT_OP_KILL, .fd = 0, .arg = 1},
    {.number = __NR_tgkill, .handler = CAT_H_TARGET, .op = CAT_OP_KILL, .fd = 0, .arg = 2},
    {.number = __NR_rt_sigqueueinfo, .handler = CAT_H_TARGET, .op = CAT_OP_KILL, .fd = 0, .arg = 1},
    {.number = __NR_rt_tgsigqueueinfo, .handler = CAT_H_TARGET, .op = CAT_OP_KILL, .fd = 0, .arg = 2},
    {.number = __NR_pidfd_send_signal, .handler = CAT_H_TARGET, .op = CAT_OP_KILL, .fd = 0, .arg = 1},
    {.number = __NR_process_vm_readv, .handler = CAT_H_TARGET, .op = CAT_OP_VM_READ, .fd = 0},
    {.number = __NR_pidfd_getfd, .handler = CAT_H_TARGET, .op = CAT_OP_TAKE_FD, .fd = 0, .arg = 1},
    {.number = __NR_process_vm_writev, .handler = CAT_H_TARGET, .op = CAT_OP_VM_WRITE, .fd = 0},

    // What it sees of the system.
    {.number = __NR_setns, .handler = CAT_H_NAMESPACE, .op = CAT_OP_SETNS, .fd = 0, .arg = 1},
    {.number = __NR_unshare, .handler = CAT_H_NAMESPACE, .op = CAT_OP_UNSHARE, .arg = 0},
    {.number = __NR_chroot, .handler = CAT_H_ROOT, .op = CAT_OP_CHROOT, .path = 0},
    {.number = __NR_pivot_root, .handler = CAT_H_ROOT, .op = CAT_OP_PIVOT_ROOT, .path = 0, .path2 = 1},
    {.number = __NR_mount, .handler = CAT_H_PATH, .op = CAT_OP_MOUNT, .path = 1, .path2 = 0, .arg = 3},
    {.number = __NR_move_mount,
     .handler = CAT_H_PATH,
     .op = CAT_OP_MOUNT,
     .dir = 2,
     .path = 3,
     .dir2 = 0,
     .path2 = 1},
    {.number = __NR_umount2, .handler = CAT_H_PATH, .op = CAT_OP_UMOUNT, .path = 0, .arg = 1},

    // Memory shared with others.
    {.number = __NR_shmat, .handler = CAT_H_SHMAT},
};

}  // namespace catena::sensor
