/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Merging, where it has to be fast: a read or write on a descriptor whose flow is in a slot of the thread and has nothing
 * new to carry (wire/merge.h) is counted there, and that is all. Everything else goes the long way (merge.bpf.c).
 */
#ifndef CATENA_BPF_MERGE_H
#define CATENA_BPF_MERGE_H

#include "lib/emit.bpf.h"
#include "lib/objects.bpf.h"

/* Tells a file at this address apart from another that was there before, and a socket from itself with another peer. */
static __always_inline u64 cat_file_identity(struct file *file, struct inode *inode, bool is_socket)
{
	u64 identity = CAT_LOAD(inode, inode, i_ino) ^ (u64)CAT_LOAD(inode, inode, i_generation) << 32;

	if (is_socket) {
		struct socket *socket = CAT_POINTER(file, file, private_data);
		struct sock *sk = socket ? CAT_POINTER(socket, socket, sk) : NULL;

		if (sk && CAT_LOAD(sock, sk, __sk_common.skc_family) == AF_UNIX)
			identity ^= (u64)CAT_POINTER(unix_sock, sk, peer) << 20;
		else if (sk)
			identity ^= (u64)CAT_LOAD(sock, sk, __sk_common.skc_dport) << 40 ^
				    (u64)CAT_LOAD(sock, sk, __sk_common.skc_daddr) << 20;
	}
	return identity;
}

/* Merges a flow through a descriptor of the current task into its slot; false where it has to go the long way. */
static __always_inline bool cat_absorb(struct cat_task *state, struct task_struct *task, s32 fd, enum cat_flow_kind kind,
				       u64 bytes, bool needs_stream)
{
	struct file *file = cat_fd_file(task, fd);
	struct cat_bumpers *bumpers;
	struct cat_counters *counters;
	struct cat_slot *slot;
	struct inode *inode;
	u32 zero = 0;
	u64 *version;

	slot = cat_find_slot(&state->slots, cat_slot_key((u64)file, kind));
	if (!file || !slot || slot->context != state->context || (needs_stream && !slot->stream))
		return false;
	inode = CAT_POINTER(file, file, f_inode);
	if (slot->inode != (u64)inode || slot->identity != cat_file_identity(file, inode, slot->socket))
		return false;
	version = bpf_map_lookup_elem(&cat_versions, &slot->source);
	counters = bpf_map_lookup_elem(&cat_counts, &zero);
	if (!version || !counters || !cat_slot_has_carried(slot, *version))
		return false;
	bumpers = &cat_bumpers[slot->source & (CAT_VERSIONS - 1)];
	if (!cat_exact && cat_may_be_coarse(slot, bumpers, state->bumper)) {
		cat_slot_add_coarsely(slot, bpf_jiffies64(), bytes);
		state->coarse |= 1U << cat_slot_set(slot->key);
	} else {
		cat_slot_add(slot, bpf_ktime_get_boot_ns(), bytes);
	}
	counters->seen++;
	counters->merged++;
	return true;
}

#define CAT_FLAG_STREAM 0x10000	/* of a deed: the socket goes to its peer whatever address the call names */

/*
 * Records a flow of a kind that can be merged, or merges it. `file` is what it goes through (0: the object itself is the
 * key), `kind` an enum cat_flow_kind (merge.bpf.c).
 */
int cat_flow_causal(struct cat_call *call, struct cat_deed *deed, u64 file, u32 kind);

static __always_inline void cat_flow(struct cat_call *call, struct cat_deed *deed, u64 file, u32 kind)
{
	if (CAT_FULL)
		cat_put_full(call, deed, cat_call_flags(call, deed));
	else
		cat_flow_causal(call, deed, file, kind);
}

/* Tells user space what was merged into a task's slots (merge.bpf.c). */
int cat_tell_slots(u32 tgid, u32 tid, struct cat_task *state);

#endif
