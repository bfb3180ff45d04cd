/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* By which table of system calls the current call was made. */
#ifndef CATENA_BPF_ABI_H
#define CATENA_BPF_ABI_H

#include "lib/maps.bpf.h"

/* `nr` as the kernel has it, with the bit that x32 sets. */
static __always_inline u8 cat_abi(u64 nr)
{
	if (bpf_get_current_task_btf()->thread_info.status & TS_COMPAT)
		return CAT_ABI_I386;
	return nr & X32_SYSCALL_BIT ? CAT_ABI_X32 : CAT_ABI_X64;
}

#define X32_FIRST 512	/* calls of x32 that have numbers of their own */
#define X32_CALLS 36

/* Their numbers on x86-64. Room to the next power of two: Linux 6.1's verifier sees no more. */
static const volatile u16 x32_calls[64] = {
	13, 15, 16, 19, 20, 45, 46, 47, 59, 101, 127, 128, 129, 131, 222, 244, 246, 247, 273, 274, 278, 279, 295, 296, 297,
	299, 307, 310, 311, 54, 55, 206, 209, 322, 327, 328,
};

/* The call's number in the table of i386, or that of x86-64. */
static __always_inline u32 cat_number_of(u64 nr, u8 abi)
{
	u32 number = nr, own = number - (X32_SYSCALL_BIT + X32_FIRST);

	if (abi != CAT_ABI_X32)
		return nr < CAT_SYSCALLS ? number : CAT_SYSCALLS;
	if (own < X32_CALLS)
		return x32_calls[own];
	return number & ~X32_SYSCALL_BIT;
}

#endif
