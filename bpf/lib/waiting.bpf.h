/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Events that wait with their thread (struct cat_waiting): whoever holds the lock may add to them and send them. */
#ifndef CATENA_BPF_WAITING_H
#define CATENA_BPF_WAITING_H

#include "lib/emit.bpf.h"

static __always_inline bool cat_try_lock(u32 *lock)
{
	return __sync_val_compare_and_swap(lock, 0, 1) == 0;
}

static __always_inline void cat_unlock(u32 *lock)
{
	__sync_lock_test_and_set(lock, 0);
}

/* -1 where they are in the ring, or else why not. The lock is held. */
static __always_inline int cat_send(struct cat_waiting *waiting, enum cat_rank rank)
{
	u32 count = waiting->count, size;
	int why;

	if (count == 0)
		return -1;
	if (count > CAT_EVENTS_MAX)
		count = CAT_EVENTS_MAX;
	size = sizeof(struct cat_header) + count * sizeof(struct cat_event);
	why = cat_room(size, rank);
	if (why >= 0)
		return why;
	cat_fill_header(&waiting->events.header, CAT_EVENTS, size);
	if (bpf_ringbuf_output(&cat_ring, &waiting->events, size, cat_wakeup_flags()))
		return CAT_LOST_FULL;
	waiting->count = 0;
	return -1;
}

/* Room for one more; NULL, with the reason in `why`, where those that wait cannot be sent. The lock is held. */
static __always_inline struct cat_event *cat_waiting_room(struct cat_waiting *waiting, int *why)
{
	*why = -1;
	if (waiting->count >= CAT_EVENTS_MAX)
		*why = cat_send(waiting, CAT_RANK_FLOW);
	if (*why >= 0 || waiting->count >= CAT_EVENTS_MAX)
		return NULL;
	return &waiting->events.event[waiting->count++];
}

#endif
