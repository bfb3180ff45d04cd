// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what is behind this descriptor, and what is it called? Answers from the kernel's structures, never from the
 * program's memory, and describes each object once (again when its name or addresses have changed).
 */
#include "lib/objects.bpf.h"

#include "lib/emit.bpf.h"

#include <bpf/bpf_endian.h>

#define NAME_MAX_BYTES 256	/* NAME_MAX and the NUL behind it */
#define NAMES_SMALL 512
#define NAMES_LARGE (CAT_PATH_MAX + NAME_MAX_BYTES)

/* What was said of an object before, or 0. */
static __always_inline bool already_described(u64 id, u64 version)
{
	u64 *known = bpf_map_lookup_elem(&cat_described, &id);

	return known && *known == version;
}

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
	struct dentry *dentry = walk->dentry, *up = BPF_CORE_READ(dentry, d_parent);
	struct mount *mnt = walk->mnt;
	u32 off = walk->off, len;

	if (dentry == BPF_CORE_READ(mnt, mnt.mnt_root)) {
		struct mount *above = BPF_CORE_READ(mnt, mnt_parent);

		if (!above || above == mnt) {
			walk->done = 1;
			return 1;
		}
		walk->dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
		walk->mnt = above;
		return 0;
	}
	len = BPF_CORE_READ(dentry, d_name.len);
	if (len > NAME_MAX_BYTES - 1)
		len = NAME_MAX_BYTES - 1;
	if (off > room - NAME_MAX_BYTES)
		return 1;
	bpf_probe_read_kernel(walk->names + off, len, BPF_CORE_READ(dentry, d_name.name));
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

static __always_inline void fill_file(struct cat_file *record, u64 id, struct inode *inode, u32 file_class)
{
	cat_fill_header(&record->header, CAT_FILE, sizeof(*record));
	record->id = id;
	record->inode = BPF_CORE_READ(inode, i_ino);
	record->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	record->generation = BPF_CORE_READ(inode, i_generation);
	record->mode = BPF_CORE_READ(inode, i_mode);
	record->rdev = BPF_CORE_READ(inode, i_rdev);
	record->file_class = file_class;
	record->flags = 0;
	record->names_len = 0;
	record->pad = 0;
}

/* Tries the small record; -1 when the path does not fit, -2 when the ring is full. */
static __noinline int describe_small(u64 id, struct inode *inode, u32 file_class, struct dentry *dentry,
				     struct mount *mnt)
{
	struct cat_file *record = bpf_ringbuf_reserve(&cat_ring, sizeof(*record) + NAMES_SMALL, 0);
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
	struct cat_file *record = bpf_ringbuf_reserve(&cat_ring, sizeof(*record) + NAMES_LARGE, 0);
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

static __always_inline u64 inode_object(struct inode *inode, struct dentry *dentry, struct vfsmount *vfsmnt)
{
	u64 magic = BPF_CORE_READ(inode, i_sb, s_magic);
	u64 version = BPF_CORE_READ(dentry, d_name.hash_len) | 1;
	u32 file_class = CAT_CLASS_FILE;
	u64 id;

	if (magic == ANON_INODE_FS_MAGIC || magic == PID_FS_MAGIC || magic == NSFS_MAGIC)
		return 0;
	if (magic == PIPEFS_MAGIC)
		file_class = CAT_CLASS_PIPE;
	else if ((magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC) && BPF_CORE_READ(dentry, d_parent) == dentry &&
		 BPF_CORE_READ(vfsmnt, mnt_root) != dentry)
		file_class = CAT_CLASS_MEMFD;
	id = cat_file_id(BPF_CORE_READ(inode, i_ino), BPF_CORE_READ(inode, i_sb, s_dev),
			 BPF_CORE_READ(inode, i_generation));
	if (!already_described(id, version) &&
	    cat_describe_file(id, (u64)inode, file_class, (u64)dentry,
			      (u64)vfsmnt - bpf_core_field_offset(struct mount, mnt)) == 0)
		bpf_map_update_elem(&cat_described, &id, &version, BPF_ANY);
	return id;
}

__noinline u64 cat_dentry_object(u64 dentry_pointer, u64 mnt_pointer)
{
	struct dentry *dentry = (void *)dentry_pointer;
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	return inode ? inode_object(inode, dentry, (void *)mnt_pointer) : 0;
}

__noinline u64 cat_file_object(u64 file_pointer)
{
	struct file *file = (void *)file_pointer;
	struct inode *inode = BPF_CORE_READ(file, f_inode);

	if (!inode)
		return 0;
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) == S_IFSOCK && BPF_CORE_READ(inode, i_sb, s_magic) == SOCKFS_MAGIC)
		return cat_socket_object(file_pointer, NULL);
	return inode_object(inode, BPF_CORE_READ(file, f_path.dentry), BPF_CORE_READ(file, f_path.mnt));
}

/* A number that stands for bytes: equal bytes give equal numbers. */
static __always_inline u64 digest(const u8 *bytes, u32 words)
{
	u64 sum = 0;

	for (u32 i = 0; i < words; i++) {
		u32 word;

		__builtin_memcpy(&word, bytes + 4 * i, 4);
		sum = cat_hash(sum, word);
	}
	return sum;
}

/* What a socket says of itself. */
struct sock_view {
	u64 inode;
	u64 peer_inode;
	u32 netns;
	u16 family, type, protocol, local_port;
	u8 local[16];
	struct sock *sk, *unix_peer;
};

static __always_inline void read_inet(struct sock *sk, struct sock_view *view, struct cat_address *remote)
{
	view->local_port = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	remote->port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (view->family == AF_INET) {
		u32 local = BPF_CORE_READ((struct inet_sock *)sk, inet_saddr);
		u32 peer = BPF_CORE_READ(sk, __sk_common.skc_daddr);

		__builtin_memcpy(view->local, &local, 4);
		__builtin_memcpy(remote->bytes, &peer, 4);
		return;
	}
	bpf_probe_read_kernel(view->local, 16, __builtin_preserve_access_index(&sk->__sk_common.skc_v6_rcv_saddr));
	bpf_probe_read_kernel(remote->bytes, 16, __builtin_preserve_access_index(&sk->__sk_common.skc_v6_daddr));
}

/* Copies a unix socket's bound name; returns its length in bytes. */
static __always_inline u16 unix_name(struct sock *sk, char *to)
{
	struct unix_address *address = BPF_CORE_READ((struct unix_sock *)sk, addr);
	s32 len;

	if (!sk || !address)
		return 0;
	len = BPF_CORE_READ(address, len) - 2;
	if (len <= 0)
		return 0;
	if (len > CAT_UNIX_PATH)
		len = CAT_UNIX_PATH;
	bpf_probe_read_kernel(to, len, (char *)address + bpf_core_field_offset(struct unix_address, name) + 2);
	return len;
}

static __always_inline u64 socket_inode(struct sock *sk)
{
	struct socket *socket = sk ? BPF_CORE_READ(sk, sk_socket) : NULL;

	if (!socket)
		return 0;
	return BPF_CORE_READ((struct socket_alloc *)socket, vfs_inode.i_ino);
}

static __noinline int describe_socket(u64 id, struct sock_view *view, struct cat_address *remote)
{
	struct cat_socket *record = bpf_ringbuf_reserve(&cat_ring, sizeof(*record), 0);

	if (!record) {
		CAT_COUNT(lost_descriptions);
		return -1;
	}
	cat_fill_header(&record->header, CAT_SOCKET, sizeof(*record));
	record->id = id;
	record->inode = view->inode;
	record->peer_inode = view->peer_inode;
	record->peer = view->peer_inode ? cat_socket_id(view->peer_inode, 0, 0, 0) : 0;
	record->netns = view->netns;
	record->family = view->family;
	record->type = view->type;
	record->protocol = view->protocol;
	record->local_port = view->local_port;
	record->remote_port = remote->port;
	record->local_path_len = 0;
	record->remote_path_len = remote->path_len;
	record->pad = 0;
	__builtin_memcpy(record->local, view->local, 16);
	__builtin_memcpy(record->remote, remote->bytes, 16);
	__builtin_memcpy(record->remote_path, remote->path, CAT_UNIX_PATH);
	if (view->family == AF_UNIX) {
		record->local_path_len = unix_name(view->sk, record->local_path);
		if (view->unix_peer && !remote->path_len)
			record->remote_path_len = unix_name(view->unix_peer, record->remote_path);
	}
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	return 0;
}

__noinline u64 cat_socket_object(u64 file_pointer, struct cat_address *to)
{
	struct file *file = (void *)file_pointer;
	struct socket *socket = BPF_CORE_READ(file, private_data);
	struct cat_address remote = {};
	struct sock_view view = {};
	struct sock *sk;
	u64 id, version, path_digest = 0;
	bool elsewhere = false;

	sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
	if (!sk)
		return 0;
	view.sk = sk;
	view.inode = BPF_CORE_READ(file, f_inode, i_ino);
	view.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	view.type = BPF_CORE_READ(sk, sk_type);
	view.protocol = BPF_CORE_READ(sk, sk_protocol);
	view.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (view.family == AF_INET || view.family == AF_INET6)
		read_inet(sk, &view, &remote);
	/* Only datagrams go where the call says; a stream goes to its peer whatever the call says, once it has one. */
	if (to && to->family && (view.type != SOCK_STREAM || !remote.port)) {
		elsewhere = true;
		__builtin_memcpy(&remote, to, sizeof(remote));
		if (remote.path_len)
			path_digest = digest((u8 *)remote.path, CAT_UNIX_PATH / 4);
	}
	if (view.family == AF_UNIX && !elsewhere) {
		view.unix_peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
		view.peer_inode = socket_inode(view.unix_peer);
	}
	id = cat_socket_id(view.inode, digest(remote.bytes, 2), path_digest ?: digest(remote.bytes + 8, 2), remote.port);
	version = cat_hash(cat_hash(view.local_port, view.peer_inode), digest(view.local, 4));
	if (!already_described(id, version) && describe_socket(id, &view, &remote) == 0)
		bpf_map_update_elem(&cat_described, &id, &version, BPF_ANY);
	return id | CAT_OBJECT_SOCKET;
}

__noinline u64 cat_user_object(u32 uid)
{
	u64 id = cat_user_id(uid);
	u64 version = 1;
	struct cat_file *record;

	if (already_described(id, version))
		return id;
	record = bpf_ringbuf_reserve(&cat_ring, sizeof(*record), 0);
	if (!record) {
		CAT_COUNT(lost_descriptions);
		return id;
	}
	__builtin_memset(record, 0, sizeof(*record));
	cat_fill_header(&record->header, CAT_FILE, sizeof(*record));
	record->id = id;
	record->inode = uid;
	record->file_class = CAT_CLASS_USER;
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	bpf_map_update_elem(&cat_described, &id, &version, BPF_ANY);
	return id;
}
