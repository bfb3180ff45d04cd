// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which functions does the program call? Loaded only where functions are asked for, and of the programs on
 * user probes only those of the mode. A record for each call would cost as much as the probe itself, so a thread's calls
 * wait with it until there are CAT_FUNCTION_BLOCK of them, it execs or ends, or an iterator comes round.
 */
#include "lib/functions.bpf.h"

/* Where the kernel takes long to take probes away, they first all end to do anything. */
const volatile __u32 cat_probes_linger;
volatile __u32 cat_functions_over;

/* The state of the current task, as cat_tracked_task(); NULL, too, where nothing is to be told any more. */
static __always_inline struct cat_task *watched_task(struct task_struct *task)
{
	return cat_probes_linger && cat_functions_over ? NULL : cat_tracked_task(task);
}

static __always_inline void count_function_calls(u32 calls, int why)
{
	u32 zero = 0;
	struct cat_counters *counters = bpf_map_lookup_elem(&cat_counts, &zero);

	if (!counters)
		return;
	/* User probes can be preempted by one another, on one CPU. */
	__sync_fetch_and_add(&counters->function_calls, calls);
	if (why >= 0)
		__sync_fetch_and_add(&counters->lost_function_calls, calls);
}

/* Sends the calls that wait. The lock is held, or they are nobody else's. */
static __always_inline void send_functions(struct cat_function_calls *calls)
{
	u32 count = calls->count;
	u64 size;
	int why;

	if (count == 0 || count > CAT_FUNCTION_BLOCK)
		return;
	size = __builtin_offsetof(struct cat_function_calls, call) + count * sizeof(struct cat_function_call);
	calls->header.type = CAT_FUNCTION_CALLS;
	calls->header.cpu = bpf_get_smp_processor_id();
	calls->header.size = size;
	why = cat_room(size, CAT_RANK_CALL);
	if (why < 0) {
		u64 wakeup = cat_wakeup_flags();

		asm volatile("" : "+r"(size));
		if (size > sizeof(*calls))
			return;
		if (bpf_ringbuf_output(&cat_ring, calls, size, wakeup))
			why = CAT_LOST_FULL;
	}
	count_function_calls(count, why);
	calls->count = 0;
}

static __always_inline void begin_block(struct cat_function_calls *calls, const struct cat_task *state, u64 now_ns)
{
	u64 id = bpf_get_current_pid_tgid();

	calls->header.ts_ns = now_ns;
	calls->process = state->process;
	calls->process_start = state->process_start;
	calls->tgid = id >> 32;
	calls->tid = id;
	calls->pad = 0;
}

static __always_inline void fill_call(struct cat_function_call *call, u64 cookie, u64 stack, u32 returned, bool is_return)
{
	call->function = cat_cookie_function(cookie);
	call->is_return = is_return;
	call->returned = returned;
	call->stack = stack;
}

/* A call while the iterator has what waits: by itself. `marks` has `returned`, and above it whether it is a return. */
static __noinline int send_function_alone(const struct cat_task *state, u64 cookie, u64 stack, u32 marks)
{
	struct cat_function_calls *calls;
	const u32 size = __builtin_offsetof(struct cat_function_calls, call) + sizeof(struct cat_function_call);
	int why;

	if (!state)
		return 0;
	calls = CAT_RESERVE(size, CAT_RANK_CALL, why);
	if (calls) {
		cat_fill_header(&calls->header, CAT_FUNCTION_CALLS, size);
		begin_block(calls, state, calls->header.ts_ns);
		calls->count = 1;
		calls->call[0].after_ns = 0;
		fill_call(&calls->call[0], cookie, stack, marks & 0xff, marks >> 8);
		bpf_ringbuf_submit(calls, cat_wakeup_flags());
	}
	count_function_calls(1, why);
	return 0;
}

/* Puts a call, or the end of one, to what waits with its thread. */
static __always_inline int add_call(struct task_struct *task, struct cat_task *state, u64 cookie, u64 stack, u32 returned, bool is_return)
{
	struct cat_function_waiting *waiting;
	struct cat_function_call *call;
	u64 now_ns, after_ns;
	u32 count;

	waiting = bpf_task_storage_get(&cat_function_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!waiting) {
		count_function_calls(1, CAT_LOST_FULL);
		return 0;
	}
	if (!cat_try_lock(&waiting->lock))
		return send_function_alone(state, cookie, stack, returned | (u32)is_return << 8);
	now_ns = bpf_ktime_get_boot_ns();
	after_ns = now_ns - waiting->calls.header.ts_ns;
	if (waiting->calls.count && (after_ns >> 32))
		send_functions(&waiting->calls);
	count = waiting->calls.count;
	if (count == 0) {
		begin_block(&waiting->calls, state, now_ns);
		after_ns = 0;
	}
	if (count < CAT_FUNCTION_BLOCK) {
		call = &waiting->calls.call[count];
		call->after_ns = after_ns;
		fill_call(call, cookie, stack, returned, is_return);
		waiting->calls.count = ++count;
	}
	if (count >= CAT_FUNCTION_BLOCK)
		send_functions(&waiting->calls);
	cat_unlock(&waiting->lock);
	return 0;
}

/* Attached singly, they are loaded as plain "uprobe" (choose_function_programs). */
SEC("uprobe.multi")
int cat_function_event(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cat_task *state = watched_task(task);
	struct cat_function_frames *frames;
	u32 returned = 0;
	u64 cookie, stack;

	if (!state)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	stack = cat_entry_stack(ctx->sp, cookie);
	frames = bpf_task_storage_get(&cat_function_stacks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (frames)
		cat_enter_function(frames, ctx, cookie, stack, &returned);
	return add_call(task, state, cookie, stack, returned, false);
}

/* A function has returned: what it was entered with has been taken from the stack. */
SEC("uprobe.multi")
int cat_function_return(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cat_task *state = watched_task(task);
	struct cat_function_frames *frames;
	u64 stack = ctx->sp - sizeof(u64);

	if (!state)
		return 0;
	frames = bpf_task_storage_get(&cat_function_stacks, task, 0, 0);
	if (frames)
		cat_leave_functions(frames, stack + 1);
	return add_call(task, state, bpf_get_attach_cookie(ctx), stack, 0, true);
}

SEC("uprobe.multi")
int cat_function_count(struct pt_regs *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cat_function_edge edge = {};
	struct cat_function_frames *frames;
	u64 cookie, *count;
	u32 returned;

	if (!watched_task(task))
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	edge.function = cat_cookie_function(cookie);
	frames = bpf_task_storage_get(&cat_function_stacks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (frames)
		edge.caller = cat_enter_function(frames, ctx, cookie, cat_entry_stack(ctx->sp, cookie), &returned);
	count = bpf_map_lookup_elem(&cat_function_edges, &edge);
	if (!count) {
		/* Whoever comes first puts the pair there, for all CPUs. */
		u64 none = 0;

		bpf_map_update_elem(&cat_function_edges, &edge, &none, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&cat_function_edges, &edge);
	}
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		cat_count_hit(edge.function);
	return 0;
}

SEC("uprobe.multi")
int cat_function_once(struct pt_regs *ctx)
{
	u32 function = cat_cookie_function(bpf_get_attach_cookie(ctx));
	u64 *hits = bpf_map_lookup_elem(&cat_function_hits, &function);

	if (hits && *hits == 0 && watched_task(bpf_get_current_task_btf()))
		*hits = 1;
	return 0;
}

static __always_inline void flush_functions(struct task_struct *task)
{
	struct cat_function_waiting *waiting = bpf_task_storage_get(&cat_function_tasks, task, 0, 0);

	if (!waiting || !waiting->calls.count || !cat_try_lock(&waiting->lock))
		return;
	send_functions(&waiting->calls);
	cat_unlock(&waiting->lock);
}

/* Attached before cat_exit, so that the last process of a tree has told its calls before it counts as gone. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(cat_function_exit, struct task_struct *task)
{
	flush_functions(bpf_get_current_task_btf());
	return 0;
}

/* What the old program called comes before the new one. A new program is on a new stack. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(cat_function_exec, struct task_struct *task)
{
	flush_functions(bpf_get_current_task_btf());
	return 0;
}

SEC("iter/task")
int cat_flush_functions(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task; /* read once: Linux 6.1 does not know a second reading to be the same */

	if (task)
		flush_functions(task);
	return 0;
}
