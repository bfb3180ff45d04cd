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

/* events, count: where each thread is. */
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct cat_function_frames);
} cat_function_stacks SEC(".maps");

/* events, count: what contexts there are; user space reads the list, up to cat_context_count. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CAT_CONTEXTS_MAX);
	__type(key, struct cat_function_context);
	__type(value, u32);
} cat_context_ids SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAT_CONTEXTS_MAX);
	__type(key, u32);
	__type(value, struct cat_function_context);
} cat_context_list SEC(".maps");

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
	return stack + (s64)cat_cookie_stack(cookie);
}

/* Whether the place where a function was entered still has its return address. */
static __always_inline bool cat_has_return_address(u64 stack, u64 back)
{
	u64 now = 0;

	return !back || bpf_probe_read_user(&now, sizeof(now), (void *)stack) || now == back;
}

struct cat_leaving {
	struct cat_function_frames *frames;
	u64 stack;
	u32 returned;
};

/* Forgets the innermost function, if it has returned; a callback of bpf_loop. */
static long cat_leave_one(u32 index, void *data)
{
	struct cat_leaving *leaving = data;
	struct cat_function_frames *frames = leaving->frames;
	u32 at = (frames->depth - 1) & (CAT_FUNCTION_FRAMES - 1);

	if (!frames->known)
		return 1;
	if (frames->stack[at] >= leaving->stack) {
		if (cat_has_return_address(frames->stack[at], frames->back[at]))
			return 1;
		leaving->returned++;
	}
	frames->depth--;
	frames->known--;
	return 0;
}

/*
 * Forgets the functions that have returned: those that were entered below `stack`, and those that others were called in place
 * of. How many there are of the latter.
 */
static __always_inline u32 cat_leave_functions(struct cat_function_frames *frames, u64 stack)
{
	struct cat_leaving leaving = { .frames = frames, .stack = stack };

	bpf_loop(CAT_FUNCTION_FRAMES, cat_leave_one, &leaving, 0);
	if (frames->named > frames->known)
		frames->named = frames->known;
	return leaving.returned;
}

#define CAT_CALLERS_SOUGHT 8

/* Whether the function that is `out` functions out of the innermost has this code. */
static __always_inline bool cat_is_in_code(const struct cat_function_frames *frames, u32 out, u64 address)
{
	u32 at = (frames->depth - 1 - out) & (CAT_FUNCTION_FRAMES - 1);

	return address - frames->code[at] < frames->code_bytes[at];
}

/*
 * Forgets the functions that the caller of the one that begins has called before, by where that one is going to return to. How many
 * these are. Where none of the functions that are open has that code, the caller is not watched, and nothing is known.
 */
static __always_inline u32 cat_leave_inside_caller(struct cat_function_frames *frames, u64 back)
{
	if (!back)
		return 0;
	for (u32 out = 0; out < CAT_CALLERS_SOUGHT; out++) {
		if (out >= frames->known)
			return 0;
		if (!cat_is_in_code(frames, out, back - 1))
			continue;
		frames->depth -= out;
		frames->known -= out;
		if (frames->named > frames->known)
			frames->named = frames->known;
		return out;
	}
	return 0;
}

/* Remembers that the function of a probe has begun; its caller, 0 where none is known. `returned` as of cat_leave_functions. */
static __always_inline u32 cat_enter_function(struct cat_function_frames *frames, struct pt_regs *regs, u64 cookie, u64 stack,
					      u32 *returned)
{
	u64 back = 0;
	u32 at, caller;

	if (cookie & CAT_FUNCTION_OUTERMOST)
		frames->known = 0;
	/* A probe on the return puts another address there. */
	if (!(cookie & CAT_FUNCTION_RETURNS))
		bpf_probe_read_user(&back, sizeof(back), (void *)stack);
	/* Who was entered at the very place where this one begins has returned, too. */
	*returned = cat_leave_functions(frames, stack + 1);
	*returned += cat_leave_inside_caller(frames, back);
	caller = frames->known ? frames->function[(frames->depth - 1) & (CAT_FUNCTION_FRAMES - 1)] : 0;
	at = frames->depth++ & (CAT_FUNCTION_FRAMES - 1);
	frames->stack[at] = stack;
	frames->back[at] = back;
	frames->code[at] = regs->ip;
	frames->code_bytes[at] = cat_cookie_code(cookie);
	frames->function[at] = cat_cookie_function(cookie);
	if (frames->known < CAT_FUNCTION_FRAMES)
		frames->known++;
	else if (frames->named)
		frames->named--;
	return caller;
}

static __always_inline void cat_count_hit(u32 function)
{
	u64 *hits = bpf_map_lookup_elem(&cat_function_hits, &function);

	if (hits)
		__sync_fetch_and_add(hits, 1);
}

#endif
