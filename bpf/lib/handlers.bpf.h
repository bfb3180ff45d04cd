/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * What syscalls.bpf.c hands a finished call to, one function a family; each lives in the file named behind it. They are
 * global, so that the verifier checks each once. A call that turns out to carry nothing is filtered by its handler.
 */
#ifndef CATENA_BPF_HANDLERS_H
#define CATENA_BPF_HANDLERS_H

#include "lib/emit.bpf.h"

int cat_on_open(struct cat_call *call);		/* files.bpf.c; one that succeeded, others are path operations */
int cat_on_path(struct cat_call *call);
int cat_on_close(struct cat_call *call, u64 closed);
int cat_on_fd(struct cat_call *call);
int cat_on_dup(struct cat_call *call);
int cat_on_new_fd(struct cat_call *call);
int cat_on_fd_pair(struct cat_call *call);
int cat_on_mmap(struct cat_call *call);		/* io.bpf.c */
int cat_on_transfer(struct cat_call *call);
int cat_on_read_write(struct cat_call *call);
int cat_on_connection(struct cat_call *call);	/* sockets.bpf.c */
int cat_on_addressed(struct cat_call *call);
int cat_on_message(struct cat_call *call);
int cat_on_messages(struct cat_call *call);
int cat_on_credentials(struct cat_call *call);	/* processes.bpf.c */
int cat_on_target(struct cat_call *call);		/* targets.bpf.c */
int cat_on_namespace(struct cat_call *call);
int cat_on_root(struct cat_call *call);
int cat_on_shared(struct cat_call *call, u64 address, u32 prot);	/* memory.bpf.c; what is mapped there, shared */
int cat_on_memory(struct cat_call *call, u64 file, u32 reads);		/* a read or write of /proc/PID/mem */
u64 cat_pid_with_number(s32 number);		/* the caller's: a struct pid, or 0; targets.bpf.c as well */
int cat_aim(struct cat_deed *deed, u64 pid);
int cat_unfold(struct cat_call *call);		/* compat.bpf.c; fills in what a call of CAT_H_FOLDED stands for */

/* A path operation: one or two paths, each from the program's memory or the kernel's. */
#define CAT_PATH_IN_KERNEL 1
#define CAT_PATH2_IN_KERNEL 2
struct cat_paths {
	u64 dir, dir2;		/* ids of the directories they start from */
	u64 path, path2;	/* addresses, 0 for none */
	u64 object2;		/* what the second path led to, where the kernel says */
	u32 in_kernel;		/* CAT_PATH_IN_KERNEL, CAT_PATH2_IN_KERNEL: which are kernel addresses */
	u32 pad;
};
int cat_emit_paths(struct cat_call *call, struct cat_deed *deed, struct cat_paths *paths);	/* files.bpf.c */

#endif
