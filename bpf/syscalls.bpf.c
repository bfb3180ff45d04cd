// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which system call has just ended, and who understands it? Arguments are still in the registers at sys_exit;
 * only close is met at sys_enter too, because its object is gone at the exit.
 */
#include "lib/handlers.bpf.h"
#include "lib/objects.bpf.h"
#include "lib/scope.bpf.h"

static __always_inline void enter_call(struct pt_regs *regs, u64 nr)
{
	struct cat_task *state = cat_tracked_task();
	struct cat_entry entry = {};

	if (!state)
		return;
	entry.process = state->process;
	entry.process_start = state->process_start;
	cat_fill_entry(&entry, regs, nr);
	cat_call_enters(&entry);
}

SEC("tp_btf/sys_enter")
int BPF_PROG(cat_sys_enter, struct pt_regs *regs, long nr)
{
	struct cat_task *state;

	if (CAT_FULL)
		enter_call(regs, nr);
	if ((u64)nr >= CAT_SYSCALLS || cat_syscalls[nr].handler != CAT_H_CLOSE || cat_syscalls[nr].fd < 0)
		return 0;
	state = cat_tracked_task();
	if (state)
		state->closing = cat_fd_object(regs->di);
	return 0;
}

/* Calls on sockets; false for others. */
static __always_inline bool dispatch_socket(struct cat_call *call)
{
	switch (call->spec.handler) {
	case CAT_H_SOCKET:
	case CAT_H_ACCEPT:
		cat_on_new_fd(call);
		return true;
	case CAT_H_CONNECT:
		cat_on_connection(call);
		return true;
	case CAT_H_SENDTO:
	case CAT_H_RECVFROM:
		cat_on_addressed(call);
		return true;
	case CAT_H_MSG:
		cat_on_message(call);
		return true;
	case CAT_H_MMSG:
		cat_on_messages(call);
		return true;
	}
	return false;
}

/* Calls on descriptors and paths; false for others. */
static __always_inline bool dispatch_file(struct cat_call *call, struct cat_task *state)
{
	switch (call->spec.handler) {
	case CAT_H_OPEN:
		if (call->ret < 0)
			cat_on_path(call);
		else
			cat_on_open(call);
		return true;
	case CAT_H_PATH:
		cat_on_path(call);
		return true;
	case CAT_H_FD:
		cat_on_fd(call);
		return true;
	case CAT_H_READ:
	case CAT_H_WRITE:
		cat_on_read_write(call);
		return true;
	case CAT_H_CLOSE:
		cat_on_close(call, call->spec.fd < 0 ? 0 : state->closing);
		return true;
	case CAT_H_DUP:
	case CAT_H_FCNTL:
		cat_on_dup(call);
		return true;
	case CAT_H_MMAP:
		cat_on_mmap(call);
		return true;
	case CAT_H_TRANSFER:
		cat_on_transfer(call);
		return true;
	case CAT_H_PIPE:
	case CAT_H_SOCKETPAIR:
		cat_on_fd_pair(call);
		return true;
	case CAT_H_NEW_FD:
		cat_on_new_fd(call);
		return true;
	}
	return false;
}

static __always_inline void dispatch(struct cat_call *call, struct cat_task *state)
{
	if (dispatch_file(call, state) || dispatch_socket(call))
		return;
	switch (call->spec.handler) {
	case CAT_H_TRACEPOINT:
		/* A refused exec has a path to tell; a refused fork has nothing. */
		if (call->ret < 0 && call->spec.path >= 0)
			cat_on_path(call);
		else if (call->ret < 0)
			cat_filter(call);
		return;
	case CAT_H_CREDENTIALS:
		cat_on_credentials(call);
		return;
	case CAT_H_TARGET:
		cat_on_target(call);
		return;
	}
	cat_filter(call);
}

static __always_inline int leave_call(struct cat_task *state, struct pt_regs *regs, long ret)
{
	struct cat_call call = {};
	u64 nr;

	nr = regs->orig_ax;
	/* Calls through the 32-bit table have other numbers; a later layer knows them (they are counted here). */
	if (nr >= CAT_SYSCALLS || bpf_get_current_task_btf()->thread_info.status & TS_COMPAT) {
		cat_filter(&call);
		return 0;
	}
	call.process = state->process;
	call.process_start = state->process_start;
	call.args[0] = regs->di;
	call.args[1] = regs->si;
	call.args[2] = regs->dx;
	call.args[3] = regs->r10;
	call.args[4] = regs->r8;
	call.args[5] = regs->r9;
	call.ret = ret;
	call.tgid = bpf_get_current_pid_tgid() >> 32;
	call.tid = bpf_get_current_pid_tgid();
	call.nr = nr;
	__builtin_memcpy(&call.spec, (const void *)&cat_syscalls[nr], sizeof(call.spec));
	dispatch(&call, state);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(cat_sys_exit, struct pt_regs *regs, long ret)
{
	struct cat_task *state = cat_tracked_task();

	if (!state)
		return 0;
	if (CAT_FULL)
		cat_call_returns(ret);
	leave_call(state, regs, ret);
	if (CAT_FULL)
		cat_call_over();
	return 0;
}
