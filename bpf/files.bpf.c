// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which file did the program open, close, name, rename or change? Objects of descriptors come from the kernel's
 * structures. Path operations leave no trace of their inode at the exit of the call: where path_hooks.bpf.c has seen them
 * in the middle, they have what the kernel used; elsewhere their paths are read from the program's memory, marked
 * CAT_FLAG_USER_SOURCE, and joined with the directory that the kernel says they start from.
 */
#include "lib/handlers.bpf.h"
#include "lib/objects.bpf.h"
#include "lib/resolved.bpf.h"

/* Copies a path; its length without the NUL, or -1 when it fills the room. */
static __always_inline s32 copy_path(char *to, u32 room, u64 from, bool in_kernel)
{
	s64 len;

	if (!from)
		return 0;
	len = in_kernel ? bpf_probe_read_kernel_str(to, room, (void *)from) :
			  bpf_probe_read_user_str(to, room, (void *)from);
	if (len <= 0)	/* 0 for an empty one, on older kernels */
		return 0;
	return len == room ? -1 : len - 1;
}

/* The sizes are constants for the verifier. 0: done, -1: a path did not fit, -2: the ring is full. */
#define EMIT_PATHS(room_, last)                                                                 \
	({                                                                                      \
		int result_ = -2;                                                               \
		struct cat_path_event *record_ = CAT_RESERVE(sizeof(*record_) + 2 * (room_),    \
							     cat_rank_of(deed->op), why);       \
		if (record_) {                                                                  \
			char *text_ = (char *)record_ + sizeof(*record_);                       \
			s32 len_ = copy_path(text_, room_, paths->path,                         \
					      paths->in_kernel & CAT_PATH_IN_KERNEL);           \
			s32 len2_ = copy_path(text_ + (room_), room_, paths->path2,            \
					       paths->in_kernel & CAT_PATH2_IN_KERNEL);         \
			if ((len_ < 0 || len2_ < 0) && !(last)) {                               \
				bpf_ringbuf_discard(record_, BPF_RB_NO_WAKEUP);                 \
				result_ = -1;                                                   \
			} else {                                                                \
				cat_fill_header(&record_->event.header, CAT_PATH_EVENT,         \
						sizeof(*record_) + 2 * (room_));                \
				cat_fill_event(&record_->event, call, deed);                    \
				if (len_ < 0 || len2_ < 0)                                      \
					record_->event.flags |= CAT_FLAG_TRUNCATED;             \
				record_->dir = paths->dir;                                      \
				record_->dir2 = paths->dir2;                                    \
				record_->object2 = paths->object2;                              \
				record_->path_len = len_ < 0 ? (room_) - 1 : len_;              \
				record_->path2_len = len2_ < 0 ? (room_) - 1 : len2_;           \
				record_->room = (room_);                                        \
				bpf_ringbuf_submit(record_, cat_wakeup_flags());                \
				result_ = 0;                                                    \
			}                                                                       \
		}                                                                               \
		result_;                                                                        \
	})

__noinline int cat_emit_paths(struct cat_call *call, struct cat_deed *deed, struct cat_paths *paths)
{
	u64 now_ns = bpf_ktime_get_boot_ns();
	int result, why;

	if (!call || !deed || !paths)
		return 0;
	CAT_COUNT(seen);
	result = EMIT_PATHS(CAT_PATH_SMALL, false);
	if (result == -1)
		result = EMIT_PATHS(CAT_PATH_MAX, true);
	if (result < 0)
		cat_count_lost(why);
	else
		CAT_COUNT(emitted);
	cat_bump_targets(call, deed, now_ns);
	return 0;
}

/* The directory that a path starts from: the process's root, its working directory, or a descriptor's. */
static __always_inline u64 start_of_path(const struct cat_call *call, int dir, u64 path)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	s32 fd = dir < 0 ? AT_FDCWD : (s32)cat_arg(call, dir);
	struct file *file;
	char first = 0;

	if (cat_path_in_cwd(path, false, &first)) {
		first = 0;
		fd = AT_FDCWD;
	}
	if (!fs)
		return 0;
	if (first == '/')
		return cat_dentry_object((u64)CAT_POINTER(fs_struct, fs, root.dentry), (u64)CAT_POINTER(fs_struct, fs, root.mnt));
	if (fd == AT_FDCWD)
		return cat_dentry_object((u64)CAT_POINTER(fs_struct, fs, pwd.dentry), (u64)CAT_POINTER(fs_struct, fs, pwd.mnt));
	/* By its dentry: cat_fd_object would go deeper than 512 bytes of stack allow here. */
	file = cat_fd_file(task, fd);
	return file ? cat_dentry_object((u64)CAT_POINTER(file, file, f_path.dentry), (u64)CAT_POINTER(file, file, f_path.mnt)) : 0;
}

/* What a path operation used, as the kernel said it in the middle of the call. */
static __always_inline void take_paths(struct cat_resolved *resolved, struct cat_deed *deed, struct cat_paths *paths)
{
	deed->object = CAT_ID(resolved->object);
	paths->object2 = CAT_ID(resolved->object2);
	paths->dir = resolved->dir;
	paths->dir2 = resolved->dir2;
	paths->path = (u64)resolved->name;
	paths->path2 = (u64)resolved->name2;
	if (deed->op == CAT_OP_SYMLINK)
		paths->path2 = (u64)bpf_task_storage_get(&cat_link_targets, bpf_get_current_task_btf(), 0, 0);
	paths->in_kernel = CAT_PATH_IN_KERNEL | CAT_PATH2_IN_KERNEL;
}

__noinline int cat_on_path(struct cat_call *call)
{
	struct cat_paths paths = {};
	struct cat_deed deed = { .fd = -1 };
	struct cat_resolved *resolved;

	if (!call)
		return 0;
	resolved = cat_take_resolved(call);
	deed.op = call->spec.op;
	deed.ret = call->ret;
	deed.arg = cat_table_arg(call);
	if (resolved) {
		take_paths(resolved, &deed, &paths);
		deed.flags |= cat_call_flags(call, &deed);
		return cat_emit_paths(call, &deed, &paths);
	}
	deed.flags = CAT_FLAG_USER_SOURCE;
	paths.path = cat_arg(call, call->spec.path);
	paths.dir = start_of_path(call, call->spec.dir, paths.path);
	if (call->spec.path2 >= 0) {
		paths.path2 = cat_arg(call, call->spec.path2);
		if (deed.op != CAT_OP_SYMLINK)
			paths.dir2 = start_of_path(call, call->spec.dir2, paths.path2);
	}
	deed.flags |= cat_call_flags(call, &deed);
	return cat_emit_paths(call, &deed, &paths);
}

/* open's flags and mode as one number; openat2 keeps them in memory, creat implies the flags. */
static __always_inline s64 open_arg(const struct cat_call *call)
{
	u64 how[2] = {};

	switch (call->spec.like) {
	case 85:	/* creat */
		return (O_CREAT | O_WRONLY | O_TRUNC) | call->args[1] << 32;
	case 437:	/* openat2 */
		bpf_probe_read_user(how, sizeof(how), (void *)call->args[2]);
		break;
	default:
		how[0] = cat_arg(call, call->spec.arg);
		how[1] = cat_arg(call, call->spec.arg2);
	}
	return (how[0] & 0xffffffff) | (how[0] & O_CREAT ? how[1] << 32 : 0);
}

__noinline int cat_on_open(struct cat_call *call)
{
	struct cat_deed deed = { .op = CAT_OP_OPEN };
	struct file *file;
	u32 mode;

	if (!call)
		return 0;
	file = cat_fd_file(bpf_get_current_task_btf(), call->ret);
	if (!file) {
		cat_filter(call);
		return 0;
	}
	deed.object = CAT_ID(cat_file_object((u64)file));
	deed.fd = call->ret;
	deed.ret = call->ret;
	deed.arg = open_arg(call);
	mode = CAT_LOAD(file, file, f_mode);
	if (mode & FMODE_CREATED) {
		deed.op = CAT_OP_CREATE;
	} else if (deed.arg & O_TRUNC && mode & FMODE_WRITE) {
		deed.op = CAT_OP_TRUNCATE;
		deed.arg = 0;
	}
	cat_emit(call, &deed);
	return 0;
}

__noinline int cat_on_close(struct cat_call *call, u64 closed)
{
	struct cat_deed deed = { .op = CAT_OP_CLOSE, .fd = -1 };

	if (!call)
		return 0;
	/* close_range names a range, not an object; what it closes would take a walk. */
	if (call->ret < 0 || (!closed && call->spec.fd >= 0)) {
		cat_filter(call);
		return 0;
	}
	deed.object = CAT_ID(closed);
	if (call->spec.fd >= 0)
		deed.fd = cat_arg(call, call->spec.fd);
	deed.arg = cat_table_arg(call);
	cat_emit(call, &deed);
	return 0;
}

/* Something done to the object of a descriptor: fchmod, fchown, ftruncate, bind, listen. */
__noinline int cat_on_fd(struct cat_call *call)
{
	struct cat_deed deed = {};

	if (!call)
		return 0;
	deed.fd = cat_arg(call, call->spec.fd);
	deed.object = CAT_ID(cat_fd_object(deed.fd));
	if (!deed.object) {
		cat_filter(call);
		return 0;
	}
	deed.op = call->spec.op;
	deed.ret = call->ret;
	deed.arg = cat_table_arg(call);
	cat_emit(call, &deed);
	return 0;
}

/* dup, dup2, dup3, and fcntl where it duplicates. */
__noinline int cat_on_dup(struct cat_call *call)
{
	struct cat_deed deed = { .op = CAT_OP_DUP };

	if (!call)
		return 0;
	if (call->spec.handler == CAT_H_FCNTL && call->args[1] != F_DUPFD && call->args[1] != F_DUPFD_CLOEXEC)
		goto filter;
	if (call->ret < 0)
		goto filter;
	deed.fd = call->ret;
	deed.object = CAT_ID(cat_fd_object(deed.fd));
	if (!deed.object)
		goto filter;
	deed.ret = call->ret;
	deed.arg = (u32)call->args[0];
	cat_emit(call, &deed);
	return 0;
filter:
	cat_filter(call);
	return 0;
}

/* A call that returns a descriptor of something new: memfd_create, socket, accept. */
__noinline int cat_on_new_fd(struct cat_call *call)
{
	struct cat_deed deed = {};

	if (!call)
		return 0;
	deed.object = call->ret >= 0 ? CAT_ID(cat_fd_object(call->ret)) : 0;
	if (!deed.object && call->ret >= 0) {
		cat_filter(call);
		return 0;
	}
	deed.op = call->spec.op;
	deed.fd = call->ret >= 0 ? call->ret : -1;
	deed.ret = call->ret;
	deed.arg = cat_table_arg(call);
	cat_emit(call, &deed);
	return 0;
}

/* pipe and socketpair: two descriptors in memory, two events. */
__noinline int cat_on_fd_pair(struct cat_call *call)
{
	struct cat_deed deed = {};
	s32 fds[2] = { -1, -1 };

	if (!call)
		return 0;
	if (call->ret < 0 || bpf_probe_read_user(fds, sizeof(fds), (void *)cat_arg(call, call->spec.fd))) {
		cat_filter(call);
		return 0;
	}
	deed.op = call->spec.op;
	deed.arg = cat_table_arg(call);
	deed.fd = fds[0];
	deed.object = CAT_ID(cat_fd_object(fds[0]));
	cat_emit(call, &deed);
	deed.fd = fds[1];
	deed.object = CAT_ID(cat_fd_object(fds[1]));
	cat_emit(call, &deed);
	return 0;
}
