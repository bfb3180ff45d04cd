/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Calls of user functions: the maps of bpf/functions.bpf.c, made only where functions are asked for, and its small parts. */
#ifndef CATENA_BPF_FUNCTIONS_H
#define CATENA_BPF_FUNCTIONS_H

#include "lib/scope.bpf.h"
#include "lib/waiting.bpf.h"
#include "wire/functions.h"

/* events: calls that wait with their thread. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cat_function_waiting);
} cat_function_tasks SEC(".maps");

/* count: where each thread is. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cat_function_frames);
} cat_function_stacks SEC(".maps");

/* count: how often, by function and caller. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, CAT_FUNCTION_EDGES);
	__type(key, struct cat_function_edge);
	__type(value, u64);
} cat_function_edges SEC(".maps");

/* count: calls whose pair found no room above; once: whether there was one. By function. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAT_FUNCTIONS_MAX);
	__type(key, u32);
	__type(value, u64);
} cat_function_hits SEC(".maps");

static __always_inline u64 cat_entry_stack(u64 stack, u64 cookie)
{
	return stack + (s64)(s32)(cookie >> 32);
}

/* Forgets the functions that have returned: those whose entry was not above the one that begins now. */
static __always_inline void cat_leave_functions(struct cat_function_frames *frames, u64 stack)
{
	for (u32 i = 0; i < CAT_FUNCTION_FRAMES; i++) {
		if (!frames->known || frames->stack[(frames->depth - 1) & (CAT_FUNCTION_FRAMES - 1)] > stack)
			break;
		frames->depth--;
		frames->known--;
	}
}

/* Remembers that `function` has begun; its caller, 0 where none is known. */
static __always_inline u32 cat_enter_function(struct cat_function_frames *frames, u32 function, u64 stack)
{
	u32 at, caller;

	cat_leave_functions(frames, stack);
	caller = frames->known ? frames->function[(frames->depth - 1) & (CAT_FUNCTION_FRAMES - 1)] : 0;
	at = frames->depth++ & (CAT_FUNCTION_FRAMES - 1);
	frames->stack[at] = stack;
	frames->function[at] = function;
	if (frames->known < CAT_FUNCTION_FRAMES)
		frames->known++;
	return caller;
}

static __always_inline void cat_count_hit(u32 function)
{
	u64 *hits = bpf_map_lookup_elem(&cat_function_hits, &function);

	if (hits)
		__sync_fetch_and_add(hits, 1);
}

#endif
