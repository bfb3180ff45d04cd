/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * From a descriptor to the id of the object behind it, describing the object first if nobody has (objects.bpf.c).
 * Functions without `static` are verified once on their own, not at each call.
 */
#ifndef CATENA_BPF_OBJECTS_H
#define CATENA_BPF_OBJECTS_H

#include "lib/kernel_read.bpf.h"
#include "lib/maps.bpf.h"

/* A peer address that a call names itself, as the program's memory or (resolved.bpf.h) the kernel's copy has it. */
struct cat_address {
	u16 family;		/* 0: none */
	u16 port;
	u16 path_len;
	u16 in_kernel;		/* path is a kernel address */
	u64 path;		/* where a unix socket's path is; 512 bytes of stack do not hold it */
	u8 bytes[16];
};

#define CAT_OBJECT_SOCKET (1ULL << 63)	/* ids have 62 bits; this one says what kind it is */
#define CAT_OBJECT_MEMORY (1ULL << 62)	/* and this one: the memory of a process, as a file */
#define CAT_ID(object) ((object) & ~(CAT_OBJECT_SOCKET | CAT_OBJECT_MEMORY))

/* The id of the object behind a file, with CAT_OBJECT_… for its kind; 0 for what is not recorded (epoll, eventfd…). */
u64 cat_file_object(u64 file_pointer);

/* The id of a directory entry's file, 0 where it has none. */
u64 cat_dentry_object(u64 dentry_pointer, u64 mnt_pointer);

/* The id of an inode that is about to get this directory entry. */
u64 cat_inode_object(u64 inode_pointer, u64 dentry_pointer, u64 mnt_pointer);

/* The id of a file's socket towards `to` (may be NULL: its own peer), 0 where it is no socket. */
u64 cat_socket_object(u64 file_pointer, struct cat_address *to);

/*
 * Which version words (wire/merge.h) a flow through a socket reads and bumps: the two ends of a connection on this host share
 * them, so that what is sent into one end is new at the other. Also whether it is a stream (CAT_FLAG_STREAM).
 */
struct cat_deed;
int cat_socket_flow(u64 file_pointer, struct cat_address *to, struct cat_deed *deed);

/* The id of a user. */
u64 cat_user_object(u32 uid);

/* Whether just this is remembered of an object or an edge, and remembering it. */
static __always_inline bool cat_remembers(void *words, u64 id, u64 what)
{
	u32 place = id & (CAT_WORDS - 1);
	u64 *word = bpf_map_lookup_elem(words, &place);

	return word && *word == cat_hash(id, what);
}

static __always_inline void cat_remember(void *words, u64 id, u64 what)
{
	u32 place = id & (CAT_WORDS - 1);
	u64 *word = bpf_map_lookup_elem(words, &place);

	if (word)
		*word = cat_hash(id, what);
}

static __always_inline struct file *cat_fd_file(struct task_struct *task, s32 fd)
{
	struct files_struct *files = task->files;
	struct fdtable *fdt = files ? files->fdt : NULL;

	if (!fdt || fd < 0 || (u32)fd >= fdt->max_fds)
		return NULL;
	return (struct file *)CAT_LOAD_U64(fdt->fd + fd);
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
