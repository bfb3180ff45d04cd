// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what does a call of a 32-bit program mean that has several calls behind one number? Its arguments are in
 * memory; each is the same as a call of x86-64, and takes that one's row of the table.
 */
#include "lib/handlers.bpf.h"

#define NR_I386_MMAP 90
#define NR_I386_SOCKETCALL 102
#define NR_I386_IPC 117
#define SOCKETCALLS 21
#define NR_MMAP 9
#define NR_SHMAT 30
#define IPC_SHMAT 21

/* By the number that socketcall takes, from 1. Room to the next power of two: Linux 6.1's verifier sees no more. */
static const volatile u16 socketcalls[32] = {
	0,
	41,	/* socket */
	49,	/* bind */
	42,	/* connect */
	50,	/* listen */
	43,	/* accept */
	51,	/* getsockname */
	52,	/* getpeername */
	53,	/* socketpair */
	44,	/* send: a sendto without address */
	45,	/* recv */
	44,	/* sendto */
	45,	/* recvfrom */
	48,	/* shutdown */
	54,	/* setsockopt */
	55,	/* getsockopt */
	46,	/* sendmsg */
	47,	/* recvmsg */
	288,	/* accept4 */
	299,	/* recvmmsg */
	307,	/* sendmmsg */
};
#define SOCKETCALL_SEND 9
#define SOCKETCALL_RECV 10

static __always_inline void read_arguments(struct cat_call *call, u64 from, int count)
{
	u32 words[6] = {};

	bpf_probe_read_user(words, count * sizeof(u32), (void *)from);
	for (int i = 0; i < 6; i++)
		call->args[i] = words[i];
}

static __always_inline void become(struct cat_call *call, u32 like)
{
	if (like < CAT_SYSCALLS)
		cat_read_row(&call->spec, like);
}

static __always_inline void unfold_ipc(struct cat_call *call)
{
	u32 address = 0;

	if ((call->args[0] & 0xffff) != IPC_SHMAT || call->args[0] >> 16)
		return;
	/* shmat returns the address through its third argument here. */
	if (call->ret == 0 && !bpf_probe_read_user(&address, sizeof(address), (void *)call->args[3]))
		call->ret = address;
	call->args[0] = call->args[1];
	call->args[2] = (u32)call->args[2];	/* its flags are in the same place */
	call->args[1] = call->args[4];
	become(call, NR_SHMAT);
}

__noinline int cat_unfold(struct cat_call *call)
{
	u32 which;

	if (!call)
		return 0;
	call->spec.handler = CAT_H_NONE;
	switch (call->nr) {
	case NR_I386_MMAP:
		read_arguments(call, call->args[0], 6);
		become(call, NR_MMAP);
		return 0;
	case NR_I386_IPC:
		unfold_ipc(call);
		return 0;
	}
	which = call->args[0];
	if (which >= SOCKETCALLS)
		return 0;
	if (which == SOCKETCALL_SEND || which == SOCKETCALL_RECV)
		read_arguments(call, call->args[1], 4);
	else
		read_arguments(call, call->args[1], 6);
	become(call, socketcalls[which]);
	return 0;
}
