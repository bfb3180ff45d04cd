// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which event is a request of io_uring that is done? The objects are in the request; what is gone by then (names,
 * what a close closed, where a datagram went) was kept when it was submitted.
 */
#include "lib/address.bpf.h"
#include "lib/handlers.bpf.h"
#include "lib/merge.bpf.h"
#include "lib/uring_requests.bpf.h"

/* Never merged: a request may end in any task, and slots are the current one's. */
static __always_inline void uring_emit_on_socket(struct cat_call *call, u64 file, struct cat_address *to, struct cat_deed *deed)
{
	cat_socket_flow(file, to, deed);
	deed->flags &= ~CAT_FLAG_STREAM;
	cat_emit(call, deed);
}

/* An event on a socket towards an address; object 0 (not a socket) filters it. */
static __always_inline void uring_emit_towards(struct cat_call *call, u64 file, struct cat_address *to, u16 op)
{
	struct cat_deed deed = { .fd = -1, .op = op, .bytes = op == CAT_OP_CONNECT ? 0 : call->ret, .ret = call->ret };

	if (!cat_towards(&deed, file, to)) {
		cat_filter(call);
		return;
	}
	uring_emit_on_socket(call, file, to->family ? to : NULL, &deed);
}

/* Bytes between the program and a file or socket. */
static __always_inline void uring_emit_bytes(struct cat_call *call, u64 file, bool reads)
{
	u64 object = file ? cat_file_object(file) : 0;
	struct cat_deed deed = { .object = CAT_ID(object), .bytes = call->ret, .ret = call->ret, .fd = -1 };

	if (!object) {
		cat_filter(call);
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
	if (object & CAT_OBJECT_SOCKET)
		uring_emit_on_socket(call, file, NULL, &deed);
	else
		cat_emit(call, &deed);
}

__noinline int cat_uring_bytes(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;

	if (!call)
		return 0;
	if (call->ret <= 0) {
		cat_filter(call);
		return 0;
	}
	switch (opcode) {
	case URING_SPLICE:
	case URING_TEE:
		uring_emit_bytes(call, uring_file_named(req, CMD(req, io_splice, splice_fd_in),
					    CMD(req, io_splice, flags) & URING_SPLICE_FIXED), true);
		uring_emit_bytes(call, uring_file(req), false);
		return 0;
	case URING_READV:
	case URING_READ:
	case URING_READ_FIXED:
	case URING_READV_FIXED:
	case URING_READ_MULTISHOT:
	case URING_RECV:
	case URING_RECV_ZC:
		uring_emit_bytes(call, uring_file(req), true);
		return 0;
	}
	uring_emit_bytes(call, uring_file(req), false);
	return 0;
}

/* Whether a 32-bit program made the ring. */
static __always_inline bool uring_is_32_bit(struct io_kiocb *req)
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
	} else if (opcode == URING_SENDMSG || opcode == URING_SENDMSG_ZC || opcode == URING_RECVMSG) {
		cat_read_name(&header, (u64)CMD(req, io_sr_msg, umsg), uring_is_32_bit(req));
		cat_read_address(&to, header.name, header.len, false);
	}
	if (opcode == URING_RECVMSG)
		op = CAT_OP_RECV;
	uring_emit_towards(call, uring_file(req), &to, op);
	return 0;
filter:
	cat_filter(call);
	return 0;
}

/* Operations on paths, with the names from when the request was submitted; an open only where it was refused. */
__noinline int cat_uring_path(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct uring_pending *pending = bpf_map_lookup_elem(&cat_uring_pending, &request);
	struct uring_names *names = bpf_map_lookup_elem(&cat_uring_names, &request);
	struct cat_deed deed = { .fd = -1, .flags = CAT_FLAG_COPIED };
	struct cat_paths paths = { .in_kernel = CAT_PATH_IN_KERNEL | CAT_PATH2_IN_KERNEL };

	if (!call)
		return 0;
	if (!pending || !names || (call->ret < 0 && !cat_refused(call->ret))) {
		cat_filter(call);
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
		deed.arg = uring_open_arg(req);
	}
	deed.flags |= cat_call_flags(call, &deed);
	return cat_emit_paths(call, &deed, &paths);
}

/* A request that is done, or as good as done; for io_uring_points.bpf.c, which comes after this in the one unit. */
static __always_inline int cat_uring_done(struct cat_call *call, u64 request, u32 opcode)
{
	if (!call)
		return 0;
	switch (opcode) {
	case URING_READV: case URING_READ: case URING_READ_FIXED: case URING_READV_FIXED: case URING_READ_MULTISHOT:
	case URING_WRITEV: case URING_WRITE: case URING_WRITE_FIXED: case URING_WRITEV_FIXED:
	case URING_RECV: case URING_RECV_ZC: case URING_SPLICE: case URING_TEE:
		cat_uring_bytes(call, request, opcode);
		return 0;
	case URING_SEND: case URING_SEND_ZC: case URING_SENDMSG: case URING_SENDMSG_ZC: case URING_RECVMSG:
	case URING_CONNECT:
		cat_uring_message(call, request, opcode);
		return 0;
	case URING_OPENAT: case URING_OPENAT2:
		if (call->ret >= 0)
			cat_uring_open(call, request);
		else
			cat_uring_path(call, request, opcode);
		return 0;
	case URING_RENAMEAT: case URING_UNLINKAT: case URING_MKDIRAT: case URING_SYMLINKAT: case URING_LINKAT:
		cat_uring_path(call, request, opcode);
		return 0;
	case URING_CLOSE: case URING_ACCEPT: case URING_SOCKET: case URING_FTRUNCATE: case URING_BIND: case URING_LISTEN:
		cat_uring_object(call, request, opcode);
		return 0;
	case URING_PIPE:
		cat_uring_pipe(call, request);
		return 0;
	}
	cat_filter(call);
	return 0;
}
