/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Reading the kernel's structures through pointers that the verifier does not know. Since Linux 6.2 such a pointer can be
 * given a type, and reading is a load; bpf_probe_read_kernel, which is what there was before, costs five times as much.
 */
#ifndef CATENA_BPF_KERNEL_READ_H
#define CATENA_BPF_KERNEL_READ_H

#include "kernel_types.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

extern void *bpf_rdonly_cast(const void *obj, u32 btf_id) __ksym __weak;

static __always_inline u64 cat_read_u64(const void *address)
{
	u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), address);
	return value;
}

#define CAT_AS(type, pointer) ((struct type *)bpf_rdonly_cast((void *)(pointer), bpf_core_type_id_kernel(struct type)))

/* A field of a structure that is a number: CAT_LOAD(inode, inode, i_ino). */
#define CAT_LOAD(type, pointer, field)                                                          \
	({                                                                                      \
		const void *at_ = (const void *)(pointer);                                      \
		bpf_ksym_exists(bpf_rdonly_cast) ? CAT_AS(type, at_)->field :                   \
						   BPF_CORE_READ((struct type *)at_, field);    \
	})

/* A number in kernel memory: the first member of a type that begins with one. */
#define CAT_LOAD_U64(address)                                                                   \
	(bpf_ksym_exists(bpf_rdonly_cast) ? (u64)CAT_AS(timespec64, address)->tv_sec : cat_read_u64(address))

/* A field that is a pointer, as one that the verifier does not know either, so that it can go anywhere. */
#define CAT_POINTER(type, pointer, field)                                                       \
	((typeof(((struct type *)0)->field))CAT_LOAD_U64((const char *)(pointer) +              \
							 bpf_core_field_offset(struct type, field)))

#endif
