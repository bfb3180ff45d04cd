/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Calls of user functions, as the kernel programs tell them (bpf/functions.bpf.c). A probe says by its cookie which function
 * it is in, and how far the stack pointer has moved between the function's entry and the probe.
 *
 * No watched function calls one that is outermost: `main`. The constructors that ran before it have returned, but were entered
 * above it on the stack, where its callers would be.
 */
#ifndef CATENA_WIRE_FUNCTIONS_H
#define CATENA_WIRE_FUNCTIONS_H

#include "wire/records.h"

#define CAT_FUNCTIONS_MAX 65536	/* functions that one recording can watch: ids 1, 2, … */
#define CAT_FUNCTION_BLOCK 64	/* calls of a thread in one record, since it is the record that costs */
#define CAT_FUNCTION_FRAMES 64	/* of a thread, innermost last, from which callers are taken; a power of two */
#define CAT_FUNCTION_EDGES 262144	/* most pairs of function and caller that count tells apart */
#define CAT_CONTEXTS_MAX 65536	/* paths of functions that led to system calls: ids 1, 2, … */
#define CAT_CONTEXT_SHALLOW 0x80000000U	/* … and where there are more of them: only the innermost function, its id and this */

#define CAT_FUNCTION_OUTERMOST	0x10000U
#define CAT_FUNCTION_RETURNS	0x20000U	/* a probe of its own says when it returns */
#define CAT_FUNCTION_STACK_MAX	((1 << 21) - 1)	/* bytes that the stack pointer can have moved */
#define CAT_FUNCTION_CODE_MAX	((1 << 24) - 1)

/*
 * A probe's cookie, from the lowest bit on: the function's id (16 bits), flags (CAT_FUNCTION_…, 2), the signed bytes to add to the
 * stack pointer (22), and how many bytes of the function's code there are from the probe on (24; 0 where that is not known).
 */
static inline cat_u64 cat_function_cookie(cat_u32 function, cat_u32 flags, cat_s32 stack_bytes, cat_u32 code_bytes)
{
	return (cat_u64)(code_bytes > CAT_FUNCTION_CODE_MAX ? 0 : code_bytes) << 40 |
	       ((cat_u64)(cat_u32)stack_bytes & 0x3fffff) << 18 | flags | function;
}

static inline cat_u16 cat_cookie_function(cat_u64 cookie)
{
	return (cat_u16)cookie;
}

static inline cat_s32 cat_cookie_stack(cat_u64 cookie)
{
	return (cat_s32)((cat_u32)(cookie >> 18) << 10) >> 10;
}

static inline cat_u32 cat_cookie_code(cat_u64 cookie)
{
	return (cat_u32)(cookie >> 40);
}

struct cat_function_call {
	cat_u16 function;
	cat_u8 is_return;	/* not the call, but its end */
	cat_u8 returned;	/* functions that have returned, although they were entered above this one on the stack */
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

/*
 * The functions that a thread is in, as far as its stack tells: a ring, of which the last `known` are true. The outer `named` of
 * these have a context. A function is over when the stack pointer is above where it was entered, or when that place no longer
 * has the address that it was to return to: whatever its caller calls next puts another one there, as a rule. And whoever is
 * going to be returned to is not over, but all that it has called before is.
 */
struct cat_function_frames {
	cat_u64 stack[CAT_FUNCTION_FRAMES];
	cat_u64 back[CAT_FUNCTION_FRAMES];	/* the return address, 0 where it is not known */
	cat_u64 code[CAT_FUNCTION_FRAMES];	/* where its code begins, but for a few bytes, and how much there is of it */
	cat_u32 code_bytes[CAT_FUNCTION_FRAMES];
	cat_u32 function[CAT_FUNCTION_FRAMES];
	cat_u32 context[CAT_FUNCTION_FRAMES];
	cat_u32 depth;
	cat_u32 known;
	cat_u32 named;
	cat_u32 pad;
};

/* One step of a path: a function, and the context (0: none) that it was called in. Its id is its place in the list of them. */
struct cat_function_context {
	cat_u32 parent;
	cat_u32 function;
};

/* What count counts. */
struct cat_function_edge {
	cat_u32 function;
	cat_u32 caller;		/* 0 for none that is known */
};

CAT_STATIC_ASSERT(sizeof(struct cat_function_call) == 16, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_function_calls) == 48 + 16 * CAT_FUNCTION_BLOCK, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_function_edge) == 8, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_function_context) == 8, "layout");

#endif
