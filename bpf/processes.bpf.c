// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which processes are there, where do they come from, what do they run, and who do they act as?
 */
#include "lib/abi.bpf.h"
#include "lib/handlers.bpf.h"
#include "lib/merge.bpf.h"
#include "lib/process.bpf.h"
#include "lib/scope.bpf.h"

#define ARGS_SMALL 256
#define NO_SYSCALL 0xffff
#define NR_CLONE 56
#define NR_EXECVE 59
#define NR_EXECVEAT 322	/* told only where it was given a descriptor */
#define NR_CLONE3 435	/* in every table */
#define NR_I386_CLONE 120

/* A call record for events that come from a tracepoint of their own. */
static __always_inline void call_of(struct cat_call *call, struct task_struct *task, u16 nr)
{
	struct task_struct *leader = task->group_leader;

	__builtin_memset(call, 0, sizeof(*call));
	call->tgid = task->tgid;
	call->tid = task->pid;
	call->process_start = leader->start_boottime;
	call->process = cat_process_id(call->tgid, call->process_start);
	call->nr = nr;
}

/* Flags of the clone that is going on, as far as registers and memory of the parent tell. */
static __always_inline u64 clone_flags(struct pt_regs *regs, const struct cat_call *call)
{
	u64 flags = 0, first = BPF_CORE_READ(regs, di);

	if (call->abi == CAT_ABI_I386)
		first = (u32)BPF_CORE_READ(regs, bx);
	if (call->nr == (call->abi == CAT_ABI_I386 ? NR_I386_CLONE : NR_CLONE))
		return first;
	if (call->nr == NR_CLONE3)
		bpf_probe_read_user(&flags, sizeof(flags), (void *)first);
	return flags;
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(cat_fork, struct task_struct *parent, struct task_struct *child)
{
	struct cat_task *state = cat_tracked_task(bpf_get_current_task_btf());
	struct pt_regs *regs;
	struct cat_task *child_state;
	struct cat_deed deed = { .fd = -1 };
	struct cat_call call;
	bool thread = child->tgid == parent->tgid;
	u8 abi;

	if (!state)
		return 0;
	if (cat_scope == CAT_SCOPE_TREE) {
		child_state = bpf_task_storage_get(&cat_tasks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (child_state)
			child_state->tracked = 1;
		if (!thread)
			__sync_fetch_and_add(&cat_live, 1);
	}
	regs = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	abi = cat_abi(BPF_CORE_READ(regs, orig_ax));
	call_of(&call, parent, cat_number(BPF_CORE_READ(regs, orig_ax), abi));
	call.abi = abi;
	deed.op = thread ? CAT_OP_THREAD : CAT_OP_FORK;
	deed.object = thread ? call.process : cat_process_id(child->tgid, child->start_boottime);
	deed.ret = child->pid;
	deed.arg = clone_flags(regs, &call);
	if (CAT_FULL)
		deed.flags = cat_in_call();
	if (!thread)
		cat_describe_process(child, CAT_PROCESS_FORK, 0, 0);
	cat_emit(&call, &deed);
	return 0;
}

#define EMIT_ARGS(record_size)                                                                  \
	({                                                                                      \
		struct cat_args *record_ = CAT_RESERVE_NAME(record_size, CAT_RANK_VITAL);       \
		const u32 room_ = (record_size) - __builtin_offsetof(struct cat_args, data);    \
		if (record_) {                                                                  \
			cat_fill_header(&record_->header, CAT_ARGS, record_size);               \
			record_->process = process;                                             \
			record_->offset = offset;                                               \
			if (len > room_)                                                        \
				len = room_;                                                    \
			record_->len = bpf_probe_read_user(record_->data, len, (void *)from) ? 0 : len; \
			bpf_ringbuf_submit(record_, cat_wakeup_flags());                        \
		}                                                                               \
	})

/* Where a new program's arguments lie. */
struct args_range {
	u64 process;
	u64 start;
	u64 len;
};

/* One piece of an exec's arguments; a callback of bpf_loop. */
static long emit_args(u32 index, void *context)
{
	struct args_range *range = context;
	u64 process = range->process, offset = (u64)index * CAT_ARGS_CHUNK, from = range->start + offset;
	u64 len = range->len - offset;

	if (offset >= range->len)
		return 1;
	if (len <= ARGS_SMALL)
		EMIT_ARGS(__builtin_offsetof(struct cat_args, data) + ARGS_SMALL);
	else
		EMIT_ARGS(sizeof(struct cat_args));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(cat_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct cat_task *state = cat_tracked_task(bpf_get_current_task_btf());
	struct cat_deed deed = { .op = CAT_OP_EXEC, .fd = -1 };
	struct cat_paths paths = { .in_kernel = CAT_PATH_IN_KERNEL };
	struct mm_struct *mm = task->mm;
	struct args_range range;
	struct cat_call call;

	if (!state || !mm)
		return 0;
	/* A thread that execs becomes its group's leader just before. The call's number is overwritten by now. */
	call_of(&call, task, bprm->fdpath ? NR_EXECVEAT : NR_EXECVE);
	deed.object = CAT_ID(cat_file_object((u64)BPF_CORE_READ(mm, exe_file)));
	range.process = call.process;
	range.start = mm->arg_start;
	range.len = mm->arg_end - range.start;
	if (range.len > (u64)CAT_ARGS_CHUNK * CAT_ARGS_MAX_CHUNKS)
		range.len = (u64)CAT_ARGS_CHUNK * CAT_ARGS_MAX_CHUNKS;
	cat_describe_process(task, CAT_PROCESS_EXEC, deed.object, range.len);
	bpf_loop(CAT_ARGS_MAX_CHUNKS, emit_args, &range, 0);
	paths.path = (u64)bprm->filename;
	if (CAT_FULL) {
		deed.flags = cat_in_call();
		cat_capture_program((u64)BPF_CORE_READ(bprm, filename));
	}
	deed.flags |= cat_call_flags(&call, &deed);
	return cat_emit_paths(&call, &deed, &paths);
}

/* Counts that a thread takes with it, because the ring was full. */
static __always_inline void count_untold(struct cat_slots *slots)
{
	for (u32 i = 0; i < CAT_SLOTS; i++) {
		u64 untold = slots->slot[i].count - slots->slot[i].told_count;
		u32 zero = 0;
		struct cat_counters *counters;

		if (!untold)
			continue;
		counters = bpf_map_lookup_elem(&cat_counts, &zero);
		if (counters)
			counters->lost_merged += untold;
	}
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(cat_exit, struct task_struct *task)
{
	struct cat_task *state = cat_tracked_task(bpf_get_current_task_btf()), *first;
	struct cat_deed deed = { .op = CAT_OP_EXIT, .fd = -1 };
	struct cat_call call;

	if (!state)
		return 0;
	if (CAT_FULL)
		cat_task_ends();
	cat_tell_slots(task->tgid, task->pid, state);
	count_untold(&state->slots);
	cat_send_waiting(state, 1);
	/* The process has ended when its last thread has. Threads that end at once are all the last; one of them tells. */
	if (task->signal->live.counter > 0)
		return 0;
	first = bpf_task_storage_get(&cat_tasks, task->group_leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (first && __sync_lock_test_and_set(&first->ended, 1))
		return 0;
	call_of(&call, task, NO_SYSCALL);
	state->context = 0;
	deed.ret = task->signal->flags & SIGNAL_GROUP_EXIT ? task->signal->group_exit_code :
							      task->group_leader->exit_code;
	cat_emit(&call, &deed);
	if (cat_scope == CAT_SCOPE_TREE)
		__sync_fetch_and_add(&cat_live, -1);
	return 0;
}

/* setuid and its kind: who the process acts as afterwards. */
__noinline int cat_on_credentials(struct cat_call *call)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cat_deed deed = { .fd = -1 };
	u64 real, effective;

	if (!call)
		return 0;
	deed.op = call->spec.op;
	deed.ret = call->ret;
	if (deed.op == CAT_OP_SETUID) {
		real = task->cred->uid.val;
		effective = task->cred->euid.val;
		deed.object = cat_user_object(effective);
	} else {
		real = task->cred->gid.val;
		effective = task->cred->egid.val;
	}
	deed.arg = real | effective << 32;
	cat_emit(call, &deed);
	return 0;
}
