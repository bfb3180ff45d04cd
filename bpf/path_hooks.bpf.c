// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which file did a path lead to, and which address did a socket go to, in the very call? Asked where the kernel
 * asks its security modules: it has resolved the path and holds what it found, or has copied the address, and no thread
 * of the program can change it any more. The handlers in files.bpf.c and sockets.bpf.c take the answer at sys_exit.
 *
 * fentry on security_… rather than LSM programs: those come after the other modules and miss what these refuse, and for an
 * exchange by rename some kernels call them twice. The functions are called once for a system call, not again for the layers of an
 * overlay; where the kernel begins anew (a lease to be broken, a stale handle), the last time counts, since it is the one done.
 *
 * These programs are optional: the sensor loads them where the kernel lets them load and attach (src/sensor/path_hooks.cc).
 */
#include "lib/resolved.bpf.h"

#include "lib/objects.bpf.h"
#include "lib/scope.bpf.h"

#include <bpf/bpf_endian.h>

#define MOUNTS_ON_MOUNTS 8	/* how many mounts may lie on one place, for its name to be found */

/* An argument of the function, untyped: typed pointers, as BPF_PROG has them, cannot be given to cat_dentry_object on 6.1. */
static __always_inline void *argument(const void *ctx, int index)
{
	void *value = NULL;

	bpf_probe_read_kernel(&value, sizeof(value), (const u64 *)ctx + index);
	return value;
}

/* The number of the system call that the current task is in, if it is one of the handler's; -1 where it is not. */
static __always_inline s32 current_call(u8 handler)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	u64 nr = (u32)BPF_CORE_READ(regs, orig_ax);	/* the kernel looks at no more of it */

	barrier_var(nr);	/* Linux 6.1's verifier does not see that 32 bits are compared below */
	if (nr >= CAT_SYSCALLS || task->thread_info.status & TS_COMPAT || cat_syscalls[nr].handler != handler)
		return -1;
	return nr;
}

/* Begins to write down a path operation; NULL when the current call is none, or is not recorded. */
static __always_inline struct cat_resolved *begin(u16 op, u16 other_op)
{
	s32 nr = current_call(CAT_H_PATH);
	struct cat_resolved *state;

	if (nr < 0 || nr >= CAT_SYSCALLS || (cat_syscalls[nr].op != op && cat_syscalls[nr].op != other_op) ||
	    !cat_tracked_task(bpf_get_current_task_btf()))
		return NULL;
	state = bpf_task_storage_get(&cat_resolved, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state)
		return NULL;
	state->valid = 0;
	state->nr = nr;
	state->object = state->object2 = 0;
	state->dir2 = 0;
	state->dentry = 0;
	state->name2[0] = 0;
	return state;
}

static __always_inline void copy_name(char *to, struct dentry *dentry)
{
	bpf_probe_read_kernel_str(to, CAT_NAME_ROOM, BPF_CORE_READ(dentry, d_name.name));
}

static __always_inline u64 object_at(struct dentry *dentry, const struct path *dir)
{
	return cat_dentry_object((u64)dentry, (u64)BPF_CORE_READ(dir, mnt));
}

/* The first path: an entry of a directory. */
static __always_inline void first_path(struct cat_resolved *state, const struct path *dir, struct dentry *dentry)
{
	state->dir = object_at(BPF_CORE_READ(dir, dentry), dir);
	copy_name(state->name, dentry);
}

static __always_inline void second_path(struct cat_resolved *state, const struct path *dir, struct dentry *dentry)
{
	state->dir2 = object_at(BPF_CORE_READ(dir, dentry), dir);
	copy_name(state->name2, dentry);
}

/* An operation on a path that was followed to its end. What is mounted somewhere has the name of that place. */
static __always_inline int whole_path(const struct path *path, u16 op)
{
	struct dentry *dentry = BPF_CORE_READ(path, dentry);
	struct vfsmount *mnt = BPF_CORE_READ(path, mnt);
	struct cat_resolved *state = begin(op, op);

	if (!state)
		return 0;
	state->object = cat_dentry_object((u64)dentry, (u64)mnt);
	for (int i = 0; i < MOUNTS_ON_MOUNTS && dentry == BPF_CORE_READ(mnt, mnt_root); i++) {
		struct mount *here = (void *)mnt - bpf_core_field_offset(struct mount, mnt);
		struct mount *above = BPF_CORE_READ(here, mnt_parent);

		if (!above || above == here)
			break;
		dentry = BPF_CORE_READ(here, mnt_mountpoint);
		mnt = (void *)above + bpf_core_field_offset(struct mount, mnt);
	}
	state->dir = cat_dentry_object((u64)BPF_CORE_READ(dentry, d_parent), (u64)mnt);
	copy_name(state->name, dentry);
	state->valid = state->object != 0;
	return 0;
}

SEC("fentry/security_path_chmod")
int cat_path_chmod(void *ctx)
{
	return whole_path(argument(ctx, 0), CAT_OP_CHMOD);
}

SEC("fentry/security_path_chown")
int cat_path_chown(void *ctx)
{
	return whole_path(argument(ctx, 0), CAT_OP_CHOWN);
}

SEC("fentry/security_path_truncate")
int cat_path_truncate(void *ctx)
{
	return whole_path(argument(ctx, 0), CAT_OP_TRUNCATE);
}

/* unlinkat does both. */
static __always_inline int removal(const struct path *dir, struct dentry *dentry)
{
	struct cat_resolved *state = begin(CAT_OP_UNLINK, CAT_OP_RMDIR);

	if (!state)
		return 0;
	state->object = object_at(dentry, dir);
	first_path(state, dir, dentry);
	state->valid = state->object != 0;
	return 0;
}

SEC("fentry/security_path_unlink")
int cat_path_unlink(void *ctx)
{
	return removal(argument(ctx, 0), argument(ctx, 1));
}

SEC("fentry/security_path_rmdir")
int cat_path_rmdir(void *ctx)
{
	return removal(argument(ctx, 0), argument(ctx, 1));
}

SEC("fentry/security_path_rename")
int cat_path_rename(void *ctx)
{
	const struct path *old_dir = argument(ctx, 0), *new_dir = argument(ctx, 2);
	struct dentry *old_dentry = argument(ctx, 1), *new_dentry = argument(ctx, 3);
	struct cat_resolved *state = begin(CAT_OP_RENAME, CAT_OP_RENAME);

	if (!state)
		return 0;
	state->object = object_at(old_dentry, old_dir);
	state->object2 = object_at(new_dentry, new_dir);
	first_path(state, old_dir, old_dentry);
	second_path(state, new_dir, new_dentry);
	state->valid = state->object != 0;
	return 0;
}

/* Both names are on one mount: the kernel links no file across. */
SEC("fentry/security_path_link")
int cat_path_link(void *ctx)
{
	struct dentry *old_dentry = argument(ctx, 0), *new_dentry = argument(ctx, 2);
	const struct path *new_dir = argument(ctx, 1);
	struct cat_resolved *state = begin(CAT_OP_LINK, CAT_OP_LINK);

	if (!state)
		return 0;
	state->object = object_at(old_dentry, new_dir);
	state->dir = object_at(BPF_CORE_READ(old_dentry, d_parent), new_dir);
	copy_name(state->name, old_dentry);
	second_path(state, new_dir, new_dentry);
	state->valid = state->object != 0;
	return 0;
}

/* What is made has no inode yet; cat_new_inode meets it. */
static __always_inline struct cat_resolved *creation(const struct path *dir, struct dentry *dentry, u16 op)
{
	struct cat_resolved *state = begin(op, op);

	if (!state)
		return NULL;
	first_path(state, dir, dentry);
	state->dentry = (u64)dentry;
	state->mnt = (u64)BPF_CORE_READ(dir, mnt);
	state->valid = 1;
	return state;
}

SEC("fentry/security_path_mkdir")
int cat_path_mkdir(void *ctx)
{
	creation(argument(ctx, 0), argument(ctx, 1), CAT_OP_MKDIR);
	return 0;
}

SEC("fentry/security_path_symlink")
int cat_path_symlink(void *ctx)
{
	struct cat_resolved *state = creation(argument(ctx, 0), argument(ctx, 1), CAT_OP_SYMLINK);
	struct cat_link_target *target;

	if (!state)
		return 0;
	target = bpf_task_storage_get(&cat_link_targets, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (target)
		bpf_probe_read_kernel_str(target->text, sizeof(target->text), argument(ctx, 2));
	else
		state->valid = 0;
	return 0;
}

/* A directory entry gets its inode: is it the one that is being made? */
SEC("fentry/security_d_instantiate")
int cat_new_inode(void *ctx)
{
	struct cat_resolved *state = bpf_task_storage_get(&cat_resolved, bpf_get_current_task_btf(), 0, 0);

	if (!state || !state->valid || state->dentry != (u64)argument(ctx, 0))
		return 0;
	state->object = cat_inode_object((u64)argument(ctx, 1), state->dentry, state->mnt);
	return 0;
}

/* Writes down an address in kernel memory; `from` NULL: the call names none. */
static __always_inline void named_address(s32 nr, struct socket *socket, const void *from, s32 len)
{
	struct cat_named_address *to;
	u16 port = 0;

	if (!cat_tracked_task(bpf_get_current_task_btf()))
		return;
	to = bpf_task_storage_get(&cat_named_addresses, bpf_get_current_task_btf(), 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!to)
		return;
	__builtin_memset(to, 0, sizeof(*to));
	to->socket = (u64)socket;
	to->nr = nr;
	to->valid = 1;
	if (!from || len < 2)
		return;
	bpf_probe_read_kernel(&to->family, sizeof(to->family), from);
	if (to->family == AF_INET || to->family == AF_INET6) {
		bpf_probe_read_kernel(&port, sizeof(port), from + 2);
		to->port = bpf_ntohs(port);
		if (to->family == AF_INET)
			bpf_probe_read_kernel(to->bytes, 4, from + 4);
		else
			bpf_probe_read_kernel(to->bytes, 16, from + 8);
	} else if (to->family == AF_UNIX && len > 2) {
		u32 path_len = len - 2;

		if (path_len > CAT_UNIX_PATH)
			path_len = CAT_UNIX_PATH;
		bpf_probe_read_kernel(to->path, path_len, from + 2);
		to->path_len = path_len;
	} else {
		to->family = 0;
	}
}

SEC("fentry/security_socket_connect")
int cat_socket_connect(void *ctx)
{
	s32 nr = current_call(CAT_H_CONNECT);

	if (nr >= 0)
		named_address(nr, argument(ctx, 0), argument(ctx, 1), (s64)argument(ctx, 2));
	return 0;
}

/* Not for sendmmsg: the kernel asks once for several messages to the same address. */
SEC("fentry/security_socket_sendmsg")
int cat_socket_sendmsg(void *ctx)
{
	struct msghdr *message = argument(ctx, 1);
	s32 nr = current_call(CAT_H_SENDTO);

	if (nr < 0)
		nr = current_call(CAT_H_MSG);
	if (nr >= 0)
		named_address(nr, argument(ctx, 0), BPF_CORE_READ(message, msg_name),
			      BPF_CORE_READ(message, msg_namelen));
	return 0;
}
