/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* What the files of io_uring share: requests that are under way, and what a request names. */
#ifndef CATENA_BPF_URING_REQUESTS_H
#define CATENA_BPF_URING_REQUESTS_H

#include "lib/io_uring.bpf.h"

#include "lib/emit.bpf.h"
#include "lib/objects.bpf.h"

#define NR_IO_URING_ENTER 426

/* What a request was about, kept until it is done. */
struct uring_pending {
	u64 object;
	u64 dir, dir2;
	struct cat_address to;
	char to_path[CAT_UNIX_PATH];
	u32 pad;
};

struct uring_names {
	char path[CAT_PATH_MAX];
	char path2[CAT_PATH_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct uring_pending);
} cat_uring_pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, u64);
	__type(value, struct uring_names);
} cat_uring_names SEC(".maps");

/* What is too large for the stack is put together here before it goes into the maps. */
struct uring_scratch {
	struct uring_pending pending;
	struct uring_names names;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct uring_scratch);
} cat_uring_scratch SEC(".maps");

/* Requests that complete many times, by ring and user data: their completions do not name them. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u64);
} cat_uring_multishot SEC(".maps");

#define CMD(req, type, field) BPF_CORE_READ((struct type *)(req), field)

/* The call that stands for a request: by the thread that submitted it, whoever completes it. */
static __always_inline void uring_call(struct cat_call *call, struct io_kiocb *req, s64 ret)
{
	struct task_struct *task, *leader;

	if (bpf_core_field_exists(req->tctx))
		task = BPF_CORE_READ(req, tctx, task);
	else
		task = BPF_CORE_READ((struct io_kiocb___task *)req, task);
	leader = BPF_CORE_READ(task, group_leader);
	__builtin_memset(call, 0, sizeof(*call));
	call->tgid = BPF_CORE_READ(task, tgid);
	call->tid = BPF_CORE_READ(task, pid);
	call->process_start = BPF_CORE_READ(leader, start_boottime);
	call->process = cat_process_id(call->tgid, call->process_start);
	call->nr = NR_IO_URING_ENTER;
	call->ret = ret;
}

/* The file in a slot of the ring's table. */
static __always_inline u64 uring_file_in_slot(struct io_kiocb *req, u32 slot)
{
	struct io_ring_ctx *ring = BPF_CORE_READ(req, ctx);
	unsigned long file = 0;

	if (bpf_core_field_exists(struct io_file_table, data)) {
		struct io_rsrc_node **nodes = BPF_CORE_READ(ring, file_table.data.nodes), *node = NULL;

		if (slot >= BPF_CORE_READ(ring, file_table.data.nr))
			return 0;
		bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
		if (node)
			file = BPF_CORE_READ(node, file_ptr);
	} else {
		struct io_fixed_file *files = BPF_CORE_READ((struct io_ring_ctx___files *)ring, file_table.files);

		if (files)
			bpf_probe_read_kernel(&file, sizeof(file), files + slot);
	}
	return file & ~7UL;	/* the lowest bits are flags */
}

/* The file of a descriptor, or of a slot where `fixed`. */
static __always_inline u64 uring_file_named(struct io_kiocb *req, u32 fd, bool fixed)
{
	return fixed ? uring_file_in_slot(req, fd) : (u64)cat_fd_file(bpf_get_current_task_btf(), fd);
}

/* The file of a request: not yet looked up when it is submitted. */
static __always_inline u64 uring_file(struct io_kiocb *req)
{
	struct file *file = BPF_CORE_READ(req, file);

	return file ? (u64)file : uring_file_named(req, BPF_CORE_READ(req, cqe.fd), BPF_CORE_READ(req, flags) & URING_FIXED_FILE);
}

/* An open's flags and mode, as openat has them; O_LARGEFILE is the kernel's own. */
static __always_inline s64 uring_open_arg(struct io_kiocb *req)
{
	u64 flags = CMD(req, io_open, how.flags) & 0xffffffff & ~(u64)O_LARGEFILE;

	return flags | (flags & O_CREAT ? CMD(req, io_open, how.mode) << 32 : 0);
}

/* io_uring_objects.bpf.c: requests that make, change or close one object. */
int cat_uring_open(struct cat_call *call, u64 request);
int cat_uring_object(struct cat_call *call, u64 request, u32 opcode);
int cat_uring_pipe(struct cat_call *call, u64 request);
/* io_uring.bpf.c: a request that is done, or as good as done. */
int cat_uring_done(struct cat_call *call, u64 request, u32 opcode);
int cat_uring_path(struct cat_call *call, u64 request, u32 opcode);
/* io_uring_submit.bpf.c: keeps what is gone when the request is done. */
int cat_uring_keep_names(u64 request, u32 opcode);	/* 0 where there is no room */
int cat_uring_keep_address(u64 request, u32 opcode);
int cat_uring_keep_closed(u64 request);

#endif
