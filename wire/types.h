/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Integers of known width, in BPF, C and C++. */
#ifndef CATENA_WIRE_TYPES_H
#define CATENA_WIRE_TYPES_H

#ifndef __bpf__
#include <stdint.h>
#ifndef __VMLINUX_H__
typedef uint8_t cat_u8;
typedef uint16_t cat_u16;
typedef uint32_t cat_u32;
typedef uint64_t cat_u64;
typedef int32_t cat_s32;
typedef int64_t cat_s64;
#endif
#else
typedef __u8 cat_u8;
typedef __u16 cat_u16;
typedef __u32 cat_u32;
typedef __u64 cat_u64;
typedef __s32 cat_s32;
typedef __s64 cat_s64;
#endif

#endif
