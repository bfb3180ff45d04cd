/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Describing a process: who it is, where it comes from, what it runs. */
#ifndef CATENA_BPF_PROCESS_H
#define CATENA_BPF_PROCESS_H

#include "lib/emit.bpf.h"

static __always_inline void cat_fill_process(struct cat_process *record, struct task_struct *task, u32 reason, u64 exe,
					     u32 args_len)
{
	struct task_struct *leader = task->group_leader, *parent = task->real_parent;
	struct task_struct *parent_leader = BPF_CORE_READ(parent, group_leader);

	cat_fill_header(&record->header, CAT_PROCESS, sizeof(*record));
	record->tgid = task->tgid;
	record->start_ns = leader->start_boottime;
	record->id = cat_process_id(record->tgid, record->start_ns);
	/* The command that is recorded has no parent that is. */
	record->parent_tgid = BPF_CORE_READ(parent_leader, tgid);
	record->parent = cat_process_id(record->parent_tgid, BPF_CORE_READ(parent_leader, start_boottime));
	if (record->parent_tgid == cat_recorder_tgid)
		record->parent_tgid = record->parent = 0;
	record->exe = exe;
	record->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	record->uid = BPF_CORE_READ(task, cred, uid.val);
	record->gid = BPF_CORE_READ(task, cred, gid.val);
	record->reason = reason;
	record->args_len = args_len;
	BPF_CORE_READ_STR_INTO(&record->comm, task, comm);
}

/* Describes a process; `exe` and `args_len` as in struct cat_process. */
static __always_inline void cat_describe_process(struct task_struct *task, u32 reason, u64 exe, u32 args_len)
{
	struct cat_process *record = CAT_RESERVE_NAME(sizeof(*record), CAT_RANK_VITAL);

	if (!record)
		return;
	cat_fill_process(record, task, reason, exe, args_len);
	bpf_ringbuf_submit(record, cat_wakeup_flags());
}

#endif
