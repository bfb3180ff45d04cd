/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * How anything gets into the ring buffer, and how it is counted. For events, each call of cat_emit or cat_filter adds one to
 * seen and one to exactly one of emitted, filtered, lost, so that the sum holds per CPU at any moment.
 */
#ifndef CATENA_BPF_EMIT_H
#define CATENA_BPF_EMIT_H

#include "lib/capture.bpf.h"
#include "lib/maps.bpf.h"

/* One system call at its exit, as handlers get it. */
struct cat_call {
	u64 process;
	u64 process_start;
	u64 args[6];
	s64 ret;
	u32 tgid;
	u32 tid;
	u16 nr;
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

static __always_inline u64 cat_wakeup_flags(void)
{
	if (bpf_ringbuf_query(&cat_ring, BPF_RB_AVAIL_DATA) < cat_wakeup_bytes || cat_wakeup_pending)
		return BPF_RB_NO_WAKEUP;
	cat_wakeup_pending = 1;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void cat_fill_header(struct cat_header *header, u16 type, u32 size)
{
	header->type = type;
	header->cpu = bpf_get_smp_processor_id();
	header->size = size;
	header->ts_ns = bpf_ktime_get_boot_ns();
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
	event->pad = 0;
}

/* Records one event; counts it as lost when the ring is full. */
static __always_inline void cat_emit(const struct cat_call *call, const struct cat_deed *deed)
{
	struct cat_event *event;

	if (CAT_FULL)
		cat_tell_call();
	CAT_COUNT(seen);
	event = bpf_ringbuf_reserve(&cat_ring, sizeof(*event), 0);
	if (!event) {
		CAT_COUNT(lost);
		return;
	}
	cat_fill_header(&event->header, CAT_EVENT, sizeof(*event));
	cat_fill_event(event, call, deed);
	bpf_ringbuf_submit(event, cat_wakeup_flags());
	CAT_COUNT(emitted);
}

/* Failures worth recording: somebody was refused something, or could not reach it. */
static __always_inline bool cat_refused(s64 ret)
{
	switch (ret) {
	case -1:	/* EPERM */
	case -13:	/* EACCES */
	case -30:	/* EROFS */
	case -101:	/* ENETUNREACH */
	case -110:	/* ETIMEDOUT */
	case -111:	/* ECONNREFUSED */
	case -113:	/* EHOSTUNREACH */
		return true;
	}
	return false;
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
