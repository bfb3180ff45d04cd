/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The contract between the kernel programs (bpf/) and user space (src/sensor): what goes through the ring buffer.
 *
 * Every record starts with struct cat_header. All times are nanoseconds of CLOCK_BOOTTIME. Objects are named by
 * 62-bit ids that both sides can compute from the object's identity (wire/ids.h), so that an event never waits for a
 * table; a record that describes the object (cat_file, cat_socket, cat_process) precedes the first event that names it.
 *
 * Compiles as C (BPF and user space) and as C++. Layout is asserted at the end.
 */
#ifndef CATENA_WIRE_RECORDS_H
#define CATENA_WIRE_RECORDS_H

#include "wire/ids.h"
#include "wire/types.h"

#define CAT_WIRE_VERSION 3

#define CAT_SYSCALLS 512       /* table size; numbers beyond are not recorded */
#define CAT_PATH_MAX 4096      /* longest path in one record, as PATH_MAX */
#define CAT_PATH_SMALL 256     /* most paths fit; tried first */
#define CAT_ARGS_CHUNK 4096    /* arguments of one exec come in pieces of this size */
#define CAT_ARGS_MAX_CHUNKS 2048
#define CAT_UNIX_PATH 108
#define CAT_COMM 16
#define CAT_UNSET 0xffffffff     /* no login: AUDIT_UID_UNSET and AUDIT_SID_UNSET of include/uapi/linux/audit.h */
#define CAT_CGROUP_PATH 1024   /* as the kernel's own buffer for it, TRACE_CGROUP_PATH_LEN */
#define CAT_MAX_MESSAGES 1024  /* sendmmsg, recvmmsg: UIO_MAXIOV */

enum cat_record_type {
	CAT_EVENT = 1,		/* struct cat_event */
	CAT_PATH_EVENT = 2,	/* struct cat_path_event */
	CAT_PROCESS = 3,	/* struct cat_process */
	CAT_ARGS = 4,		/* struct cat_args */
	CAT_FILE = 5,		/* struct cat_file */
	CAT_SOCKET = 6,		/* struct cat_socket */
	CAT_EVENTS = 7,		/* struct cat_events: several at once, of one thread */
	CAT_CGROUP = 8,		/* struct cat_cgroup */
	CAT_CALLS = 9,		/* struct cat_calls (wire/capture.h) */
	CAT_FUNCTION_CALLS = 10,	/* struct cat_function_calls (wire/functions.h) */
};

/* Same order as catena::event::Op (src/event/op.h); src/event/wire_test.cc compares them. */
enum cat_op {
	CAT_OP_NONE, CAT_OP_FORK, CAT_OP_THREAD, CAT_OP_EXEC, CAT_OP_EXIT, CAT_OP_OPEN, CAT_OP_CLOSE, CAT_OP_DUP,
	CAT_OP_READ, CAT_OP_WRITE, CAT_OP_MMAP, CAT_OP_MMAP_WRITE, CAT_OP_LOAD, CAT_OP_RENAME, CAT_OP_LINK,
	CAT_OP_SYMLINK, CAT_OP_UNLINK, CAT_OP_MKDIR, CAT_OP_RMDIR, CAT_OP_TRUNCATE, CAT_OP_CHMOD, CAT_OP_CHOWN,
	CAT_OP_PIPE, CAT_OP_SOCKETPAIR, CAT_OP_SOCKET, CAT_OP_CONNECT, CAT_OP_ACCEPT, CAT_OP_BIND, CAT_OP_LISTEN,
	CAT_OP_SEND, CAT_OP_RECV, CAT_OP_SETUID, CAT_OP_SETGID, CAT_OP_PTRACE, CAT_OP_KILL, CAT_OP_VM_READ,
	CAT_OP_VM_WRITE, CAT_OP_MEMFD_CREATE, CAT_OP_CREATE,
	CAT_OP_TAKE_FD, CAT_OP_SETNS, CAT_OP_UNSHARE, CAT_OP_CHROOT, CAT_OP_PIVOT_ROOT, CAT_OP_MOUNT, CAT_OP_UMOUNT,
	CAT_OP_COUNT
};

/* Which way an operation carries information between the acting process and its object; as catena::event::Flow. */
enum cat_way { CAT_WAY_NONE, CAT_WAY_IN, CAT_WAY_OUT, CAT_WAY_BOTH };

/* Which code in bpf/ handles a system call; the table that says so is src/sensor/syscall_specs_table.h. */
enum cat_handler {
	CAT_H_NONE,		/* not recorded: counted as filtered */
	CAT_H_TRACEPOINT,	/* success is recorded by a tracepoint of its own: fork, exec, exit */
	CAT_H_OPEN,		/* returns a descriptor of a path */
	CAT_H_PATH,		/* one or two paths */
	CAT_H_FD,		/* something done to the object of a descriptor */
	CAT_H_READ,		/* object → process, returns bytes */
	CAT_H_WRITE,		/* process → object, returns bytes */
	CAT_H_CLOSE, CAT_H_DUP, CAT_H_MMAP,
	CAT_H_TRANSFER,		/* object → object, returns bytes: sendfile, splice, tee, copy_file_range */
	CAT_H_PIPE, CAT_H_SOCKETPAIR, CAT_H_SOCKET, CAT_H_CONNECT, CAT_H_ACCEPT, CAT_H_SENDTO, CAT_H_RECVFROM,
	CAT_H_MSG,		/* sendmsg, recvmsg */
	CAT_H_MMSG,		/* sendmmsg, recvmmsg */
	CAT_H_CREDENTIALS,
	CAT_H_TARGET,		/* something done to another process, named by pid */
	CAT_H_NEW_FD,		/* returns a descriptor of a new object without a path: memfd_create */
	CAT_H_FCNTL,
	CAT_H_NAMESPACE,	/* setns, unshare */
	CAT_H_ROOT,		/* chroot, pivot_root */
	CAT_H_SHMAT,
	CAT_H_FOLDED,		/* several calls behind one number, arguments in memory: socketcall, ipc and mmap of i386 */
};

/* By which table a system call was made; same order as catena::sys::Abi (src/sys/syscalls.h). */
enum cat_abi { CAT_ABI_X64, CAT_ABI_I386, CAT_ABI_X32, CAT_ABIS };

/*
 * How to read one system call's arguments: indexes 0 to 5, or -1 where it has none. For CAT_H_PATH, dir -1 means the
 * working directory. For CAT_H_TRANSFER, fd is the source and fd2 the destination.
 */
struct cat_syscall {
	cat_u8 handler;		/* enum cat_handler */
	cat_u8 op;		/* enum cat_op */
	signed char fd;
	signed char fd2;	/* CAT_H_TRANSFER: the destination; CAT_H_SENDTO, RECVFROM: the address */
	signed char dir;	/* descriptor that path is relative to */
	signed char path;
	signed char dir2;
	signed char path2;
	signed char arg;	/* goes into cat_event.arg */
	signed char arg2;	/* goes into the upper half of cat_event.arg */
	cat_u16 like;		/* number of the x86-64 call that does the same */
};

struct cat_header {
	cat_u16 type;		/* enum cat_record_type */
	cat_u16 cpu;
	cat_u32 size;		/* of the whole record, bytes that hold something */
	cat_u64 ts_ns;
};

/* Flags of an event. */
#define CAT_FLAG_USER_SOURCE	0x1	/* an address or path came from the program's memory */
#define CAT_FLAG_TRUNCATED	0x2	/* a path was longer than CAT_PATH_MAX, or memory could not be read */
#define CAT_FLAG_TARGET_PID	0x4	/* object is a pid, not an id: user space finds the process */
#define CAT_FLAG_COPIED		0x10	/* paths are the kernel's copies of what the program said, from dir and dir2 on */
#define CAT_FLAG_MERGED		0x8	/* sums up calls that were merged (wire/merge.h): each was counted as merged */
/* Full fidelity: the call that this belongs to is told when it returns; or there is none, or its record found no room. */
#define CAT_FLAG_IN_CALL	0x20
#define CAT_FLAG_NO_CALL	0x40

struct cat_event {
	struct cat_header header;
	cat_u64 process;	/* id: cat_process_id(tgid, start) */
	cat_u64 process_start;	/* boot time at which the thread group leader started */
	cat_u32 tgid;
	cat_u32 tid;
	cat_u64 object;		/* id, 0 for none */
	cat_s64 ret;
	cat_s64 bytes;
	cat_s64 arg;
	cat_u16 syscall;	/* number in the table of its abi, without x32's bit; 0xffff for none */
	cat_u8 op;		/* enum cat_op */
	cat_u8 abi;		/* enum cat_abi */
	cat_s32 fd;
	cat_u32 flags;		/* CAT_FLAG_… */
	cat_u32 context;	/* of functions (wire/functions.h), 0 for none */
	cat_u64 count;		/* calls in this row; more than one only with CAT_FLAG_MERGED */
	cat_u64 last_ns;	/* of the last of them; the header has the first */
};

/*
 * Events of one thread that waited for each other, since it is the record and not its size that costs. Only the records
 * of one thread are thus in order of time.
 */
#define CAT_EVENTS_MAX 8
struct cat_events {
	struct cat_header header;
	struct cat_event event[CAT_EVENTS_MAX];
};

/*
 * A path operation: the event and its paths, not NUL-terminated, one behind the other.
 * With CAT_FLAG_USER_SOURCE as the program's memory had them: dir and dir2 are ids of directories announced before, that a
 * relative path starts from (the process's root for an absolute one). Without, dir and dir2 are the directories that the
 * kernel found, path and path2 the names in them, event.object and object2 what was there (or mkdir, symlink made). An exec
 * has the file name asked for as path, a symbolic link what it says as path2. The record is as large as its class
 * (CAT_PATH_SMALL or CAT_PATH_MAX a path); lengths say what counts.
 * The second path starts at path + room.
 */
struct cat_path_event {
	struct cat_event event;
	cat_u64 dir;
	cat_u64 dir2;
	cat_u64 object2;
	cat_u16 path_len;
	cat_u16 path2_len;
	cat_u32 room;		/* bytes kept for each path: CAT_PATH_SMALL or CAT_PATH_MAX */
	char path[];
};

/* Why a process is described. */
enum cat_process_reason { CAT_PROCESS_SNAPSHOT, CAT_PROCESS_FORK, CAT_PROCESS_EXEC };

/*
 * A process. After exec, its arguments follow in CAT_ARGS records of the same process, args_len bytes in all, NUL after
 * each argument; then the exec event itself. The exec event is a cat_path_event whose path is the file name asked for.
 */
struct cat_process {
	struct cat_header header;
	cat_u64 id;
	cat_u64 start_ns;
	cat_u64 parent;		/* id, 0 for none */
	cat_u64 exe;		/* id of the executable's file, announced before; 0 for kernel threads */
	cat_u64 cgroup;		/* id of its cgroup in the v2 tree */
	cat_u32 tgid;
	cat_u32 parent_tgid;
	cat_u32 uid;		/* this and the next: as the initial user namespace has them */
	cat_u32 gid;
	cat_u32 reason;		/* enum cat_process_reason */
	cat_u32 args_len;
	char comm[CAT_COMM];
	cat_u32 euid;
	cat_u32 login_uid;	/* of audit: who logged in, whatever the process became since; CAT_UNSET for nobody */
	cat_u32 session;	/* of audit: number of that login; CAT_UNSET for none */
	cat_u32 pid_ns;		/* inode numbers of the namespaces that it is in; 0 where the kernel does not say */
	cat_u32 mount_ns;
	cat_u32 user_ns;
};

struct cat_args {
	struct cat_header header;
	cat_u64 process;
	cat_u32 offset;
	cat_u32 len;
	char data[CAT_ARGS_CHUNK];
};

/* What kind of object a descriptor names that is not a socket. */
enum cat_file_class { CAT_CLASS_FILE, CAT_CLASS_PIPE, CAT_CLASS_MEMFD, CAT_CLASS_USER };

/*
 * A file, pipe or memory object. The path comes as names from the leaf to the root, a NUL after each, as the dentry
 * walk meets them; user space turns them round.
 */
struct cat_file {
	struct cat_header header;
	cat_u64 id;
	cat_u64 inode;
	cat_u32 dev;		/* kernel encoding: major << 20 | minor */
	cat_u32 generation;
	cat_u32 mode;		/* i_mode */
	cat_u32 file_class;	/* enum cat_file_class */
	cat_u32 rdev;		/* of a device file */
	cat_u32 flags;		/* CAT_FLAG_TRUNCATED */
	cat_u32 names_len;
	cat_u32 pad;
	char names[];
};

/* A socket towards one peer address. Addresses are in network order, ports in host order; IPv4 fills the first 4 bytes. */
struct cat_socket {
	struct cat_header header;
	cat_u64 id;
	cat_u64 inode;
	cat_u64 peer_inode;	/* unix sockets: the other end's, 0 for none */
	cat_u64 peer;		/* unix sockets: the other end's id, 0 for none */
	cat_u32 netns;		/* inode number of its network namespace */
	cat_u16 family;
	cat_u16 type;
	cat_u16 protocol;
	cat_u16 local_port;
	cat_u16 remote_port;
	cat_u16 local_path_len;	/* unix: bytes of sun_path, abstract names start with a NUL */
	cat_u16 remote_path_len;
	cat_u16 pad;
	cat_u8 local[16];
	cat_u8 remote[16];
	char local_path[CAT_UNIX_PATH];
	char remote_path[CAT_UNIX_PATH];
};

/* Why a record did not get into the ring. */
enum cat_loss {
	CAT_LOST_FULL,		/* there was no room at all */
	CAT_LOST_RESERVED,	/* what was left is kept for what matters more */
	CAT_LOST_SHARE,		/* its cgroup had used up its share of a ring that filled up */
	CAT_LOSSES
};

/*
 * A cgroup of the v2 tree was made. Those from before recording are found by their id; one that is gone when user space
 * looks, as a short container's, has its name from here only.
 */
struct cat_cgroup {
	struct cat_header header;
	cat_u64 id;
	cat_u32 path_len;
	cat_u32 pad;
	char path[CAT_CGROUP_PATH];
};

/* Counted per CPU by the kernel programs; seen == emitted + merged + filtered + the sum of lost. */
struct cat_counters {
	cat_u64 seen, emitted, merged, filtered;
	cat_u64 lost[CAT_LOSSES];
	cat_u64 dropped;		/* of emitted: waited with their thread, and found the ring full as it ended */
	cat_u64 lost_descriptions;	/* records other than events that found the ring full */
	cat_u64 lost_merged;		/* merged calls (counted as such) whose count, bytes and last time found it full */
	cat_u64 calls, lost_calls;	/* full fidelity: calls, and those of them whose record found no room */
	cat_u64 function_calls, lost_function_calls;	/* the same of user functions, counted as they are sent */
};

#ifdef __cplusplus
#define CAT_STATIC_ASSERT static_assert
#else
#define CAT_STATIC_ASSERT _Static_assert
#endif
CAT_STATIC_ASSERT(sizeof(struct cat_syscall) == 12, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_header) == 16, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_event) == 104, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_path_event) == 136, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_process) == 120, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_args) == 32 + CAT_ARGS_CHUNK, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_file) == 64, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_socket) == 320, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_cgroup) == 32 + CAT_CGROUP_PATH, "layout");

#endif
