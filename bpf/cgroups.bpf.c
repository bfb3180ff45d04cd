// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: what is the cgroup called that a process is in, even where it is gone before user space can look? A container that
 * lives for a moment takes its group with it.
 */
#include "lib/emit.bpf.h"

SEC("tp_btf/cgroup_mkdir")
int BPF_PROG(cat_cgroup_mkdir, struct cgroup *group, const char *path)
{
	struct cat_cgroup *record;
	long len;

	/* Ids of other trees are numbers of their own. */
	if (BPF_CORE_READ(group, root, hierarchy_id) != 0)
		return 0;
	record = CAT_RESERVE_NAME(sizeof(*record), CAT_RANK_VITAL);
	if (!record)
		return 0;
	cat_fill_header(&record->header, CAT_CGROUP, sizeof(*record));
	record->id = BPF_CORE_READ(group, kn, id);
	len = bpf_probe_read_kernel_str(record->path, sizeof(record->path), path);
	/* A path that fills the buffer may have been cut: then it has no name here. */
	record->path_len = len > 1 && len < sizeof(record->path) ? len - 1 : 0;
	record->pad = 0;
	bpf_ringbuf_submit(record, cat_wakeup_flags());
	return 0;
}
