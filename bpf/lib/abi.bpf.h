/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* By which table of system calls the current call was made. */
#ifndef CATENA_BPF_ABI_H
#define CATENA_BPF_ABI_H

#include "lib/maps.bpf.h"

/* `nr` as the kernel has it, with the bit that x32 sets; -1 where a filter has taken the call away. */
static __always_inline u8 cat_abi(u64 nr)
{
	if (bpf_get_current_task_btf()->thread_info.status & TS_COMPAT)
		return CAT_ABI_I386;
	return nr & X32_SYSCALL_BIT && (s32)nr >= 0 ? CAT_ABI_X32 : CAT_ABI_X64;
}

/* The call's number in its own table. The kernel looks at 32 bits only, whatever the register holds. */
static __always_inline u32 cat_number(u64 nr, u8 abi)
{
	return abi == CAT_ABI_X32 ? (u32)nr & ~X32_SYSCALL_BIT : (u32)nr;
}

static __always_inline void cat_read_registers(u64 *args, struct pt_regs *regs, u8 abi)
{
	if (abi == CAT_ABI_I386) {
		args[0] = (u32)regs->bx;
		args[1] = (u32)regs->cx;
		args[2] = (u32)regs->dx;
		args[3] = (u32)regs->si;
		args[4] = (u32)regs->di;
		args[5] = (u32)regs->bp;
		return;
	}
	args[0] = regs->di;
	args[1] = regs->si;
	args[2] = regs->dx;
	args[3] = regs->r10;
	args[4] = regs->r8;
	args[5] = regs->r9;
}

#define X32_FIRST 512	/* calls of x32 that have numbers of their own */
#define X32_CALLS 36

/* Their numbers on x86-64. Room to the next power of two: Linux 6.1's verifier sees no more. */
static const volatile u16 x32_calls[64] = {
	13, 15, 16, 19, 20, 45, 46, 47, 59, 101, 127, 128, 129, 131, 222, 244, 246, 247, 273, 274, 278, 279, 295, 296, 297,
	299, 307, 310, 311, 54, 55, 206, 209, 322, 327, 328,
};

/* The call's row in cat_syscalls: i386 has its own behind those of x86-64, x32 shares the latter. 2 * CAT_SYSCALLS for none. */
static __always_inline u32 cat_row_of(u64 nr, u8 abi)
{
	u32 row = cat_number(nr, abi), own = row - X32_FIRST;

	if (abi == CAT_ABI_X32 && own < X32_CALLS)
		row = x32_calls[own];
	if (row >= CAT_SYSCALLS)
		return 2 * CAT_SYSCALLS;
	if (abi == CAT_ABI_I386)
		row += CAT_SYSCALLS;
	barrier_var(row);	/* Linux 6.1's verifier does not follow what the sum becomes otherwise */
	return row;
}

#endif
