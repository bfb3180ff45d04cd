/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The contract between the kernel programs (bpf/) and user space (src/sensor): what goes through the ring buffer.
 *
 * Every record starts with struct cat_header. All times are nanoseconds of CLOCK_BOOTTIME. Objects are named by
 * 63-bit ids that both sides can compute from the object's identity (cat_hash below), so that an event never waits for a
 * table; a record that describes the object (cat_file, cat_socket, cat_process) precedes the first event that names it.
 *
 * Compiles as C (BPF and user space) and as C++. Layout is asserted at the end.
 */
#ifndef CATENA_WIRE_RECORDS_H
#define CATENA_WIRE_RECORDS_H

#ifndef __bpf__
#include <stdint.h>
#ifndef __VMLINUX_H__
typedef uint8_t cat_u8;
typedef uint16_t cat_u16;
typedef uint32_t cat_u32;
typedef uint64_t cat_u64;
typedef int32_t cat_s32;
typedef int64_t cat_s64;
#endif
#else
typedef __u8 cat_u8;
typedef __u16 cat_u16;
typedef __u32 cat_u32;
typedef __u64 cat_u64;
typedef __s32 cat_s32;
typedef __s64 cat_s64;
#endif

#define CAT_WIRE_VERSION 1

#define CAT_SYSCALLS 512       /* table size; numbers beyond are not recorded */
#define CAT_PATH_MAX 4096      /* longest path in one record, as PATH_MAX */
#define CAT_PATH_SMALL 256     /* most paths fit; tried first */
#define CAT_ARGS_CHUNK 4096    /* arguments of one exec come in pieces of this size */
#define CAT_ARGS_MAX_CHUNKS 2048
#define CAT_UNIX_PATH 108
#define CAT_COMM 16
#define CAT_MAX_MESSAGES 1024  /* sendmmsg, recvmmsg: UIO_MAXIOV */

enum cat_record_type {
	CAT_EVENT = 1,		/* struct cat_event */
	CAT_PATH_EVENT = 2,	/* struct cat_path_event */
	CAT_PROCESS = 3,	/* struct cat_process */
	CAT_ARGS = 4,		/* struct cat_args */
	CAT_FILE = 5,		/* struct cat_file */
	CAT_SOCKET = 6,		/* struct cat_socket */
	CAT_CALLS = 7,		/* struct cat_calls (wire/capture.h) */
};

/* Same order as catena::event::Op (src/event/op.h); src/event/wire_test.cc compares them. */
enum cat_op {
	CAT_OP_NONE, CAT_OP_FORK, CAT_OP_THREAD, CAT_OP_EXEC, CAT_OP_EXIT, CAT_OP_OPEN, CAT_OP_CLOSE, CAT_OP_DUP,
	CAT_OP_READ, CAT_OP_WRITE, CAT_OP_MMAP, CAT_OP_MMAP_WRITE, CAT_OP_LOAD, CAT_OP_RENAME, CAT_OP_LINK,
	CAT_OP_SYMLINK, CAT_OP_UNLINK, CAT_OP_MKDIR, CAT_OP_RMDIR, CAT_OP_TRUNCATE, CAT_OP_CHMOD, CAT_OP_CHOWN,
	CAT_OP_PIPE, CAT_OP_SOCKETPAIR, CAT_OP_SOCKET, CAT_OP_CONNECT, CAT_OP_ACCEPT, CAT_OP_BIND, CAT_OP_LISTEN,
	CAT_OP_SEND, CAT_OP_RECV, CAT_OP_SETUID, CAT_OP_SETGID, CAT_OP_PTRACE, CAT_OP_KILL, CAT_OP_VM_READ,
	CAT_OP_VM_WRITE, CAT_OP_MEMFD_CREATE, CAT_OP_CREATE,
	CAT_OP_COUNT
};

/* Which code in bpf/ handles a system call; the table that says so is src/sensor/syscall_specs_table.h. */
enum cat_handler {
	CAT_H_NONE,		/* not recorded: counted as filtered */
	CAT_H_TRACEPOINT,	/* success is recorded by a tracepoint of its own: fork, exec, exit */
	CAT_H_OPEN,		/* returns a descriptor of a path */
	CAT_H_PATH,		/* one or two paths */
	CAT_H_FD,		/* something done to the object of a descriptor */
	CAT_H_READ,		/* object → process, returns bytes */
	CAT_H_WRITE,		/* process → object, returns bytes */
	CAT_H_CLOSE,
	CAT_H_DUP,
	CAT_H_MMAP,
	CAT_H_TRANSFER,		/* object → object, returns bytes: sendfile, splice, tee, copy_file_range */
	CAT_H_PIPE,
	CAT_H_SOCKETPAIR,
	CAT_H_SOCKET,
	CAT_H_CONNECT,
	CAT_H_ACCEPT,
	CAT_H_SENDTO,
	CAT_H_RECVFROM,
	CAT_H_MSG,		/* sendmsg, recvmsg */
	CAT_H_MMSG,		/* sendmmsg, recvmmsg */
	CAT_H_CREDENTIALS,
	CAT_H_TARGET,		/* something done to another process, named by pid */
	CAT_H_NEW_FD,		/* returns a descriptor of a new object without a path: memfd_create */
	CAT_H_FCNTL,
};

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
	cat_u8 pad[2];
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
#define CAT_FLAG_IN_CALL	0x8	/* full fidelity: the call that this belongs to has not returned yet */
#define CAT_FLAG_TARGET_PID	0x4	/* object is a pid (in the caller's view), not an id: user space finds the process */

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
	cat_u16 syscall;	/* number in the table of x86-64; 0xffff for none */
	cat_u16 op;		/* enum cat_op */
	cat_s32 fd;
	cat_u32 flags;		/* CAT_FLAG_… */
	cat_u32 pad;
};

/*
 * A path operation: the event and its paths as the program's memory had them, not NUL-terminated, one behind the other.
 * dir and dir2 are ids of directories announced before, that a relative path starts from (the process's root for an
 * absolute one). The record is as large as its class (CAT_PATH_SMALL or CAT_PATH_MAX a path); lengths say what counts.
 * The second path starts at path + room.
 */
struct cat_path_event {
	struct cat_event event;
	cat_u64 dir;
	cat_u64 dir2;
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
	cat_u32 uid;
	cat_u32 gid;
	cat_u32 reason;		/* enum cat_process_reason */
	cat_u32 args_len;
	char comm[CAT_COMM];
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

/* Counted per CPU by the kernel programs; seen == emitted + merged + filtered + lost. */
struct cat_counters {
	cat_u64 seen, emitted, merged, filtered, lost;
	cat_u64 lost_descriptions;	/* records other than events that found the ring full */
	cat_u64 calls, lost_calls;	/* full fidelity: calls told, and those of them that found the ring full */
};

/* What the programs keep for a task as long as it lives. User space marks the first task of a tree with tracked = 1. */
struct cat_task {
	cat_u64 process;	/* id, 0 until first needed */
	cat_u64 process_start;
	cat_u64 closing;	/* object that the close in progress closes */
	cat_u32 tracked;
	cat_u32 pad;
};

/* A 63-bit mix of two words (the finalizer of MurmurHash3 over each), never 0. */
static inline cat_u64 cat_hash(cat_u64 a, cat_u64 b)
{
	cat_u64 h = a * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL;

	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h += b * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	h &= 0x7fffffffffffffffULL;
	return h ? h : 1;
}

static inline cat_u64 cat_process_id(cat_u32 tgid, cat_u64 start_ns)
{
	return cat_hash(start_ns, ((cat_u64)1 << 56) | tgid);
}

static inline cat_u64 cat_file_id(cat_u64 inode, cat_u32 dev, cat_u32 generation)
{
	return cat_hash(cat_hash(inode, ((cat_u64)2 << 56) | dev), generation);
}

static inline cat_u64 cat_user_id(cat_u32 uid)
{
	return cat_hash(uid, (cat_u64)3 << 56);
}

/* remote_a and remote_b are the halves of the remote address, 0 for unix sockets. */
static inline cat_u64 cat_socket_id(cat_u64 inode, cat_u64 remote_a, cat_u64 remote_b, cat_u32 remote_port)
{
	return cat_hash(cat_hash(inode, ((cat_u64)4 << 56) | remote_port), cat_hash(remote_a, remote_b));
}
#ifdef __cplusplus
#define CAT_STATIC_ASSERT static_assert
#else
#define CAT_STATIC_ASSERT _Static_assert
#endif
CAT_STATIC_ASSERT(sizeof(struct cat_syscall) == 12, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_header) == 16, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_event) == 88, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_path_event) == 112, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_process) == 96, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_args) == 32 + CAT_ARGS_CHUNK, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_file) == 64, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_socket) == 320, "layout");

#endif
