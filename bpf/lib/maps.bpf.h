/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The maps and settings that all programs share.
 */
#ifndef CATENA_BPF_MAPS_H
#define CATENA_BPF_MAPS_H

#include "kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "wire/merge.h"
#include "wire/records.h"

enum cat_scope {
	CAT_SCOPE_TREE,		/* tasks that were marked, and whatever they fork */
	CAT_SCOPE_HOST,		/* every task but the recorder's */
	CAT_SCOPE_CGROUP,	/* tasks in one cgroup (v2) and below */
};

enum cat_fidelity {
	CAT_FIDELITY_CAUSAL,	/* edges, repetitions merged */
	CAT_FIDELITY_FULL,	/* each call */
};

/* Settings, written before loading. */
const volatile __u32 cat_fidelity;
const volatile __u32 cat_scope;
const volatile __u32 cat_cgroup_level;
const volatile __u64 cat_cgroup_id;
const volatile __u64 cat_wakeup_bytes;	/* wake the reader when so much waits */
const volatile __u64 cat_ring_bytes;
const volatile __u64 cat_tick_ns;	/* between two ticks of the kernel */
const volatile bool cat_hooked;	/* path_hooks.bpf.c is loaded */
const volatile bool cat_contexts;	/* system calls are told with the functions that made them (contexts.bpf.c) */
const volatile __u8 cat_flows[CAT_OP_COUNT];	/* which way each operation carries: enum cat_way */
/* The table of x86-64, and that of i386 behind it. */
const volatile struct cat_syscall cat_syscalls[2 * CAT_SYSCALLS];

/* Copies a row, row < 2 * CAT_SYSCALLS. The table's zeros are not the compiler's to copy: it is filled in before loading. */
static __always_inline void cat_read_row(struct cat_syscall *to, u32 row)
{
	const void *from = (const void *)&cat_syscalls[row];

	barrier_var(from);
	__builtin_memcpy(to, from, sizeof(*to));
}

/* State that user space reads and writes while the programs run. */
volatile __u32 cat_recorder_tgid;	/* never recorded; known once the programs are loaded */
volatile __u32 cat_wakeup_pending;	/* the reader was woken and has not looked yet */
volatile __s64 cat_live;		/* processes of the tree that have not ended */
volatile __u32 cat_drained;	/* how many quarters of the ring the reader has taken out of it */
volatile __u32 cat_context_count;	/* contexts in cat_context_list; may go a little beyond its end */
volatile __u32 cat_exact;	/* no flow is merged without the exact time, while cat_bumpers is cleared */
struct cat_bumpers cat_bumpers[CAT_VERSIONS];	/* of each version word */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 26);
} cat_ring SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cat_task);
} cat_tasks SEC(".maps");

/*
 * What is remembered of objects and edges: one word each, a hash of who it is and what was said of it, in the place that its
 * id has. Whoever else has that place takes it: what is forgotten is said again. No locks, no look-ups, no bound to reach.
 */
#define CAT_WORDS (1U << 17)
struct cat_words {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAT_WORDS);
	__type(key, u32);
	__type(value, u64);
};
struct cat_words cat_described SEC(".maps");	/* object → its name, its addresses */
struct cat_words cat_edges SEC(".maps");	/* edge → the version of its source that it has carried */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cat_counters);
} cat_counts SEC(".maps");

/* The version of each node's content, by cat_version_index: see wire/merge.h. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAT_VERSIONS);
	__type(key, u32);
	__type(value, u64);
} cat_versions SEC(".maps");

/* What each cgroup has put into the ring since the reader last took a quarter out. */
struct cat_share {
	u64 bytes;
	u32 drained;
	u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct cat_share);
} cat_shares SEC(".maps");

/* Processes whose tasks the snapshot marks as tracked (--pid), by thread group id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} cat_roots SEC(".maps");

#endif
