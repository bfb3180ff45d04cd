// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what did the program have done through io_uring? A request is an event when its completion says that it
 * succeeded, wherever it ran: in the system call, in a worker, in the thread that polls. What is gone by then (names, what
 * a close closes, where a datagram goes) is kept from when it was submitted. All of it comes from the kernel's memory.
 */
#include "lib/scope.bpf.h"
#include "lib/uring_requests.bpf.h"

/* Which arguments the tracepoint of completions has: 0 (ctx, req, cqe), 1 (ctx, req, user_data, res, …). */
const volatile __u32 cat_uring_flat = 0;
/* Which argument of io_uring_submit_sqe is the request: 0 since Linux 6.0. */
const volatile __u32 cat_uring_request_at = 0;

/* What a request moves that will not say how much: what it asked for, as far as the request itself has it. */
static __always_inline s64 uring_asked_for(struct io_kiocb *req, u32 opcode)
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

	uring_call(&call, req, uring_asked_for(req, opcode));
	if (opcode == URING_OPENAT || opcode == URING_OPENAT2)
		return cat_uring_path(&call, request, opcode);
	return cat_uring_done(&call, request, opcode);
}

static __always_inline void uring_forget(u64 request, u32 opcode)
{
	bpf_map_delete_elem(&cat_uring_pending, &request);
	switch (opcode) {
	case URING_OPENAT: case URING_OPENAT2: case URING_RENAMEAT: case URING_UNLINKAT: case URING_MKDIRAT:
	case URING_SYMLINKAT: case URING_LINKAT:
		bpf_map_delete_elem(&cat_uring_names, &request);
	}
}

/* An argument of a tracepoint as a number: functions of their own take no typed pointers. */
static __always_inline u64 uring_argument(u64 *args, u32 index)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), args + index);
	return value;
}

static __always_inline u64 uring_multishot_key(u64 ring, u64 user_data)
{
	return cat_hash(ring, user_data);
}

static __always_inline void uring_submitted(u64 request)
{
	struct io_kiocb *req = (void *)request;
	bool remembered = true;
	u32 opcode;
	u64 key;

	if (!cat_tracked_task(bpf_get_current_task_btf()))
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
		key = uring_multishot_key((u64)BPF_CORE_READ(req, ctx), BPF_CORE_READ(req, cqe.user_data));
		bpf_map_update_elem(&cat_uring_multishot, &key, &request, BPF_ANY);
	}
	if (!remembered || BPF_CORE_READ(req, flags) & URING_CQE_SKIP) {
		cat_uring_assume(request, opcode);
		uring_forget(request, opcode);
	}
}

SEC("tp_btf/io_uring_submit_req")
int cat_uring_submit(u64 *args)
{
	uring_submitted(uring_argument(args, 0));
	return 0;
}

/* The same before Linux 6.4. */
SEC("tp_btf/io_uring_submit_sqe")
int cat_uring_submit_old(u64 *args)
{
	uring_submitted(uring_argument(args, cat_uring_request_at));
	return 0;
}

/* ---- when a request is done ---- */

/* The request behind one of many completions, which does not name it; 0 where it is not known. */
static __always_inline u64 uring_multishot_request(u64 ring, u64 user_data)
{
	u64 key = uring_multishot_key(ring, user_data);
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
	u64 ring = uring_argument(args, 0), completed = uring_argument(args, 1), request = completed, user_data;
	struct cat_call call;
	u32 opcode;
	s64 res;

	if (!cat_tracked_task(bpf_get_current_task_btf()))
		return 0;
	if (cat_uring_flat) {
		user_data = uring_argument(args, 2);
		res = (s32)uring_argument(args, 3);
	} else {
		struct io_uring_cqe *cqe = (void *)uring_argument(args, 2);

		user_data = BPF_CORE_READ(cqe, user_data);
		res = BPF_CORE_READ(cqe, res);
	}
	if (!request)
		request = uring_multishot_request(ring, user_data);
	if (!request)
		return 0;
	opcode = BPF_CORE_READ((struct io_kiocb *)request, opcode);
	uring_call(&call, (void *)request, res);
	cat_uring_done(&call, request, opcode);
	if (completed)
		uring_forget(request, opcode);
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
