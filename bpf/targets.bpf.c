// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what does a process do to others, and to where it is? A pid that a call names is a number of the caller's pid
 * namespace, and may be a thread's; what is told is the process, and something new has flowed into that one. The kernel keeps
 * the numbers of a namespace in a tree of its own (lib/idr.c, lib/xarray.c), which is read here as it stands:
 * bpf_task_from_vpid is only there since Linux 6.13. Whatever changes meanwhile, the walk ends, and no more is at stake than
 * which process is meant.
 */
#include "lib/handlers.bpf.h"
#include "lib/process.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct xarray {
	void *xa_head;
};

struct idr {
	struct xarray idr_rt;
	unsigned int idr_base;
};

struct pid_namespace___numbers {
	struct idr idr;
};

struct xa_node {
	unsigned char shift;
	void *slots[1];	/* as many as the kernel was built for */
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct pid___tasks {
	struct hlist_head tasks[1];	/* of which the first, PIDTYPE_PID, is the task with this number */
};

struct task_struct___links {
	struct hlist_node pid_links[1];
};

#pragma clang attribute pop

#define NR_PTRACE 101
#define NR_PIDFD_SEND_SIGNAL 424
#define NR_PIDFD_GETFD 438

#define NODE_TAG 2	/* in the two lowest bits of an entry that leads on; small ones mean something else */
#define NODE_LEAST 4096
#define LEVELS 6	/* of 64 entries each: more than numbers have bits */

static __always_inline bool leads_on(u64 entry)
{
	return (entry & 3) == NODE_TAG && entry > NODE_LEAST;
}

__noinline u64 cat_pid_with_number(s32 number)
{
	struct pid_namespace___numbers *ns = (void *)cat_pid_namespace_of(bpf_get_current_task_btf());
	u64 entry, index, slots = bpf_core_field_size(struct xa_node, slots) / sizeof(void *);

	if (number <= 0 || !ns || !bpf_core_field_exists(struct pid_namespace___numbers, idr))
		return 0;
	entry = (u64)BPF_CORE_READ(ns, idr.idr_rt.xa_head);
	index = number - BPF_CORE_READ(ns, idr.idr_base);
	for (u32 level = 0; level < LEVELS && leads_on(entry); level++) {
		struct xa_node *node = (void *)(entry - NODE_TAG);
		u64 at = index >> BPF_CORE_READ(node, shift);

		/* The first node says how large numbers are at all. */
		if (level == 0 && at >= slots)
			return 0;
		entry = cat_read_u64((void *)((u64)node + bpf_core_field_offset(struct xa_node, slots) +
					      (at & (slots - 1)) * sizeof(void *)));
	}
	return entry & 3 ? 0 : entry;
}

/* Makes a deed one on the process that a struct pid stands for; false where that has ended. */
__noinline int cat_aim(struct cat_deed *deed, u64 pid_pointer)
{
	struct pid___tasks *pid = (void *)pid_pointer;
	struct task_struct *task, *leader;
	u64 link;

	if (!deed || !pid)
		return false;
	deed->flags |= CAT_FLAG_TARGET_PID;
	link = cat_read_u64((void *)((u64)pid + bpf_core_field_offset(struct pid___tasks, tasks)));
	if (!link) {
		deed->object = BPF_CORE_READ((struct pid *)pid, numbers[0].nr);
		return false;
	}
	task = (void *)(link - bpf_core_field_offset(struct task_struct___links, pid_links));
	leader = BPF_CORE_READ(task, group_leader);
	deed->object = BPF_CORE_READ(task, tgid);
	deed->into = cat_version_index(cat_process_id(deed->object, BPF_CORE_READ(leader, start_boottime)));
	return true;
}

/* The struct pid that a pidfd stands for; kept in the inode since pidfs, in the file before. */
static __always_inline u64 pid_of_pidfd(s32 fd)
{
	struct file *file = cat_fd_file(bpf_get_current_task_btf(), fd);
	struct inode *inode = file ? BPF_CORE_READ(file, f_inode) : NULL;

	if (!inode)
		return 0;
	return (u64)(BPF_CORE_READ(inode, i_sb, s_magic) == PID_FS_MAGIC ? BPF_CORE_READ(inode, i_private) :
								     BPF_CORE_READ(file, private_data));
}

/* chroot and pivot_root: what the root is afterwards, by its path on the host. */
__noinline int cat_on_root(struct cat_call *call)
{
	struct fs_struct *fs = bpf_get_current_task_btf()->fs;
	struct cat_deed deed = { .fd = -1 };

	if (!call)
		return 0;
	if (fs)
		deed.object = CAT_ID(cat_dentry_object((u64)BPF_CORE_READ(fs, root.dentry),
						       (u64)BPF_CORE_READ(fs, root.mnt)));
	deed.op = call->spec.op;
	cat_emit(call, &deed);
	return 0;
}

/* setns and unshare: which namespaces change, and whose they become where a pidfd says it. */
__noinline int cat_on_namespace(struct cat_call *call)
{
	struct cat_deed deed = { .fd = -1 };
	struct file *file;

	if (!call)
		return 0;
	deed.op = call->spec.op;
	deed.ret = call->ret;
	deed.arg = cat_table_arg(call);
	if (call->spec.fd >= 0) {
		deed.fd = cat_arg(call, call->spec.fd);
		file = cat_fd_file(bpf_get_current_task_btf(), deed.fd);
		if (file && BPF_CORE_READ(file, f_inode, i_sb, s_magic) != NSFS_MAGIC)
			cat_aim(&deed, pid_of_pidfd(deed.fd));
	}
	cat_emit(call, &deed);
	return 0;
}

/* One that has ended is not found any more: then user space has to know whose number it was. */
static __always_inline void aim_at_number(struct cat_deed *deed, s32 number)
{
	deed->flags |= CAT_FLAG_TARGET_PID;
	if (!cat_aim(deed, cat_pid_with_number(number)))
		deed->object = number > 0 ? number : 0;
}

/* Something done to another process: kill, ptrace, process_vm_readv… */
__noinline int cat_on_target(struct cat_call *call)
{
	struct cat_deed deed = { .fd = -1 };
	s32 pid;

	if (!call)
		return 0;
	deed.op = call->spec.op;
	deed.ret = call->ret;
	deed.arg = cat_table_arg(call);
	pid = cat_arg(call, call->spec.fd);
	if (call->spec.like == NR_PTRACE && deed.arg == PTRACE_TRACEME)
		pid = 0;
	if (call->spec.like == NR_PIDFD_SEND_SIGNAL || call->spec.like == NR_PIDFD_GETFD)
		cat_aim(&deed, pid_of_pidfd(pid));
	else
		aim_at_number(&deed, pid);
	if (deed.op == CAT_OP_TAKE_FD && call->ret >= 0)
		deed.fd = call->ret;
	if (deed.op == CAT_OP_VM_READ || deed.op == CAT_OP_VM_WRITE)
		deed.bytes = call->ret > 0 ? call->ret : 0;
	cat_emit(call, &deed);
	return 0;
}
