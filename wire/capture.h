/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * System calls as they are recorded with --fidelity full: each call with its registers, its times and the memory that its
 * arguments point to. Which memory that is, is a table of rules that the sensor makes from the calls' signatures
 * (src/sys/call_signatures_table.h) before it loads the programs.
 *
 * One record (struct cat_calls) holds up to CAT_BATCH calls of one thread without captured memory, or a single one and its
 * data: pieces of struct cat_piece, each with its bytes behind it, unaligned.
 */
#ifndef CATENA_WIRE_CAPTURE_H
#define CATENA_WIRE_CAPTURE_H

#include "wire/records.h"

#define CAT_CALL_NUMBERS 576	/* of each ABI; calls beyond are recorded without their memory */
#define CAT_CAPTURES 4		/* rules a call */
#define CAT_CALL_DATA 5120	/* memory captured of one call, pieces' headers included */
#define CAT_PIECE_LARGE 4096	/* the longest piece, and what it is while so much room is left */
#define CAT_PIECE_SMALL 512	/* and where it is not */
#define CAT_BATCH 24

enum cat_capture_kind {
	CAT_CAPTURE_NONE,
	CAT_CAPTURE_STRING,	/* up to its NUL */
	CAT_CAPTURE_FIXED,	/* size bytes */
	CAT_CAPTURE_COUNTED,	/* size times the argument count_arg */
	CAT_CAPTURE_RETURNED,	/* size times what the call returned */
	CAT_CAPTURE_SIZED,	/* as many bytes as the 32-bit number says that the argument count_arg points to */
	CAT_CAPTURE_MESSAGE,	/* struct msghdr, the address and the iovecs it points to; size is that of a pointer */
	CAT_CAPTURE_STRINGS,	/* argv: size is that of a pointer; strings one behind the other, each with its NUL */
	CAT_CAPTURE_ARRAYS,	/* select's sets: (args[count_arg] + 63) / 64 times 8 bytes */
};

enum cat_capture_when { CAT_AT_ENTER, CAT_AT_EXIT };

struct cat_capture {
	cat_u8 kind;		/* enum cat_capture_kind */
	cat_u8 arg;		/* whose memory, 0 to 5 */
	cat_u8 when;		/* enum cat_capture_when; what cannot be read at the entry is read at the exit */
	cat_u8 count_arg;
	cat_u16 size;
	cat_u16 max;		/* bytes, at most */
};

#define CAT_CALL_ENDS	0x1	/* the call does not return: exit, exit_group */
#define CAT_CALL_FORKS	0x2	/* a child appears to return from it, too */

/* What is known of a call; one for each number of each ABI. */
struct cat_captures {
	struct cat_capture rules[CAT_CAPTURES];
	cat_u32 flags;		/* CAT_CALL_ENDS… */
	cat_u32 rule_count;
};

/* Flags of a recorded call. */
#define CAT_CALL_RETURNED	0x1	/* ret and exit_ns hold something */
#define CAT_CALL_EVENT		0x2	/* object and op are those of its event, which has no record of its own */

struct cat_one_call {
	cat_u64 enter_ns;	/* 0: it began before recording did, or a seccomp filter answered it */
	cat_u64 exit_ns;
	cat_s64 ret;
	cat_u64 args[6];
	cat_u64 object;
	cat_u32 nr;		/* as the event's: without x32's bit */
	cat_u8 abi;		/* enum cat_abi */
	cat_u8 flags;		/* CAT_CALL_RETURNED… */
	cat_u16 op;		/* enum cat_op */
	cat_u32 context;	/* as the event's */
	cat_u32 pad;
};

/* `count` of struct cat_one_call follow, then data_len bytes of data. */
struct cat_calls {
	struct cat_header header;	/* type CAT_CALLS */
	cat_u64 process;
	cat_u64 process_start;
	cat_u32 tgid;
	cat_u32 tid;
	cat_u32 count;
	cat_u32 data_len;	/* 0 unless count is 1 */
};

/* Which part of an argument a piece is; CAT_CAPTURE_MESSAGE has three. */
enum cat_part { CAT_PART_WHOLE, CAT_PART_ADDRESS, CAT_PART_VECTORS };

#define CAT_PIECE_LATE	0x10	/* in `when`: meant for the entry, could only be read at the exit */
#define CAT_PIECE_CUT	0x20	/* in `when`: there was more than this */

struct cat_piece {
	cat_u8 arg;		/* argument, and enum cat_part in the upper four bits */
	cat_u8 when;		/* enum cat_capture_when, CAT_PIECE_… */
	cat_u16 len;		/* bytes that follow */
};

enum cat_told { CAT_NOT_TOLD, CAT_TOLD, CAT_TOLD_IN_VAIN };	/* the last: the ring had no room */

/* What the programs keep of a task's calls. `lock` is between the task itself and the iterator that empties batches. */
struct cat_scratch {
	cat_u32 lock;
	cat_u32 state;		/* enum cat_call_state */
	cat_u32 told;		/* enum cat_told: the record of the call that is going on */
	cat_u32 missing;	/* rules (bits) that found nothing at the entry */
	cat_u32 row;		/* of the table of rules */
	cat_u32 batch_events;	/* calls of the batch with CAT_CALL_EVENT */
	struct cat_calls batch_head;
	struct cat_one_call batch[CAT_BATCH];
	struct cat_calls head;
	struct cat_one_call one;	/* the call that is going on */
	cat_u8 data[CAT_CALL_DATA];
};

enum cat_call_state { CAT_CALL_IDLE, CAT_CALL_INSIDE, CAT_CALL_LEAVING };

CAT_STATIC_ASSERT(sizeof(struct cat_capture) == 8, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_captures) == 40, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_one_call) == 96, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_calls) == 48, "layout");
CAT_STATIC_ASSERT(sizeof(struct cat_piece) == 4, "layout");

#endif
