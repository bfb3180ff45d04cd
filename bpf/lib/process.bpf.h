/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Describing a process: who it is, where it comes from, what it runs. */
#ifndef CATENA_BPF_PROCESS_H
#define CATENA_BPF_PROCESS_H

#include "lib/emit.bpf.h"

/* The pid namespace that a task is in; nsproxy has only the one for its children. */
static __always_inline struct pid_namespace *cat_pid_namespace_of(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid_namespace *ns = NULL;
	u64 innermost;

	if (!pid)
		return NULL;
	innermost = (u64)pid + bpf_core_field_offset(struct pid, numbers) +
		    (u64)BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);
	bpf_probe_read_kernel(&ns, sizeof(ns), (void *)(innermost + bpf_core_field_offset(struct upid, ns)));
	return ns;
}

/* On whose behalf a task runs, and in which namespaces. */
static __always_inline void cat_fill_owner(struct cat_process *record, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);
	struct nsproxy *namespaces = BPF_CORE_READ(task, nsproxy);
	struct pid_namespace *pid_ns;

	record->uid = BPF_CORE_READ(cred, uid.val);
	record->gid = BPF_CORE_READ(cred, gid.val);
	record->euid = BPF_CORE_READ(cred, euid.val);
	record->user_ns = BPF_CORE_READ(cred, user_ns, ns.inum);
	/* A task that is exiting has none any more. */
	record->mount_ns = namespaces ? BPF_CORE_READ(namespaces, mnt_ns, ns.inum) : 0;
	pid_ns = cat_pid_namespace_of(task);
	record->pid_ns = pid_ns ? BPF_CORE_READ(pid_ns, ns.inum) : 0;
	record->login_uid = bpf_core_field_exists(task->loginuid) ? BPF_CORE_READ(task, loginuid.val) : CAT_UNSET;
	record->session = bpf_core_field_exists(task->sessionid) ? BPF_CORE_READ(task, sessionid) : CAT_UNSET;
}

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
	cat_fill_owner(record, task);
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
