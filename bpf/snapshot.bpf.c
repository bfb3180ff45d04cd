// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what was there before recording began? Iterators that user space reads once the other programs are attached:
 * they put the same descriptions into the ring as those do, and mark the tasks of processes in cat_roots as tracked.
 */
#include "lib/objects.bpf.h"

#include "lib/process.bpf.h"

static __always_inline bool is_root(u32 tgid)
{
	return bpf_map_lookup_elem(&cat_roots, &tgid) != NULL;
}

/* Marks the tasks of --pid's processes. Runs again until no new process turns up. */
SEC("iter/task")
int cat_mark_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct cat_task *state;

	if (!task || !is_root(task->tgid))
		return 0;
	state = bpf_task_storage_get(&cat_tasks, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state || state->tracked)
		return 0;
	state->tracked = 1;
	if (task->pid == task->tgid)
		__sync_fetch_and_add(&cat_live, 1);
	return 0;
}

/* Describes each process: not its arguments, which user space reads from /proc. */
SEC("iter/task")
int cat_describe_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct mm_struct *mm;
	u64 exe = 0;

	if (!task || task->pid != task->tgid || task->tgid == cat_recorder_tgid)
		return 0;
	/* The command that waits to be recorded is still a copy of the recorder. */
	if (BPF_CORE_READ(task, real_parent, tgid) == cat_recorder_tgid)
		return 0;
	mm = task->mm;
	if (mm) {
		struct file *exe_file = BPF_CORE_READ(mm, exe_file);

		if (exe_file)
			exe = CAT_ID(cat_file_object((u64)exe_file));
	}
	cat_describe_process(task, CAT_PROCESS_SNAPSHOT, exe, 0);
	return 0;
}

/* Describes what the recorded processes have open. */
SEC("iter/task_file")
int cat_describe_files(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file || task->pid != task->tgid || task->tgid == cat_recorder_tgid)
		return 0;
	if (cat_scope == CAT_SCOPE_TREE && !is_root(task->tgid))
		return 0;
	/* Looked up again as a number: functions of their own take no typed pointers. */
	file = cat_fd_file(task, ctx->fd);
	if (file)
		cat_file_object((u64)file);
	return 0;
}
