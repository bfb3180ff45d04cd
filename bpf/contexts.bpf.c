// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: in which functions does a thread make its system call? What the probes remember of it (lib/functions.bpf.h) has a
 * number for each path of functions, given when the first system call is made there; user space reads what the numbers stand for.
 */
#include "lib/functions.bpf.h"

/* The id of a context; where there is no room for more of them, what stands for its function alone. */
static __always_inline u32 name_context(u32 parent, u32 function)
{
	struct cat_function_context key = { .parent = parent, .function = function }, *place;
	u32 *known = bpf_map_lookup_elem(&cat_context_ids, &key), at, id;

	if (known)
		return *known;
	if (cat_context_count >= CAT_CONTEXTS_MAX)
		return CAT_CONTEXT_SHALLOW | function;
	at = __sync_fetch_and_add(&cat_context_count, 1);
	place = bpf_map_lookup_elem(&cat_context_list, &at);
	if (!place)
		return CAT_CONTEXT_SHALLOW | function;
	*place = key;
	id = at + 1;
	/* Two threads that come at once make two of it, which is no harm: both are in the list. */
	bpf_map_update_elem(&cat_context_ids, &key, &id, BPF_NOEXIST);
	return id;
}

struct naming {
	struct cat_function_frames *frames;
	u32 parent;
};

/* Names the outermost function that has no context yet; a callback of bpf_loop. */
static long name_frame(u32 index, void *data)
{
	struct naming *naming = data;
	struct cat_function_frames *frames = naming->frames;
	u32 at;

	if (frames->named >= frames->known)
		return 1;
	at = (frames->depth - frames->known + frames->named) & (CAT_FUNCTION_FRAMES - 1);
	naming->parent = name_context(naming->parent, frames->function[at]);
	frames->context[at] = naming->parent;
	frames->named++;
	return 0;
}

/* Most system calls are made where the last one was made; those that are not get their functions named from the outermost on. */
__noinline int cat_find_context(struct cat_task *state)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct naming naming = {};

	if (!cat_contexts || !state)
		return 0;
	state->context = 0;
	naming.frames = bpf_task_storage_get(&cat_function_stacks, task, 0, 0);
	if (!naming.frames)
		return 0;
	cat_leave_functions(naming.frames, BPF_CORE_READ(regs, sp));
	if (naming.frames->named)
		naming.parent = naming.frames->context[(naming.frames->depth - naming.frames->known + naming.frames->named - 1) &
						       (CAT_FUNCTION_FRAMES - 1)];
	if (naming.frames->named < naming.frames->known)
		bpf_loop(CAT_FUNCTION_FRAMES, name_frame, &naming, 0);
	state->context = naming.parent;
	return 0;
}

/* The functions of the old program call none of the new one. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(cat_function_new_stack, struct task_struct *task)
{
	bpf_task_storage_delete(&cat_function_stacks, bpf_get_current_task_btf());
	return 0;
}

/* The child goes on where its parent is: on a copy of the same stack, or (vfork) on the stack itself. */
SEC("tp_btf/sched_process_fork")
int BPF_PROG(cat_function_fork, struct task_struct *parent, struct task_struct *child)
{
	struct cat_function_frames *frames, *copy;
	struct pt_regs *here, *there;

	frames = bpf_task_storage_get(&cat_function_stacks, bpf_get_current_task_btf(), 0, 0);
	if (!frames)
		return 0;
	here = (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
	there = (struct pt_regs *)bpf_task_pt_regs(child);
	if (BPF_CORE_READ(here, sp) != BPF_CORE_READ(there, sp))
		return 0;
	copy = bpf_task_storage_get(&cat_function_stacks, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (copy)
		bpf_probe_read_kernel(copy, sizeof(*copy), frames);
	return 0;
}
