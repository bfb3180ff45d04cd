#!/usr/bin/env bash
# What a recorded command touched: tools/summary.sh CATENA TRACE. Each answer is one query that users can type themselves.
set -euo pipefail
catena=$1 trace=$2
readonly rows=20

# section TITLE SQL: the rows, if there are any; the first few where there are many.
section() {
    local count
    count=$("$catena" query --format csv "$trace" "select count(*) from ($2)" | tail -n 1)
    ((count > 0)) || return 0
    printf '\n%s\n' "$1"
    "$catena" query "$trace" "$2 limit $rows"
    ((count <= rows)) || printf '… and %d more\n' "$((count - rows))"
}

# Which recorded programs have no story to tell: what the dynamic loader and the kernel's own file systems give to all.
readonly system="regexp_matches(f.path, '^(/usr/lib|/usr/lib64|/lib|/lib64|/usr/share/locale|/usr/share/zoneinfo|/proc|/sys|/dev)/') or f.path = '/etc/ld.so.cache'"

printf 'what it touched, from %s\n' "$trace"
section 'ran' "select pid, coalesce(nullif(cmdline, ''), comm) as command, case when exit_status & 127 = 0 then 'code ' || (exit_status >> 8) else 'signal ' || (exit_status & 127) end as ended from processes
    where id in (select process from events) order by start_ns"
section 'wrote' "select f.path, sum(e.bytes)::bigint as bytes from events e join files f on f.id = e.object
    where e.op in ('write', 'mmap_write', 'truncate', 'create') and e.ret >= 0 and not ($system) group by f.path order by min(e.ts_ns)"
section 'read' "select f.path, sum(e.bytes)::bigint as bytes from events e join files f on f.id = e.object
    where e.op in ('read', 'mmap') and e.ret >= 0 and not ($system) group by f.path order by min(e.ts_ns)"
section 'changed names or rights' "select op, path, path2 from events
    where op in ('rename', 'link', 'symlink', 'unlink', 'mkdir', 'rmdir', 'chmod', 'chown') and ret >= 0 order by ts_ns, id"
section 'talked to' "select s.protocol, s.remote, sum(case when e.op = 'send' then e.bytes else 0 end)::bigint as sent,
    sum(case when e.op = 'recv' then e.bytes else 0 end)::bigint as received from events e join sockets s on s.id = e.object
    where e.op in ('connect', 'accept', 'send', 'recv') and s.remote <> '' group by s.protocol, s.remote order by min(e.ts_ns)"
# -115, EINPROGRESS, is how a connection begins that nobody waits for.
section 'was refused' "select op, coalesce(e.path, f.path, s.remote) as object, ret from events e left join files f on f.id = e.object
    left join sockets s on s.id = e.object where e.ret < 0 and e.ret <> -115 order by e.ts_ns, e.id"
