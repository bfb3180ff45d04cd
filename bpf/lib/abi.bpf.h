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

#endif
