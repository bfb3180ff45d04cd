// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What does a probe on a user function cost whose program does nothing? */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("uprobe.multi")
int empty_uprobe(void *ctx)
{
	return 0;
}
