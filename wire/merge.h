/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * When a repeated flow can be merged into the one before it without changing any answer: the full-dependence rule
 * (Hossain et al., "Dependence-preserving data compaction for scalable forensic analysis", USENIX Security 2018),
 * as docs/decisions/0008 words and proves it for edges that keep their interval:
 *
 *     A flow u → v is merged into the last u → v if, since that one, no flow that was kept has gone into u. Only echoes of
 *     v do not count: flows v → u that were kept although they brought u nothing but what u had given to v itself.
 *
 * "Something was kept that flows into u" is one number, u's version: a flow that is kept bumps the version of its target, a
 * flow that is merged bumps nothing. Versions are words of a table that is indexed by a hash of the node. Nodes that share a
 * word share their bumps, which costs edges and never an answer; so the table is bounded without forgetting anything.
 *
 * What is merged is summed up in slots of the acting thread: its owner alone writes count, bytes and times, and the first two
 * only grow; whoever tells user space of them (the owner, or an iterator on another CPU) writes told_…, holding the
 * table's lock. Hence counting takes no lock.
 *
 * Compiles as BPF, as C, and as C++ (src/graph's reduction is this same code).
 */
#ifndef CATENA_WIRE_MERGE_H
#define CATENA_WIRE_MERGE_H

#include "wire/records.h"

#define CAT_VERSIONS (1U << 16)	/* words of the table of versions, 8 bytes each */
#define CAT_SETS 8		/* a thread's slots: CAT_SETS sets of two */
#define CAT_SLOTS (2 * CAT_SETS)
#define CAT_LATE_TICKS 3	/* so many ticks the kernel can be late to count one */

/* The kinds of flow that can be merged; those of one kind between the same two nodes are one edge. */
enum cat_flow_kind { CAT_FLOW_OUT, CAT_FLOW_IN, CAT_FLOW_MAP, CAT_FLOW_LOAD };

struct cat_slot {
	cat_u64 key;		/* what the flow goes through (a struct file, an object) and its kind; 0: free */
	cat_u64 inode;		/* the file's inode then, and its identity: a reused address is noticed */
	cat_u64 identity;
	cat_u64 object;		/* id */
	cat_u32 source;		/* index of the version word of where the flow comes from */
	cat_u8 stream;		/* a socket that goes to its peer whatever address a call names */
	cat_u8 socket;
	cat_u8 abi;		/* enum cat_abi */
	cat_u8 flags;		/* CAT_FLAG_… of any flow in it */
	cat_u64 token;		/* the source's version that the edge has carried; echoes of the target are added */
	cat_u64 own;		/* … and after all else that only the edge's own target has added since */
	cat_u64 count;		/* merged flows since the slot was taken */
	cat_u64 bytes;
	cat_u64 told_count;	/* of these, what user space was told */
	cat_u64 told_bytes;
	cat_u64 first_ns;	/* of those not told yet */
	cat_u64 last_ns;
	cat_u64 tick;		/* unless 0: the kernel's tick at the last of them, and last_ns is older */
	cat_u16 op;		/* enum cat_op */
	cat_u16 syscall;
	cat_s32 fd;
	cat_u32 context;	/* of all that is not told yet: cat_event's */
	cat_u32 pad;
};

/*
 * Who has bumped a version word, since the words' owners were last cleared. As long as only a thread itself has, it knows when:
 * then it need not look at the clock for each flow that it merges (docs/decisions/0008).
 */
struct cat_bumpers {
	cat_u64 first_ns;	/* the first bump; 0: none */
	cat_u64 other_ns;	/* the first one by another than that; 0: none */
	cat_u64 first;		/* who: the address of a thread's task */
};

struct cat_slots {
	cat_u32 lock;		/* held by whoever tells, or takes a slot for another flow */
	cat_u32 clock;		/* picks the slot to give up */
	struct cat_slot slot[CAT_SLOTS];
};

/* Events of a thread that wait for company. */
struct cat_waiting {
	cat_u32 lock;		/* held by whoever adds one, or sends them: the thread, or an iterator */
	cat_u32 count;
	struct cat_events events;
};

/* What the programs keep for a task as long as it lives. User space marks the first task of a tree with tracked = 1. */
struct cat_task {
	cat_u64 process;	/* id, 0 until first needed */
	cat_u64 process_start;
	cat_u64 bumper;		/* what struct cat_bumpers calls it: the address of its task */
	cat_u64 closing;	/* object that the close in progress closes */
	cat_u32 tracked;
	cat_u32 ended;		/* of a first thread: the end of its process has been told */
	cat_u32 coarse;		/* a bit for each set with a slot whose tick is not 0 */
	cat_u32 context;	/* of functions, when it was last in a system call */
	struct cat_slots slots;
	struct cat_waiting waiting;
};

/* The version word of a node, by its id. Never 0, which stands for none. */
static inline cat_u32 cat_version_index(cat_u64 id)
{
	cat_u32 index = id & (CAT_VERSIONS - 1);

	return index ? index : 1;
}

static inline cat_u64 cat_slot_key(cat_u64 through, enum cat_flow_kind kind)
{
	/* Addresses of struct file are aligned, and ids have 62 bits. */
	return through << 2 ^ through >> 62 ^ kind ^ 1ULL << 63;
}

static inline cat_u32 cat_slot_set(cat_u64 key)
{
	return (key * 0x9e3779b97f4a7c15ULL) >> 61;
}

/* The one of a set's two slots that has the key, or NULL. */
static inline struct cat_slot *cat_slot_of_set(struct cat_slot *set, cat_u64 key)
{
	if (set->key == key)
		return set;
	set++;
	return set->key == key ? set : (struct cat_slot *)0;
}

/* The slot that a flow is in, or NULL. */
static inline struct cat_slot *cat_find_slot(struct cat_slots *slots, cat_u64 key)
{
	return cat_slot_of_set(&slots->slot[2 * cat_slot_set(key)], key);
}

/* The flow brings nothing new: the edge has carried all that its source has. */
static inline int cat_slot_has_carried(const struct cat_slot *slot, cat_u64 version)
{
	return slot->token == version;
}

/* The flow is to be kept, but is an echo: its source has learned nothing since but from its target. */
static inline int cat_slot_echoes(const struct cat_slot *slot, cat_u64 version)
{
	return slot->own == version;
}

/* A flow was kept: from now on, others are merged into it. */
static inline void cat_slot_carry(struct cat_slot *slot, cat_u64 version)
{
	slot->token = version;
	slot->own = version;
}

/* One more flow goes into a slot. */
static inline void cat_slot_add(struct cat_slot *slot, cat_u64 now_ns, cat_u64 bytes)
{
	if (slot->count == slot->told_count)
		slot->first_ns = now_ns;
	slot->last_ns = now_ns;
	slot->tick = 0;
	slot->bytes += bytes;
	slot->count++;
}

/* One more, where cat_may_be_coarse says so. */
static inline void cat_slot_add_coarsely(struct cat_slot *slot, cat_u64 tick, cat_u64 bytes)
{
	slot->tick = tick;
	slot->bytes += bytes;
	slot->count++;
}

/* A word is about to be bumped. */
static inline void cat_note_bump(struct cat_bumpers *bumpers, cat_u64 who, cat_u64 now_ns)
{
	if (bumpers->first == who || bumpers->other_ns)
		return;
	__sync_val_compare_and_swap(&bumpers->first_ns, 0, now_ns);
	if (!bumpers->first && __sync_val_compare_and_swap(&bumpers->first, 0, who) == 0)
		return;
	__sync_val_compare_and_swap(&bumpers->other_ns, 0, now_ns);
}

/*
 * Whether `who` may merge a flow without the exact time: it is not the first of a sum, and nobody else has bumped its source.
 */
static inline int cat_may_be_coarse(const struct cat_slot *slot, const struct cat_bumpers *bumpers, cat_u64 who)
{
	return slot->count != slot->told_count && !bumpers->other_ns && (bumpers->first == who || !bumpers->first);
}

/* When another than `who` first bumped a word; the end of time where nobody did. */
static inline cat_u64 cat_bumped_by_others(const struct cat_bumpers *bumpers, cat_u64 who)
{
	if (bumpers->first && bumpers->first != who)
		return bumpers->first_ns;
	return bumpers->other_ns ? bumpers->other_ns : ~0ULL;
}

/*
 * When a sum's last flow ended; where only its tick is known, a moment that is no earlier than that, and before both now and
 * `bumped_ns`, when others bumped its source. It is `ticks` by the kernel, `tick_ns` each.
 */
static inline cat_u64 cat_slot_last(const struct cat_slot *slot, cat_u64 now_ns, cat_u64 ticks, cat_u64 tick_ns,
				    cat_u64 bumped_ns)
{
	cat_u64 ago = ticks - slot->tick;
	cat_u64 ns = ago > CAT_LATE_TICKS ? now_ns - (ago - CAT_LATE_TICKS) * tick_ns : now_ns - 1;

	if (!slot->tick)
		return slot->last_ns;
	if (ns >= bumped_ns)
		ns = bumped_ns - 1;
	return ns > slot->first_ns ? ns : slot->first_ns;
}

/*
 * A kept flow has bumped a word that was at `before`. `back` is the way back through the same file, by the same thread. What
 * flows back next is an echo. If the kept flow was one itself, even that need not be kept.
 */
static inline void cat_slot_follow(struct cat_slot *back, cat_u32 bumped, cat_u64 before, int echo)
{
	if (back->source != bumped)
		return;
	if (back->own == before)
		back->own = before + 1;
	if (echo && back->token == before)
		back->token = before + 1;
}

CAT_STATIC_ASSERT(CAT_SETS == 8, "cat_slot_set gives three bits");
CAT_STATIC_ASSERT(sizeof(struct cat_slot) == 128, "layout");

#endif
