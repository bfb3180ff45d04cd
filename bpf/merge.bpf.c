// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Question: does this flow carry anything that an earlier one between the same two nodes has not? If not, it is counted
 * in a slot of its thread; the rule and its proof are in wire/merge.h and docs/decisions/0008. What the slots have
 * counted is told when a slot is needed for another flow, when the edge begins anew, when the thread ends, and once a
 * second by an iterator.
 */
#include "lib/merge.bpf.h"

#include "lib/scope.bpf.h"
#include "lib/waiting.bpf.h"

static __always_inline u64 last_of(struct cat_slot *slot, u64 bumper, u64 now_ns)
{
	return cat_slot_last(slot, now_ns, bpf_jiffies64(), cat_tick_ns,
			     cat_bumped_by_others(&cat_bumpers[slot->source & (CAT_VERSIONS - 1)], bumper));
}

__noinline int cat_settle_times(struct cat_task *state, u64 now_ns)
{
	if (!state)
		return 0;
	for (u32 i = 0; i < CAT_SLOTS; i++) {
		struct cat_slot *slot = &state->slots.slot[i];

		if (!(state->coarse & 1U << (i / 2)) || !slot->tick)
			continue;
		slot->last_ns = last_of(slot, state->bumper, now_ns);
		slot->tick = 0;
	}
	state->coarse = 0;
	return 0;
}

static __always_inline void fill_sum(struct cat_event *event, struct cat_task *state, struct cat_slot *slot, u64 thread, u64 count)
{
	u64 bytes = slot->bytes;

	__builtin_memset(event, 0, sizeof(*event));
	cat_fill_header_at(&event->header, CAT_EVENT, sizeof(*event), slot->first_ns);
	event->last_ns = slot->tick ? last_of(slot, state->bumper, bpf_ktime_get_boot_ns()) : slot->last_ns;
	event->process = state->process;
	event->process_start = state->process_start;
	event->tgid = thread >> 32;
	event->tid = thread;
	event->object = slot->object;
	event->bytes = bytes - slot->told_bytes;
	event->ret = event->bytes;
	event->syscall = slot->syscall;
	event->abi = slot->abi;
	event->op = slot->op;
	event->fd = slot->fd;
	event->flags = CAT_FLAG_MERGED | slot->flags;
	event->context = slot->context;
	event->count = count;
	slot->told_bytes = bytes;
}

/*
 * Tells the sum of a slot of a thread since the last time, if there is any: 1, or 0 where it has to wait. The slots' lock is held.
 * `thread` is as in bpf_get_current_pid_tgid.
 */
static __noinline int tell(struct cat_task *state, struct cat_slot *slot, u64 thread)
{
	struct cat_waiting *waiting;
	struct cat_event *event;
	u64 count;
	int why;

	if (!state || !slot)
		return 1;
	waiting = &state->waiting;
	count = slot->count - slot->told_count;
	if (!count)
		return 1;
	if (!cat_try_lock(&waiting->lock))
		return 0;
	event = cat_waiting_room(waiting, &why);
	if (event) {
		fill_sum(event, state, slot, thread, count);
		slot->told_count += count;
	}
	cat_unlock(&waiting->lock);
	return event != NULL;
}

__noinline int cat_tell_slots(u32 tgid, u32 tid, struct cat_task *state)
{
	if (!state || !state->process || !cat_try_lock(&state->slots.lock))
		return 0;
	for (u32 i = 0; i < CAT_SLOTS; i++)
		tell(state, &state->slots.slot[i], (u64)tgid << 32 | tid);
	cat_unlock(&state->slots.lock);
	return 0;
}

/* What is known of a flow before it is looked for. */
struct flow {
	u64 key, edge;
	u64 inode, identity;
	u32 source, target;
	bool socket, stream;
};

static __always_inline void fill_flow(struct flow *flow, const struct cat_call *call, const struct cat_deed *deed,
				      u64 file, u32 kind)
{
	u32 process = cat_version_index(call->process), object = cat_version_index(deed->object);
	struct inode *inode = file ? CAT_POINTER(file, file, f_inode) : NULL;

	flow->socket = deed->op == CAT_OP_SEND || deed->op == CAT_OP_RECV;
	flow->key = cat_slot_key(file ?: deed->object, kind);
	flow->inode = (u64)inode;
	flow->identity = inode ? cat_file_identity((struct file *)file, inode, flow->socket) : 0;
	flow->source = kind == CAT_FLOW_OUT ? process : deed->from ?: object;
	flow->target = kind == CAT_FLOW_OUT ? deed->into ?: object : process;
	/* Versions of one word say nothing about another: a socket that gets a peer has other words from then on. */
	flow->edge = cat_hash(cat_hash(call->process, deed->object), (u64)flow->source << 2 | kind);
}

/* Gives the flow a slot, after the sum of the one that had it is told. False where that cannot be now. */
static __always_inline bool take_slot(struct cat_task *state, const struct flow *flow, const struct cat_call *call,
				      const struct cat_deed *deed, u64 token)
{
	struct cat_slot *slot = cat_find_slot(&state->slots, flow->key);

	if (!cat_try_lock(&state->slots.lock))
		return false;
	if (!slot) {
		u32 which = 2 * cat_slot_set(flow->key) + (state->slots.clock++ & 1);

		barrier_var(which);	/* Linux 6.1's verifier does not know the bounds of the `or` that this becomes */
		slot = &state->slots.slot[which & (CAT_SLOTS - 1)];
	}
	if (!tell(state, slot, (u64)call->tgid << 32 | call->tid)) {
		cat_unlock(&state->slots.lock);
		return false;
	}
	slot->key = flow->key;
	slot->inode = flow->inode;
	slot->identity = flow->identity;
	slot->object = deed->object;
	slot->source = flow->source;
	cat_slot_carry(slot, token);
	slot->op = deed->op;
	slot->syscall = call->nr;
	slot->abi = call->abi;
	slot->fd = deed->fd;
	slot->context = state->context;
	slot->stream = flow->stream;
	slot->flags = 0;
	slot->socket = flow->socket;
	slot->tick = 0;
	cat_unlock(&state->slots.lock);
	return true;
}

/* From now on, flows of other functions go into a slot: what it has of those before is told. False where that cannot be now. */
static __always_inline bool change_context(struct cat_task *state, struct cat_slot *slot, const struct cat_call *call)
{
	bool told;

	if (!cat_try_lock(&state->slots.lock))
		return false;
	told = tell(state, slot, (u64)call->tgid << 32 | call->tid);
	if (told)
		slot->context = state->context;
	cat_unlock(&state->slots.lock);
	return told;
}

/*
 * The flow is in a slot, or the edge is known from elsewhere, and there is nothing new to carry. Where there is, says
 * whether the flow is an echo.
 */
static __always_inline bool merge(struct cat_task *state, struct flow *flow, const struct cat_call *call,
				  const struct cat_deed *deed, u64 version, bool *echo)
{
	struct cat_slot *slot = cat_find_slot(&state->slots, flow->key);

	if (!slot || slot->object != deed->object || slot->identity != flow->identity || slot->inode != flow->inode ||
	    slot->source != flow->source) {
		if (!cat_remembers(&cat_edges, flow->edge, version) ||
		    !take_slot(state, flow, call, deed, version))
			return false;
		slot = cat_find_slot(&state->slots, flow->key);
	}
	if (!slot)
		return false;
	if (!cat_slot_has_carried(slot, version)) {
		*echo = cat_slot_echoes(slot, version);
		return false;
	}
	if (slot->context != state->context && !change_context(state, slot, call))
		return false;
	slot->flags |= deed->flags;
	cat_slot_add(slot, bpf_ktime_get_boot_ns(), deed->bytes);
	CAT_COUNT(seen);
	CAT_COUNT(merged);
	return true;
}

/* A flow that brings something new: recorded, and from now on the one that others are merged into. */
static __always_inline void keep(struct cat_task *state, struct flow *flow, const struct cat_call *call,
				 const struct cat_deed *deed, u64 version, u32 kind, bool echo)
{
	u64 now_ns = bpf_ktime_get_boot_ns(), before;
	struct cat_slot *back;
	int kept;

	if (state->coarse)
		cat_settle_times(state, now_ns);
	kept = cat_put(call, deed, now_ns);
	before = cat_bump(flow->target, now_ns);
	/* Nothing may be merged into an edge that is not there. */
	if (!kept)
		return;
	cat_remember(&cat_edges, flow->edge, version);
	take_slot(state, flow, call, deed, version);
	if (kind > CAT_FLOW_IN)
		return;
	back = cat_find_slot(&state->slots, flow->key ^ (CAT_FLOW_OUT ^ CAT_FLOW_IN));
	if (back)
		cat_slot_follow(back, flow->target, before, echo);
}

__noinline int cat_flow_causal(struct cat_call *call, struct cat_deed *deed, u64 file, u32 kind)
{
	struct cat_task *state;
	struct flow flow = {};
	bool echo = false;
	u64 *version;

	if (!call || !deed)
		return 0;
	fill_flow(&flow, call, deed, file, kind);
	version = bpf_map_lookup_elem(&cat_versions, &flow.source);
	state = bpf_task_storage_get(&cat_tasks, bpf_get_current_task_btf(), 0, 0);
	if (!version || !state)
		return 0;
	flow.stream = deed->flags & CAT_FLAG_STREAM;
	deed->flags &= ~CAT_FLAG_STREAM;
	if (!merge(state, &flow, call, deed, *version, &echo))
		keep(state, &flow, call, deed, *version, kind, echo);
	return 0;
}

/* Tells what the slots of every task hold, and sends what waits: four times a second, and at the end. */
SEC("iter/task")
int cat_tell_tasks(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;
	struct cat_task *state;

	if (!task)
		return 0;
	state = bpf_task_storage_get(&cat_tasks, task, 0, 0);
	if (!state)
		return 0;
	cat_tell_slots(task->tgid, task->pid, state);
	cat_send_waiting(state, 0);
	return 0;
}
