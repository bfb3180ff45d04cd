/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * How anything gets into the ring buffer, and how it is counted. For events, each call of cat_emit or cat_filter adds one to
 * seen and one to exactly one of emitted, filtered, lost, so that the sum holds per CPU at any moment.
 */
#ifndef CATENA_BPF_EMIT_H
#define CATENA_BPF_EMIT_H

#include "lib/capture.bpf.h"
#include "lib/failures.bpf.h"
#include "lib/maps.bpf.h"

/* One system call at its exit, as handlers get it. */
struct cat_call {
	u64 process;
	u64 process_start;
	u64 args[6];
	s64 ret;
	u32 tgid;
	u32 tid;
	u16 nr;		/* in the table of its abi; handlers look at spec.like */
	u8 abi;
	struct cat_syscall spec;
};

/* The part of an event that differs between the handlers. */
struct cat_deed {
	u64 object;
	s64 bytes;
	s64 ret;
	s64 arg;
	s32 fd;
	u32 flags;
	u16 op;
	/* Version words (wire/merge.h) of what flows into the object and out of it; 0: both are the object's own. */
	u32 into, from;
};

#define CAT_COUNT(field)                                                                        \
	({                                                                                      \
		u32 zero_ = 0;                                                                  \
		struct cat_counters *counters_ = bpf_map_lookup_elem(&cat_counts, &zero_);      \
		if (counters_)                                                                  \
			counters_->field++;                                                     \
	})

/* A call that carries nothing, or is of no kind that is recorded. */
static __always_inline void cat_filter(const struct cat_call *call)
{
	CAT_COUNT(seen);
	CAT_COUNT(filtered);
}

/* What may take how much of the ring: what matters most is lost last. */
enum cat_rank {
	CAT_RANK_CALL,		/* five eighths: calls of full fidelity that bring no flow with them */
	CAT_RANK_FLOW,		/* three quarters: flows of data, path operations, their sums */
	CAT_RANK_NAME,		/* seven eighths: descriptions of objects */
	CAT_RANK_VITAL,		/* all of it: processes, programs, connections, privileges */
};

static __always_inline enum cat_rank cat_rank_of(u16 op)
{
	switch (op) {
	case CAT_OP_FORK:
	case CAT_OP_EXEC:
	case CAT_OP_EXIT:
	case CAT_OP_CONNECT:
	case CAT_OP_ACCEPT:
	case CAT_OP_BIND:
	case CAT_OP_LISTEN:
	case CAT_OP_SETUID:
	case CAT_OP_SETGID:
	case CAT_OP_PTRACE:
	case CAT_OP_VM_WRITE:
		return CAT_RANK_VITAL;
	}
	return CAT_RANK_FLOW;
}

/* While the ring is more than five eighths full, the flows of a cgroup get a quarter of what the reader takes out. */
static __always_inline bool cat_has_share(u32 size)
{
	u64 cgroup = bpf_get_current_cgroup_id();
	struct cat_share *share = bpf_map_lookup_elem(&cat_shares, &cgroup);
	struct cat_share first = { .bytes = size, .drained = cat_drained };

	if (!share) {
		bpf_map_update_elem(&cat_shares, &cgroup, &first, BPF_ANY);
		return true;
	}
	if (share->drained != cat_drained) {
		share->drained = cat_drained;
		share->bytes = 0;
	}
	__sync_fetch_and_add(&share->bytes, size);
	return share->bytes <= cat_ring_bytes / 16;
}

/* Whether a record may go into the ring: -1, or else the enum cat_loss that keeps it out. */
static __always_inline int cat_room(u32 size, enum cat_rank rank)
{
	u64 used = bpf_ringbuf_query(&cat_ring, BPF_RB_AVAIL_DATA) + size;

	if (used <= cat_ring_bytes / 2)
		return -1;
	if (rank == CAT_RANK_FLOW && used > cat_ring_bytes / 8 * 5 && !cat_has_share(size))
		return CAT_LOST_SHARE;
	if (rank == CAT_RANK_CALL && used > cat_ring_bytes / 8 * 5)
		return CAT_LOST_RESERVED;
	if (rank != CAT_RANK_VITAL && used > cat_ring_bytes - cat_ring_bytes / (rank == CAT_RANK_FLOW ? 4 : 8))
		return CAT_LOST_RESERVED;
	return used > cat_ring_bytes ? CAT_LOST_FULL : -1;
}

/* Room for a record of a constant size, or NULL with the reason in `why`. */
#define CAT_RESERVE(size, rank, why)                                                            \
	({                                                                                      \
		void *room_ = NULL;                                                             \
		(why) = cat_room(size, rank);                                                   \
		if ((why) < 0) {                                                                \
			room_ = bpf_ringbuf_reserve(&cat_ring, size, 0);                        \
			if (!room_)                                                             \
				(why) = CAT_LOST_FULL;                                          \
		}                                                                               \
		room_;                                                                          \
	})

/* The same for a description: counts it where there is no room. */
#define CAT_RESERVE_NAME(size, rank)                                                            \
	({                                                                                      \
		int why_;                                                                       \
		void *name_ = CAT_RESERVE(size, rank, why_);                                    \
		if (!name_)                                                                     \
			CAT_COUNT(lost_descriptions);                                           \
		name_;                                                                          \
	})

static __always_inline void cat_count_lost(int why)
{
	u32 zero = 0;
	struct cat_counters *counters = bpf_map_lookup_elem(&cat_counts, &zero);

	if (counters && why >= 0 && why < CAT_LOSSES)
		counters->lost[why]++;
}

static __always_inline u64 cat_wakeup_flags(void)
{
	if (bpf_ringbuf_query(&cat_ring, BPF_RB_AVAIL_DATA) < cat_wakeup_bytes || cat_wakeup_pending)
		return BPF_RB_NO_WAKEUP;
	cat_wakeup_pending = 1;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void cat_fill_header_at(struct cat_header *header, u16 type, u32 size, u64 now_ns)
{
	header->type = type;
	header->cpu = bpf_get_smp_processor_id();
	header->size = size;
	header->ts_ns = now_ns;
}

static __always_inline void cat_fill_header(struct cat_header *header, u16 type, u32 size)
{
	cat_fill_header_at(header, type, size, bpf_ktime_get_boot_ns());
}

/* The functions that made a call, unless it is told in another task's place (what io_uring did). */
static __always_inline u32 cat_context_of(const struct cat_call *call)
{
	struct cat_task *state;

	if (!cat_contexts || call->tid != (u32)bpf_get_current_pid_tgid())
		return 0;
	state = bpf_task_storage_get(&cat_tasks, bpf_get_current_task_btf(), 0, 0);
	return state ? state->context : 0;
}

static __always_inline void cat_fill_event(struct cat_event *event, const struct cat_call *call,
					   const struct cat_deed *deed)
{
	event->process = call->process;
	event->process_start = call->process_start;
	event->tgid = call->tgid;
	event->tid = call->tid;
	event->object = deed->object;
	event->ret = deed->ret;
	event->bytes = deed->bytes;
	event->arg = deed->arg;
	event->syscall = call->nr;
	event->op = deed->op;
	event->fd = deed->fd;
	event->flags = deed->flags;
	event->abi = call->abi;
	event->context = cat_context_of(call);
	event->count = 1;
	event->last_ns = event->header.ts_ns;
}

/*
 * Full fidelity: tells the call of an event that is about to be recorded, and what the event's flags are to say of it. What
 * io_uring did is told in whatever task it ended, and is of no call.
 */
static __always_inline u32 cat_call_flags(const struct cat_call *call, const struct cat_deed *deed)
{
	u32 flags = CAT_FLAG_NO_CALL;

	if (!CAT_FULL)
		return 0;
	if (call->tid == (u32)bpf_get_current_pid_tgid())
		flags = cat_tell_call();
	return deed->flags & CAT_FLAG_IN_CALL ? 0 : flags;
}

/*
 * Records one event of this moment, at once or (flows of data) when its thread has a few more of them; counts it as seen, and
 * as emitted or lost. 1 where it is emitted (emit.bpf.c).
 */
int cat_put(const struct cat_call *call, const struct cat_deed *deed, u64 now_ns);

/* The same in full fidelity, with cat_call_flags. Apart, since Linux 6.1 counts the stack of what is never called, too. */
int cat_put_full(const struct cat_call *call, const struct cat_deed *deed, u32 flags);

/* Sends what waits with a task, from the task itself or from an iterator; `ends` when it is its last chance (emit.bpf.c). */
int cat_send_waiting(struct cat_task *state, u32 ends);

/*
 * Gives the current task's sums that have only a coarse time their end, before `now_ns`, when it is about to bump a word (merge.bpf.c).
 */
int cat_settle_times(struct cat_task *state, u64 now_ns);

/* Something new has flowed into a node at `now_ns`, the time of the event that says so, lost or not; its version before. */
static __always_inline u64 cat_bump(u32 index, u64 now_ns)
{
	u64 *version = bpf_map_lookup_elem(&cat_versions, &index);

	if (!version)
		return 0;
	cat_note_bump(&cat_bumpers[index & (CAT_VERSIONS - 1)], bpf_get_current_task(), now_ns);
	return __sync_fetch_and_add(version, 1);
}

/* Bumps whatever an operation flows into. */
static __always_inline void cat_bump_targets(const struct cat_call *call, const struct cat_deed *deed, u64 now_ns)
{
	u8 way = deed->op < CAT_OP_COUNT ? cat_flows[deed->op] : CAT_WAY_NONE;
	struct cat_task *state;

	if (cat_fidelity == CAT_FIDELITY_FULL || !deed->object)
		return;
	state = bpf_task_storage_get(&cat_tasks, bpf_get_current_task_btf(), 0, 0);
	if (state && state->coarse)
		cat_settle_times(state, now_ns);
	if (way & CAT_WAY_IN)
		cat_bump(cat_version_index(call->process), now_ns);
	if (way & CAT_WAY_OUT && (deed->into || !(deed->flags & CAT_FLAG_TARGET_PID)))
		cat_bump(deed->into ?: cat_version_index(deed->object), now_ns);
}

/* Records one event as it is; cat_flow (merge.bpf.c) is for those that can be merged. */
static __always_inline void cat_emit(const struct cat_call *call, const struct cat_deed *deed)
{
	u64 now_ns;

	if (CAT_FULL) {
		cat_put_full(call, deed, cat_call_flags(call, deed));
		return;
	}
	now_ns = bpf_ktime_get_boot_ns();
	cat_put(call, deed, now_ns);
	cat_bump_targets(call, deed, now_ns);
}

/* Argument by its index in the table, 0 where the call has none. Unrolled, since the index is only known at run time. */
static __always_inline u64 cat_arg(const struct cat_call *call, int index)
{
	switch (index) {
	case 0: return call->args[0];
	case 1: return call->args[1];
	case 2: return call->args[2];
	case 3: return call->args[3];
	case 4: return call->args[4];
	case 5: return call->args[5];
	}
	return 0;
}

/* cat_event.arg as the table asks for it: arg2 in the upper half, arg in the lower where there are two. */
static __always_inline s64 cat_table_arg(const struct cat_call *call)
{
	u64 low = cat_arg(call, call->spec.arg);

	if (call->spec.arg2 < 0)
		return low;
	return (low & 0xffffffff) | cat_arg(call, call->spec.arg2) << 32;
}

#endif
