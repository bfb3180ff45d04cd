/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Which failed calls leave something to record. */
#ifndef CATENA_BPF_FAILURES_H
#define CATENA_BPF_FAILURES_H

#include "lib/maps.bpf.h"

/* Failures worth recording: somebody was refused something, or could not reach it. */
static __always_inline bool cat_refused(s64 ret)
{
	switch (ret) {
	case -1:	/* EPERM */
	case -13:	/* EACCES */
	case -30:	/* EROFS */
	case -101:	/* ENETUNREACH */
	case -110:	/* ETIMEDOUT */
	case -111:	/* ECONNREFUSED */
	case -113:	/* EHOSTUNREACH */
		return true;
	}
	return false;
}

#define EINPROGRESS_RET (-115)

/* Whether a call has failed in a way that leaves nothing to record. */
static __always_inline bool cat_came_to_nothing(u8 handler, s64 ret)
{
	if (ret >= 0 || ret < -4095 || cat_refused(ret))
		return false;
	return handler != CAT_H_CONNECT || ret != EINPROGRESS_RET;
}

#endif
