/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The kernel's types that say who a task is: credentials, pids, namespaces, cgroups. A part of kernel_types.h, which includes it
 * where its types are found through BTF.
 */
#ifndef CATENA_BPF_KERNEL_IDENTITY_H
#define CATENA_BPF_KERNEL_IDENTITY_H

typedef struct {
	u32 val;
} kuid_t;

struct ns_common {
	unsigned int inum;
};

struct user_namespace {
	struct ns_common ns;
};

struct pid_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct cred {
	kuid_t uid, gid, euid, egid;
	struct user_namespace *user_ns;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level;
	struct upid numbers[1];	/* one a level */
};

struct kernfs_node {
	u64 id;
};

struct cgroup_root {
	int hierarchy_id;	/* 0 is the v2 tree */
};

struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

#endif
