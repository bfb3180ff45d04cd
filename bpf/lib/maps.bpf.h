/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The maps and settings that all programs share. maps.bpf.c defines them (CATENA_DEFINE); the others refer to them, and
 * the BPF linker joins them.
 */
#ifndef CATENA_BPF_MAPS_H
#define CATENA_BPF_MAPS_H

#include "kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "wire/records.h"

#ifdef CATENA_DEFINE
#define CATENA_SHARED
#else
#define CATENA_SHARED extern
#endif

enum cat_scope {
	CAT_SCOPE_TREE,		/* tasks that were marked, and whatever they fork */
	CAT_SCOPE_HOST,		/* every task but the recorder's */
	CAT_SCOPE_CGROUP,	/* tasks in one cgroup (v2) and below */
};

/* Settings, written before loading. */
CATENA_SHARED const volatile __u32 cat_scope;
CATENA_SHARED const volatile __u32 cat_cgroup_level;
CATENA_SHARED const volatile __u64 cat_cgroup_id;
CATENA_SHARED const volatile __u64 cat_wakeup_bytes;	/* wake the reader when so much waits */
/* The table of x86-64, and that of i386 behind it. */
CATENA_SHARED const volatile struct cat_syscall cat_syscalls[2 * CAT_SYSCALLS];

/* State that user space reads and writes while the programs run. */
CATENA_SHARED volatile __u32 cat_recorder_tgid;	/* never recorded; known once the programs are loaded */
CATENA_SHARED volatile __u32 cat_wakeup_pending;	/* the reader was woken and has not looked yet */
CATENA_SHARED volatile __s64 cat_live;		/* processes of the tree that have not ended */

CATENA_SHARED struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 26);
} cat_ring SEC(".maps");

CATENA_SHARED struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cat_task);
} cat_tasks SEC(".maps");

/* Objects that were described, with what was said of them: a file's name, a socket's addresses. Evicted means said again. */
CATENA_SHARED struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 262144);
	__type(key, u64);
	__type(value, u64);
} cat_described SEC(".maps");

CATENA_SHARED struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cat_counters);
} cat_counts SEC(".maps");

/* Processes whose tasks the snapshot marks as tracked (--pid), by thread group id. */
CATENA_SHARED struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 131072);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u32);
	__type(value, u32);
} cat_roots SEC(".maps");

#endif
