// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what is behind this descriptor, and what is it called? Answers from the kernel's structures, never from the
 * program's memory, and describes each object once (again when its name or addresses have changed).
 */
#include "lib/objects.bpf.h"

#include "lib/emit.bpf.h"

#define NAME_MAX_BYTES 256	/* NAME_MAX and the NUL behind it */
#define NAMES_SMALL 512
#define NAMES_LARGE (CAT_PATH_MAX + NAME_MAX_BYTES)

/* A walk from a dentry up to the root of the mount namespace. */
struct walk {
	struct dentry *dentry;
	struct mount *mnt;
	char *names;	/* the names so far, a NUL after each */
	s32 off;	/* bytes of them */
	s32 done;	/* the root was reached; a disconnected dentry (memfd, pipe) is its own */
};

/* One step of a walk: 0 to go on, 1 to stop. `room` is a constant at each use, which the verifier needs. */
static __always_inline long walk_step(struct walk *walk, u32 room)
{
	struct dentry *dentry = walk->dentry, *up = CAT_POINTER(dentry, dentry, d_parent);
	struct mount *mnt = walk->mnt;
	u32 off = walk->off, len;

	if (dentry == CAT_POINTER(mount, mnt, mnt.mnt_root)) {
		struct mount *above = CAT_POINTER(mount, mnt, mnt_parent);

		if (!above || above == mnt) {
			/*
			 * The root of a mount namespace. Where it is a directory of its file system (bind mounts, as
			 * containers have), the names above it say where that is on the host.
			 */
			if (!up || up == dentry) {
				walk->done = 1;
				return 1;
			}
			goto name;
		}
		walk->dentry = CAT_POINTER(mount, mnt, mnt_mountpoint);
		walk->mnt = above;
		return 0;
	}
name:
	len = CAT_LOAD(dentry, dentry, d_name.len);
	if (len > NAME_MAX_BYTES - 1)
		len = NAME_MAX_BYTES - 1;
	if (off > room - NAME_MAX_BYTES)
		return 1;
	bpf_probe_read_kernel(walk->names + off, len, CAT_POINTER(dentry, dentry, d_name.name));
	off += len;
	if (off > room - 1)
		return 1;
	walk->names[off] = 0;
	walk->off = off + 1;
	walk->dentry = up;
	if (up && dentry != up)
		return 0;
	walk->done = 1;
	return 1;
}

static long step_small(u32 index, void *walk)
{
	return walk_step(walk, NAMES_SMALL);
}

static long step_large(u32 index, void *walk)
{
	return walk_step(walk, NAMES_LARGE);
}

/* Not inlined: what it needs of the stack is then none of the walk, which 512 bytes in all have to hold. */
static __noinline void fill_file(struct cat_file *record, u64 id, struct inode *inode, u32 file_class)
{
	cat_fill_header(&record->header, CAT_FILE, sizeof(*record));
	record->id = id;
	record->inode = CAT_LOAD(inode, inode, i_ino);
	record->dev = CAT_LOAD(super_block, CAT_POINTER(inode, inode, i_sb), s_dev);
	record->generation = CAT_LOAD(inode, inode, i_generation);
	record->mode = CAT_LOAD(inode, inode, i_mode);
	record->rdev = CAT_LOAD(inode, inode, i_rdev);
	record->file_class = file_class;
	record->flags = 0;
	record->names_len = 0;
	record->pad = 0;
}

/* Tries the small record; -1 when the path does not fit, -2 when the ring is full. */
static __noinline int describe_small(u64 id, struct inode *inode, u32 file_class, struct dentry *dentry,
				     struct mount *mnt)
{
	int why;
	struct cat_file *record = CAT_RESERVE(sizeof(*record) + NAMES_SMALL, CAT_RANK_NAME, why);
	struct walk walk = { .dentry = dentry, .mnt = mnt };

	if (!record)
		return -2;
	fill_file(record, id, inode, file_class);
	walk.names = (char *)record + sizeof(*record);
	bpf_loop(NAMES_SMALL / 2, step_small, &walk, 0);
	if (!walk.done) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return -1;
	}
	record->names_len = walk.off;
	record->header.size += walk.off;
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	return 0;
}

static __noinline int describe_large(u64 id, struct inode *inode, u32 file_class, struct dentry *dentry,
				     struct mount *mnt)
{
	int why;
	struct cat_file *record = CAT_RESERVE(sizeof(*record) + NAMES_LARGE, CAT_RANK_NAME, why);
	struct walk walk = { .dentry = dentry, .mnt = mnt };

	if (!record)
		return -2;
	fill_file(record, id, inode, file_class);
	walk.names = (char *)record + sizeof(*record);
	bpf_loop(CAT_PATH_MAX, step_large, &walk, 0);
	if (!walk.done)
		record->flags = CAT_FLAG_TRUNCATED;
	record->names_len = walk.off;
	record->header.size += walk.off;
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	return 0;
}

/* Verified on its own: pointers come as numbers and are only ever read through bpf_probe_read_kernel. */
__noinline int cat_describe_file(u64 id, u64 inode, u32 file_class, u64 dentry, u64 mnt)
{
	int result = describe_small(id, (void *)inode, file_class, (void *)dentry, (void *)mnt);

	if (result == -1)
		result = describe_large(id, (void *)inode, file_class, (void *)dentry, (void *)mnt);
	if (result < 0)
		CAT_COUNT(lost_descriptions);
	return result;
}

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
	if (!cat_remembers(&cat_described, id, version) &&
	    cat_describe_file(id, (u64)inode, file_class, (u64)dentry,
			      (u64)vfsmnt - bpf_core_field_offset(struct mount, mnt)) == 0)
		cat_remember(&cat_described, id, version);
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

	if (cat_remembers(&cat_described, id, version))
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
	cat_remember(&cat_described, id, version);
	return id;
}
