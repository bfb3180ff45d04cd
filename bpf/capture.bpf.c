// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: which memory do a system call's arguments point to? Copies what the table of rules says into the task's scratch,
 * at the entry or at the exit. What is not in memory yet at the entry (nobody has touched the page) is there once the kernel
 * has used it, so it is tried again at the exit.
 */
#include "lib/capture.bpf.h"

#include "lib/scratch.bpf.h"

#define STRINGS 32	/* arguments of an exec */
#define STRING_BYTES 256	/* of each of them */
#define STRINGS_ROOM (CAT_CALL_DATA - 1024)
#define MESSAGE_BYTES 56	/* struct msghdr, and 28 where pointers have four bytes */

/* What a piece is of. */
struct source {
	u64 from;
	u32 len;	/* bytes; 0 for a string up to its NUL */
	u8 arg;
	u8 when;
};

/* Copies one piece behind those that are there, at most `limit` bytes (a constant); 0, or -1 where nothing was read. */
static __always_inline int copy_piece(struct cat_scratch *scratch, u32 off, const struct source *source, const u32 limit)
{
	struct cat_piece piece = { .arg = source->arg, .when = source->when };
	u32 len = source->len;
	u8 *to;
	s64 got;

	if (off > CAT_CALL_DATA - sizeof(piece) - limit)
		return -1;
	to = scratch->data + off;
	if (len) {
		if (len > limit) {
			len = limit;
			piece.when |= CAT_PIECE_CUT;
		}
		got = bpf_probe_read_user(to + sizeof(piece), len, (void *)source->from) ? -1 : (s64)len;
	} else {
		to[sizeof(piece)] = 0;	/* older kernels, 6.1 among them, say 0 of an empty string */
		got = bpf_probe_read_user_str(to + sizeof(piece), limit, (void *)source->from) ?: 1;
		if (got == limit) {
			char last = 1;

			/* What fits just so has its NUL there. */
			bpf_probe_read_user(&last, 1, (void *)(source->from + limit - 1));
			if (last)
				piece.when |= CAT_PIECE_CUT;
		}
	}
	if (got <= 0)
		return -1;
	piece.len = got;
	/* What the program gave its memory for is not aligned, and neither are the pieces. */
	to[0] = piece.arg;
	to[1] = piece.when;
	to[2] = piece.len;
	to[3] = piece.len >> 8;
	scratch->head.data_len = off + sizeof(piece) + piece.len;
	return 0;
}

static __noinline int put_piece(struct cat_scratch *scratch, struct source *source)
{
	u32 off = scratch->head.data_len;

	if (!source->from)
		return 0;
	if (off <= CAT_CALL_DATA - sizeof(struct cat_piece) - CAT_PIECE_LARGE)
		return copy_piece(scratch, off, source, CAT_PIECE_LARGE);
	return copy_piece(scratch, off, source, CAT_PIECE_SMALL);
}

static __always_inline u64 read_pointer(u64 from, u32 size)
{
	u64 pointer = 0;

	if (size == 4)
		bpf_probe_read_user(&pointer, 4, (void *)from);
	else
		bpf_probe_read_user(&pointer, 8, (void *)from);
	return pointer;
}

/* struct msghdr, with the address and the vectors that it points to. */
static __noinline int put_message(struct cat_scratch *scratch, struct source *source, u32 pointer)
{
	u64 base = source->from, count;
	u32 name_len = 0;
	u8 arg = source->arg;

	source->len = pointer == 4 ? MESSAGE_BYTES / 2 : MESSAGE_BYTES;
	if (put_piece(scratch, source))
		return -1;
	bpf_probe_read_user(&name_len, sizeof(name_len), (void *)(base + pointer));
	source->from = read_pointer(base, pointer);
	source->len = name_len > 128 ? 128 : name_len;
	source->arg = arg | CAT_PART_ADDRESS << 4;
	if (source->len)
		put_piece(scratch, source);
	source->from = read_pointer(base + 2 * pointer, pointer);
	count = read_pointer(base + 3 * pointer, pointer);
	source->len = (count > 16 ? 16 : count) * 2 * pointer;
	source->arg = arg | CAT_PART_VECTORS << 4;
	if (source->len)
		put_piece(scratch, source);
	return 0;
}

/* A walk along an array of pointers to strings. */
struct strings {
	struct cat_scratch *scratch;
	u64 from;
	u32 pointer;
	u32 off;	/* where the next one goes */
	u32 cut;
};

static long put_string(u32 index, void *context)
{
	struct strings *strings = context;
	u64 string = read_pointer(strings->from + (u64)index * strings->pointer, strings->pointer);
	u32 off = strings->off;
	s64 len;

	if (!string)
		return 1;
	strings->cut = 1;
	if (index == STRINGS || off > STRINGS_ROOM)
		return 1;
	strings->scratch->data[off] = 0;
	len = bpf_probe_read_user_str(strings->scratch->data + off, STRING_BYTES, (void *)string) ?: 1;
	if (len <= 0 || len > STRING_BYTES)
		return 1;
	strings->off = off + len;
	strings->cut = 0;
	return 0;
}

static __noinline int put_strings(struct cat_scratch *scratch, struct source *source, u32 pointer)
{
	u32 start = scratch->head.data_len, off = start;
	struct strings strings = { .scratch = scratch, .from = source->from, .pointer = pointer };
	u64 first;

	if (off > STRINGS_ROOM - STRING_BYTES)
		return -1;
	/* An array that cannot be read is not an empty one. */
	if (bpf_probe_read_user(&first, pointer == 4 ? 4 : 8, (void *)source->from))
		return -1;
	strings.off = off + sizeof(struct cat_piece);
	bpf_loop(STRINGS + 1, put_string, &strings, 0);
	off = strings.off - start - sizeof(struct cat_piece);
	if (start > STRINGS_ROOM - STRING_BYTES)
		return -1;
	scratch->data[start] = source->arg;
	scratch->data[start + 1] = source->when | (strings.cut ? CAT_PIECE_CUT : 0);
	scratch->data[start + 2] = off;
	scratch->data[start + 3] = off >> 8;
	scratch->head.data_len = strings.off;
	return 0;
}

static __always_inline u64 call_arg(const struct cat_scratch *scratch, u32 arg)
{
	switch (arg) {
	case 0: return scratch->one.args[0];
	case 1: return scratch->one.args[1];
	case 2: return scratch->one.args[2];
	case 3: return scratch->one.args[3];
	case 4: return scratch->one.args[4];
	}
	return scratch->one.args[5];
}

/* Bytes that a rule of a counted kind asks for. */
static __always_inline u64 counted(const struct cat_scratch *scratch, const struct cat_capture *rule)
{
	u64 count = call_arg(scratch, rule->count_arg);
	u32 size = 0;

	switch (rule->kind) {
	case CAT_CAPTURE_FIXED:
		return rule->size;
	case CAT_CAPTURE_COUNTED:
		count = (u32)count;
		break;
	case CAT_CAPTURE_RETURNED:
		if (scratch->one.ret <= 0)
			return 0;
		count = scratch->one.ret;
		break;
	case CAT_CAPTURE_SIZED:
		bpf_probe_read_user(&size, sizeof(size), (void *)count);
		return size;
	case CAT_CAPTURE_ARRAYS:
		count = (u32)count < 1024 ? ((u32)count + 63) / 64 : 16;
		return count * 8;
	}
	return count > rule->max ? rule->max : count * rule->size;
}

/* Follows one rule: 0, or -1 where the memory could not be read. */
static __noinline int follow(struct cat_scratch *scratch, u32 which, u32 when)
{
	u32 row = scratch->row;
	struct cat_capture rule;
	struct source source = {};
	const void *from;
	u64 len;

	if (row >= CAT_ABIS * CAT_CALL_NUMBERS || which >= CAT_CAPTURES)
		return 0;
	/* As cat_read_row: the table's zeros are not the compiler's to copy. */
	from = (const void *)&cat_captures[row].rules[which];
	barrier_var(from);
	__builtin_memcpy(&rule, from, sizeof(rule));
	source.from = call_arg(scratch, rule.arg);
	source.arg = rule.arg;
	source.when = when == rule.when ? when : when | CAT_PIECE_LATE;
	if (!source.from)
		return 0;
	switch (rule.kind) {
	case CAT_CAPTURE_STRING:
		return put_piece(scratch, &source);
	case CAT_CAPTURE_MESSAGE:
		return put_message(scratch, &source, rule.size);
	case CAT_CAPTURE_STRINGS:
		return put_strings(scratch, &source, rule.size);
	}
	len = counted(scratch, &rule);
	if (len > rule.max) {
		len = rule.max;
		source.when |= CAT_PIECE_CUT;
	}
	source.len = len;
	return len ? put_piece(scratch, &source) : 0;
}

__noinline int cat_capture(struct cat_scratch *scratch, u32 when)
{
	u32 row, missing, count;
	bool failed;

	if (!scratch)
		return 0;
	row = scratch->row;
	if (row >= CAT_ABIS * CAT_CALL_NUMBERS)
		return 0;
	count = cat_captures[row].rule_count;
	/* What failed has left nothing, but for a sleep that was interrupted: EINTR, ERESTART_RESTARTBLOCK, ERESTARTNOHAND. */
	failed = when == CAT_AT_EXIT && (u64)scratch->one.ret >= (u64)-4095 && scratch->one.ret != -4 &&
		 scratch->one.ret != -516 && scratch->one.ret != -514;
	missing = scratch->missing;
	for (u32 i = 0; i < CAT_CAPTURES; i++) {
		u32 row_ = scratch->row;

		if (i >= count || row_ >= CAT_ABIS * CAT_CALL_NUMBERS)
			break;
		if (cat_captures[row_].rules[i].when != when ? when != CAT_AT_EXIT || !(missing & 1U << i) : failed)
			continue;
		if (follow(scratch, i, when) && when == CAT_AT_ENTER)
			scratch->missing |= 1U << i;
	}
	return 0;
}

__noinline int cat_capture_program(u64 filename)
{
	struct cat_scratch *scratch = cat_scratch();
	u32 missing, off;
	s64 len;

	if (!scratch || scratch->state != CAT_CALL_INSIDE)
		return 0;
	missing = scratch->missing;
	/* From now on the old program's memory is gone. */
	scratch->missing = 0;
	off = scratch->head.data_len;
	if (!missing || off > CAT_CALL_DATA - sizeof(struct cat_piece) - CAT_PIECE_SMALL)
		return 0;
	len = bpf_probe_read_kernel_str(scratch->data + off + sizeof(struct cat_piece), CAT_PIECE_SMALL, (void *)filename);
	if (len <= 0)
		return 0;
	/* execve has its path in argument 0, execveat in 1: the first rule says which. */
	off = scratch->head.data_len;
	if (off > CAT_CALL_DATA - sizeof(struct cat_piece) - CAT_PIECE_SMALL)
		return 0;
	if (!(missing & 1))
		return 0;
	scratch->data[off] = scratch->row < CAT_ABIS * CAT_CALL_NUMBERS ? cat_captures[scratch->row].rules[0].arg : 0;
	scratch->data[off + 1] = CAT_AT_ENTER | CAT_PIECE_LATE;
	scratch->data[off + 2] = len;
	scratch->data[off + 3] = len >> 8;
	scratch->head.data_len = off + sizeof(struct cat_piece) + len;
	return 0;
}
