/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From a descriptor to the id of the object behind it, describing the object first if nobody has (objects.bpf.c).
 * Functions without `static` are verified once on their own, not at each call.
 */
#ifndef CATENA_BPF_OBJECTS_H
#define CATENA_BPF_OBJECTS_H

#include "lib/maps.bpf.h"

/* A peer address that a call names itself, as the program's memory has it. */
struct cat_address {
	u16 family;		/* 0: none */
	u16 port;
	u16 path_len;
	u16 path_in_kernel;	/* path is a kernel address */
	u64 path;		/* where a unix socket's path is; 512 bytes of stack do not hold it */
	u8 bytes[16];
};

#define CAT_OBJECT_SOCKET (1ULL << 63)	/* ids have 62 bits; this one says what kind it is */
#define CAT_OBJECT_MEMORY (1ULL << 62)	/* and this one: the memory of a process, as a file */
#define CAT_ID(object) ((object) & ~(CAT_OBJECT_SOCKET | CAT_OBJECT_MEMORY))

/* The id of the object behind a file, with CAT_OBJECT_… for its kind; 0 for what is not recorded (epoll, eventfd…). */
u64 cat_file_object(u64 file_pointer);

/* The id of a directory entry's file. */
u64 cat_dentry_object(u64 dentry_pointer, u64 mnt_pointer);

/* The id of a file's socket towards `to` (may be NULL: its own peer), 0 where it is no socket. */
u64 cat_socket_object(u64 file_pointer, struct cat_address *to);

/* The id of a user. */
u64 cat_user_object(u32 uid);

/* Whether just this was said of an object before. */
static __always_inline bool cat_already_described(u64 id, u64 version)
{
	u64 *known = bpf_map_lookup_elem(&cat_described, &id);

	return known && *known == version;
}

static __always_inline struct file *cat_fd_file(struct task_struct *task, s32 fd)
{
	struct file *file = NULL;
	struct fdtable *fdt = BPF_CORE_READ(task, files, fdt);

	if (!fdt || fd < 0 || (u32)fd >= BPF_CORE_READ(fdt, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), BPF_CORE_READ(fdt, fd) + fd);
	return file;
}

static __always_inline u64 cat_fd_object(s32 fd)
{
	struct file *file = cat_fd_file(bpf_get_current_task_btf(), fd);

	return file ? cat_file_object((u64)file) : 0;
}

/*
 * Whether a path begins in the working directory by way of /proc/self/cwd, which nobody can follow once the process has
 * gone. `first` gets the path's first letter.
 */
static __always_inline bool cat_path_in_cwd(u64 path, bool in_kernel, char *first)
{
	static const char cwd[] = "/proc/self/cwd/";
	char head[16] = {};

	if (in_kernel)
		bpf_probe_read_kernel_str(head, sizeof(head), (void *)path);
	else
		bpf_probe_read_user_str(head, sizeof(head), (void *)path);
	*first = head[0];
	return __builtin_memcmp(head, cwd, 15) == 0;
}

#endif
