#include "graph/row_sums.h"

#include <algorithm>
#include <utility>

#include "graph/graph.h"
#include "wire/ids.h"

namespace catena::graph {
namespace {

using event::Event;
using event::Op;

// Of these the argument, or the path, makes no other edge: they are one like the other.
bool is_plain_flow(Op op) {
    switch (op) {
        case Op::Read:
        case Op::Write:
        case Op::Send:
        case Op::Recv:
        case Op::Mmap:
        case Op::Load:
            return true;
        default:
            return false;
    }
}

}  // namespace

std::size_t RowSums::Hash::operator()(const Key& key) const noexcept {
    std::uint64_t hash = cat_hash(key.process, key.object);
    hash = cat_hash(
        hash, static_cast<std::uint32_t>(key.tid) | std::uint64_t{static_cast<unsigned>(key.op)} << 32U);
    hash = cat_hash(hash, static_cast<std::uint64_t>(key.arg) ^ static_cast<std::uint64_t>(key.failure));
    if (!key.path.empty()) hash = cat_hash(hash, std::hash<std::string>{}(key.path));
    return hash;
}

RowSums::Key RowSums::key_of(const Event& event) {
    Key key{.process = event.process.value,
            .object = event.object.value,
            .tid = event.tid,
            .op = event.op,
            .source = event.source,
            .abi = event.abi,
            .flows = carries(event),
            .failure = std::min<std::int64_t>(event.ret, 0)};
    if (is_plain_flow(event.op)) return key;
    key.arg = event.arg;
    key.path = event.path;
    key.path2 = event.path2;
    return key;
}

void RowSums::sum(Event& row, const Event& event) {
    const bool moved = row.ret == row.bytes;
    row.last_ns = std::max(row.last_ns, event.last_ns);
    row.count += event.count;
    // Bytes of hostile recordings can be any.
    if (__builtin_add_overflow(row.bytes, event.bytes, &row.bytes)) row.bytes = INT64_MAX;
    if (moved) row.ret = row.bytes;
}

RowSums::Row* RowSums::find(const Key& key, std::vector<Event>& rows) {
    if (const auto it = young_.find(key); it != young_.end()) return &it->second;
    const auto it = old_.find(key);
    if (it == old_.end()) return nullptr;
    Row row = std::move(it->second);
    old_.erase(it);
    make_room(rows);
    return &young_.emplace(key, std::move(row)).first->second;
}

void RowSums::make_room(std::vector<Event>& rows) {
    if (young_.size() < capacity_) return;
    for (auto& [key, row] : old_) rows.push_back(std::move(row.event));
    old_ = std::exchange(young_, {});
}

bool RowSums::add_to_open(const Event& event, const Runs& runs, std::vector<Event>& rows) {
    Row* row = find(key_of(event), rows);
    if (row == nullptr || row->runs != runs) return false;
    sum(row->event, event);
    return true;
}

bool RowSums::add(const Event& event, const Runs& runs, std::vector<Event>& rows) {
    Key key = key_of(event);
    Row* row = find(key, rows);
    if (row != nullptr && row->runs == runs) {
        sum(row->event, event);
        return true;
    }
    if (row != nullptr) {
        rows.push_back(std::exchange(row->event, event));
        row->runs = runs;
        return false;
    }
    make_room(rows);
    young_.emplace(std::move(key), Row{.event = event, .runs = runs});
    return false;
}

void RowSums::close(std::vector<Event>& rows) {
    for (Rows* all : {&old_, &young_}) {
        for (auto& [key, row] : *all) rows.push_back(std::move(row.event));
        all->clear();
    }
}

}  // namespace catena::graph
