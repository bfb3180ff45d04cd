/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Calls of user functions, as the kernel programs tell them (bpf/functions.bpf.c). A probe says by its cookie which function
 * it is in, and how far the stack pointer has moved between the function's entry and the probe.
 */
#ifndef CATENA_WIRE_FUNCTIONS_H
#define CATENA_WIRE_FUNCTIONS_H

#include "wire/records.h"

#define CAT_FUNCTIONS_MAX 65536	/* functions that one recording can watch: ids 1, 2, … */
#define CAT_FUNCTION_BLOCK 64	/* calls of a thread in one record, since it is the record that costs */
#define CAT_FUNCTION_FRAMES 64	/* of a thread, innermost last, from which count takes the caller; a power of two */
#define CAT_FUNCTION_EDGES 262144	/* most pairs of function and caller that count tells apart */

/* A probe's cookie: the function's id, and above it the signed bytes to add to the stack pointer. */
static inline cat_u64 cat_function_cookie(cat_u32 function, cat_s32 stack_bytes)
{
	return (cat_u64)(cat_u32)stack_bytes << 32 | function;
}

struct cat_function_call {
	cat_u32 function;
	cat_u32 after_ns;	/* since the record's time, which is that of its first call */
	cat_u64 stack;		/* stack pointer at the function's entry */
};

struct cat_function_calls {
	struct cat_header header;	/* its size has the calls that are there */
	cat_u64 process;
	cat_u64 process_start;
	cat_u32 tgid;
	cat_u32 tid;
	cat_u32 count;
	cat_u32 pad;
	struct cat_function_call call[CAT_FUNCTION_BLOCK];
};

/* What waits with a thread. Whoever holds the lock may add to it and send it: the thread itself, or an iterator. */
struct cat_function_waiting {
	struct cat_function_calls calls;
	cat_u32 lock;
	cat_u32 pad;
};

/* The functions that a thread is in, as far as stack pointers tell: a ring, of which the last `known` are true. */
struct cat_function_frames {
	cat_u64 stack[CAT_FUNCTION_FRAMES];
	cat_u32 function[CAT_FUNCTION_FRAMES];
	cat_u32 depth;
	cat_u32 known;
};

/* What count counts. */
struct cat_function_edge {
	cat_u32 function;
	cat_u32 caller;		/* 0 for none that is known */
};

CAT_STATIC_ASSERT(sizeof(struct cat_function_call) == 16, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_function_calls) == 48 + 16 * CAT_FUNCTION_BLOCK, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_function_edge) == 8, "layout");

#endif
