// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: who talked to whom, and how much? Addresses come from the kernel's sockets. A datagram socket without a
 * peer, and a connection that failed, have theirs only in the call: as path_hooks.bpf.c saw the kernel use it, or else from the
 * program's memory.
 */
#include "lib/address.bpf.h"
#include "lib/handlers.bpf.h"
#include "lib/merge.bpf.h"
#include "lib/resolved.bpf.h"

/* The address as the kernel used it in this call; false where no hook saw it. */
static __always_inline bool kernel_address(struct cat_call *call, struct cat_address *out)
{
	struct file *file = cat_fd_file(bpf_get_current_task_btf(), call->args[0]);
	struct cat_named_address *named = cat_take_address(call, file);

	if (!named)
		return false;
	out->family = named->family;
	out->port = named->port;
	out->path_len = named->path_len;
	out->path = (u64)named->path;
	out->in_kernel = true;
	__builtin_memcpy(out->bytes, named->bytes, sizeof(out->bytes));
	return true;
}

/* An event on a socket towards an address; object 0 (not a socket) filters it. */
static __always_inline void emit_towards(struct cat_call *call, struct cat_address *to, s32 fd, u16 op, s64 bytes)
{
	u64 file = (u64)cat_fd_file(bpf_get_current_task_btf(), fd);
	struct cat_deed deed = { .fd = fd, .op = op, .bytes = bytes, .ret = call->ret };

	if (!cat_towards(&deed, file, to)) {
		cat_filter(call);
		return;
	}
	cat_socket_flow(file, to->family ? to : NULL, &deed);
	if (op == CAT_OP_SEND || op == CAT_OP_RECV)
		cat_flow(call, &deed, file, op == CAT_OP_SEND ? CAT_FLOW_OUT : CAT_FLOW_IN);
	else
		cat_emit(call, &deed);
}

/* connect. When it failed, the socket does not say where to; the call does. */
__noinline int cat_on_connection(struct cat_call *call)
{
	struct cat_address to = {};
	bool known;

	if (!call)
		return 0;
	known = kernel_address(call, &to);
	if (call->ret >= 0 || call->ret == EINPROGRESS_RET) {
		to.family = 0;
	} else if (!known) {
		cat_read_address(&to, call->args[1], call->args[2], false);
	}
	emit_towards(call, &to, call->args[0], call->spec.op, 0);
	return 0;
}

/* sendto and recvfrom. */
__noinline int cat_on_addressed(struct cat_call *call)
{
	struct cat_address to = {};
	bool receives, known;
	u32 len;

	if (!call)
		return 0;
	known = kernel_address(call, &to);
	if (call->ret <= 0) {
		cat_filter(call);
		return 0;
	}
	receives = call->spec.handler == CAT_H_RECVFROM;
	len = call->args[5];
	if (receives && call->args[5]) {
		len = 0;
		bpf_probe_read_user(&len, sizeof(len), (void *)call->args[5]);
	}
	if (!known)
		cat_read_address(&to, call->args[4], len, false);
	emit_towards(call, &to, call->args[0], receives ? CAT_OP_RECV : CAT_OP_SEND, call->ret);
	return 0;
}

/* sendmsg and recvmsg. */
__noinline int cat_on_message(struct cat_call *call)
{
	struct cat_name header = {};
	struct cat_address to = {};
	bool known;

	if (!call)
		return 0;
	known = kernel_address(call, &to);
	if (call->ret <= 0) {
		cat_filter(call);
		return 0;
	}
	if (!known) {
		cat_read_name(&header, call->args[1], call->abi != CAT_ABI_X64);
		cat_read_address(&to, header.name, header.len, false);
	}
	emit_towards(call, &to, call->args[0], call->spec.op, call->ret);
	return 0;
}

/* One message of sendmmsg or recvmmsg; a callback of bpf_loop. */
static long emit_message(u32 index, void *context)
{
	struct cat_call *call = *(struct cat_call **)context;
	bool is_32_bit = call->abi != CAT_ABI_X64;
	u64 at = call->args[1] + (u64)index * (is_32_bit ? CAT_MMSGHDR32_SIZE : CAT_MMSGHDR_SIZE);
	struct cat_name header = {};
	struct cat_address to = {};
	u32 len = 0;

	cat_read_name(&header, at, is_32_bit);
	bpf_probe_read_user(&len, sizeof(len), (void *)(at + (is_32_bit ? CAT_MSGHDR32_SIZE : CAT_MSGHDR_SIZE)));
	cat_read_address(&to, header.name, header.len, false);
	emit_towards(call, &to, call->args[0], call->spec.op, len);
	return 0;
}

__noinline int cat_on_messages(struct cat_call *call)
{
	if (!call)
		return 0;
	if (call->ret <= 0) {
		cat_filter(call);
		return 0;
	}
	bpf_loop(call->ret < CAT_MAX_MESSAGES ? call->ret : CAT_MAX_MESSAGES, emit_message, &call, 0);
	return 0;
}
