/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Whether the current task is recorded, and what we keep for it. */
#ifndef CATENA_BPF_SCOPE_H
#define CATENA_BPF_SCOPE_H

#include "lib/maps.bpf.h"

/* The state of `task`, the current one; NULL when it is not recorded. Its process id is filled in. */
static __always_inline struct cat_task *cat_tracked_task(struct task_struct *task)
{
	struct cat_task *state;

	if (cat_scope == CAT_SCOPE_TREE) {
		state = bpf_task_storage_get(&cat_tasks, task, 0, 0);
		if (!state || !state->tracked)
			return NULL;
	} else {
		if (task->tgid == cat_recorder_tgid)
			return NULL;
		if (cat_scope == CAT_SCOPE_CGROUP && bpf_get_current_ancestor_cgroup_id(cat_cgroup_level) != cat_cgroup_id)
			return NULL;
		state = bpf_task_storage_get(&cat_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!state)
			return NULL;
	}
	if (!state->process) {
		state->bumper = bpf_get_current_task();
		state->process_start = task->group_leader->start_boottime;
		state->process = cat_process_id(task->tgid, state->process_start);
	}
	return state;
}

/* Finds out in which functions the current task makes the system call that it is in: state->context (contexts.bpf.c). */
int cat_find_context(struct cat_task *state);

#endif
