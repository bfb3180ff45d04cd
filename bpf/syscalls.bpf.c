// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which system call has just ended, and who understands it? Arguments are still in the registers at sys_exit;
 * only close is met at sys_enter too, because its object is gone at the exit.
 */
#include "lib/handlers.bpf.h"
#include "lib/merge.bpf.h"
#include "lib/resolved.bpf.h"
#include "lib/scope.bpf.h"

#define NR_VMSPLICE 278

SEC("tp_btf/sys_enter")
int BPF_PROG(cat_sys_enter, struct pt_regs *regs, long nr)
{
	struct cat_task *state;

	if ((u64)nr >= CAT_SYSCALLS || cat_syscalls[nr].handler != CAT_H_CLOSE || cat_syscalls[nr].fd < 0)
		return 0;
	state = cat_tracked_task(bpf_get_current_task_btf());
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

static __always_inline void go_slowly(struct cat_task *state, struct pt_regs *regs, s64 ret)
{
	struct cat_call call = {};
	u64 nr = regs->orig_ax;

	/* Calls through the 32-bit table have other numbers; a later layer knows them (they are counted here). */
	if (nr >= CAT_SYSCALLS || bpf_get_current_task_btf()->thread_info.status & TS_COMPAT) {
		cat_filter(&call);
		return;
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
	if (!cat_came_to_nothing(call.spec.handler, ret)) {
		dispatch(&call, state);
		return;
	}
	if (cat_hooked)
		cat_forget_resolved();
	cat_filter(&call);
}

/* Merges a call that moves bytes by a descriptor into a slot of its thread, if it can. */
static __always_inline bool absorb(struct cat_task *state, struct task_struct *task, u64 nr, struct pt_regs *regs, s64 ret)
{
	u8 handler = cat_syscalls[nr].handler;

	switch (handler) {
	case CAT_H_READ:
		return cat_absorb(state, task, regs->di, CAT_FLOW_IN, ret, false);
	case CAT_H_WRITE:
		return nr != NR_VMSPLICE && cat_absorb(state, task, regs->di, CAT_FLOW_OUT, ret, false);
	case CAT_H_RECVFROM:
		return cat_absorb(state, task, regs->di, CAT_FLOW_IN, ret, regs->r8 != 0);
	case CAT_H_SENDTO:
		return cat_absorb(state, task, regs->di, CAT_FLOW_OUT, ret, regs->r8 != 0);
	case CAT_H_MSG:
		return cat_absorb(state, task, regs->di, cat_syscalls[nr].op == CAT_OP_RECV ? CAT_FLOW_IN : CAT_FLOW_OUT,
				  ret, true);
	}
	return false;
}

/* Whether a call that succeeded leaves no edge: a descriptor that came or went is told by what goes through it. */
static __always_inline bool leaves_no_edge(u64 nr, struct pt_regs *regs)
{
	s64 flags = 0;

	switch (cat_syscalls[nr].handler) {
	case CAT_H_NONE:
	case CAT_H_CLOSE:
	case CAT_H_DUP:
	case CAT_H_FCNTL:
	case CAT_H_PIPE:
	case CAT_H_SOCKETPAIR:
	case CAT_H_SOCKET:
		return true;
	case CAT_H_OPEN:
		switch (cat_syscalls[nr].arg) {
		case 1:
			flags = regs->si;
			break;
		case 2:
			flags = regs->dx;
			break;
		default:
			return false;	/* creat; openat2, whose flags are in memory */
		}
		return !(flags & (O_CREAT | O_TRUNC));
	}
	return false;
}

/* The calls that most calls are, for as little as can be: true where nothing is left to do. */
static __always_inline bool settle(struct cat_task *state, struct task_struct *task, struct pt_regs *regs, s64 ret)
{
	u64 nr = regs->orig_ax;
	struct cat_counters *counters;
	u32 zero = 0;

	if (cat_fidelity == CAT_FIDELITY_FULL || nr >= CAT_SYSCALLS || task->thread_info.status & TS_COMPAT)
		return false;
	if (ret > 0 && absorb(state, task, nr, regs, ret))
		return true;
	if (!cat_came_to_nothing(cat_syscalls[nr].handler, ret) && (ret < 0 || !leaves_no_edge(nr, regs)))
		return false;
	if (cat_hooked && ret < 0)
		cat_forget_resolved();
	counters = bpf_map_lookup_elem(&cat_counts, &zero);
	if (!counters)
		return false;
	counters->seen++;
	counters->filtered++;
	return true;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(cat_sys_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cat_task *state = cat_tracked_task(task);

	if (state && !settle(state, task, regs, ret))
		go_slowly(state, regs, ret);
	return 0;
}
