// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which system call has just ended, and who understands it? Arguments are still in the registers at sys_exit;
 * only close is met at sys_enter too, because its object is gone at the exit.
 */
#include "lib/abi.bpf.h"
#include "lib/handlers.bpf.h"
#include "lib/merge.bpf.h"
#include "lib/resolved.bpf.h"
#include "lib/scope.bpf.h"

/* Full fidelity: a call begins. */
static __always_inline void enter_call(struct pt_regs *regs, u64 nr, u8 abi)
{
	struct cat_task *state = cat_tracked_task(bpf_get_current_task_btf());
	struct cat_entry entry = { .nr = cat_number(nr, abi), .abi = abi };

	if (!state)
		return;
	if (cat_contexts)
		cat_find_context(state);
	entry.process = state->process;
	entry.process_start = state->process_start;
	entry.context = state->context;
	cat_read_registers(entry.args, regs, abi);
	cat_call_enters(&entry);
}

#define NR_VMSPLICE 278

/* Loaded only for full fidelity, and where functions are watched. */
SEC("tp_btf/sys_enter")
int BPF_PROG(cat_sys_enter, struct pt_regs *regs, long nr)
{
	u8 abi = cat_abi(nr);
	u32 row = cat_row_of(nr, abi);
	struct cat_task *state;

	if (CAT_FULL)
		enter_call(regs, nr, abi);
	if (row >= 2 * CAT_SYSCALLS)
		return 0;
	/* fork and exec are told before they return, and an exec returns on another stack. */
	if (cat_contexts && cat_syscalls[row].handler == CAT_H_TRACEPOINT) {
		state = cat_tracked_task(bpf_get_current_task_btf());
		if (state)
			cat_find_context(state);
		return 0;
	}
	if (!CAT_FULL || cat_syscalls[row].handler != CAT_H_CLOSE || cat_syscalls[row].fd < 0)
		return 0;
	state = cat_tracked_task(bpf_get_current_task_btf());
	if (state)
		state->closing = cat_fd_object(abi == CAT_ABI_I386 ? regs->bx : regs->di);
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

/* mmap of memory that children share, without a descriptor. */
static __always_inline bool shares_memory(const struct cat_call *call)
{
	u32 flags = call->args[3], type = flags & MAP_TYPE;

	return flags & MAP_ANONYMOUS && (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) && (u64)call->ret < (u64)-4095;
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
		if (shares_memory(call))
			cat_on_shared(call, call->ret, call->args[2]);
		else
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
	case CAT_H_NAMESPACE:
		cat_on_namespace(call);
		return;
	case CAT_H_ROOT:
		if (call->ret < 0)
			cat_on_path(call);
		else
			cat_on_root(call);
		return;
	case CAT_H_SHMAT:
		if ((u64)call->ret >= (u64)-4095)
			break;
		cat_on_shared(call, call->ret, call->args[2] & SHM_RDONLY ? PROT_READ : PROT_READ | PROT_WRITE);
		return;
	}
	cat_filter(call);
}

/* Whether a call that succeeded leaves no edge: a descriptor that came or went is told by what goes through it. */
static __always_inline bool leaves_no_edge(u8 handler, signed char flags_at, u64 second, u64 third)
{
	u64 flags;

	switch (handler) {
	case CAT_H_NONE:
	case CAT_H_CLOSE:
	case CAT_H_DUP:
	case CAT_H_FCNTL:
	case CAT_H_PIPE:
	case CAT_H_SOCKETPAIR:
	case CAT_H_SOCKET:
		return true;
	case CAT_H_OPEN:
		if (flags_at != 1 && flags_at != 2)
			return false;	/* creat; openat2, whose flags are in memory */
		flags = flags_at == 1 ? second : third;
		return !(flags & (O_CREAT | O_TRUNC));
	}
	return false;
}

/* Whether there is nothing to record: calls by other tables have not been through settle(). */
static __always_inline bool comes_to_nothing(const struct cat_call *call)
{
	if (cat_came_to_nothing(call->spec.handler, call->ret))
		return true;
	return call->abi != CAT_ABI_X64 && cat_fidelity == CAT_FIDELITY_CAUSAL && call->ret >= 0 &&
	       leaves_no_edge(call->spec.handler, call->spec.arg, call->args[1], call->args[2]);
}

static __always_inline void go_slowly(struct cat_task *state, struct pt_regs *regs, s64 ret)
{
	struct cat_call call = {};
	u32 row;

	call.abi = cat_abi(regs->orig_ax);
	call.nr = cat_number(regs->orig_ax, call.abi);
	row = cat_row_of(regs->orig_ax, call.abi);
	if (row >= 2 * CAT_SYSCALLS) {
		cat_filter(&call);
		return;
	}
	call.process = state->process;
	call.process_start = state->process_start;
	cat_read_registers(call.args, regs, call.abi);
	call.ret = ret;
	call.tgid = bpf_get_current_pid_tgid() >> 32;
	call.tid = bpf_get_current_pid_tgid();
	cat_read_row(&call.spec, row);
	if (call.spec.handler == CAT_H_FOLDED)
		cat_unfold(&call);
	if (!comes_to_nothing(&call)) {
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
	if (!cat_came_to_nothing(cat_syscalls[nr].handler, ret) && (ret < 0 || !leaves_no_edge(cat_syscalls[nr].handler, cat_syscalls[nr].arg, regs->si, regs->dx)))
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

	if (!state)
		return 0;
	if (cat_contexts)
		cat_find_context(state);
	if (CAT_FULL)
		cat_call_returns(ret);
	if (!settle(state, task, regs, ret))
		go_slowly(state, regs, ret);
	if (CAT_FULL)
		cat_call_over();
	return 0;
}
