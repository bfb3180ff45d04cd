/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel types and constants of io_uring that io_uring.bpf.c touches, kept by hand as lib/kernel_types.h is.
 * Sources: include/linux/io_uring_types.h, include/uapi/linux/io_uring.h, io_uring/{openclose,fs,net,rw,splice,rsrc}.c.
 * Names that end in ___ and a word are what other kernels have.
 */
#ifndef CATENA_BPF_IO_URING_H
#define CATENA_BPF_IO_URING_H

#include "lib/maps.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_uring_task {
	struct task_struct *task;
};

struct io_cqe {
	u64 user_data;
	s32 res;
	s32 fd;		/* what the request names, until it is done */
};

struct io_uring_cqe {
	u64 user_data;
	s32 res;
};

struct io_kiocb {
	struct file *file;	/* and the data of the request's kind, which begins with it */
	u8 opcode;
	u32 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	struct io_uring_task *tctx;
	void *async_data;
};

struct io_kiocb___task {	/* before Linux 6.13 */
	struct task_struct *task;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

struct io_file_table {
	struct io_rsrc_data data;
};

struct io_ring_ctx {
	unsigned int compat : 1;
	struct io_file_table file_table;
};

struct io_fixed_file {		/* before Linux 6.13 */
	unsigned long file_ptr;
};

struct io_file_table___files {
	struct io_fixed_file *files;
};

struct io_ring_ctx___files {
	struct io_file_table___files file_table;
};

struct filename {
	const char *name;
};

struct open_how {
	u64 flags, mode;
};

struct io_open {
	int dfd;
	u32 file_slot;
	struct filename *filename;
	struct open_how how;
};

struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_mkdir {
	int dfd;
	u16 mode;
	struct filename *filename;
};

struct io_link {	/* and of symbolic links */
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
	int flags;
};

/* Since Linux 7.0 a name sits in a box, with the same string in it. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open___boxed {
	struct delayed_filename filename;
};

struct io_rename___boxed {
	struct delayed_filename oldpath, newpath;
};

struct io_unlink___boxed {
	struct delayed_filename filename;
};

struct io_mkdir___boxed {
	struct delayed_filename filename;
};

struct io_link___boxed {
	struct delayed_filename oldpath, newpath;
};

struct io_close {
	int fd;
	u32 file_slot;
};

struct io_rw {
	u32 len;
};

struct io_splice {
	struct file *file_out;
	int splice_fd_in;
	unsigned int flags;
	u64 len;
};

struct io_ftrunc {
	s64 len;
};

struct io_accept {
	u32 file_slot;
};

struct io_socket {
	int domain, type;
	u32 file_slot;
};

struct io_pipe {
	int *fds;
	int flags;
	int file_slot;
};

struct io_connect {
	void *addr;
	int addr_len;
};

struct io_listen {
	int backlog;
};

struct io_sr_msg {
	void *umsg;
	int len;
	u16 flags;
};

struct io_sr_msg___addr {	/* before Linux 6.11 a sendto's address was read when it ran */
	void *addr;
	u16 addr_len;
};

struct io_async_msghdr {
	struct msghdr msg;
};

#pragma clang attribute pop

enum {
	URING_READV = 1, URING_WRITEV = 2, URING_READ_FIXED = 4, URING_WRITE_FIXED = 5, URING_SENDMSG = 9,
	URING_RECVMSG = 10, URING_ACCEPT = 13, URING_CONNECT = 16, URING_OPENAT = 18, URING_CLOSE = 19,
	URING_READ = 22, URING_WRITE = 23, URING_SEND = 26, URING_RECV = 27, URING_OPENAT2 = 28, URING_SPLICE = 30,
	URING_TEE = 33, URING_RENAMEAT = 35, URING_UNLINKAT = 36, URING_MKDIRAT = 37, URING_SYMLINKAT = 38,
	URING_LINKAT = 39, URING_SOCKET = 45, URING_SEND_ZC = 47, URING_SENDMSG_ZC = 48, URING_READ_MULTISHOT = 49,
	URING_FTRUNCATE = 55, URING_BIND = 56, URING_LISTEN = 57, URING_RECV_ZC = 58, URING_READV_FIXED = 60,
	URING_WRITEV_FIXED = 61, URING_PIPE = 62,
};

#define URING_FIXED_FILE 0x1	/* IOSQE_FIXED_FILE, IOSQE_CQE_SKIP_SUCCESS: the first bits of a request's flags */
#define URING_CQE_SKIP 0x40
#define URING_RECV_MULTISHOT 0x2
#define URING_SLOT_ANY 0xffffffff	/* IORING_FILE_INDEX_ALLOC */
#define URING_SPLICE_FIXED 0x80000000	/* SPLICE_F_FD_IN_FIXED */

#endif
