// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what is behind this descriptor? Answers from the kernel's structures, never from the program's memory, and has each
 * object described once (again when its name or addresses have changed).
 */
#include "lib/objects.bpf.h"

#include "lib/emit.bpf.h"

/* Whether a file of procfs is /proc/PID/mem. */
static __always_inline bool is_memory(struct dentry *dentry)
{
	u32 name = 0;

	if (BPF_CORE_READ(dentry, d_name.len) != 3)
		return false;
	bpf_probe_read_kernel(&name, 3, BPF_CORE_READ(dentry, d_name.name));
	return name == ('m' | 'e' << 8 | 'm' << 16);
}

static __always_inline u64 inode_object(struct inode *inode, struct dentry *dentry, struct vfsmount *vfsmnt)
{
	struct super_block *sb = CAT_POINTER(inode, inode, i_sb);
	u64 magic = CAT_LOAD(super_block, sb, s_magic);
	u64 version = CAT_LOAD(dentry, dentry, d_name.hash_len) | 1;
	u32 file_class = CAT_CLASS_FILE;
	u64 id;

	if (magic == ANON_INODE_FS_MAGIC || magic == PID_FS_MAGIC || magic == NSFS_MAGIC)
		return 0;
	if (magic == PIPEFS_MAGIC)
		file_class = CAT_CLASS_PIPE;
	else if ((magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) && CAT_POINTER(dentry, dentry, d_parent) == dentry &&
		 CAT_POINTER(vfsmount, vfsmnt, mnt_root) != dentry)
		file_class = CAT_CLASS_MEMFD;
	id = cat_file_id(CAT_LOAD(inode, inode, i_ino), CAT_LOAD(super_block, sb, s_dev),
			 CAT_LOAD(inode, inode, i_generation));
	if (!cat_is_described(id, version) &&
	    cat_describe_file(id, (u64)inode, file_class, (u64)dentry,
			      (u64)vfsmnt - bpf_core_field_offset(struct mount, mnt)) == 0)
		cat_set_described(id, version);
	return magic == PROC_SUPER_MAGIC && is_memory(dentry) ? id | CAT_OBJECT_MEMORY : id;
}

__noinline u64 cat_dentry_object(u64 dentry_pointer, u64 mnt_pointer)
{
	struct dentry *dentry = (void *)dentry_pointer;
	struct inode *inode = CAT_POINTER(dentry, dentry, d_inode);

	return inode ? inode_object(inode, dentry, (void *)mnt_pointer) : 0;
}

__noinline u64 cat_inode_object(u64 inode_pointer, u64 dentry_pointer, u64 mnt_pointer)
{
	return inode_pointer ? inode_object((void *)inode_pointer, (void *)dentry_pointer, (void *)mnt_pointer) : 0;
}

__noinline u64 cat_file_object(u64 file_pointer)
{
	struct file *file = (void *)file_pointer;
	struct inode *inode = CAT_POINTER(file, file, f_inode);

	if (!inode)
		return 0;
	if (CAT_LOAD(super_block, CAT_POINTER(inode, inode, i_sb), s_magic) == SOCKFS_MAGIC)
		return cat_socket_object(file_pointer, NULL);
	return inode_object(inode, CAT_POINTER(file, file, f_path.dentry), CAT_POINTER(file, file, f_path.mnt));
}

__noinline u64 cat_user_object(u32 uid)
{
	u64 id = cat_user_id(uid);
	u64 version = 1;
	struct cat_file *record;

	if (cat_is_described(id, version))
		return id;
	record = CAT_RESERVE_NAME(sizeof(*record), CAT_RANK_VITAL);
	if (!record)
		return id;
	__builtin_memset(record, 0, sizeof(*record));
	cat_fill_header(&record->header, CAT_FILE, sizeof(*record));
	record->id = id;
	record->inode = uid;
	record->file_class = CAT_CLASS_USER;
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	cat_set_described(id, version);
	return id;
}
