/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Socket addresses that a call names. */
#ifndef CATENA_BPF_ADDRESS_H
#define CATENA_BPF_ADDRESS_H

#include "lib/emit.bpf.h"
#include "lib/objects.bpf.h"

#include <bpf/bpf_endian.h>

/* include/linux/socket.h and include/net/compat.h: what a msghdr in a program's memory begins with, and how large it is. */
struct cat_name {
	u64 name;
	s32 len;
	u32 pad;
};
#define CAT_MSGHDR_SIZE 56
#define CAT_MSGHDR32_SIZE 28
#define CAT_MMSGHDR_SIZE 64	/* a msghdr, and behind it the bytes of its message as 32 bits */
#define CAT_MMSGHDR32_SIZE 32

/* What a message of a 32-bit program (and of x32) or of a 64-bit one names. */
static __always_inline void cat_read_name(struct cat_name *to, u64 from, bool is_32_bit)
{
	u32 words[2] = {};

	if (!is_32_bit) {
		bpf_probe_read_user(to, sizeof(*to), (void *)from);
		return;
	}
	bpf_probe_read_user(words, sizeof(words), (void *)from);
	to->name = words[0];
	to->len = words[1];
}

static __always_inline long cat_read(void *to, u32 size, u64 from, bool in_kernel)
{
	return in_kernel ? bpf_probe_read_kernel(to, size, (void *)from) : bpf_probe_read_user(to, size, (void *)from);
}

/* Reads a sockaddr; `out` keeps family 0 when there is none or it cannot be read. `out` begins as zeros. */
static __always_inline void cat_read_address(struct cat_address *out, u64 from, u32 len, bool in_kernel)
{
	u16 family = 0;

	if (!from || cat_read(&family, sizeof(family), from, in_kernel))
		return;
	out->family = family;
	out->in_kernel = in_kernel;
	if (family == AF_INET || family == AF_INET6) {
		cat_read(&out->port, 2, from + 2, in_kernel);
		out->port = bpf_ntohs(out->port);
		if (family == AF_INET)
			cat_read(out->bytes, 4, from + 4, in_kernel);
		else
			cat_read(out->bytes, 16, from + 8, in_kernel);
	} else if (family == AF_UNIX && len > 2) {
		len -= 2;
		if (len > CAT_UNIX_PATH)
			len = CAT_UNIX_PATH;
		out->path = from + 2;
		out->path_len = len;
	} else {
		out->family = 0;
	}
}

/* Makes a socket, towards the address that the call names if it names one, the object of a deed; false where it is none. */
static __always_inline bool cat_towards(struct cat_deed *deed, u64 file, struct cat_address *to)
{
	if (file)
		deed->object = CAT_ID(cat_socket_object(file, to->family ? to : NULL));
	if (to->family && !to->in_kernel)
		deed->flags = CAT_FLAG_USER_SOURCE;
	return deed->object != 0;
}

#endif
