// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What belongs to no family of programs: the licence, and who records. */
#include "lib/maps.bpf.h"
#include "lib/uring_requests.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Tells the recorder its own thread group id as the kernel sees it, whatever pid namespace it runs in. */
SEC("syscall")
int cat_introduce(void *ctx)
{
	cat_recorder_tgid = bpf_get_current_pid_tgid() >> 32;
	return 0;
}
