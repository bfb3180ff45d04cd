// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which system calls did the program make, one by one? Full fidelity only. Each call is told once: right before its
 * first event, or when the handlers are done with it. A call without captured memory waits in its task's batch, because a
 * reservation in the ring buffer costs more than all the rest; the batch is sent when it is full, before anything else of
 * the task, when the task execs or ends, and by an iterator that user space runs now and then. Owner and iterator exclude
 * each other by `lock`, and neither waits: who does not get it sends its call by itself, or leaves the batch to the other.
 */
#include "lib/abi.bpf.h"
#include "lib/scratch.bpf.h"
#include "lib/waiting.bpf.h"

/* Set by user space once the other programs are detached: calls that go on are told as they are. */
volatile __u32 cat_stopping;

/* What the verifier of Linux 6.1 has forgotten by the time that the size is used. */
#define BOUND(size, most)                                                                       \
	({                                                                                      \
		asm volatile("" : "+r"(size));                                                  \
		if ((size) > (most))                                                            \
			return 0;                                                               \
	})

/* Counts calls, and the events that they bring with them, where `why` says what kept them out of the ring, or nothing did. */
static __always_inline void count_calls(u32 calls, u32 events, int why)
{
	u32 zero = 0;
	struct cat_counters *counters = bpf_map_lookup_elem(&cat_counts, &zero);

	if (!counters)
		return;
	counters->calls += calls;
	counters->seen += events;
	if (why < 0)
		counters->emitted += events;
	else
		counters->lost_calls += calls;
	if (why >= 0 && why < CAT_LOSSES)
		counters->lost[why] += events;
}

/* Sends the batch. The lock is held. */
static __noinline int send_batch(struct cat_scratch *scratch)
{
	u32 count = scratch->batch_head.count, events = scratch->batch_events;
	u64 size;
	int why;

	if (count == 0 || count > CAT_BATCH)
		return 0;
	size = sizeof(struct cat_calls) + count * sizeof(struct cat_one_call);
	cat_fill_header(&scratch->batch_head.header, CAT_CALLS, size);
	why = cat_room(size, events ? CAT_RANK_FLOW : CAT_RANK_CALL);
	if (why < 0) {
		u64 wakeup = cat_wakeup_flags();

		BOUND(size, sizeof(struct cat_calls) + sizeof(scratch->batch));
		if (bpf_ringbuf_output(&cat_ring, &scratch->batch_head, size, wakeup))
			why = CAT_LOST_FULL;
	}
	count_calls(count, events, why);
	scratch->batch_head.count = 0;
	scratch->batch_events = 0;
	return 0;
}

static __always_inline void flush_calls(struct cat_scratch *scratch)
{
	if (scratch->batch_head.count == 0 || !cat_try_lock(&scratch->lock))
		return;
	send_batch(scratch);
	cat_unlock(&scratch->lock);
}

/* Sends the call that is going on by itself, with its data. */
static __noinline int send_one(struct cat_scratch *scratch)
{
	u32 len = scratch->head.data_len, event = !!(scratch->one.flags & CAT_CALL_EVENT);
	u64 size;
	int why;

	if (len > CAT_CALL_DATA)
		len = CAT_CALL_DATA;
	size = sizeof(struct cat_calls) + sizeof(struct cat_one_call) + len;
	scratch->head.count = 1;
	cat_fill_header(&scratch->head.header, CAT_CALLS, size);
	why = cat_room(size, event ? CAT_RANK_FLOW : CAT_RANK_CALL);
	if (why < 0) {
		u64 wakeup = cat_wakeup_flags();

		BOUND(size, sizeof(struct cat_calls) + sizeof(struct cat_one_call) + CAT_CALL_DATA);
		if (bpf_ringbuf_output(&cat_ring, &scratch->head, size, wakeup))
			why = CAT_LOST_FULL;
	}
	count_calls(1, event, why);
	scratch->told = why < 0 ? CAT_TOLD : CAT_TOLD_IN_VAIN;
	return 0;
}

/* Puts the call that is going on into the batch, where it can be. */
static __noinline int put_off(struct cat_scratch *scratch)
{
	u32 count;

	if (scratch->head.data_len) {
		flush_calls(scratch);
		return send_one(scratch);
	}
	if (!cat_try_lock(&scratch->lock))
		return send_one(scratch);
	count = scratch->batch_head.count;
	if (count < CAT_BATCH) {
		if (count == 0) {
			scratch->batch_head.process = scratch->head.process;
			scratch->batch_head.process_start = scratch->head.process_start;
			scratch->batch_head.tgid = scratch->head.tgid;
			scratch->batch_head.tid = scratch->head.tid;
		}
		__builtin_memcpy(&scratch->batch[count], &scratch->one, sizeof(scratch->one));
		scratch->batch_events += !!(scratch->one.flags & CAT_CALL_EVENT);
		scratch->batch_head.count = ++count;
		if (count == CAT_BATCH)
			send_batch(scratch);
	}
	cat_unlock(&scratch->lock);
	scratch->told = CAT_TOLD;
	return 0;
}

static __always_inline u32 row_of(u32 abi, u32 nr)
{
	return nr < CAT_CALL_NUMBERS ? abi * CAT_CALL_NUMBERS + nr : CAT_ABIS * CAT_CALL_NUMBERS;
}

static __always_inline u32 flags_of(const struct cat_scratch *scratch)
{
	u32 row = scratch->row;

	return row < CAT_ABIS * CAT_CALL_NUMBERS ? cat_captures[row].flags : 0;
}

/* Begins to remember a call. */
static __always_inline void begin_call(struct cat_scratch *scratch, const struct cat_entry *entry)
{
	u64 id = bpf_get_current_pid_tgid();

	scratch->row = row_of(entry->abi, entry->nr);
	scratch->told = CAT_NOT_TOLD;
	scratch->missing = 0;
	scratch->head.process = entry->process;
	scratch->head.process_start = entry->process_start;
	scratch->head.tgid = id >> 32;
	scratch->head.tid = id;
	scratch->head.data_len = 0;
	__builtin_memset(&scratch->one, 0, sizeof(scratch->one));
	__builtin_memcpy(scratch->one.args, entry->args, sizeof(scratch->one.args));
	scratch->one.nr = entry->nr;
	scratch->one.abi = entry->abi;
	scratch->one.context = entry->context;
}

__noinline int cat_call_enters(struct cat_entry *entry)
{
	struct cat_scratch *scratch;

	if (!entry)
		return 0;
	scratch = bpf_task_storage_get(&cat_captured, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!scratch)
		return 0;
	begin_call(scratch, entry);
	scratch->one.enter_ns = bpf_ktime_get_boot_ns();
	scratch->state = CAT_CALL_INSIDE;
	if (scratch->row < CAT_ABIS * CAT_CALL_NUMBERS && cat_captures[scratch->row].rule_count)
		cat_capture(scratch, CAT_AT_ENTER);
	if (flags_of(scratch) & CAT_CALL_ENDS) {
		flush_calls(scratch);
		send_one(scratch);
		scratch->state = CAT_CALL_IDLE;
	}
	return 0;
}

/* A call whose entry was not seen. */
static __always_inline void begin_late_call(struct cat_scratch *scratch, struct pt_regs *regs)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cat_entry entry = { .abi = cat_abi(regs->orig_ax) };

	entry.process_start = task->group_leader->start_boottime;
	entry.process = cat_process_id(task->tgid, entry.process_start);
	entry.nr = cat_number(regs->orig_ax, entry.abi);
	cat_read_registers(entry.args, regs, entry.abi);
	begin_call(scratch, &entry);
}

__noinline int cat_call_returns(s64 ret)
{
	struct cat_scratch *scratch = bpf_task_storage_get(&cat_captured, bpf_get_current_task_btf(), 0,
							   BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!scratch) {
		CAT_COUNT(calls);
		CAT_COUNT(lost_calls);
		return 0;
	}
	if (scratch->state != CAT_CALL_INSIDE) {
		begin_late_call(scratch, (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()));
		/* The child of a fork: its parent made the call. */
		if (ret == 0 && flags_of(scratch) & CAT_CALL_FORKS)
			return 0;
	}
	/* A thread that has become its group's leader by an exec. */
	scratch->head.tid = bpf_get_current_pid_tgid();
	scratch->one.exit_ns = bpf_ktime_get_boot_ns();
	scratch->one.ret = ret;
	scratch->one.flags = CAT_CALL_RETURNED;
	scratch->state = CAT_CALL_LEAVING;
	if (scratch->row < CAT_ABIS * CAT_CALL_NUMBERS && cat_captures[scratch->row].rule_count)
		cat_capture(scratch, CAT_AT_EXIT);
	return 0;
}

__noinline int cat_call_over(void)
{
	struct cat_scratch *scratch = cat_scratch();

	if (!scratch)
		return 0;
	if (scratch->state == CAT_CALL_LEAVING && scratch->told == CAT_NOT_TOLD)
		put_off(scratch);
	scratch->state = CAT_CALL_IDLE;
	return 0;
}

__noinline int cat_tell_call(void)
{
	struct cat_scratch *scratch = cat_scratch();

	if (!scratch)
		return CAT_FLAG_NO_CALL;
	flush_calls(scratch);
	if (scratch->state != CAT_CALL_LEAVING)
		return CAT_FLAG_NO_CALL;
	if (scratch->told == CAT_NOT_TOLD)
		send_one(scratch);
	return scratch->told == CAT_TOLD ? 0 : CAT_FLAG_NO_CALL;
}

__noinline int cat_tell_io(u64 object, u32 op)
{
	struct cat_scratch *scratch = cat_scratch();

	if (!scratch || scratch->state != CAT_CALL_LEAVING || scratch->told != CAT_NOT_TOLD || scratch->head.data_len)
		return 0;
	scratch->one.object = object;
	scratch->one.op = op;
	scratch->one.flags = CAT_CALL_RETURNED | CAT_CALL_EVENT;
	put_off(scratch);
	return 1;
}

__noinline int cat_in_call(void)
{
	struct cat_scratch *scratch = cat_scratch();

	return scratch && scratch->state == CAT_CALL_INSIDE ? CAT_FLAG_IN_CALL : 0;
}

__noinline int cat_task_ends(void)
{
	struct cat_scratch *scratch = cat_scratch();

	if (!scratch)
		return 0;
	flush_calls(scratch);
	if (scratch->state == CAT_CALL_INSIDE)
		send_one(scratch);
	scratch->state = CAT_CALL_IDLE;
	return 0;
}

/* Sends what tasks keep back; at the end of the recording also the calls that are still going on. */
SEC("iter/task")
int cat_flush_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct cat_scratch *scratch = task ? bpf_task_storage_get(&cat_captured, task, 0, 0) : NULL;

	if (!scratch || !cat_try_lock(&scratch->lock))
		return 0;
	if (scratch->batch_head.count)
		send_batch(scratch);
	if (cat_stopping && scratch->state == CAT_CALL_INSIDE) {
		send_one(scratch);
		scratch->state = CAT_CALL_IDLE;
	}
	cat_unlock(&scratch->lock);
	return 0;
}
