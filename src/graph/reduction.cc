// Full dependence, as wire/merge.h words it, for histories that are stored already. What the kernel programs
// do about locks, full rings and reused addresses of files is not needed here; the rest is the same, in the
// same order.
#include "graph/reduction.h"

#include <algorithm>

#include "graph/graph.h"

namespace catena::graph {
namespace {

using event::Event;
using event::Op;

bool is_socket_op(Op op) { return op == Op::Send || op == Op::Recv || op == Op::Connect || op == Op::Accept; }

// The words of a socket: what will come out of it, and, where no peer is known, what went into it.
constexpr std::uint64_t kReceived = 1;
constexpr std::uint64_t kSent = 2;

}  // namespace

Reducer::Reducer(ReducerLimits limits)
    : limits_(limits), versions_(limits.versions), edges_(limits.edges), peers_(limits.sockets) {
    limits_.sets = std::min<std::uint32_t>(limits_.sets, CAT_SETS);
    limits_.threads = std::max<std::size_t>(limits_.threads, 1);
}

void Reducer::add(const event::Socket& socket) {
    if (socket.peer && socket.peer != socket.id) peers_.insert(socket.id.value, socket.peer.value);
}

void Reducer::add(const Event& event, std::vector<Event>& rows) {
    const bool late = event.ts_ns < newest_ns_ || event.ts_ns < 0;
    newest_ns_ = std::max(newest_ns_, event.ts_ns);
    if (!carries(event)) {
        rows.push_back(event);
        ++counts_.kept;
        return;
    }
    const std::optional<cat_flow_kind> kind = kind_of(event);
    if (!kind || late) return keep(event, rows);
    add_flow(event, flow_of(event, *kind), rows);
}

std::optional<cat_flow_kind> Reducer::kind_of(const Event& event) const {
    if (event.count != 1 || event.last_ns > event.ts_ns) return std::nullopt;
    switch (event.op) {
        case Op::Write:
        case Op::Send:
            return event.bytes > 0 ? std::optional(CAT_FLOW_OUT) : std::nullopt;
        case Op::Read:
        case Op::Recv:
            return event.bytes > 0 ? std::optional(CAT_FLOW_IN) : std::nullopt;
        case Op::Mmap:
            return CAT_FLOW_MAP;
        case Op::Load:
            return CAT_FLOW_LOAD;
        default:
            return std::nullopt;
    }
}

std::uint32_t Reducer::word(std::uint64_t id) {
    if (limits_.versions != 0) return cat_version_index(id) % limits_.versions;
    const auto [number, is_new] = nodes_.intern(id);
    if (is_new) versions_.push_back(0);
    return number;
}

// The two ends of a connection share their words: what goes into one is new at the other, and only there.
Reducer::Words Reducer::words_of(const Event& event) {
    const std::uint64_t id = event.object.value;
    if (!is_socket_op(event.op)) {
        const std::uint32_t own = word(id);
        return {.into = own, .from = own};
    }
    const std::uint64_t* peer = peers_.find(id);
    return {.into = word(peer != nullptr ? cat_hash(*peer, kReceived) : cat_hash(id, kSent)),
            .from = word(cat_hash(id, kReceived))};
}

Reducer::Flow Reducer::flow_of(const Event& event, cat_flow_kind kind) {
    const std::uint32_t process = word(event.process.value);
    const Words object = words_of(event);
    // Not the object alone: who merges a write with a send into the same thing loses one of the two names.
    const std::uint64_t through =
        is_socket_op(event.op) ? cat_hash(event.object.value, 1) : event.object.value;
    const std::uint32_t source = kind == CAT_FLOW_OUT ? process : object.from;
    const cat_flow_kind back = kind == CAT_FLOW_OUT ? CAT_FLOW_IN : CAT_FLOW_OUT;
    return {
        .key = cat_slot_key(through, kind),
        .back_key = kind > CAT_FLOW_IN ? 0 : cat_slot_key(through, back),
        // Versions of one word say nothing about another: a socket whose peer becomes known has other words.
        .edge = cat_hash(cat_hash(event.process.value, through), std::uint64_t{source} << 2 | kind),
        .source = source,
        .target = kind == CAT_FLOW_OUT ? object.into : process};
}

Reducer::Thread& Reducer::thread_of(const Event& event, std::vector<Event>& rows) {
    const std::uint64_t key = cat_hash(event.process.value, static_cast<std::uint32_t>(event.tid));
    if (const auto place = thread_places_.find(key); place != thread_places_.end()) {
        threads_.splice(threads_.begin(), threads_, place->second);
        return threads_.front();
    }
    if (threads_.size() >= limits_.threads) {
        tell(threads_.back(), rows);
        thread_places_.erase(threads_.back().key);
        threads_.pop_back();
    }
    threads_.push_front({.key = key, .sets = {}});
    thread_places_[key] = threads_.begin();
    return threads_.front();
}

Reducer::Set& Reducer::set_of(Thread& thread, std::uint64_t key) const {
    return thread.sets[limits_.sets == 0 ? key : cat_slot_set(key) % limits_.sets];
}

Reducer::Entry* Reducer::find(Thread& thread, std::uint64_t key) const {
    for (Entry& entry : set_of(thread, key).entries) {
        if (entry.slot.key == key) return &entry;
    }
    return nullptr;
}

Reducer::Entry& Reducer::take(Thread& thread, const Flow& flow, const Event& event, std::uint64_t token,
                              std::vector<Event>& rows) {
    Entry* entry = find(thread, flow.key);
    if (entry == nullptr) {
        Set& set = set_of(thread, flow.key);
        entry = &set.entries[set.clock++ % set.entries.size()];
    }
    tell(*entry, rows);
    cat_slot& slot = entry->slot;
    slot.key = flow.key;
    slot.object = event.object.value;
    slot.source = flow.source;
    cat_slot_carry(&slot, token);
    entry->like = event;
    return *entry;
}

void Reducer::tell(Entry& entry, std::vector<Event>& rows) {
    cat_slot& slot = entry.slot;
    if (slot.count == slot.told_count) return;
    Event& row = rows.emplace_back(entry.like);
    row.id = 0;
    row.ts_ns = static_cast<std::int64_t>(slot.first_ns);
    row.last_ns = static_cast<std::int64_t>(slot.last_ns);
    row.count = slot.count - slot.told_count;
    row.bytes = row.ret = static_cast<std::int64_t>(slot.bytes - slot.told_bytes);
    slot.told_count = slot.count;
    slot.told_bytes = slot.bytes;
    ++counts_.rows;
}

void Reducer::tell(Thread& thread, std::vector<Event>& rows) {
    for (auto& [number, set] : thread.sets) {
        for (Entry& entry : set.entries) tell(entry, rows);
    }
}

void Reducer::tell(std::vector<Event>& rows) {
    for (Thread& thread : threads_) tell(thread, rows);
}

// Of a kind that is never merged.
void Reducer::keep(const Event& event, std::vector<Event>& rows) {
    rows.push_back(event);
    ++counts_.kept;
    const event::Flow way = event::flow_of(event.op);
    if (way != event::Flow::Out) bump(word(event.process.value));
    if (way != event::Flow::In) bump(words_of(event).into);
}

void Reducer::add_flow(const Event& event, const Flow& flow, std::vector<Event>& rows) {
    Thread& thread = thread_of(event, rows);
    const std::uint64_t version = versions_[flow.source];
    Entry* entry = find(thread, flow.key);
    if (entry == nullptr || entry->slot.source != flow.source) {
        const std::uint64_t* token = edges_.find(flow.edge);
        if (token != nullptr && *token == version) entry = &take(thread, flow, event, version, rows);
    }
    const bool known = entry != nullptr && entry->slot.source == flow.source;
    if (known && cat_slot_has_carried(&entry->slot, version)) {
        cat_slot_add(&entry->slot, static_cast<std::uint64_t>(event.ts_ns),
                     static_cast<std::uint64_t>(event.bytes));
        ++counts_.merged;
        return;
    }

    const bool echo = known && cat_slot_echoes(&entry->slot, version);
    rows.push_back(event);
    ++counts_.kept;
    counts_.echoes += echo ? 1 : 0;
    const std::uint64_t before = bump(flow.target);
    edges_.insert(flow.edge, version);
    take(thread, flow, event, version, rows);
    Entry* back = flow.back_key == 0 ? nullptr : find(thread, flow.back_key);
    if (back != nullptr) cat_slot_follow(&back->slot, flow.target, before, echo ? 1 : 0);
}

}  // namespace catena::graph
