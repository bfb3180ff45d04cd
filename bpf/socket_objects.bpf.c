// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which socket is behind this descriptor, where is it bound, and who is at the other end? As the kernel's socket
 * structures have it, so that connected sockets have no time-of-check races.
 */
#include "lib/objects.bpf.h"

#include "lib/address.bpf.h"
#include "lib/merge.bpf.h"

#include <bpf/bpf_endian.h>

/* Eight bytes of an address as a number: 0 where there is none. */
static __always_inline u64 half(const u8 *bytes)
{
	u64 number;

	__builtin_memcpy(&number, bytes, sizeof(number));
	return number;
}

/* A number that stands for a unix socket's path: equal paths give equal numbers. */
static __always_inline u64 digest_path(const struct cat_address *to)
{
	u64 sum = 0;
	u32 len = to->path_len;

	for (u32 at = 0; at < CAT_UNIX_PATH; at += sizeof(u64)) {
		u32 left = len - at;
		u64 word = 0;

		if (at >= len)
			break;
		barrier_var(left);	/* else the bound is checked on something that the verifier cannot follow */
		if (left > sizeof(word))
			left = sizeof(word);
		cat_read(&word, left, to->path + at, to->in_kernel);
		sum = cat_hash(sum, word);
	}
	return sum;
}

/* What a socket says of itself. */
struct sock_view {
	u64 inode;
	u64 peer_inode;
	u32 netns;
	u16 family, type, protocol, local_port, remote_port;
	u8 local[16], remote[16];
	struct sock *sk, *unix_peer;
};

static __always_inline void read_inet(struct sock *sk, struct sock_view *view)
{
	view->local_port = bpf_ntohs(CAT_LOAD(inet_sock, sk, inet_sport));
	view->remote_port = bpf_ntohs(CAT_LOAD(sock, sk, __sk_common.skc_dport));
	if (view->family == AF_INET) {
		u32 local = BPF_CORE_READ((struct inet_sock *)sk, inet_saddr);
		u32 peer = CAT_LOAD(sock, sk, __sk_common.skc_daddr);

		__builtin_memcpy(view->local, &local, 4);
		__builtin_memcpy(view->remote, &peer, 4);
		return;
	}
	bpf_probe_read_kernel(view->local, 16, __builtin_preserve_access_index(&sk->__sk_common.skc_v6_rcv_saddr));
	bpf_probe_read_kernel(view->remote, 16, __builtin_preserve_access_index(&sk->__sk_common.skc_v6_daddr));
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

#define UNIX_ANY 1	/* what is sent to a datagram socket by its path could arrive at any */

/* The word for what flows between two ports of a protocol, whatever the addresses: those may not be known at both ends. */
static __always_inline u32 inet_word(u16 protocol, u16 from, u16 to)
{
	return cat_version_index(cat_hash((u64)6 << 56 | (u64)protocol << 32 | (u32)from << 16 | to, 0));
}

static __always_inline u32 unix_word(u64 inode)
{
	return cat_version_index(cat_hash((u64)7 << 56, inode));
}

__noinline int cat_socket_flow(u64 file_pointer, struct cat_address *to, struct cat_deed *deed)
{
	struct socket *socket = CAT_POINTER(file, file_pointer, private_data);
	struct sock *sk = socket ? CAT_POINTER(socket, socket, sk) : NULL;
	u16 family, protocol, local, remote;

	if (!deed || !sk)
		return 0;
	family = CAT_LOAD(sock, sk, __sk_common.skc_family);
	if (CAT_LOAD(sock, sk, sk_type) == SOCK_STREAM)
		deed->flags |= CAT_FLAG_STREAM;
	if (family == AF_INET || family == AF_INET6) {
		protocol = CAT_LOAD(sock, sk, sk_protocol);
		local = bpf_ntohs(CAT_LOAD(inet_sock, sk, inet_sport));
		remote = bpf_ntohs(CAT_LOAD(sock, sk, __sk_common.skc_dport));
		if (to && !(remote && deed->flags & CAT_FLAG_STREAM))
			remote = to->port;
		deed->into = inet_word(protocol, local, remote);
		deed->from = inet_word(protocol, remote, local);
	} else if (family == AF_UNIX) {
		u64 peer = socket_inode(CAT_POINTER(unix_sock, sk, peer));

		deed->into = unix_word(peer ?: UNIX_ANY);
		deed->from = unix_word(BPF_CORE_READ((struct file *)file_pointer, f_inode, i_ino));
		/* A datagram socket without a peer also gets what names its path. */
		if (!peer && !(deed->flags & CAT_FLAG_STREAM))
			deed->from = unix_word(UNIX_ANY);
	}
	return 0;
}

static __noinline int describe_socket(u64 id, struct sock_view *view, const struct cat_address *to)
{
	struct cat_socket *record = CAT_RESERVE_NAME(sizeof(*record), CAT_RANK_VITAL);

	if (!record)
		return -1;
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
	record->remote_port = view->remote_port;
	record->local_path_len = 0;
	record->remote_path_len = 0;
	record->pad = 0;
	__builtin_memcpy(record->local, view->local, 16);
	__builtin_memcpy(record->remote, view->remote, 16);
	if (view->family == AF_UNIX) {
		record->local_path_len = unix_name(view->sk, record->local_path);
		if (view->unix_peer)
			record->remote_path_len = unix_name(view->unix_peer, record->remote_path);
	}
	if (to) {
		u32 len = to->path_len;

		/* A check for 0 too would be folded into one that Linux 6.1's verifier does not follow. */
		if (len <= CAT_UNIX_PATH && !cat_read(record->remote_path, len, to->path, to->in_kernel))
			record->remote_path_len = len;
	}
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	return 0;
}

__noinline u64 cat_socket_object(u64 file_pointer, struct cat_address *to)
{
	struct file *file = (void *)file_pointer;
	struct inode *inode = CAT_POINTER(file, file, f_inode);
	struct sock_view view = {};
	struct socket *socket;
	struct sock *sk;
	u64 id, version, path_digest = 0, bound_name = 0;

	if (!inode || CAT_LOAD(super_block, CAT_POINTER(inode, inode, i_sb), s_magic) != SOCKFS_MAGIC)
		return 0;
	socket = CAT_POINTER(file, file, private_data);
	sk = socket ? CAT_POINTER(socket, socket, sk) : NULL;
	if (!sk)
		return 0;
	view.sk = sk;
	view.inode = CAT_LOAD(inode, inode, i_ino);
	view.family = CAT_LOAD(sock, sk, __sk_common.skc_family);
	view.type = CAT_LOAD(sock, sk, sk_type);
	view.protocol = CAT_LOAD(sock, sk, sk_protocol);
	view.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (view.family == AF_INET || view.family == AF_INET6)
		read_inet(sk, &view);
	/* Only datagrams go where the call says; a stream goes to its peer whatever the call says, once it has one. */
	if (to && (!to->family || (view.type == SOCK_STREAM && view.remote_port)))
		to = NULL;
	if (to) {
		view.remote_port = to->port;
		__builtin_memcpy(view.remote, to->bytes, sizeof(view.remote));
		if (to->path_len)
			path_digest = digest_path(to);
	} else if (view.family == AF_UNIX) {
		view.unix_peer = CAT_POINTER(unix_sock, sk, peer);
		view.peer_inode = socket_inode(view.unix_peer);
	}
	/* A name once bound stays; its address tells bound from not bound. */
	if (view.family == AF_UNIX)
		bound_name = (u64)BPF_CORE_READ((struct unix_sock *)sk, addr);
	id = cat_socket_id(view.inode, half(view.remote), path_digest ?: half(view.remote + 8), view.remote_port);
	version = cat_hash(cat_hash(view.local_port | bound_name, view.peer_inode),
			   cat_hash(half(view.local), half(view.local + 8)));
	if (!cat_remembers(&cat_described, id, version) && describe_socket(id, &view, to) == 0)
		cat_remember(&cat_described, id, version);
	return id | CAT_OBJECT_SOCKET;
}
