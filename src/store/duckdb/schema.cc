// Tables hold what happened, in the order of arrival; they have no keys and no indexes, because those cost
// more than all the rest of an append. Names that users expect (processes, files, sockets, entities) are
// views that pick the latest row.
#include "store/duckdb/schema.h"

#include "event/op.h"
#include "sys/syscalls.h"

namespace catena::store::duckdb {
namespace {

constexpr const char* kTables = R"sql(
CREATE TYPE source AS ENUM ('kernel', 'user');

CREATE TABLE meta (key VARCHAR, value VARCHAR);

CREATE TABLE events (
    id BIGINT, ts_ns BIGINT, last_ns BIGINT AS (ts_ns + span_ns), op op, syscall VARCHAR, process BIGINT, tid INTEGER,
    object BIGINT, bytes BIGINT, ret BIGINT AS (coalesce(other_ret, bytes)), count BIGINT, fd INTEGER, arg BIGINT,
    path VARCHAR, path2 VARCHAR, source source, abi VARCHAR, span_ns BIGINT, other_ret BIGINT,
    call BIGINT, context UINTEGER);

CREATE TYPE abi AS ENUM ('x86-64', 'i386', 'x32');

CREATE TABLE syscall_records (
    id BIGINT, enter_ns BIGINT, exit_ns BIGINT, process BIGINT, tid INTEGER, abi abi, nr UINTEGER, ret BIGINT,
    arg0 UBIGINT, arg1 UBIGINT, arg2 UBIGINT, arg3 UBIGINT, arg4 UBIGINT, arg5 UBIGINT, data BLOB,
    context UINTEGER);

CREATE TABLE syscall_names (abi abi, nr UINTEGER, name VARCHAR);

CREATE TABLE process_images (
    id BIGINT, since_ns BIGINT, start_ns BIGINT, pid INTEGER, parent BIGINT, uid UINTEGER, gid UINTEGER,
    exe VARCHAR, cmdline VARCHAR, comm VARCHAR, cgroup VARCHAR, rest BIGINT,
    euid UINTEGER, "user" VARCHAR, login_uid UINTEGER, login_user VARCHAR, session UINTEGER, unit VARCHAR,
    user_unit VARCHAR, slice VARCHAR, container VARCHAR, runtime VARCHAR, pod VARCHAR, pid_ns UINTEGER,
    mount_ns UINTEGER, user_ns UINTEGER);

CREATE TABLE cmdline_rests (rest BIGINT, part INTEGER, text VARCHAR);

CREATE TABLE file_names (
    id BIGINT, since_ns BIGINT, path VARCHAR AS (directory || name), inode UBIGINT, dev UINTEGER, generation UINTEGER,
    kind VARCHAR, directory VARCHAR, name VARCHAR);

CREATE TABLE socket_states (
    id BIGINT, since_ns BIGINT, protocol VARCHAR, local VARCHAR, remote VARCHAR, peer BIGINT, inode UBIGINT);

CREATE TABLE objects (id BIGINT, type VARCHAR, since_ns BIGINT, label VARCHAR);

CREATE TABLE loss (
    ts_ns BIGINT, cpu INTEGER, seen BIGINT, stored BIGINT, merged BIGINT, filtered BIGINT, lost BIGINT,
    lost_reserved BIGINT, lost_share BIGINT, calls BIGINT, lost_calls BIGINT,
    function_calls BIGINT, lost_function_calls BIGINT);

CREATE TABLE functions (
    id UINTEGER, "binary" VARCHAR, build_id VARCHAR, name VARCHAR, symbol VARCHAR, address UBIGINT, size_bytes UBIGINT,
    site VARCHAR, site_offset UBIGINT, watched BOOLEAN, ends_in_jump BOOLEAN, timed BOOLEAN,
    reason VARCHAR);

CREATE TABLE calls (
    ts_ns BIGINT, process BIGINT, tid INTEGER, function UINTEGER, stack UBIGINT, returned UTINYINT);

CREATE TABLE returns (ts_ns BIGINT, process BIGINT, tid INTEGER, function UINTEGER, stack UBIGINT);

CREATE TABLE function_counts (function UINTEGER, caller UINTEGER, count BIGINT);

CREATE TABLE function_contexts (id UINTEGER, parent UINTEGER, function UINTEGER);
)sql";

constexpr const char* kViews = R"sql(
CREATE VIEW images AS
SELECT i.* EXCLUDE (rest) REPLACE (i.cmdline || coalesce(r.text, '') AS cmdline), i.rowid AS image
FROM process_images i
LEFT JOIN (SELECT rest, string_agg(text, '' ORDER BY part) AS text FROM cmdline_rests GROUP BY rest) r ON r.rest = i.rest;

CREATE VIEW processes AS
SELECT i.id, i.pid, i.parent, i.exe, i.cmdline, i.comm, i.uid, i.gid, i.cgroup, i.start_ns, i.since_ns,
       e.exit_ns, e.exit_status, i.euid, i."user", i.login_uid, i.login_user, i.session, i.unit, i.user_unit,
       i.slice, i.container, i.runtime, i.pod, i.pid_ns, i.mount_ns, i.user_ns
FROM (SELECT * FROM images QUALIFY row_number() OVER (PARTITION BY id ORDER BY since_ns DESC, image DESC) = 1) i
LEFT JOIN (SELECT process, max(ts_ns) AS exit_ns, arg_max(ret, ts_ns) AS exit_status
           FROM events WHERE op = 'exit' GROUP BY process) e ON e.process = i.id;

CREATE VIEW files AS
SELECT id, path, kind, inode, dev, generation, since_ns FROM file_names
QUALIFY row_number() OVER (PARTITION BY id ORDER BY since_ns DESC, rowid DESC) = 1;

CREATE VIEW sockets AS
SELECT id, protocol, local, remote, peer, inode, since_ns FROM socket_states
QUALIFY row_number() OVER (PARTITION BY id ORDER BY rowid DESC) = 1;

CREATE VIEW syscalls AS
SELECT r.id, coalesce(n.name, printf('syscall_0x%x', r.nr)) AS syscall, r.enter_ns, r.exit_ns,
       r.exit_ns - r.enter_ns AS duration_ns, r.process, r.tid, r.abi, r.nr, r.ret,
       r.arg0, r.arg1, r.arg2, r.arg3, r.arg4, r.arg5, r.data, r.context
FROM syscall_records r LEFT JOIN syscall_names n ON n.abi = r.abi AND n.nr = r.nr;

CREATE VIEW call_durations AS
SELECT c.ts_ns, c.process, c.tid, c.function, c.stack, r.ts_ns - c.ts_ns AS duration_ns
FROM returns r ASOF JOIN calls c
ON r.process = c.process AND r.tid = c.tid AND r.function = c.function AND r.stack = c.stack AND r.ts_ns >= c.ts_ns;

CREATE VIEW function_paths AS
WITH RECURSIVE named AS (
    SELECT c.id, c.parent, c.function, coalesce(f.name, printf('%s+0x%x', f."binary", f.address)) AS name
    FROM function_contexts c JOIN functions f ON f.id = c.function),
paths AS (
    SELECT id, function, name, name AS path FROM named WHERE parent IS NULL
    UNION ALL
    SELECT n.id, n.function, n.name, p.path || ' > ' || n.name FROM paths p JOIN named n ON n.parent = p.id)
SELECT id AS context, function, name, path FROM paths;

CREATE VIEW entities AS
SELECT id, 'process' AS type, CASE WHEN exe = '' THEN comm ELSE exe END || ' (' || pid || ')' AS label FROM processes
UNION ALL SELECT id, 'file', path FROM files
UNION ALL SELECT id, 'socket', protocol || ' ' || local || ' -> ' || remote FROM sockets
UNION ALL (SELECT id, type, label FROM objects
           QUALIFY row_number() OVER (PARTITION BY id ORDER BY rowid DESC) = 1);
)sql";

// The names of all calls, so that queries need no other source for them.
std::string syscall_names() {
    std::string rows;
    for (const sys::Abi abi : {sys::Abi::X64, sys::Abi::I386, sys::Abi::X32}) {
        for (const sys::SyscallRow& call : sys::syscalls(abi)) {
            rows += rows.empty() ? "" : ", ";
            rows.append("('").append(sys::to_string(abi)).append("', ").append(std::to_string(call.number));
            rows.append(", '").append(call.name).append("')");
        }
    }
    return "INSERT INTO syscall_names VALUES " + rows + ";";
}

}  // namespace

std::string op_enum() {
    std::string text = "ENUM (";
    for (std::size_t i = 0; i < event::kOpCount; ++i) {
        if (i > 0) text += ", ";
        text.append("'").append(event::to_string(static_cast<event::Op>(i))).append("'");
    }
    return text + ")";
}

// Says the same as graph::carries and the marks of graph::GraphBuilder; cli's recording_history_test.cc
// compares.
std::string traits_sql() {
    std::string out;
    std::string carrying;
    for (std::size_t i = 0; i < event::kOpCount; ++i) {
        const auto op = static_cast<event::Op>(i);
        const event::Flow flow = event::flow_of(op);
        const std::string name = "'" + std::string(event::to_string(op)) + "'";
        if (flow == event::Flow::None) continue;
        carrying += (carrying.empty() ? "" : ", ") + name;
        if (flow != event::Flow::In) out += (out.empty() ? "" : ", ") + name;
    }
    return "SELECT object AS id, bit_or(CASE WHEN op IN (" + out +
           ") THEN 1 ELSE 0 END + CASE op WHEN 'accept' THEN 2 WHEN 'connect' THEN 4 WHEN 'fork' THEN 8 ELSE "
           "0 END)"
           "::UTINYINT AS traits FROM events WHERE op IN (" +
           carrying +
           ") AND process <> object AND process <> 0 AND object <> 0 "
           "AND (coalesce(other_ret, bytes) >= 0 OR (op = 'connect' AND other_ret = -115)) "
           "AND (op NOT IN ('read', 'write', 'send', 'recv') OR bytes > 0 OR other_ret > 0) GROUP BY object";
}

std::string schema_sql() {
    return "CREATE TYPE op AS " + op_enum() + ";" + kTables + kViews + syscall_names() +
           "INSERT INTO meta VALUES ('" + kSchemaKey + "', '" + std::to_string(kSchemaVersion) + "');";
}

}  // namespace catena::store::duckdb
