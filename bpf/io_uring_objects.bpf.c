// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Question: which object did a request of io_uring make, change or close? */
#include "lib/handlers.bpf.h"
#include "lib/uring_requests.bpf.h"

/* A request that made a file: with a descriptor, or in a slot of the ring. */
static __always_inline u64 uring_new_file(struct cat_call *call, struct io_kiocb *req, u32 slot, struct cat_deed *deed)
{
	deed->ret = call->ret;
	deed->fd = -1;
	if (slot)
		return uring_file_in_slot(req, slot == URING_SLOT_ANY ? call->ret : slot - 1);
	deed->fd = call->ret;
	return (u64)cat_fd_file(bpf_get_current_task_btf(), call->ret);
}

__noinline int cat_uring_open(struct cat_call *call, u64 request)
{
	struct io_kiocb *req = (void *)request;
	struct cat_deed deed = { .op = CAT_OP_OPEN };
	u64 file;
	u32 mode;

	if (!call)
		return 0;
	file = uring_new_file(call, req, CMD(req, io_open, file_slot), &deed);
	if (file)
		deed.object = CAT_ID(cat_file_object(file));
	if (!deed.object) {
		cat_filter(call);
		return 0;
	}
	deed.arg = uring_open_arg(req);
	mode = BPF_CORE_READ((struct file *)file, f_mode);
	if (mode & FMODE_CREATED) {
		deed.op = CAT_OP_CREATE;
	} else if (deed.arg & O_TRUNC && mode & FMODE_WRITE) {
		deed.op = CAT_OP_TRUNCATE;
		deed.arg = 0;
	} else if (cat_fidelity == CAT_FIDELITY_CAUSAL) {
		cat_filter(call);	/* leaves no edge, as in syscalls.bpf.c */
		return 0;
	}
	cat_emit(call, &deed);
	return 0;
}

__noinline int cat_uring_pipe(struct cat_call *call, u64 request)
{
	struct io_kiocb *req = (void *)request;
	struct cat_deed deed = { .op = CAT_OP_PIPE };
	bool fixed;
	s32 fds[2];

	if (!call || !bpf_core_type_exists(struct io_pipe) || cat_fidelity == CAT_FIDELITY_CAUSAL) {
		cat_filter(call);	/* leaves no edge, as in syscalls.bpf.c */
		return 0;
	}
	deed.arg = CMD(req, io_pipe, flags);
	fixed = CMD(req, io_pipe, file_slot) != 0;
	if (call->ret < 0 || bpf_probe_read_user(fds, sizeof(fds), CMD(req, io_pipe, fds))) {
		cat_filter(call);
		return 0;
	}
	for (int i = 0; i < 2; i++) {
		u64 file = uring_file_named(req, fds[i], fixed);

		deed.fd = fixed ? -1 : fds[i];
		deed.object = file ? CAT_ID(cat_file_object(file)) : 0;
		cat_emit(call, &deed);
	}
	return 0;
}

/* Requests that make, change or close one object. */
__noinline int cat_uring_object(struct cat_call *call, u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct uring_pending *pending = bpf_map_lookup_elem(&cat_uring_pending, &request);
	struct cat_deed deed = { .fd = -1 };
	u64 file = 0;

	if (!call || (call->ret < 0 && !cat_refused(call->ret)))
		goto filter;
	if (cat_fidelity == CAT_FIDELITY_CAUSAL && call->ret >= 0 &&
	    (opcode == URING_CLOSE || opcode == URING_SOCKET))
		goto filter;	/* leaves no edge, as in syscalls.bpf.c */
	deed.ret = call->ret;
	switch (opcode) {
	case URING_CLOSE:
		deed.op = CAT_OP_CLOSE;
		deed.object = pending ? CAT_ID(pending->object) : 0;
		if (!CMD(req, io_close, file_slot))
			deed.fd = CMD(req, io_close, fd);
		break;
	case URING_ACCEPT:
		deed.op = CAT_OP_ACCEPT;
		if (call->ret >= 0)
			file = uring_new_file(call, req, CMD(req, io_accept, file_slot), &deed);
		break;
	case URING_SOCKET:
		deed.op = CAT_OP_SOCKET;
		if (bpf_core_type_exists(struct io_socket)) {
			if (call->ret >= 0)
				file = uring_new_file(call, req, CMD(req, io_socket, file_slot), &deed);
			deed.arg = (u32)CMD(req, io_socket, domain) | (u64)CMD(req, io_socket, type) << 32;
		}
		break;
	case URING_FTRUNCATE:
		deed.op = CAT_OP_TRUNCATE;
		if (bpf_core_type_exists(struct io_ftrunc))
			deed.arg = CMD(req, io_ftrunc, len);
		file = uring_file(req);
		break;
	case URING_LISTEN:
		if (bpf_core_type_exists(struct io_listen))
			deed.arg = CMD(req, io_listen, backlog);
		/* fallthrough */
	default:
		deed.op = opcode == URING_LISTEN ? CAT_OP_LISTEN : CAT_OP_BIND;
		file = uring_file(req);
	}
	if (file)
		deed.object = CAT_ID(cat_file_object(file));
	if (!deed.object && !cat_refused(call->ret))
		goto filter;
	cat_emit(call, &deed);
	return 0;
filter:
	cat_filter(call);
	return 0;
}
