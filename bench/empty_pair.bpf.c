// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What does it cost that a program is called at the beginning and the end of each system call, if it does nothing? */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tp_btf/sys_enter")
int empty_enter(void *ctx)
{
	return 0;
}

SEC("tp_btf/sys_exit")
int empty_exit(void *ctx)
{
	return 0;
}
