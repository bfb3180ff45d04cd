/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What a call really named, as the kernel resolved it. path_hooks.bpf.c writes it down in the middle of the call, from the
 * kernel's own structures and copies; the handlers take it at the exit. A call that ended before its hook, and any
 * call where the hooks are not loaded, leaves nothing here: handlers then read the program's memory and say so.
 */
#ifndef CATENA_BPF_RESOLVED_H
#define CATENA_BPF_RESOLVED_H

#include "lib/emit.bpf.h"

#define CAT_NAME_ROOM 256	/* NAME_MAX and the NUL behind it */

/* One path operation in progress. */
struct cat_resolved {
	u64 object, object2;	/* ids of what the first and the second path led to, 0 for nothing yet */
	u64 dir, dir2;		/* ids of the directories of both */
	u64 dentry, mnt;	/* of what is being made (mkdir, symlink): its inode comes later */
	u16 nr;			/* number of the call */
	u16 valid;
	u32 pad;
	char name[CAT_NAME_ROOM], name2[CAT_NAME_ROOM];
};

/* What a symbolic link is to say. Apart, since few tasks make any. */
struct cat_link_target {
	char text[CAT_PATH_MAX];
};

/* The address that a call on a socket named, as the kernel copied it. */
struct cat_named_address {
	u64 socket;
	u16 nr;
	u16 valid;
	u16 family;		/* 0: the call named none */
	u16 port;
	u16 path_len;
	u16 pad[3];
	u8 bytes[16];
	char path[CAT_UNIX_PATH];
	u32 pad2;
};

#define CAT_TASK_MAP(name_, value_)                                                             \
	struct {                                                                                \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);                                        \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                           \
		__type(key, int);                                                               \
		__type(value, value_);                                                          \
	} name_ SEC(".maps")

CAT_TASK_MAP(cat_resolved, struct cat_resolved);
CAT_TASK_MAP(cat_link_targets, struct cat_link_target);
CAT_TASK_MAP(cat_named_addresses, struct cat_named_address);

/* What this call resolved, NULL where no hook saw it. Taken once: it must not be met again by a later call. */
static __always_inline struct cat_resolved *cat_take_resolved(const struct cat_call *call)
{
	struct cat_resolved *found = bpf_task_storage_get(&cat_resolved, bpf_get_current_task_btf(), 0, 0);

	if (!found || !found->valid)
		return NULL;
	found->valid = 0;
	return found->nr == call->nr ? found : NULL;
}

/* A call that is not recorded leaves nothing for a later one of its kind that does not get to its hook. */
static __always_inline void cat_forget_resolved(void)
{
	struct cat_resolved *paths = bpf_task_storage_get(&cat_resolved, bpf_get_current_task_btf(), 0, 0);
	struct cat_named_address *address =
		bpf_task_storage_get(&cat_named_addresses, bpf_get_current_task_btf(), 0, 0);

	if (paths)
		paths->valid = 0;
	if (address)
		address->valid = 0;
}

static __always_inline struct cat_named_address *cat_take_address(const struct cat_call *call, struct file *file)
{
	struct cat_named_address *found =
		bpf_task_storage_get(&cat_named_addresses, bpf_get_current_task_btf(), 0, 0);

	if (!found || !found->valid)
		return NULL;
	found->valid = 0;
	return found->nr == call->nr && file && (u64)BPF_CORE_READ(file, private_data) == found->socket ? found : NULL;
}

#endif
