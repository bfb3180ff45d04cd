/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Full fidelity: what the other programs call so that each system call is recorded by itself (capture.bpf.c). None of it is
 * in the programs that the kernel runs otherwise: cat_fidelity is constant, and the verifier drops what cannot be reached.
 */
#ifndef CATENA_BPF_CAPTURE_H
#define CATENA_BPF_CAPTURE_H

#include "lib/maps.bpf.h"
#include "wire/capture.h"

#define CAT_FULL (cat_fidelity == CAT_FIDELITY_FULL)

/* A call as its registers say. */
struct cat_entry {
	u64 args[6];
	u64 process;
	u64 process_start;
	u32 nr;
	u32 abi;
	u32 context;	/* of functions */
};

int cat_call_enters(struct cat_entry *entry);
int cat_call_returns(s64 ret);		/* before handlers see the call */
int cat_call_over(void);			/* after they did */
int cat_task_ends(void);

/*
 * Sends what was kept back of the current task, and the call that just returned: to be called before each of its events.
 * The event's flags then say where it has no call in the recording.
 */
int cat_tell_call(void);

/* Records the call that just returned together with its event; 0 where that has to be a record of its own. */
int cat_tell_io(u64 object, u32 op);

/* CAT_FLAG_IN_CALL where the current task's call will be told later than now. */
int cat_in_call(void);

/* The path of the program that an exec runs, where it could not be read at the entry. */
int cat_capture_program(u64 filename);

#endif
