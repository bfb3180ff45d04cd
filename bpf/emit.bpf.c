// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: how does an event get into the ring for as little as possible? Reserving room costs more than filling it, so
 * the flows of a thread wait in its task storage until there are CAT_EVENTS_MAX of them, it ends, or an
 * iterator comes round; what matters more goes at once. They are counted as emitted at once, on the CPU where they were seen.
 */
#include "lib/waiting.bpf.h"

/* Counts what waited with a thread that ends, where it was seen. */
static __always_inline void drop(struct cat_waiting *waiting)
{
	for (u32 i = 0; i < CAT_EVENTS_MAX; i++) {
		struct cat_counters *counters;
		u32 zero = 0;

		if (i >= waiting->count)
			break;
		counters = bpf_map_lookup_percpu_elem(&cat_counts, &zero, waiting->events.event[i].header.cpu);
		if (!counters)
			continue;
		if (waiting->events.event[i].flags & CAT_FLAG_MERGED)
			__sync_fetch_and_add(&counters->lost_merged, waiting->events.event[i].count);
		else
			__sync_fetch_and_add(&counters->dropped, 1);
	}
	waiting->count = 0;
}

__noinline int cat_send_waiting(struct cat_task *state, u32 ends)
{
	if (!state || !cat_try_lock(&state->waiting.lock))
		return 0;
	if (cat_send(&state->waiting, ends ? CAT_RANK_VITAL : CAT_RANK_FLOW) >= 0 && ends)
		drop(&state->waiting);
	cat_unlock(&state->waiting.lock);
	return 0;
}

static __always_inline void fill(struct cat_event *event, const struct cat_call *call, const struct cat_deed *deed, u64 now_ns)
{
	cat_fill_header_at(&event->header, CAT_EVENT, sizeof(*event), now_ns);
	cat_fill_event(event, call, deed);
}

static __always_inline int put_now(const struct cat_call *call, const struct cat_deed *deed, u32 flags, u64 now_ns)
{
	struct cat_event *event;
	int why;

	event = CAT_RESERVE(sizeof(*event), cat_rank_of(deed->op), why);
	if (!event) {
		cat_count_lost(why);
		return 0;
	}
	fill(event, call, deed, now_ns);
	event->flags |= flags;
	bpf_ringbuf_submit(event, cat_wakeup_flags());
	CAT_COUNT(emitted);
	return 1;
}

/* 1: emitted, 0: lost, -1: cannot wait now. */
static __always_inline int put_to_wait(struct cat_waiting *waiting, const struct cat_call *call, const struct cat_deed *deed,
				       u64 now_ns)
{
	struct cat_event *event;
	int why;

	if (!cat_try_lock(&waiting->lock))
		return -1;
	event = cat_waiting_room(waiting, &why);
	if (event)
		fill(event, call, deed, now_ns);
	cat_unlock(&waiting->lock);
	if (!event) {
		cat_count_lost(why);
		return 0;
	}
	CAT_COUNT(emitted);
	return 1;
}

__noinline int cat_put(const struct cat_call *call, const struct cat_deed *deed, u64 now_ns)
{
	struct cat_task *state;
	int put = -1;

	if (!call || !deed)
		return 0;
	CAT_COUNT(seen);
	/* What io_uring did is told in whatever task it ended. */
	if (cat_rank_of(deed->op) == CAT_RANK_FLOW && call->tid == (u32)bpf_get_current_pid_tgid()) {
		state = bpf_task_storage_get(&cat_tasks, bpf_get_current_task_btf(), 0, 0);
		if (state)
			put = put_to_wait(&state->waiting, call, deed, now_ns);
	}
	return put < 0 ? put_now(call, deed, 0, now_ns) : put;
}

/* With full fidelity it is calls that wait. */
__noinline int cat_put_full(const struct cat_call *call, const struct cat_deed *deed, u32 flags)
{
	if (!call || !deed)
		return 0;
	CAT_COUNT(seen);
	return put_now(call, deed, flags, bpf_ktime_get_boot_ns());
}
