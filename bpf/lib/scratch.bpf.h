/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The scratch of each task in full fidelity, and the table of rules: shared by capture.bpf.c and calls.bpf.c only. */
#ifndef CATENA_BPF_SCRATCH_H
#define CATENA_BPF_SCRATCH_H

#include "lib/maps.bpf.h"
#include "wire/capture.h"

/* Rules, by ABI and number; written before loading. */
const volatile struct cat_captures cat_captures[CAT_ABIS * CAT_CALL_NUMBERS];

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cat_scratch);
} cat_captured SEC(".maps");

static __always_inline struct cat_scratch *cat_scratch(void)
{
	return bpf_task_storage_get(&cat_captured, bpf_get_current_task_btf(), 0, 0);
}

/* Copies what the rules of the call that is going on say for this moment. */
int cat_capture(struct cat_scratch *scratch, u32 when);

#endif
