// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what did the program have done through io_uring? A request is an event when its completion says that it
 * succeeded, wherever it ran: in the system call, in a worker, in the thread that polls. What is gone by then (names, what
 * a close closes, where a datagram goes) is kept from when it was submitted. All of it comes from the kernel's memory.
 */
#include "lib/io_uring.bpf.h"

#include "lib/address.bpf.h"
#include "lib/handlers.bpf.h"
#include "lib/objects.bpf.h"
#include "lib/scope.bpf.h"

#define NR_IO_URING_ENTER 426

/* Which arguments the tracepoint of completions has: 0 (ctx, req, cqe), 1 (ctx, req, user_data, res, …). */
const volatile __u32 cat_uring_flat = 0;

/* What a request was about, kept until it is done. */
struct uring_pending {
	u64 object;
	u64 dir, dir2;
	struct cat_address to;
	char to_path[CAT_UNIX_PATH];
	u32 pad;
};

struct uring_names {
	char path[CAT_PATH_MAX];
	char path2[CAT_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct uring_pending);
} cat_uring_pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct uring_names);
} cat_uring_names SEC(".maps");

/* What is too large for the stack is put together here before it goes into the maps. */
struct uring_scratch {
	struct uring_pending pending;
	struct uring_names names;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct uring_scratch);
} cat_uring_scratch SEC(".maps");

/* Requests that complete many times, by ring and user data: their completions do not name them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
} cat_uring_multishot SEC(".maps");

#define CMD(req, type, field) BPF_CORE_READ((struct type *)(req), field)

/* The call that stands for a request: by the thread that submitted it, whoever completes it. */
static __always_inline void call_of_request(struct cat_call *call, struct io_kiocb *req, s64 ret)
{
	struct task_struct *task, *leader;

	if (bpf_core_field_exists(req->tctx))
		task = BPF_CORE_READ(req, tctx, task);
	else
		task = BPF_CORE_READ((struct io_kiocb___task *)req, task);
	leader = BPF_CORE_READ(task, group_leader);
	__builtin_memset(call, 0, sizeof(*call));
	call->tgid = BPF_CORE_READ(task, tgid);
	call->tid = BPF_CORE_READ(task, pid);
	call->process_start = BPF_CORE_READ(leader, start_boottime);
	call->process = cat_process_id(call->tgid, call->process_start);
	call->nr = NR_IO_URING_ENTER;
	call->ret = ret;
}

/* The file in a slot of the ring's table. */
static __always_inline u64 file_in_slot(struct io_kiocb *req, u32 slot)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
	unsigned long file = 0;

	if (bpf_core_field_exists(struct io_file_table, data)) {
		struct io_rsrc_node **nodes = BPF_CORE_READ(ring, file_table.data.nodes), *node = NULL;

		if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
			return 0;
		bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
		if (node)
			file = BPF_CORE_READ(node, file_ptr);
	} else {
		struct io_fixed_file *files = BPF_CORE_READ((struct io_ring_ctx___files *)ring, file_table.files);

		if (files)
			bpf_probe_read_kernel(&file, sizeof(file), files + slot);
	}
	return file & ~7UL;	/* the lowest bits are flags */
}

/* The file of a descriptor, or of a slot where `fixed`. */
static __always_inline u64 file_named(struct io_kiocb *req, u32 fd, bool fixed)
{
	return fixed ? file_in_slot(req, fd) : (u64)cat_fd_file(bpf_get_current_task_btf(), fd);
}

/* The file of a request: not yet looked up when it is submitted. */
static __always_inline u64 file_of(struct io_kiocb *req)
{
	struct file *file = BPF_CORE_READ(req, file);

	return file ? (u64)file : file_named(req, BPF_CORE_READ(req, cqe.fd), BPF_CORE_READ(req, flags) & URING_FIXED_FILE);
}

/* Bytes between the program and a file or socket. */
static __always_inline void emit_bytes(struct cat_call *call, u64 file, bool reads)
{
	u64 object = file ? cat_file_object(file) : 0;
	struct cat_deed deed = { .object = CAT_ID(object), .bytes = call->ret, .ret = call->ret, .fd = -1 };

	if (!object) {
		cat_filter();
		return;
	}
	if (object & CAT_OBJECT_MEMORY) {
		cat_on_memory(call, file, reads);
		return;
	}
	if (object & CAT_OBJECT_SOCKET)
		deed.op = reads ? CAT_OP_RECV : CAT_OP_SEND;
	else
		deed.op = reads ? CAT_OP_READ : CAT_OP_WRITE;
	cat_emit(call, &deed);
}

__noinline int cat_uring_bytes(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;

	if (!call)
		return 0;
	if (call->ret <= 0) {
		cat_filter();
		return 0;
	}
	switch (opcode) {
	case URING_SPLICE:
	case URING_TEE:
		emit_bytes(call, file_named(req, CMD(req, io_splice, splice_fd_in),
					    CMD(req, io_splice, flags) & URING_SPLICE_FIXED), true);
		emit_bytes(call, file_of(req), false);
		return 0;
	case URING_READV:
	case URING_READ:
	case URING_READ_FIXED:
	case URING_READV_FIXED:
	case URING_READ_MULTISHOT:
	case URING_RECV:
	case URING_RECV_ZC:
		emit_bytes(call, file_of(req), true);
		return 0;
	}
	emit_bytes(call, file_of(req), false);
	return 0;
}

/* Whether a 32-bit program made the ring. */
static __always_inline bool is_32_bit(struct io_kiocb *req)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);

	return bpf_core_field_exists(ring->compat) && BPF_CORE_READ_BITFIELD_PROBED(ring, compat);
}

/* Sends and receives that can name an address, and connect. */
__noinline int cat_uring_message(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct uring_pending *pending = bpf_map_lookup_elem(&cat_uring_pending, &request);
	struct cat_name header = {};
	struct cat_address to = {};
	u32 source = CAT_FLAG_USER_SOURCE;
	u16 op = CAT_OP_SEND;

	if (!call)
		return 0;
	if (opcode == URING_CONNECT) {
		op = CAT_OP_CONNECT;
		if (call->ret < 0 && call->ret != EINPROGRESS_RET) {
			if (!cat_refused(call->ret))
				goto filter;
			cat_read_address(&to, (u64)CMD(req, io_connect, addr), CMD(req, io_connect, addr_len), false);
		}
	} else if (call->ret <= 0) {
		goto filter;
	} else if (pending && pending->to.family) {
		to = pending->to;
		to.path = (u64)pending->to_path;
		source = 0;
	} else if (opcode == URING_SENDMSG || opcode == URING_SENDMSG_ZC || opcode == URING_RECVMSG) {
		cat_read_name(&header, (u64)CMD(req, io_sr_msg, umsg), is_32_bit(req));
		cat_read_address(&to, header.name, header.len, false);
	}
	if (opcode == URING_RECVMSG)
		op = CAT_OP_RECV;
	cat_emit_towards(call, file_of(req), &to, -1, op, op == CAT_OP_CONNECT ? 0 : call->ret, source);
	return 0;
filter:
	cat_filter();
	return 0;
}

/* A request that made a file: with a descriptor, or in a slot of the ring. */
static __always_inline u64 new_file(struct cat_call *call, struct io_kiocb *req, u32 slot, struct cat_deed *deed)
{
	deed->ret = call->ret;
	deed->fd = -1;
	if (slot)
		return file_in_slot(req, slot == URING_SLOT_ANY ? call->ret : slot - 1);
	deed->fd = call->ret;
	return (u64)cat_fd_file(bpf_get_current_task_btf(), call->ret);
}

/* An open's flags and mode, as openat has them; O_LARGEFILE is the kernel's own. */
static __always_inline s64 open_arg(struct io_kiocb *req)
{
	u64 flags = CMD(req, io_open, how.flags) & 0xffffffff & ~(u64)O_LARGEFILE;

	return flags | (flags & O_CREAT ? CMD(req, io_open, how.mode) << 32 : 0);
}

__noinline int cat_uring_open(struct cat_call *call, u64 request)
{
	struct io_kiocb *req = (void *)request;
	struct cat_deed deed = { .op = CAT_OP_OPEN };
	u64 file;
	u32 mode;

	if (!call)
		return 0;
	file = new_file(call, req, CMD(req, io_open, file_slot), &deed);
	if (file)
		deed.object = CAT_ID(cat_file_object(file));
	if (!deed.object) {
		cat_filter();
		return 0;
	}
	deed.arg = open_arg(req);
	mode = BPF_CORE_READ((struct file *)file, f_mode);
	if (mode & FMODE_CREATED) {
		deed.op = CAT_OP_CREATE;
	} else if (deed.arg & O_TRUNC && mode & FMODE_WRITE) {
		deed.op = CAT_OP_TRUNCATE;
		deed.arg = 0;
	}
	cat_emit(call, &deed);
	return 0;
}

/* Operations on paths, with the names from when the request was submitted; an open only where it was refused. */
__noinline int cat_uring_path(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct uring_pending *pending = bpf_map_lookup_elem(&cat_uring_pending, &request);
	struct uring_names *names = bpf_map_lookup_elem(&cat_uring_names, &request);
	struct cat_deed deed = { .fd = -1 };
	struct cat_paths paths = { .in_kernel = true };

	if (!call)
		return 0;
	if (!pending || !names || (call->ret < 0 && !cat_refused(call->ret))) {
		cat_filter();
		return 0;
	}
	deed.ret = call->ret;
	paths.dir = pending->dir;
	paths.dir2 = pending->dir2;
	paths.path = (u64)names->path;
	if (opcode == URING_RENAMEAT || opcode == URING_LINKAT || opcode == URING_SYMLINKAT)
		paths.path2 = (u64)names->path2;
	switch (opcode) {
	case URING_RENAMEAT:
		deed.op = CAT_OP_RENAME;
		deed.arg = CMD(req, io_rename, flags);
		break;
	case URING_LINKAT:
		deed.op = CAT_OP_LINK;
		deed.arg = CMD(req, io_link, flags);
		break;
	case URING_SYMLINKAT:
		deed.op = CAT_OP_SYMLINK;
		break;
	case URING_UNLINKAT:
		deed.op = CAT_OP_UNLINK;
		deed.arg = CMD(req, io_unlink, flags);
		break;
	case URING_MKDIRAT:
		deed.op = CAT_OP_MKDIR;
		deed.arg = CMD(req, io_mkdir, mode);
		break;
	default:
		deed.op = CAT_OP_OPEN;
		deed.arg = open_arg(req);
	}
	return cat_emit_paths(call, &deed, &paths);
}

static __always_inline void emit_pipe(struct cat_call *call, struct io_kiocb *req)
{
	struct cat_deed deed = { .op = CAT_OP_PIPE, .arg = CMD(req, io_pipe, flags) };
	bool fixed = CMD(req, io_pipe, file_slot) != 0;
	s32 fds[2];

	if (bpf_probe_read_user(fds, sizeof(fds), CMD(req, io_pipe, fds))) {
		cat_filter();
		return;
	}
	for (int i = 0; i < 2; i++) {
		u64 file = file_named(req, fds[i], fixed);

		deed.fd = fixed ? -1 : fds[i];
		deed.object = file ? CAT_ID(cat_file_object(file)) : 0;
		cat_emit(call, &deed);
	}
}

/* Requests that make, change or close one object. */
__noinline int cat_uring_object(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct uring_pending *pending = bpf_map_lookup_elem(&cat_uring_pending, &request);
	struct cat_deed deed = { .fd = -1 };
	u64 file = 0;

	if (!call)
		return 0;
	if (call->ret < 0 && !cat_refused(call->ret))
		goto filter;
	deed.ret = call->ret;
	switch (opcode) {
	case URING_PIPE:
		if (!bpf_core_type_exists(struct io_pipe) || call->ret < 0)
			goto filter;
		emit_pipe(call, req);
		return 0;
	case URING_CLOSE:
		deed.op = CAT_OP_CLOSE;
		deed.object = pending ? CAT_ID(pending->object) : 0;
		if (!CMD(req, io_close, file_slot))
			deed.fd = CMD(req, io_close, fd);
		break;
	case URING_ACCEPT:
		deed.op = CAT_OP_ACCEPT;
		if (call->ret >= 0)
			file = new_file(call, req, CMD(req, io_accept, file_slot), &deed);
		break;
	case URING_SOCKET:
		deed.op = CAT_OP_SOCKET;
		if (bpf_core_type_exists(struct io_socket)) {
			if (call->ret >= 0)
				file = new_file(call, req, CMD(req, io_socket, file_slot), &deed);
			deed.arg = (u32)CMD(req, io_socket, domain) | (u64)CMD(req, io_socket, type) << 32;
		}
		break;
	case URING_FTRUNCATE:
		deed.op = CAT_OP_TRUNCATE;
		if (bpf_core_type_exists(struct io_ftrunc))
			deed.arg = CMD(req, io_ftrunc, len);
		file = file_of(req);
		break;
	case URING_LISTEN:
		if (bpf_core_type_exists(struct io_listen))
			deed.arg = CMD(req, io_listen, backlog);
		/* fallthrough */
	default:
		deed.op = opcode == URING_LISTEN ? CAT_OP_LISTEN : CAT_OP_BIND;
		file = file_of(req);
	}
	if (file)
		deed.object = CAT_ID(cat_file_object(file));
	if (!deed.object && !cat_refused(call->ret))
		goto filter;
	cat_emit(call, &deed);
	return 0;
filter:
	cat_filter();
	return 0;
}

/* A request that is done, or as good as done. */
static __always_inline void done(struct cat_call *call, u64 request, u32 opcode)
{
	switch (opcode) {
	case URING_READV: case URING_READ: case URING_READ_FIXED: case URING_READV_FIXED: case URING_READ_MULTISHOT:
	case URING_WRITEV: case URING_WRITE: case URING_WRITE_FIXED: case URING_WRITEV_FIXED:
	case URING_RECV: case URING_RECV_ZC: case URING_SPLICE: case URING_TEE:
		cat_uring_bytes(call, request, opcode);
		return;
	case URING_SEND: case URING_SEND_ZC: case URING_SENDMSG: case URING_SENDMSG_ZC: case URING_RECVMSG:
	case URING_CONNECT:
		cat_uring_message(call, request, opcode);
		return;
	case URING_OPENAT: case URING_OPENAT2:
		if (call->ret >= 0)
			cat_uring_open(call, request);
		else
			cat_uring_path(call, request, opcode);
		return;
	case URING_RENAMEAT: case URING_UNLINKAT: case URING_MKDIRAT: case URING_SYMLINKAT: case URING_LINKAT:
		cat_uring_path(call, request, opcode);
		return;
	case URING_CLOSE: case URING_ACCEPT: case URING_SOCKET: case URING_FTRUNCATE: case URING_BIND: case URING_LISTEN:
	case URING_PIPE:
		cat_uring_object(call, request, opcode);
		return;
	}
	cat_filter();
}

/* ---- when a request is submitted ---- */

/* The directory that a name starts from. */
static __always_inline u64 start_of_name(s32 dir, const char *name)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	struct file *file;
	char first = 0;

	if (cat_path_in_cwd((u64)name, true, &first)) {
		first = 0;
		dir = AT_FDCWD;
	}
	if (!fs)
		return 0;
	if (first == '/')
		return cat_dentry_object((u64)BPF_CORE_READ(fs, root.dentry), (u64)BPF_CORE_READ(fs, root.mnt));
	if (dir == AT_FDCWD)
		return cat_dentry_object((u64)BPF_CORE_READ(fs, pwd.dentry), (u64)BPF_CORE_READ(fs, pwd.mnt));
	file = cat_fd_file(task, dir);
	return file ? cat_dentry_object((u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt)) : 0;
}

/* The names that a request names, and where they start from. */
struct uring_named {
	const char *name, *name2;
	s32 dir, dir2;
};

static __always_inline void read_names(struct io_kiocb *req, u32 opcode, struct uring_named *named)
{
	named->name2 = NULL;
	named->dir2 = 0;
	switch (opcode) {
	case URING_RENAMEAT:
		named->name = CMD(req, io_rename, oldpath) ? BPF_CORE_READ((struct io_rename *)req, oldpath, name) : NULL;
		named->name2 = BPF_CORE_READ((struct io_rename *)req, newpath, name);
		named->dir = CMD(req, io_rename, old_dfd);
		named->dir2 = CMD(req, io_rename, new_dfd);
		return;
	case URING_LINKAT:
		named->name = BPF_CORE_READ((struct io_link *)req, oldpath, name);
		named->name2 = BPF_CORE_READ((struct io_link *)req, newpath, name);
		named->dir = CMD(req, io_link, old_dfd);
		named->dir2 = CMD(req, io_link, new_dfd);
		return;
	case URING_SYMLINKAT:	/* the link comes first, then its text */
		named->name = BPF_CORE_READ((struct io_link *)req, newpath, name);
		named->name2 = BPF_CORE_READ((struct io_link *)req, oldpath, name);
		named->dir = CMD(req, io_link, new_dfd);
		return;
	case URING_UNLINKAT:
		named->name = BPF_CORE_READ((struct io_unlink *)req, filename, name);
		named->dir = CMD(req, io_unlink, dfd);
		return;
	case URING_MKDIRAT:
		named->name = BPF_CORE_READ((struct io_mkdir *)req, filename, name);
		named->dir = CMD(req, io_mkdir, dfd);
		return;
	}
	named->name = BPF_CORE_READ((struct io_open *)req, filename, name);
	named->dir = CMD(req, io_open, dfd);
}

static __always_inline struct uring_scratch *scratch(void)
{
	u32 zero = 0;
	struct uring_scratch *room = bpf_map_lookup_elem(&cat_uring_scratch, &zero);

	if (room)
		__builtin_memset(&room->pending, 0, sizeof(room->pending));
	return room;
}

/* Keeps the names of a request; false where there is no room. */
__noinline int cat_uring_keep_names(u64 request, u32 opcode)
{
	struct uring_scratch *room = scratch();
	struct uring_named named;
	u64 dir, dir2 = 0;

	if (!room)
		return 0;
	read_names((void *)request, opcode, &named);
	dir = start_of_name(named.dir, named.name);
	if (named.name2 && opcode != URING_SYMLINKAT)
		dir2 = start_of_name(named.dir2, named.name2);
	room->pending.dir = dir;
	room->pending.dir2 = dir2;
	room->names.path[0] = room->names.path2[0] = 0;
	bpf_probe_read_kernel_str(room->names.path, sizeof(room->names.path), named.name);
	if (named.name2)
		bpf_probe_read_kernel_str(room->names.path2, sizeof(room->names.path2), named.name2);
	return bpf_map_update_elem(&cat_uring_pending, &request, &room->pending, BPF_ANY) == 0 &&
	       bpf_map_update_elem(&cat_uring_names, &request, &room->names, BPF_ANY) == 0;
}

/* Keeps the address that a message is to go to, where the kernel has copied it. */
__noinline int cat_uring_keep_address(u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct io_async_msghdr *message = BPF_CORE_READ(req, async_data);
	struct uring_scratch *room = scratch();
	struct cat_address to = {};
	u32 len;

	if (bpf_core_field_exists(struct io_sr_msg___addr, addr_len)) {
		if (opcode == URING_SEND || opcode == URING_SEND_ZC)
			cat_read_address(&to, (u64)CMD(req, io_sr_msg___addr, addr),
					 CMD(req, io_sr_msg___addr, addr_len), false);
	} else if (message) {
		cat_read_address(&to, (u64)BPF_CORE_READ(message, msg.msg_name),
				 BPF_CORE_READ(message, msg.msg_namelen), true);
	}
	if (!to.family || !room)
		return 0;
	len = to.path_len;
	/* A check for 0 too would be folded into one that Linux 6.1's verifier does not follow. */
	if (len <= CAT_UNIX_PATH)
		cat_read(room->pending.to_path, len, to.path, to.path_in_kernel);
	to.path_in_kernel = true;
	room->pending.to = to;
	bpf_map_update_elem(&cat_uring_pending, &request, &room->pending, BPF_ANY);
	return 0;
}

/* Keeps what a request is going to close. */
__noinline int cat_uring_keep_closed(u64 request)
{
	struct io_kiocb *req = (void *)request;
	u32 slot = CMD(req, io_close, file_slot);
	u64 file = slot ? file_in_slot(req, slot - 1) : file_named(req, CMD(req, io_close, fd), false);
	u64 object = file ? cat_file_object(file) : 0;
	struct uring_scratch *room = scratch();

	if (!room)
		return 0;
	room->pending.object = object;
	bpf_map_update_elem(&cat_uring_pending, &request, &room->pending, BPF_ANY);
	return 0;
}

/* What a request moves that will not say how much: what it asked for, as far as the request itself has it. */
static __always_inline s64 asked_for(struct io_kiocb *req, u32 opcode)
{
	switch (opcode) {
	case URING_READ: case URING_READ_FIXED: case URING_WRITE: case URING_WRITE_FIXED:
		return CMD(req, io_rw, len);
	case URING_SEND: case URING_SEND_ZC: case URING_RECV:
		return CMD(req, io_sr_msg, len);
	case URING_SPLICE: case URING_TEE:
		return CMD(req, io_splice, len);
	case URING_READV: case URING_WRITEV: case URING_READV_FIXED: case URING_WRITEV_FIXED: case URING_SENDMSG:
	case URING_SENDMSG_ZC: case URING_RECVMSG:
		return 1;
	}
	return 0;
}

/* A request that will succeed in silence, or that there was no room to remember: it counts as done. */
__noinline int cat_uring_assume(u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct cat_call call;

	call_of_request(&call, req, asked_for(req, opcode));
	if (opcode == URING_OPENAT || opcode == URING_OPENAT2)
		return cat_uring_path(&call, request, opcode);
	done(&call, request, opcode);
	return 0;
}

static __always_inline void forget(u64 request, u32 opcode)
{
	bpf_map_delete_elem(&cat_uring_pending, &request);
	switch (opcode) {
	case URING_OPENAT: case URING_OPENAT2: case URING_RENAMEAT: case URING_UNLINKAT: case URING_MKDIRAT:
	case URING_SYMLINKAT: case URING_LINKAT:
		bpf_map_delete_elem(&cat_uring_names, &request);
	}
}

/* An argument of a tracepoint as a number: functions of their own take no typed pointers. */
static __always_inline u64 argument(u64 *args, u32 index)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), args + index);
	return value;
}

static __always_inline u64 multishot_key(u64 ring, u64 user_data)
{
	return cat_hash(ring, user_data);
}

static __always_inline void submitted(u64 request)
{
	struct io_kiocb *req = (void *)request;
	bool remembered = true;
	u32 opcode;
	u64 key;

	if (!cat_tracked_task())
		return;
	opcode = BPF_CORE_READ(req, opcode);
	switch (opcode) {
	case URING_OPENAT: case URING_OPENAT2: case URING_RENAMEAT: case URING_UNLINKAT: case URING_MKDIRAT:
	case URING_SYMLINKAT: case URING_LINKAT:
		remembered = cat_uring_keep_names(request, opcode);
		break;
	case URING_SEND: case URING_SEND_ZC: case URING_SENDMSG: case URING_SENDMSG_ZC:
		cat_uring_keep_address(request, opcode);
		break;
	case URING_CLOSE:
		cat_uring_keep_closed(request);
		break;
	case URING_RECV: case URING_RECVMSG:
		if (!(CMD(req, io_sr_msg, flags) & URING_RECV_MULTISHOT))
			break;
		/* fallthrough */
	case URING_ACCEPT: case URING_READ_MULTISHOT: case URING_RECV_ZC:
		key = multishot_key((u64)BPF_CORE_READ(req, ctx), BPF_CORE_READ(req, cqe.user_data));
		bpf_map_update_elem(&cat_uring_multishot, &key, &request, BPF_ANY);
	}
	if (!remembered || BPF_CORE_READ(req, flags) & URING_CQE_SKIP) {
		cat_uring_assume(request, opcode);
		forget(request, opcode);
	}
}

SEC("tp_btf/io_uring_submit_req")
int cat_uring_submit(u64 *args)
{
	submitted(argument(args, 0));
	return 0;
}

/* The same before Linux 6.4. */
SEC("tp_btf/io_uring_submit_sqe")
int cat_uring_submit_old(u64 *args)
{
	submitted(argument(args, 1));
	return 0;
}

/* ---- when a request is done ---- */

/* The request behind one of many completions, which does not name it; 0 where it is not known. */
static __always_inline u64 multishot_request(u64 ring, u64 user_data)
{
	u64 key = multishot_key(ring, user_data);
	u64 *known = bpf_map_lookup_elem(&cat_uring_multishot, &key);
	struct io_kiocb *req;

	if (!known)
		return 0;
	req = (void *)*known;
	if ((u64)BPF_CORE_READ(req, ctx) != ring || BPF_CORE_READ(req, cqe.user_data) != user_data)
		return 0;
	return (u64)req;
}

SEC("tp_btf/io_uring_complete")
int cat_uring_complete(u64 *args)
{
	u64 ring = argument(args, 0), completed = argument(args, 1), request = completed, user_data;
	struct cat_call call;
	u32 opcode;
	s64 res;

	if (!cat_tracked_task())
		return 0;
	if (cat_uring_flat) {
		user_data = argument(args, 2);
		res = (s32)argument(args, 3);
	} else {
		struct io_uring_cqe *cqe = (void *)argument(args, 2);

		user_data = BPF_CORE_READ(cqe, user_data);
		res = BPF_CORE_READ(cqe, res);
	}
	if (!request)
		request = multishot_request(ring, user_data);
	if (!request)
		return 0;
	opcode = BPF_CORE_READ((struct io_kiocb *)request, opcode);
	call_of_request(&call, (void *)request, res);
	done(&call, request, opcode);
	if (completed)
		forget(request, opcode);
	return 0;
}

/* ---- the kernel's threads of a process ---- */

/*
 * Workers and polling threads belong to the process whose ring it is, but come into being without a fork. What they do, and
 * that the process has ended when the last of them has, is known by their being tracked.
 */
SEC("tp_btf/task_newtask")
int BPF_PROG(cat_new_task, struct task_struct *task, u64 clone_flags)
{
	struct cat_task *state;

	if (cat_scope != CAT_SCOPE_TREE || task->tgid != bpf_get_current_task_btf()->tgid)
		return 0;
	state = bpf_task_storage_get(&cat_tasks, bpf_get_current_task_btf(), 0, 0);
	if (!state || !state->tracked)
		return 0;
	state = bpf_task_storage_get(&cat_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (state)
		state->tracked = 1;
	return 0;
}
