// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Question: which bytes went between the program and which object? */
#include "lib/handlers.bpf.h"
#include "lib/merge.bpf.h"

/* Reading from or writing to an object that may be a socket. */
static __always_inline u16 op_on(u64 object, bool reads)
{
	if (object & CAT_OBJECT_SOCKET)
		return reads ? CAT_OP_RECV : CAT_OP_SEND;
	return reads ? CAT_OP_READ : CAT_OP_WRITE;
}

/* `one_event`: the call has no other. */
static __always_inline void emit_bytes(struct cat_call *call, s32 fd, bool reads, bool one_event)
{
	struct file *file = cat_fd_file(bpf_get_current_task_btf(), fd);
	u64 object = file ? cat_file_object((u64)file) : 0;
	struct cat_deed deed = { .object = CAT_ID(object), .bytes = call->ret, .ret = call->ret, .fd = fd };

	if (!object) {
		cat_filter(call);
		return;
	}
	if (object & CAT_OBJECT_MEMORY) {
		cat_on_memory(call, (u64)file, reads);
		return;
	}
	deed.op = op_on(object, reads);
	if (CAT_FULL && one_event && cat_tell_io(deed.object, deed.op))
		return;
	if (object & CAT_OBJECT_SOCKET)
		cat_socket_flow((u64)file, NULL, &deed);
	cat_flow(call, &deed, (u64)file, reads ? CAT_FLOW_IN : CAT_FLOW_OUT);
}

#define VMSPLICE 278

__noinline int cat_on_read_write(struct cat_call *call)
{
	bool reads;
	s32 fd;

	if (!call)
		return 0;
	if (call->ret <= 0) {
		cat_filter(call);
		return 0;
	}
	fd = cat_arg(call, call->spec.fd);
	reads = call->spec.handler == CAT_H_READ;
	/* vmsplice goes the way that its end of the pipe does. */
	if (call->spec.like == VMSPLICE) {
		struct file *file = cat_fd_file(bpf_get_current_task_btf(), fd);

		reads = file && !(BPF_CORE_READ(file, f_mode) & FMODE_WRITE);
	}
	emit_bytes(call, fd, reads, true);
	return 0;
}

/* sendfile, splice, tee, copy_file_range: one object is read, the other written, without the program seeing the bytes. */
__noinline int cat_on_transfer(struct cat_call *call)
{
	if (!call)
		return 0;
	if (call->ret <= 0) {
		cat_filter(call);
		return 0;
	}
	emit_bytes(call, cat_arg(call, call->spec.fd), true, false);
	emit_bytes(call, cat_arg(call, call->spec.fd2), false, false);
	return 0;
}

__noinline int cat_on_mmap(struct cat_call *call)
{
	struct cat_deed deed = {};
	struct file *file;
	u64 prot, flags;

	if (!call)
		return 0;
	prot = call->args[2];
	flags = call->args[3];
	deed.fd = call->args[4];
	if ((u64)call->ret >= (u64)-4095)
		goto filter;
	if (flags & MAP_ANONYMOUS)
		goto filter;
	file = cat_fd_file(bpf_get_current_task_btf(), deed.fd);
	deed.object = file ? CAT_ID(cat_file_object((u64)file)) : 0;
	if (!deed.object)
		goto filter;
	deed.op = CAT_OP_MMAP;
	if (prot & PROT_EXEC)
		deed.op = CAT_OP_LOAD;
	if (prot & PROT_WRITE && flags & MAP_SHARED)
		deed.op = CAT_OP_MMAP_WRITE;
	deed.ret = call->ret;
	deed.arg = (prot & 0xffffffff) | flags << 32;
	if (deed.op == CAT_OP_MMAP_WRITE)
		cat_emit(call, &deed);
	else
		cat_flow(call, &deed, (u64)file, deed.op == CAT_OP_LOAD ? CAT_FLOW_LOAD : CAT_FLOW_MAP);
	return 0;
filter:
	cat_filter(call);
	return 0;
}
