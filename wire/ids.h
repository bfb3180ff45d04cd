/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Ids of objects: hashes of their identity in the kernel, the same on both sides of the ring. Compiles as records.h does. */
#ifndef CATENA_WIRE_IDS_H
#define CATENA_WIRE_IDS_H

#include "wire/types.h"

/* A 62-bit mix of two words (the finalizer of MurmurHash3 over each), never 0. */
static inline cat_u64 cat_hash(cat_u64 a, cat_u64 b)
{
	cat_u64 h = a * 0x9e3779b97f4a7c15ULL + 0x632be59bd9b4e019ULL;

	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h += b * 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	h &= 0x3fffffffffffffffULL;	/* the bits above say of what kind an object is (bpf/lib/objects.bpf.h) */
	return h ? h : 1;
}

static inline cat_u64 cat_process_id(cat_u32 tgid, cat_u64 start_ns)
{
	return cat_hash(start_ns, ((cat_u64)1 << 56) | tgid);
}

static inline cat_u64 cat_file_id(cat_u64 inode, cat_u32 dev, cat_u32 generation)
{
	return cat_hash(cat_hash(inode, ((cat_u64)2 << 56) | dev), generation);
}

static inline cat_u64 cat_user_id(cat_u32 uid)
{
	return cat_hash(uid, (cat_u64)3 << 56);
}

/* remote_a and remote_b are the halves of the remote address, 0 for unix sockets. */
static inline cat_u64 cat_socket_id(cat_u64 inode, cat_u64 remote_a, cat_u64 remote_b, cat_u32 remote_port)
{
	return cat_hash(cat_hash(inode, ((cat_u64)4 << 56) | remote_port), cat_hash(remote_a, remote_b));
}

#endif
