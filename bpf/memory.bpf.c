// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Question: which memory does the program share with others, or read and write in another process? */
#include "lib/handlers.bpf.h"
#include "lib/objects.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct proc_inode {
	struct pid *pid;
	struct inode vfs_inode;
};

struct vm_area_struct {
	struct file *vm_file;
};

#pragma clang attribute pop

struct mapping {
	u64 file;
};

static long mapping_found(struct task_struct *task, struct vm_area_struct *area, void *context)
{
	struct mapping *found = context;

	bpf_probe_read_kernel(&found->file, sizeof(found->file), __builtin_preserve_access_index(&area->vm_file));
	return 0;
}

/* Shared memory without a descriptor: the kernel keeps it as a file of its own, which the mapping leads to. */
__noinline int cat_on_shared(struct cat_call *call, u64 address, u32 prot)
{
	struct cat_deed deed = { .fd = -1 };
	struct mapping found = {};

	if (!call)
		return 0;
	bpf_find_vma(bpf_get_current_task_btf(), address, mapping_found, &found, 0);
	if (found.file)
		deed.object = CAT_ID(cat_file_object(found.file));
	if (!deed.object) {
		cat_filter(call);
		return 0;
	}
	deed.op = prot & PROT_WRITE ? CAT_OP_MMAP_WRITE : CAT_OP_MMAP;
	deed.ret = call->ret;
	deed.arg = prot | (u64)(call->spec.handler == CAT_H_MMAP ? (u32)call->args[3] : MAP_SHARED) << 32;
	cat_emit(call, &deed);
	return 0;
}

/* The process whose memory it is. */
__noinline int cat_on_memory(struct cat_call *call, u64 file_pointer, u32 reads)
{
	struct file *file = (void *)file_pointer;
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	struct cat_deed deed = { .fd = -1 };
	struct proc_inode *owned;

	if (!call)
		return 0;
	owned = (void *)((u64)inode - bpf_core_field_offset(struct proc_inode, vfs_inode));
	cat_aim(&deed, (u64)BPF_CORE_READ(owned, pid));
	deed.op = reads ? CAT_OP_VM_READ : CAT_OP_VM_WRITE;
	deed.bytes = deed.ret = call->ret;
	cat_emit(call, &deed);
	return 0;
}
