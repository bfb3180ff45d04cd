// The search of track(), Dijkstra's with min and max, takes nodes by falling moment (backward; all that
// follows is the same forward, with time negated). A flow can only give its source a moment within its own
// interval. So the recording is read in slices of time, from the start on: when all rows are there that end
// at or after some moment, every node with at least that moment is settled as it would be in the whole graph,
// and what lies further away has not been needed. A row ends at most `after_` beyond its ts_ns, by which
// slices are ordered; the few rows that last longer are read at the beginning.
#include "graph/frontier.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

namespace catena::graph {
namespace {

using event::EntityId;
using event::Event;
using event::Op;

constexpr std::size_t kSampled = 64;  // of so many events of a slice that is too large, one

constexpr std::size_t kMaxLongRows = 2'000'000;

// An event of a slice; those that carry nothing say when the next call of their thread began.
struct Read {
    Row row;
    std::int32_t tid = 0;
    bool carries = false;
};

Read read_of(const Event& event) {
    const std::int64_t ts_ns = clamp_time(event.ts_ns);
    return {.row = {.id = event.id,
                    .ts_ns = ts_ns,
                    .last_ns = std::max(ts_ns, clamp_time(event.last_ns)),
                    .bytes = event.bytes,
                    .count = event.count,
                    .process = event.process,
                    .object = event.object,
                    .ret = static_cast<std::int32_t>(
                        std::clamp<std::int64_t>(event.ret, std::numeric_limits<std::int32_t>::min(),
                                                 std::numeric_limits<std::int32_t>::max())),
                    .op = event.op},
            .tid = event.tid,
            .carries = carries(event)};
}

// Puts them in order, and works out when they began.
void find_leads(std::vector<Read>& reads, std::int64_t slack_ns) {
    const auto order = [](const Read& read) { return std::pair(read.row.ts_ns, read.row.id); };
    if (!std::ranges::is_sorted(reads, {}, order)) std::ranges::sort(reads, {}, order);
    CallStarts starts(slack_ns);
    for (std::uint32_t i = 0; i < reads.size(); ++i) {
        Row& row = reads[i].row;
        CallStarts::Thread* thread = starts.note(reads[i].tid, row.ts_ns);
        if (thread == nullptr || !reads[i].carries) continue;
        if (event::flow_of(row.op) == event::Flow::In) {
            thread->read = i;
            continue;
        }
        row.lead_ns = starts.lead_ns(thread, row.ts_ns);
        if (thread->read != CallStarts::kNone && row.lead_ns > 0)
            reads[thread->read].row.lead_ns = row.lead_ns;
    }
}

}  // namespace

Event event_of(const Row& row) {
    Event event;
    event.id = row.id;
    event.ts_ns = row.ts_ns;
    event.last_ns = row.last_ns;
    event.op = row.op;
    event.process = row.process;
    event.object = row.object;
    event.bytes = row.bytes;
    event.ret = row.ret;
    event.count = row.count;
    return event;
}

base::Result<std::optional<Row>> find_row(History& history, const Event& event, std::int64_t slack_ns) {
    if (!carries(event)) return std::nullopt;
    std::vector<Read> reads;
    auto status = history.events(clamp_time(event.ts_ns) - slack_ns, clamp_time(event.ts_ns),
                                 [&](const Event& other) { reads.push_back(read_of(other)); });
    if (!status) return std::unexpected(std::move(status).error());
    find_leads(reads, slack_ns);
    for (const Read& read : reads) {
        if (read.row.id == event.id && read.row.op == event.op) return read.row;
    }
    return read_of(event).row;
}

void Frontier::Index::add(EntityId near, std::uint32_t row) {
    entries_.emplace_back(nears_.intern(near.value).first, row);
}

void Frontier::Index::close() {
    first_.assign(nears_.size() + 1, 0);
    for (const auto& [near, row] : entries_) ++first_[near + 1];
    for (std::size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    rows_.resize(entries_.size());
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    for (const auto& [near, row] : entries_) rows_[next[near]++] = row;
    entries_.clear();
}

std::span<const std::uint32_t> Frontier::Index::of(EntityId near) const {
    const auto number = nears_.find(near.value);
    if (!number) return {};
    return std::span(rows_).subspan(first_[*number], first_[*number + 1] - first_[*number]);
}

base::Result<Frontier> Frontier::create(History& history, Direction direction, Window window, Limits limits) {
    Frontier frontier(history, direction, window, limits);
    const auto extent = history.extent();
    if (!extent) return std::unexpected(extent.error());
    frontier.extent_ = *extent;
    frontier.extent_.first_ns = clamp_time(extent->first_ns);
    frontier.extent_.latest_ns = clamp_time(extent->latest_ns);
    if (auto status = frontier.prepare(); !status) return std::unexpected(std::move(status).error());
    return frontier;
}

base::Status Frontier::prepare() {
    if (auto status = load_long_rows(); !status) return status;
    if (auto status = load_peers(); !status) return status;
    const double events = std::max<double>(1, static_cast<double>(extent_.events));
    const double lasts = static_cast<double>(extent_.latest_ns) - static_cast<double>(extent_.first_ns);
    width_ns_ = static_cast<std::int64_t>(
        std::clamp(lasts / events * static_cast<double>(limits_.slice_events) / 5, 1.0, 1e17));
    return {};
}

base::Status Frontier::load_long_rows() {
    std::int64_t limit_ns = std::min(std::max<std::int64_t>(extent_.longest_ns, 0), limits_.long_ns);
    while (limit_ns < extent_.longest_ns) {
        bool too_many = false;
        auto status = history_.events_longer_than(limit_ns, [&](const Event& event) {
            const Read read = read_of(event);
            too_many |= long_.size() >= kMaxLongRows;
            if (read.carries && !too_many) long_.push_back(read.row);
        });
        if (!status) return status;
        if (!too_many) break;
        long_.clear();
        limit_ns =
            limit_ns > extent_.longest_ns / 8 ? extent_.longest_ns : std::max<std::int64_t>(limit_ns, 1) * 8;
    }
    // Their leads are not known yet. They come again in their slices, which are read before a lead can
    // matter.
    before_ = forward_ ? limit_ns : limits_.slack_ns;
    after_ = forward_ ? limits_.slack_ns : limit_ns;
    auto status = history_.births(extent_.first_ns, clamp_time(extent_.end_ns), [&](const Birth& birth) {
        long_.push_back({.ts_ns = birth.ts_ns,
                         .last_ns = birth.ts_ns,
                         .process = birth.parent,
                         .object = birth.child,
                         .op = Op::Fork});
    });
    if (!status) return status;
    index(long_, long_index_);
    return {};
}

base::Status Frontier::load_peers() {
    return history_.peers([&](EntityId socket, EntityId peer) {
        const EntityId near = forward_ ? socket : peer;
        peers_[near.value].push_back(forward_ ? peer : socket);
    });
}

void Frontier::start(const Start& start) { discover(start.id, std::min(time(start.ns), newest_)); }

base::Status Frontier::advance(std::size_t nodes) {
    while (!at_end_) {
        if (read_from_) {
            settle(nodes);
            if (found_ >= nodes) return {};
            leave_slice();
            saw_all_ = was_last_;
            at_end_ = saw_all_ || rows_.size() >= limits_.max_flows;
        }
        if (at_end_) {
            forget_rows_not_kept();
            return {};
        }
        if (auto status = next_slice(); !status) return status;
    }
    return {};
}

void Frontier::forget_rows_not_kept() {
    slice_ = {};
    slice_index_ = {};
    long_ = {};
    long_index_ = {};
    heap_ = {};
}

base::Status Frontier::next_slice() {
    const std::int64_t lowest = forward_ ? -extent_.latest_ns : extent_.first_ns;
    const std::int64_t highest = forward_ ? -extent_.first_ns : extent_.latest_ns;
    // Where the last slice ends: with the recording, or the window.
    const std::int64_t oldest = std::max(oldest_, -kTimeLimit) - after_;
    const std::int64_t floor = oldest > lowest ? oldest : kAlwaysFrom;
    std::int64_t to = kAlwaysUntil;
    if (read_from_) {
        to = *read_from_ - 1;
    } else if (!heap_.empty() && heap_.top().time < highest - before_) {
        to = heap_.top().time + before_;
    }
    const std::int64_t high = std::min(to, highest);
    std::int64_t from = high - width_ns_ + 1;
    std::size_t count = 0;
    std::int64_t dense_ns = kTimeLimit;
    while (true) {
        if (from <= std::max(floor, lowest)) from = floor;
        const std::int64_t low = std::max({from, floor, lowest});
        const bool one_moment = low >= high;
        sample_.clear();
        const auto loaded = load_slice(from, to, one_moment ? SIZE_MAX : limits_.slice_events);
        if (!loaded) return std::unexpected(loaded.error());
        count = *loaded;
        if (one_moment || count <= limits_.slice_events) break;
        // Too many: as far as half of the room reaches, as the sample tells, or half of that time.
        const auto half = sample_.begin() + static_cast<std::ptrdiff_t>(std::min(
                                                limits_.slice_events / 2 / kSampled, sample_.size()));
        std::ranges::nth_element(sample_, half, std::ranges::greater{});
        from = half != sample_.end() && *half > low ? *half : high - (high - low) / 2;
        // Half of these are nearer than this: what happened alone, years ahead, is not how dense events are.
        const auto quarter = sample_.begin() + (half - sample_.begin()) / 2;
        std::nth_element(sample_.begin(), quarter, half, std::ranges::greater{});
        if (quarter != half) dense_ns = *quarter - *half;
    }
    was_last_ = from == floor;
    read_from_ = from;
    width_ns_ = std::max<std::int64_t>(1, std::min(dense_ns, high - std::max(from, lowest) + 1));
    if (count <= limits_.slice_events / 4) width_ns_ = width_ns_ > kTimeLimit / 2 ? width_ns_ : width_ns_ * 2;
    index(slice_, slice_index_);
    slice_floor_ = was_last_ ? kAlwaysFrom : from + after_;
    return {};
}

// Adds the rows with these moments, in this direction's time, to the slice; nothing where there are more than
// `limit`. The calls shortly before are read as well, for what their threads did. Gives the number of events.
base::Result<std::size_t> Frontier::load_slice(std::int64_t from, std::int64_t to, std::size_t limit) {
    const std::int64_t first_ns = forward_ ? -to : from;
    const std::int64_t last_ns = forward_ ? -from : to;
    const std::int64_t margin_ns = first_ns == kAlwaysFrom ? first_ns : first_ns - limits_.slack_ns;
    std::vector<Read> reads;
    std::size_t count = 0;
    auto status = history_.events(margin_ns, last_ns, [&](const Event& event) {
        if (++count <= limit) reads.push_back(read_of(event));
        if (count % kSampled == 0) sample_.push_back(std::min(time(clamp_time(event.ts_ns)), to));
    });
    if (!status) return std::unexpected(std::move(status).error());
    if (count > limit) return count;
    find_leads(reads, limits_.slack_ns);
    for (const Read& read : reads) {
        if (read.carries && read.row.ts_ns >= first_ns) slice_.push_back(read.row);
    }
    return count;
}

// A row as flows in this direction: one, or two where it carries both ways.
template <class Visit>
void Frontier::each_flow(const Row& row, Visit visit) const {
    const event::Flow flow = event::flow_of(row.op);
    const auto tell = [&](EntityId source, EntityId target, std::int64_t begin_ns) {
        if (forward_) {
            visit(Flow{source, target, -row.last_ns, -begin_ns});
        } else {
            visit(Flow{target, source, begin_ns, row.last_ns});
        }
    };
    if (flow != event::Flow::In) tell(row.process, row.object, row.ts_ns - row.lead_ns);
    if (flow == event::Flow::In) tell(row.object, row.process, row.ts_ns - row.lead_ns);
    if (flow == event::Flow::Both) tell(row.object, row.process, row.ts_ns);
}

// Follows what flows into nodes that are settled; the others find their rows in the index when they are.
void Frontier::index(std::vector<Row>& rows, Index& index) {
    index = {};
    for (std::uint32_t i = 0; i < rows.size(); ++i) {
        each_flow(rows[i], [&](const Flow& flow) {
            const Node* node = node_of(flow.near);
            if (node == nullptr || !node->done) {
                index.add(flow.near, i);
            } else {
                follow(rows[i], flow, node->time);
            }
        });
    }
    index.close();
}

// Down to the floor of the slice, or until so many nodes have been found.
void Frontier::settle(std::size_t nodes) {
    while (!heap_.empty() && heap_.top().time >= slice_floor_) {
        const Candidate at = heap_.top();
        if (found_ >= nodes && at.time < settled_) {
            settled_ = at.time + 1;
            return;
        }
        heap_.pop();
        if (nodes_[at.node].done) continue;
        settled_ = std::min(settled_, at.time);
        nodes_[at.node].done = true;
        const EntityId id = ids_[at.node];
        go_through(slice_index_, slice_, id, at.time);
        go_through(long_index_, long_, id, at.time);
        const auto peers = peers_.find(id.value);
        if (peers == peers_.end()) continue;
        for (const EntityId peer : peers->second) reach(id, peer, at.time);
    }
    settled_ = slice_floor_;
}

void Frontier::go_through(const Index& index, std::vector<Row>& rows, EntityId near, std::int64_t time) {
    for (const std::uint32_t row : index.of(near)) {
        each_flow(rows[row], [&](const Flow& flow) {
            if (flow.near == near) follow(rows[row], flow, time);
        });
    }
}

void Frontier::follow(Row& row, const Flow& flow, std::int64_t time) {
    if (flow.begin > time || !reach(flow.near, flow.far, std::min(time, flow.end)) || row.kept) return;
    row.kept = true;
    if (row.id != 0) {
        rows_.push_back(row);
    } else {
        births_.push_back({.parent = row.process, .child = row.object, .ts_ns = row.ts_ns});
    }
}

// Whether the way goes on to there.
bool Frontier::reach(EntityId near, EntityId far, std::int64_t time) {
    if (time < oldest_) return false;
    if (node_of(far) == nullptr && avoided_.contains(far.value)) {
        met_.insert(far.value);
        return true;
    }
    Node& from = nodes_[*numbers_.find(near.value)];
    if (!from.leads_on) ++found_;
    from.leads_on = true;
    discover(far, time);
    return true;
}

void Frontier::discover(EntityId id, std::int64_t time) {
    const auto [number, is_new] = numbers_.intern(id.value);
    if (is_new) {
        ids_.push_back(id);
        nodes_.emplace_back();
    }
    Node& node = nodes_[number];
    if (node.done || (!is_new && time <= node.time)) return;
    node.time = time;
    heap_.push({time, number});
}

const Frontier::Node* Frontier::node_of(EntityId id) const {
    const auto number = numbers_.find(id.value);
    return number ? &nodes_[*number] : nullptr;
}

bool Frontier::is_done(EntityId id) const {
    const Node* node = node_of(id);
    return node != nullptr && node->done;
}

bool Frontier::is_found(EntityId id) const { return is_done(id) || met_.contains(id.value); }

void Frontier::add_rows_to(std::vector<const Row*>& rows) const {
    for (const Row& row : rows_) {
        if (is_found(row.process) && is_found(row.object)) rows.push_back(&row);
    }
}

std::vector<Birth> Frontier::births() const {
    std::vector<Birth> births;
    std::ranges::copy_if(births_, std::back_inserter(births),
                         [&](const Birth& birth) { return is_done(birth.parent) && is_done(birth.child); });
    return births;
}

std::vector<EntityId> Frontier::entities() const {
    std::vector<EntityId> ids;
    std::ranges::copy_if(ids_, std::back_inserter(ids), [&](EntityId id) { return is_done(id); });
    for (const std::uint64_t id : met_) ids.push_back({id});
    return ids;
}

// What remains are rows into nodes that can still be settled at a moment at which the row matters.
void Frontier::leave_slice() {
    std::erase_if(slice_, [&](const Row& row) {
        bool matters = false;
        each_flow(row, [&](const Flow& flow) {
            const Node* node = node_of(flow.near);
            matters |= flow.begin < settled_ && (node == nullptr || !node->done);
        });
        return !matters;
    });
}

}  // namespace catena::graph
