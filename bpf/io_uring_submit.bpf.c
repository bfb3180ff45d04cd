// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Question: what will be gone when a request of io_uring is done? It is kept from when the kernel has read the request. */
#include "lib/address.bpf.h"
#include "lib/uring_requests.bpf.h"

/* The directory that a name starts from. */
static __always_inline u64 uring_start_of_name(s32 dir, const char *name)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = task->fs;
	struct file *file;
	char first = 0;

	if (cat_path_in_cwd((u64)name, true, &first)) {
		first = 0;
		dir = AT_FDCWD;
	}
	if (!fs)
		return 0;
	if (first == '/')
		return cat_dentry_object((u64)BPF_CORE_READ(fs, root.dentry), (u64)BPF_CORE_READ(fs, root.mnt));
	if (dir == AT_FDCWD)
		return cat_dentry_object((u64)BPF_CORE_READ(fs, pwd.dentry), (u64)BPF_CORE_READ(fs, pwd.mnt));
	file = cat_fd_file(task, dir);
	return file ? cat_dentry_object((u64)BPF_CORE_READ(file, f_path.dentry), (u64)BPF_CORE_READ(file, f_path.mnt)) : 0;
}

/* The string of a request's name, as the kernel has copied it. */
#define REQUEST_NAME(req, type, field)                                                                                \
	(bpf_core_field_exists(struct type, field)                                                                    \
		 ? BPF_CORE_READ((struct type *)(req), field, name)                                                   \
		 : BPF_CORE_READ((struct type##___boxed *)(req), field.__incomplete_filename, name))

/* The names that a request names, and where they start from. */
struct uring_named {
	const char *name, *name2;
	s32 dir, dir2;
};

static __always_inline void uring_read_names(struct io_kiocb *req, u32 opcode, struct uring_named *named)
{
	named->name2 = NULL;
	named->dir2 = 0;
	switch (opcode) {
	case URING_RENAMEAT:
		named->name = REQUEST_NAME(req, io_rename, oldpath);
		named->name2 = REQUEST_NAME(req, io_rename, newpath);
		named->dir = CMD(req, io_rename, old_dfd);
		named->dir2 = CMD(req, io_rename, new_dfd);
		return;
	case URING_LINKAT:
		named->name = REQUEST_NAME(req, io_link, oldpath);
		named->name2 = REQUEST_NAME(req, io_link, newpath);
		named->dir = CMD(req, io_link, old_dfd);
		named->dir2 = CMD(req, io_link, new_dfd);
		return;
	case URING_SYMLINKAT:	/* the link comes first, then its text */
		named->name = REQUEST_NAME(req, io_link, newpath);
		named->name2 = REQUEST_NAME(req, io_link, oldpath);
		named->dir = CMD(req, io_link, new_dfd);
		return;
	case URING_UNLINKAT:
		named->name = REQUEST_NAME(req, io_unlink, filename);
		named->dir = CMD(req, io_unlink, dfd);
		return;
	case URING_MKDIRAT:
		named->name = REQUEST_NAME(req, io_mkdir, filename);
		named->dir = CMD(req, io_mkdir, dfd);
		return;
	}
	named->name = REQUEST_NAME(req, io_open, filename);
	named->dir = CMD(req, io_open, dfd);
}

static __always_inline struct uring_scratch *uring_room(void)
{
	u32 zero = 0;
	struct uring_scratch *room = bpf_map_lookup_elem(&cat_uring_scratch, &zero);

	if (room)
		__builtin_memset(&room->pending, 0, sizeof(room->pending));
	return room;
}

/* Keeps the names of a request; false where there is no room. */
__noinline int cat_uring_keep_names(u64 request, u32 opcode)
{
	struct uring_scratch *room = uring_room();
	struct uring_named named;
	u64 dir, dir2 = 0;

	if (!room)
		return 0;
	uring_read_names((void *)request, opcode, &named);
	dir = uring_start_of_name(named.dir, named.name);
	if (named.name2 && opcode != URING_SYMLINKAT)
		dir2 = uring_start_of_name(named.dir2, named.name2);
	room->pending.dir = dir;
	room->pending.dir2 = dir2;
	room->names.path[0] = room->names.path2[0] = 0;
	bpf_probe_read_kernel_str(room->names.path, sizeof(room->names.path), named.name);
	if (named.name2)
		bpf_probe_read_kernel_str(room->names.path2, sizeof(room->names.path2), named.name2);
	return bpf_map_update_elem(&cat_uring_pending, &request, &room->pending, BPF_ANY) == 0 &&
	       bpf_map_update_elem(&cat_uring_names, &request, &room->names, BPF_ANY) == 0;
}

/* Keeps the address that a message is to go to, where the kernel has copied it. */
__noinline int cat_uring_keep_address(u64 request, u32 opcode)
{
	struct io_kiocb *req = (void *)request;
	struct io_async_msghdr *message = BPF_CORE_READ(req, async_data);
	struct uring_scratch *room = uring_room();
	struct cat_address to = {};
	u32 len;

	if (bpf_core_field_exists(struct io_sr_msg___addr, addr_len)) {
		if (opcode == URING_SEND || opcode == URING_SEND_ZC)
			cat_read_address(&to, (u64)CMD(req, io_sr_msg___addr, addr),
					 CMD(req, io_sr_msg___addr, addr_len), false);
	} else if (message) {
		cat_read_address(&to, (u64)BPF_CORE_READ(message, msg.msg_name),
				 BPF_CORE_READ(message, msg.msg_namelen), true);
	}
	if (!to.family || !room)
		return 0;
	len = to.path_len;
	/* A check for 0 too would be folded into one that Linux 6.1's verifier does not follow. */
	if (len <= CAT_UNIX_PATH)
		cat_read(room->pending.to_path, len, to.path, to.in_kernel);
	to.in_kernel = true;
	room->pending.to = to;
	bpf_map_update_elem(&cat_uring_pending, &request, &room->pending, BPF_ANY);
	return 0;
}

/* Keeps what a request is going to close. */
__noinline int cat_uring_keep_closed(u64 request)
{
	struct io_kiocb *req = (void *)request;
	u32 slot = CMD(req, io_close, file_slot);
	u64 file = slot ? uring_file_in_slot(req, slot - 1) : uring_file_named(req, CMD(req, io_close, fd), false);
	u64 object = file ? cat_file_object(file) : 0;
	struct uring_scratch *room = uring_room();

	if (!room)
		return 0;
	room->pending.object = object;
	bpf_map_update_elem(&cat_uring_pending, &request, &room->pending, BPF_ANY);
	return 0;
}
