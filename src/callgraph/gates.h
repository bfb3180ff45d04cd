// Gates: functions of libc and of its modules that much code refers to and little can come to call.
//
// - What a module of the name service switch offers (and libc itself, as the services "files" and "dns") is
//   called where a look-up asks for it by name, and where nsswitch.conf has the service for its database.
// - libc changes a thread's priority for a mutex with a priority ceiling, and only
//   pthread_mutexattr_setprotocol makes such a mutex. It asks for and sets the scheduling of a new thread
//   where attributes say so, which only pthread_attr_setinheritsched does, and its processors where
//   pthread_attr_setaffinity_np does or pthread_getattr_np copies them.
// - glob looks users up where it is called with GLOB_TILDE or GLOB_TILDE_CHECK.
// - What a thread leaves of Sun RPC is taken back at its end where svc_register can run.
// - The loader starts another program only where it is started as a program itself, and profiles only where
//   the environment has LD_PROFILE.
#pragma once

#include "callgraph/linked.h"
#include "callgraph/nss.h"

namespace catena::callgraph {

// Fills gates, gated and keys; what they were before is forgotten.
void set_gates(Linked& linked, const NssConfiguration& nss);

}  // namespace catena::callgraph
