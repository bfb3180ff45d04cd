// In three steps: which processes belong to the program, from when and until when; when each of them began to
// serve; and then one query that counts the calls of each on both sides of that moment.
#include "cli/recorded_calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "event/escape.h"
#include "store/store.h"
#include "sys/argument_rules.h"

namespace catena::cli {
namespace {

constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

// Calls in which a server waits for what it is to serve. Those of the second list also wait for many other
// things: they count only once something listens.
constexpr const char* kWaitsForClients = "'accept', 'accept4', 'epoll_wait', 'epoll_pwait', 'epoll_pwait2'";
constexpr const char* kWaitsForAnything =
    "'poll', 'ppoll', 'select', 'pselect6', 'recvfrom', 'recvmsg', 'recvmmsg', 'rt_sigsuspend', "
    "'io_uring_enter'";

struct Member {
    std::int64_t since = 0;  // when it came to belong to the program
    std::int64_t serves = kNever;
    std::uint64_t parent = 0;
    std::int64_t start = 0;
};

using Members = std::map<std::uint64_t, Member>;

struct Found {
    Members members;
    std::set<std::string> others;  // programs that it ran
    bool whole = false;            // its start is in the recording
};

// Whether a start of the program was recorded: an exec of its file.
base::Result<bool> has_exec(store::Reader& reader, const std::string& binary) {
    bool found = false;
    auto read = reader.numbers(
        fmt::format(
            "SELECT count(*)::BIGINT FROM events e JOIN file_names f ON f.id = e.object WHERE e.op = 'exec' "
            "AND f.path = {}",
            store::stored_literal(binary)),
        [&](store::Numbers row) { found = row[0] > 0; });
    if (!read) return std::unexpected(std::move(read).error());
    return found;
}

base::Result<Found> find_members(store::Reader& reader, const std::string& binary) {
    Found found;
    auto read = reader.processes([&](event::ProcessImage&& image) {
        const auto parent = found.members.find(image.parent.value);
        const bool known = found.members.contains(image.id.value);
        const bool inherits = parent != found.members.end() && parent->second.since <= image.start_ns;
        if (!known && !inherits && image.exe != binary) return;
        if (image.exe != binary) found.others.insert(image.exe);
        if (!known) {
            found.members[image.id.value] = {
                .since = image.since_ns, .parent = image.parent.value, .start = image.start_ns};
        }
    });
    if (!read) return std::unexpected(std::move(read).error());
    const auto whole = has_exec(reader, binary);
    if (!whole) return std::unexpected(whole.error());
    found.whole = *whole;
    return found;
}

// The SQL of a table members(process, since, serves).
std::string members_sql(const Members& members) {
    std::string rows;
    for (const auto& [id, member] : members)
        rows += fmt::format("{}({}::BIGINT, {}::BIGINT, {}::BIGINT)", rows.empty() ? "" : ", ", id,
                            member.since, member.serves);
    return "(VALUES " + rows + ") AS m(process, since, serves)";
}

// The time of a call: when it began, where that was seen.
constexpr const char* kAt = "coalesce(s.enter_ns, s.exit_ns)";

base::Status find_serving(store::Reader& reader, Found& found, seccomp::Observation& observation) {
    std::int64_t listens = kNever;
    auto read = reader.numbers(
        fmt::format(
            "SELECT min({})::BIGINT FROM syscalls s JOIN {} ON m.process = s.process AND {} >= m.since "
            "WHERE s.syscall IN ('listen', 'bind') AND s.ret = 0 HAVING count(*) > 0",
            kAt, members_sql(found.members), kAt),
        [&](store::Numbers row) { listens = row[0]; });
    if (!read) return read;
    const std::string later = listens == kNever ? ""
                                                : fmt::format(" OR (s.syscall IN ({}) AND {} >= {})",
                                                              kWaitsForAnything, kAt, listens);
    std::set<std::string> begins;
    read = reader.query(
        fmt::format(
            "SELECT s.process, min({})::BIGINT, arg_min(s.syscall, {}) FROM syscalls s JOIN {} ON "
            "m.process = s.process AND {} >= m.since WHERE s.abi = 'x86-64' AND (s.syscall IN ({}){}) "
            "GROUP BY s.process",
            kAt, kAt, members_sql(found.members), kAt, kWaitsForClients, later),
        [](const store::Table&) {},
        [&](const store::Row& row) {
            Member& member = found.members[std::stoull(row[0].value_or("0"))];
            member.serves = std::stoll(row[1].value_or("0"));
            begins.insert(row[2].value_or(""));
        });
    if (!read) return read;
    observation.serves = !begins.empty();
    observation.serving_begins.assign(begins.begin(), begins.end());
    // Whoever is forked by a process that serves does so from its beginning.
    for (bool changed = true; changed;) {
        changed = false;
        for (auto& [id, member] : found.members) {
            const auto parent = found.members.find(member.parent);
            if (parent == found.members.end() || parent->second.serves >= member.start) continue;
            changed = changed || member.serves > member.start;
            member.serves = std::min(member.serves, member.start);
        }
    }
    return {};
}

base::Status count_calls(store::Reader& reader, const Found& found, seccomp::Observation& observation) {
    return reader.numbers(
        fmt::format(
            "SELECT CASE s.abi WHEN 'x86-64' THEN 0 WHEN 'i386' THEN 1 ELSE 2 END::BIGINT AS a, "
            "s.nr::BIGINT, count(*) FILTER ({} < m.serves)::BIGINT, count(*) FILTER ({} >= m.serves)::BIGINT "
            "FROM syscall_records s JOIN {} ON m.process = s.process AND {} >= m.since GROUP BY 1, 2",
            kAt, kAt, members_sql(found.members), kAt),
        [&](store::Numbers row) {
            observation.calls.push_back({.abi = row[0] == 0   ? sys::Abi::X64
                                                : row[0] == 1 ? sys::Abi::I386
                                                              : sys::Abi::X32,
                                         .number = static_cast<std::uint32_t>(row[1]),
                                         .starting = static_cast<std::uint64_t>(row[2]),
                                         .serving = static_cast<std::uint64_t>(row[3])});
        });
}

// Values of arguments that have rules: one query for each place of an argument.
base::Status collect_arguments(store::Reader& reader, const Found& found, seccomp::Observation& observation) {
    std::map<std::uint32_t, std::string> masks;  // by argument: "WHEN number THEN mask"
    for (const sys::ArgumentRule& each : sys::argument_rules())
        masks[each.argument] += fmt::format(" WHEN {} THEN {}::UBIGINT", each.number, each.mask);
    for (const auto& [argument, cases] : masks) {
        std::map<std::uint32_t, std::vector<std::uint64_t>> values;  // by number
        auto read = reader.numbers(
            fmt::format(
                "SELECT nr, value FROM (SELECT DISTINCT s.nr::BIGINT AS nr, (s.arg{} & CASE s.nr{} "
                "END)::BIGINT AS value FROM syscall_records s JOIN {} ON m.process = s.process AND {} "
                ">= m.since WHERE s.abi = 'x86-64') WHERE value IS NOT NULL ORDER BY 1, 2",
                argument, cases, members_sql(found.members), kAt),
            [&](store::Numbers row) {
                values[static_cast<std::uint32_t>(row[0])].push_back(static_cast<std::uint64_t>(row[1]));
            });
        if (!read) return read;
        for (auto& [number, each] : values)
            observation.arguments.push_back(
                {.number = number, .argument = argument, .values = std::move(each)});
    }
    return {};
}

// Without full fidelity: calls that left an event, by name.
base::Status count_events(store::Reader& reader, const Found& found, seccomp::Observation& observation) {
    return reader.query(
        fmt::format(
            "SELECT coalesce(e.abi, 'x86-64'), e.syscall, sum(e.count)::BIGINT FROM events e JOIN {} ON "
            "m.process = e.process AND e.ts_ns >= m.since WHERE e.syscall <> '' GROUP BY 1, 2",
            members_sql(found.members)),
        [](const store::Table&) {},
        [&](const store::Row& row) {
            const sys::Abi abi = sys::abi_from_string(row[0].value_or(""));
            const auto number = sys::syscall_number(row[1].value_or(""), abi);
            if (!number) return;
            observation.calls.push_back({.abi = abi,
                                         .number = static_cast<std::uint32_t>(*number),
                                         .starting = std::stoull(row[2].value_or("0"))});
        });
}

base::Status add_losses(store::Reader& reader, const std::string& name, seccomp::Observation& observation) {
    const auto accounting = reader.accounting();
    if (!accounting) return std::unexpected(accounting.error());
    if (accounting->lost_calls > 0) {
        observation.doubts.push_back(fmt::format("{} lost {} of {} system calls: what they were is not known",
                                                 name, accounting->lost_calls, accounting->calls));
    }
    if (reader.meta()["state"] != "complete")
        observation.doubts.push_back(name + " was not finished: its recorder was stopped by force");
    return {};
}

}  // namespace

base::Result<std::string> recorded_program(const std::string& trace) {
    const auto reader = store::open_recording(trace);
    if (!reader) return std::unexpected(reader.error());
    std::optional<std::string> first;
    auto read = (*reader)->query(
        "SELECT i.exe FROM events e JOIN process_images i ON i.id = e.process AND i.since_ns >= e.ts_ns - "
        "1000000 "
        "WHERE e.op = 'exec' ORDER BY e.ts_ns, i.since_ns LIMIT 1",
        [](const store::Table&) {},
        [&](const store::Row& row) { first = event::unescape(row[0].value_or("")); });
    if (!read) return std::unexpected(std::move(read).error());
    if (first && !first->empty()) return *first;
    return base::fail(
        base::ErrorCode::NotFound,
        event::escape_for_terminal(trace) + " has no start of a program: name the program with --binary");
}

base::Result<seccomp::Observation> recorded_calls(const std::string& trace, const std::string& binary) {
    const auto reader = store::open_recording(trace);
    if (!reader) return std::unexpected(reader.error());
    const std::string name = event::escape_for_terminal(trace);
    auto found = find_members(**reader, binary);
    if (!found) return std::unexpected(std::move(found).error());
    if (found->members.empty()) {
        return base::fail(
            base::ErrorCode::NotFound,
            fmt::format("{} has no process that ran {}; catena query {} \"select distinct exe from "
                        "images\" lists those that it has",
                        name, event::escape_for_terminal(binary), name));
    }
    seccomp::Observation observation;
    auto meta = (*reader)->meta();
    observation.complete = meta["fidelity"] == "full" && meta["reduction"].empty();
    auto counted = observation.complete ? find_serving(**reader, *found, observation) : base::Status();
    if (counted) {
        counted = observation.complete ? count_calls(**reader, *found, observation)
                                       : count_events(**reader, *found, observation);
    }
    if (counted && observation.complete) counted = collect_arguments(**reader, *found, observation);
    if (counted) counted = add_losses(**reader, name, observation);
    if (!counted) return std::unexpected(std::move(counted).error());
    observation.evidence.push_back(fmt::format("{}: {} processes of {}, fidelity {}", name,
                                               found->members.size(), event::escape(binary),
                                               observation.complete ? "full" : "causal"));
    if (!found->whole)
        observation.doubts.push_back(name + " begins after the program did: its start-up is not in it");
    observation.started.assign(found->others.begin(), found->others.end());
    return observation;
}

}  // namespace catena::cli
