#include "cli/reduction.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "graph/graph.h"

namespace catena::cli {
namespace {

using base::ErrorCode;
using base::Status;
using event::Event;

// So many rows are put in order of time at once, and so many written in one go.
constexpr std::uint64_t kSliceRows = 250'000;
constexpr std::size_t kBatchRows = 8'192;
// A commit folds what was written so far, so that no transaction grows beyond memory.
constexpr std::uint64_t kAskEvery = 16'384;

std::size_t rows_in(const event::Batch& batch) {
    return batch.events.size() + batch.processes.size() + batch.files.size() + batch.sockets.size() +
           batch.objects.size() + batch.accounting.size();
}

}  // namespace

Status Reduction::run(const std::string& from) {
    Status status = measure();
    if (status) status = find_forks();
    if (status) status = copy_entities();
    if (status) status = find_slices();
    if (status && options_.rule == graph::ReductionRule::Sd) status = survey();
    if (status && !reducer_.start()) {
        status = base::fail(ErrorCode::BadInput,
                            "its sockets name each other as peers in a longer row than any kernel makes");
    }
    if (status) status = reduce();
    if (status) status = copy_accounts();
    if (status) status = write_meta(from);
    return status;
}

// The time of the recording is that of its events, as in the graph.
Status Reduction::measure() {
    Status status = reader_.numbers("SELECT count(*), min(ts_ns), max(greatest(ts_ns, last_ns)) FROM events",
                                    [&](store::Numbers row) {
                                        all_rows_ = static_cast<std::uint64_t>(row[0]);
                                        start_ns_ = row[1];
                                        end_ns_ = row[2];
                                    });
    if (status) {
        status = reader_.numbers("SELECT count(*) FROM syscall_records",
                                 [&](store::Numbers row) { calls_ = static_cast<std::uint64_t>(row[0]); });
    }
    if (!status || !watched_functions()) return status;
    return reader_.numbers(
        "SELECT (SELECT count(*) FROM calls) + (SELECT coalesce(sum(count), 0)::BIGINT FROM function_counts)",
        [&](store::Numbers row) { function_calls_ = static_cast<std::uint64_t>(row[0]); });
}

bool Reduction::watched_functions() const {
    const std::map<std::string, std::string> meta = reader_.meta();
    const auto mode = meta.find("functions");
    return mode != meta.end() && !mode->second.empty();
}

Status Reduction::find_forks() {
    return reader_.events("op = 'fork'", [&](Event&& event) {
        if (graph::carries(event)) forked_.insert(event.object.value);
    });
}

Status Reduction::put(event::Batch& batch, bool in_any_case) {
    if (!in_any_case && rows_in(batch) < kBatchRows) return {};
    Status status = writer_.append(batch);
    if (status) status = writer_.commit();
    batch = {};
    return status;
}

Status Reduction::copy_entities() {
    Status failure;
    const auto after = [&] {
        if (failure) failure = put(batch_, false);
    };
    std::unordered_set<std::uint64_t> seen;
    Status status = reader_.processes([&](event::ProcessImage&& image) {
        if (seen.insert(image.id.value).second)
            reducer_.add_process(image, forked_.contains(image.id.value), start_ns_, end_ns_);
        batch_.processes.push_back(std::move(image));
        after();
    });
    if (status) {
        status = reader_.files([&](event::FileName&& name) {
            batch_.files.push_back(std::move(name));
            after();
        });
    }
    if (status) {
        status = reader_.sockets([&](event::Socket&& socket) {
            reducer_.add(socket);
            batch_.sockets.push_back(std::move(socket));
            after();
        });
    }
    if (status) {
        status = reader_.objects([&](event::Object&& object) {
            batch_.objects.push_back(std::move(object));
            after();
        });
    }
    if (!status) return status;
    return failure ? put(batch_, true) : failure;
}

// Bounds of time between which there are about kSliceRows rows each, wherever they are in the table.
Status Reduction::find_slices() {
    const std::uint64_t slices = all_rows_ / kSliceRows + 1;
    std::string quantiles;
    for (std::uint64_t i = 1; i < slices; ++i)
        quantiles +=
            fmt::format("{}{:.6f}", i == 1 ? "" : ",", static_cast<double>(i) / static_cast<double>(slices));
    std::vector<std::int64_t> bounds;
    if (!quantiles.empty()) {
        const Status status =
            reader_.numbers(fmt::format("SELECT unnest(approx_quantile(ts_ns, [{}])) FROM events", quantiles),
                            [&](store::Numbers row) { bounds.push_back(row[0]); });
        if (!status) return status;
    }
    std::ranges::sort(bounds);
    bounds.erase(std::ranges::unique(bounds).begin(), bounds.end());
    std::string from;
    for (const std::int64_t bound : bounds) {
        slices_.push_back(fmt::format("{}ts_ns <= {}", from, bound));
        from = fmt::format("ts_ns > {} AND ", bound);
    }
    slices_.push_back(from + "true");
    return {};
}

Status Reduction::each_event(const std::function<Status(Event&&)>& visit) {
    const std::uint64_t passes = options_.rule == graph::ReductionRule::Sd ? 2 : 1;
    Status failure;
    for (const std::string& slice : slices_) {
        const Status status = reader_.events(slice, [&](Event&& event) {
            if (!failure) return;
            if (done_++ % kAskEvery == 0 && !proceed_(done_, passes * all_rows_)) {
                failure = base::fail(ErrorCode::System, "interrupted");
                return;
            }
            failure = visit(std::move(event));
        });
        if (!status) return status;
        if (!failure) return failure;
    }
    return {};
}

Status Reduction::survey() {
    return each_event([&](Event&& event) -> Status {
        reducer_.survey(event);
        return {};
    });
}

Status Reduction::put_rows(std::vector<Event>& rows) {
    for (Event& row : rows) {
        rows_.at(static_cast<std::size_t>(row.op)).after += 1;
        flows_.after += graph::carries(row) ? 1 : 0;
        row.call = 0;  // calls are left out
        batch_.events.push_back(std::move(row));
    }
    rows.clear();
    return put(batch_, false);
}

Status Reduction::reduce() {
    std::vector<Event> rows;
    Status status = each_event([&](Event&& event) -> Status {
        rows_.at(static_cast<std::size_t>(event.op)).before += 1;
        flows_.before += graph::carries(event) ? 1 : 0;
        reducer_.add(event, rows);
        return rows.empty() ? Status() : put_rows(rows);
    });
    if (!status) return status;
    reducer_.finish(rows);
    std::ranges::sort(rows, {}, [](const Event& row) { return std::pair(row.ts_ns, row.id); });
    return put_rows(rows);
}

namespace {

constexpr const char* kAccounts =
    "SELECT ts_ns, cpu::BIGINT, seen, stored, merged, filtered, lost, lost_reserved, lost_share FROM loss ";

event::Accounting account_of(store::Numbers row) {
    const auto count = [&](std::size_t i) { return static_cast<std::uint64_t>(row[i]); };
    return {.ts_ns = row[0],
            .cpu = static_cast<std::int32_t>(row[1]),
            .seen = count(2),
            .stored = count(3),
            .merged = count(4),
            .filtered = count(5),
            .lost = count(6),
            .lost_reserved = count(7),
            .lost_share = count(8)};
}

void move(std::uint64_t& from, std::uint64_t& to, std::uint64_t& amount) {
    const std::uint64_t moved = std::min(from, amount);
    from -= moved;
    to += moved;
    amount -= moved;
}

// As much of a row before the last one that no count is ever larger than in the last.
void fill(event::Accounting& row, const event::Accounting& last) {
    const std::uint64_t kept = row.stored + row.merged + row.filtered;
    row.stored = std::min(kept, last.stored);
    row.merged = std::min(kept - row.stored, last.merged);
    row.filtered = kept - row.stored - row.merged;
}

}  // namespace

// What was merged or left out moves from one count to the other. Which CPU saw it, and when, is not known any
// more: it is taken from the CPUs by their numbers.
Status Reduction::copy_accounts() {
    std::map<std::int32_t, event::Accounting> totals;
    Status status =
        reader_.numbers(std::string(kAccounts) + "WHERE rowid IN (SELECT max(rowid) FROM loss GROUP BY cpu)",
                        [&](store::Numbers row) {
                            const event::Accounting total = account_of(row);
                            totals[total.cpu] = total;
                        });
    if (!status) return status;
    std::uint64_t left_out = counts().edgeless + counts().covered;
    std::uint64_t merged = counts().merged;
    for (auto& [cpu, total] : totals) {
        move(total.stored, total.filtered, left_out);
        move(total.merged, total.filtered, left_out);
        move(total.stored, total.merged, merged);
    }
    Status failure;
    status = reader_.numbers(std::string(kAccounts) + "ORDER BY rowid", [&](store::Numbers row) {
        event::Accounting account = account_of(row);
        fill(account, totals[account.cpu]);
        batch_.accounting.push_back(account);
        if (failure) failure = put(batch_, false);
    });
    return status ? failure : status;
}

Status Reduction::write_meta(const std::string& from) {
    batch_.meta = reader_.meta();
    batch_.meta.erase("schema_version");
    std::string& rule = batch_.meta["reduction"];
    rule += fmt::format("{}{}", rule.empty() ? "" : ", ", to_string(options_.rule));
    batch_.meta["reduction_of"] = from;
    batch_.meta["reduction_rows_before"] = fmt::format("{}", all_rows_);
    batch_.meta["reduction_merged"] = fmt::format("{}", counts().merged);
    batch_.meta["reduction_covered"] = fmt::format("{}", counts().covered);
    batch_.meta["reduction_edgeless"] = fmt::format("{}", counts().edgeless);
    batch_.meta["reduction_calls"] = fmt::format("{}", calls_);
    if (watched_functions()) {
        batch_.meta["functions"] = "";
        batch_.meta["reduction_function_calls"] = fmt::format("{}", function_calls_);
    }
    return put(batch_, true);
}

}  // namespace catena::cli
