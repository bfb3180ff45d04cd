// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what is a file called? The names from its dentry to the root of its mount namespace, mounts crossed, are its path. Most
 * files are in a directory that another one was in before: then the path of the directory is not told again, but a key of it.
 */
#include "lib/emit.bpf.h"
#include "lib/objects.bpf.h"

#define NAME_MAX_BYTES 256	/* NAME_MAX and the NUL behind it */
#define NAMES_SMALL 512
#define NAMES_LARGE (CAT_PATH_MAX + NAME_MAX_BYTES)
#define NAME_SHORT 55	/* a description by such a name is a record of 128 bytes */
#define DEEPEST_KEY 64	/* steps; deeper directories have no key */

/* A walk from a dentry up to the root of the mount namespace. */
struct walk {
	struct dentry *dentry;
	struct mount *mnt;
	char *names;	/* the names so far, a NUL after each */
	s32 off;	/* bytes of them */
	s32 done;	/* the root was reached; a disconnected dentry (memfd, pipe) is its own */
	u64 key;	/* without names: a hash of the entries so far */
};

enum where { WALK_MOUNT, WALK_NAME, WALK_ROOT };

/* What the dentry of a walk is: the root of a mount, which the walk leaves by the mount point, the root of all, or an entry. */
static __always_inline enum where where_is(struct walk *walk, struct dentry *up)
{
	struct dentry *dentry = walk->dentry;
	struct mount *mnt = walk->mnt, *above;

	if (dentry != CAT_POINTER(mount, mnt, mnt.mnt_root))
		return WALK_NAME;
	above = CAT_POINTER(mount, mnt, mnt_parent);
	if (above && above != mnt) {
		walk->dentry = CAT_POINTER(mount, mnt, mnt_mountpoint);
		walk->mnt = above;
		return WALK_MOUNT;
	}
	/*
	 * The root of a mount namespace. Where it is a directory of its file system (bind mounts, as containers have), the names
	 * above it say where that is on the host.
	 */
	return !up || up == dentry ? WALK_ROOT : WALK_NAME;
}

/* Goes up by one name: 0 to go on, 1 where that was the last. */
static __always_inline long go_up(struct walk *walk, struct dentry *up)
{
	struct dentry *dentry = walk->dentry;

	walk->dentry = up;
	walk->done = !up || dentry == up;
	return walk->done;
}

/* One step of a walk: 0 to go on, 1 to stop. `room` is a constant at each use, which the verifier needs. */
static __always_inline long walk_step(struct walk *walk, u32 room)
{
	struct dentry *dentry = walk->dentry, *up = CAT_POINTER(dentry, dentry, d_parent);
	u32 off = walk->off, len;

	switch (where_is(walk, up)) {
	case WALK_MOUNT:
		return 0;
	case WALK_ROOT:
		walk->done = 1;
		return 1;
	case WALK_NAME:
		break;
	}
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
	return go_up(walk, up);
}

static long step_small(u32 index, void *walk)
{
	return walk_step(walk, NAMES_SMALL);
}

static long step_large(u32 index, void *walk)
{
	return walk_step(walk, NAMES_LARGE);
}

/* One step of a walk that hashes what it meets. */
static long step_key(u32 index, void *context)
{
	struct walk *walk = context;
	struct dentry *dentry = walk->dentry, *up = CAT_POINTER(dentry, dentry, d_parent);

	switch (where_is(walk, up)) {
	case WALK_MOUNT:
		return 0;
	case WALK_ROOT:
		walk->done = 1;
		return 1;
	case WALK_NAME:
		break;
	}
	walk->key = cat_hash(walk->key ^ (u64)dentry, CAT_LOAD(dentry, dentry, d_name.hash_len));
	return go_up(walk, up);
}

/* What a file's description is made of. Pointers are only ever read as kernel memory. */
struct described {
	u64 id;
	struct inode *inode;
	struct dentry *dentry;
	struct mount *mnt;
	u64 directory;	/* key of the directory's path, 0 where it has none */
	u32 file_class;
};

/*
 * A key of the path of the directory that an entry is in: another one as soon as anything on the way to the root is renamed, moved
 * or mounted over. 0 where the file is not in a directory, and where it would cost as much as to read the path.
 */
static __noinline u64 key_of_directory(struct described *what)
{
	struct dentry *up;
	struct walk walk = {};

	if (!what)
		return 0;
	up = CAT_POINTER(dentry, what->dentry, d_parent);
	if (!up || up == what->dentry || what->dentry == CAT_POINTER(mount, what->mnt, mnt.mnt_root))
		return 0;
	walk.dentry = up;
	walk.mnt = what->mnt;
	bpf_loop(bpf_ksym_exists(bpf_rdonly_cast) ? DEEPEST_KEY : 0, step_key, &walk, 0);
	return walk.done ? walk.key | 1 : 0;
}

/* Not inlined: what it needs of the stack is then none of the walk, which 512 bytes in all have to hold. */
static __noinline void fill_file(struct cat_file *record, struct described *what)
{
	struct inode *inode = what->inode;

	cat_fill_header(&record->header, CAT_FILE, sizeof(*record));
	record->id = what->id;
	record->inode = CAT_LOAD(inode, inode, i_ino);
	record->dev = CAT_LOAD(super_block, CAT_POINTER(inode, inode, i_sb), s_dev);
	record->generation = CAT_LOAD(inode, inode, i_generation);
	record->mode = CAT_LOAD(inode, inode, i_mode);
	record->rdev = CAT_LOAD(inode, inode, i_rdev);
	record->file_class = what->file_class;
	record->directory = what->directory;
	record->flags = 0;
	record->names_len = 0;
	record->pad = 0;
}

static __always_inline void submit_file(struct cat_file *record, u32 names_len)
{
	record->names_len = names_len;
	record->header.size += names_len;
	bpf_ringbuf_submit(record, cat_wakeup_flags());
}

/* Looked at once: Linux 6.1 takes a record that it has seen not to be NULL for one that can be, when that is asked again. */
#define RESERVE_OR_RETURN(record, room)                                                         \
	do {                                                                                    \
		if (cat_room(sizeof(*(record)) + (room), CAT_RANK_NAME) >= 0)                   \
			return -2;                                                              \
		(record) = bpf_ringbuf_reserve(&cat_ring, sizeof(*(record)) + (room), 0);       \
		if (!(record))                                                                  \
			return -2;                                                              \
	} while (0)

/*
 * How to describe a file: by its name in a directory that has been told, by a path that fits into a small record, or by any path. 0: done,
 * -1: it does not fit, -2: the ring is full.
 */
static __noinline int describe_entry(struct described *what)
{
	struct dentry *dentry = what->dentry;
	u32 len = CAT_LOAD(dentry, dentry, d_name.len);
	struct cat_file *record;

	if (len > NAME_SHORT)
		return -1;
	RESERVE_OR_RETURN(record, NAME_SHORT + 1);
	fill_file(record, what);
	record->flags = CAT_FLAG_ENTRY;
	bpf_probe_read_kernel((char *)record + sizeof(*record), len, CAT_POINTER(dentry, dentry, d_name.name));
	submit_file(record, len);
	return 0;
}

static __noinline int describe_small(struct described *what)
{
	struct walk walk = { .dentry = what->dentry, .mnt = what->mnt };
	struct cat_file *record;

	RESERVE_OR_RETURN(record, NAMES_SMALL);
	fill_file(record, what);
	walk.names = (char *)record + sizeof(*record);
	bpf_loop(NAMES_SMALL / 2, step_small, &walk, 0);
	if (!walk.done) {
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP);
		return -1;
	}
	submit_file(record, walk.off);
	return 0;
}

static __noinline int describe_large(struct described *what)
{
	struct walk walk = { .dentry = what->dentry, .mnt = what->mnt };
	struct cat_file *record;

	RESERVE_OR_RETURN(record, NAMES_LARGE);
	fill_file(record, what);
	walk.names = (char *)record + sizeof(*record);
	bpf_loop(CAT_PATH_MAX, step_large, &walk, 0);
	if (!walk.done)
		record->flags = CAT_FLAG_TRUNCATED;
	record->directory = 0;
	submit_file(record, walk.off);
	return 0;
}

static __always_inline u64 *place_of(u64 directory)
{
	u32 place = directory & (CAT_DIRECTORIES - 1);

	return bpf_map_lookup_elem(&cat_directories, &place);
}

static __always_inline bool was_told(u64 directory)
{
	u64 *told = place_of(directory);

	return directory && told && *told == directory;
}

/* Describes a file; where its directory's path is told with it, that is remembered. */
static __always_inline int describe(struct described *what)
{
	u64 *told;
	int result;

	if (was_told(what->directory)) {
		result = describe_entry(what);
		if (result != -1)
			return result;
	}
	result = describe_small(what);
	if (result == -1)
		return describe_large(what);
	told = place_of(what->directory);
	if (result == 0 && told && what->directory)
		*told = what->directory;
	return result;
}

/* Verified on its own: pointers come as numbers and are only ever read as kernel memory. */
__noinline int cat_describe_file(u64 id, u64 inode, u32 file_class, u64 dentry, u64 mnt)
{
	struct described what = {
		.id = id, .inode = (void *)inode, .file_class = file_class, .dentry = (void *)dentry, .mnt = (void *)mnt,
	};
	int result;

	if (file_class == CAT_CLASS_FILE)
		what.directory = key_of_directory(&what);
	result = describe(&what);
	if (result < 0)
		CAT_COUNT(lost_descriptions);
	return result;
}
