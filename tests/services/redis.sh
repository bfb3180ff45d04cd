# shellcheck shell=bash
# redis-server: TLS, ACLs, snapshots, append-only file, Lua, publish and subscribe, streams, a replica, a fork that fails, a full disk.

configure() {
    make_certificate tls
    mkdir -p data replica
    cat >redis.conf <<-CONF
	port 6379
	bind 127.0.0.1 ::1
	unixsocket $work/redis.sock
	unixsocketperm 700
	tls-port 6380
	tls-cert-file $work/tls.crt
	tls-key-file $work/tls.key
	tls-ca-cert-file $work/tls.crt
	tls-auth-clients no
	daemonize yes
	pidfile $work/redis.pid
	logfile $work/redis.log
	dir $work/data
	save 3600 1
	appendonly yes
	appendfsync everysec
	io-threads 2
	repl-diskless-sync-delay 0
	latency-monitor-threshold 1
	user alice on >word ~a* +get +set
	CONF
}

cli() { timeout 20 redis-cli "$@" 2>&1; }

ask() {
    same 'ping' PONG "$(cli ping)"
    same 'ping over IPv6' PONG "$(cli -h ::1 ping)"
    same 'ping over a unix socket' PONG "$(cli -s redis.sock ping)"
    same 'ping over TLS' PONG "$(cli -p 6380 --tls --cacert tls.crt ping)"
    same 'a value' 'OK 5' "$(cli set a 5) $(cli get a)"
    same 'a large value' OK "$(head -c 3000000 /dev/zero | tr '\0' x | cli -x set large)"
    same 'its length' 3000000 "$(cli strlen large)"
    same 'a list, a set, a hash, a sorted set' '3 2 1 1' "$(cli rpush l 1 2 3) $(cli sadd s a b) $(cli hset h f v) $(cli zadd z 1 m)"
    same 'a stream' '1-1 f v' "$(cli xadd st 1-1 f v >/dev/null && cli xrange st - + | xargs)"
    same 'a geographical distance' 166274.1516 "$(cli geoadd g 13.361389 38.115556 P 15.087269 37.502669 C >/dev/null && cli geodist g P C)"
    same 'a hyperloglog' 2 "$(cli pfadd p a b >/dev/null && cli pfcount p)"
    same 'a transaction' 'OK QUEUED QUEUED 6 7' "$(printf 'multi\nincr a\nincr a\nexec\n' | cli | xargs)"
    same 'Lua' '10 value' "$(cli eval 'redis.call("set", KEYS[1], "value"); return {10, redis.call("get", KEYS[1])}' 1 k | xargs)"
    like 'a mistake in Lua' 'ERR.*attempt' "$(cli eval 'return nil + 1' 0)"
    same 'a function' hi "$(printf '#!lua name=lib\nredis.register_function("greet", function() return "hi" end)' | cli -x function load replace >/dev/null; cli fcall greet 0)"
    same 'expiry' 1 "$(cli set e 1 px 100000 >/dev/null; cli pexpire e 10)"
    wait_until 'it has expired' eval '[[ $(cli exists e) == 0 ]]'
    same 'a blocking pop' 'q item' "$( (cli blpop q 10 | xargs) & wait_for_blocked && cli rpush q item >/dev/null && wait)"
    listen
    works 'many at once' redis-benchmark -q -n 3000 -c 20 -P 8 -t set,get,lrange_100
    same 'a large value over TLS' 3000001 "$(cli -p 6380 --tls --cacert tls.crt get large | wc -c)"
    like 'information' 'redis_version:7' "$(cli info everything)"
    same 'memory, latency, clients' OK "$(cli memory doctor >/dev/null && cli latency doctor >/dev/null && cli client list >/dev/null && cli memory purge)"
    same 'an asynchronous flush of another database' 'OK OK' "$(cli -n 3 set x 1) $(cli -n 3 flushdb async)"
}
listen() {
    timeout 20 redis-cli subscribe news >news &
    local listener=$!
    wait_until 'a subscriber' eval '[[ $(cli pubsub numsub news | xargs) == "news 1" ]]'
    same 'a message for one' 1 "$(cli publish news hello)"
    wait_until 'the message' grep -q hello news
    kill "$listener"
}
wait_for_blocked() { wait_until 'a client that waits' eval 'cli info clients | grep -q blocked_clients:1'; }

persist() {
    same 'a snapshot in the foreground' OK "$(cli save)"
    like 'one in the background' 'started' "$(cli bgsave)"
    wait_until 'its end' eval 'cli info persistence | grep -q rdb_bgsave_in_progress:0 && cli info persistence | grep -q rdb_last_bgsave_status:ok'
    like 'a rewrite of the log' 'started' "$(cli bgrewriteaof)"
    wait_until 'its end' eval 'cli info persistence | grep -q aof_rewrite_in_progress:0 && grep -q "Background AOF rewrite finished" redis.log'
    like 'a check of the snapshot' 'RDB looks OK' "$(redis-check-rdb data/dump.rdb)"
    same 'another rhythm of writing' 'OK OK' "$(cli config set appendfsync always) $(cli set b 1)"
    same 'the configuration rewritten' OK "$(cli config rewrite)"
}

# A second server, started the same way, copies the first, and takes over.
replicate() {
    start redis-server --port 6390 --dir "$work/replica" --logfile "$work/replica.log" --pidfile "$work/replica.pid" --daemonize yes \
        --replicaof '127.0.0.1 6379' --save ''
    wait_for_port 6390
    wait_until 'the copy' eval '[[ $(cli -p 6390 get a) == 7 ]]'
    same 'a write to it' READONLY "$(cli -p 6390 set a 1 | cut -d' ' -f1)"
    same 'one more copied' '1 1' "$(cli set copied 1 >/dev/null; cli wait 1 5000) $(cli -p 6390 get copied)"
    same 'without a master' 'OK OK' "$(cli -p 6390 replicaof no one) $(cli -p 6390 set a 9)"
    kill -TERM "$(pid_of replica.pid)"
    wait_until 'its end' eval '! listening -t "sport = :6390"'
}

ask_wrongly() {
    like 'a wrong type' WRONGTYPE "$(cli incr l)"
    like 'an unknown command' 'ERR unknown command' "$(cli nonsense)"
    like 'a protocol error' 'ERR Protocol error' "$(printf '*1\r\n$nonsense\r\n' | say 6379)"
    like 'a wrong password' WRONGPASS "$(cli --user alice --pass no get a)"
    same 'the password' 7 "$(cli --user alice --pass word --no-auth-warning get a)"
    like 'no right' NOPERM "$(cli --user alice --pass word --no-auth-warning get b)"
    like 'a configuration that cannot be' 'ERR' "$(cli config set maxmemory nonsense)"
    break_off 6379 '*3\r\n$3\r\nset\r\n$1\r\na\r\n$100\r\nhalf'
    break_off 6380 '\x16\x03\x01'
    same 'too many clients' 'OK ERR' "$(cli config set maxclients 1) $(printf 'get a\n' | (exec 9<>/dev/tcp/127.0.0.1/6379; cli -h ::1 get a) | cut -d' ' -f1 | tr -d '(error)-')"
    same 'as many as before' OK "$(cli config set maxclients 1000)"
    cli config set maxmemory 1mb >/dev/null
    like 'no memory' OOM "$(cli set m 1)"
    same 'memory by throwing away' 'OK OK' "$(cli config set maxmemory-policy allkeys-lru) $(cli config set maxmemory 0)"
}

# A folder that is a file: the snapshot fails, and so does a second server at the same port, and one whose file is damaged.
fail() {
    same 'something to keep' OK "$(cli set kept 1)"
    rm data/dump.rdb && mkdir -p data/dump.rdb/in-the-way
    like 'a snapshot that fails' '^(\(error\) )?ERR' "$(cli save)"
    like 'a stop that fails' 'ERR' "$(cli shutdown save)"
    refused 'a port in use' wrapped redis-server --port 6379 --bind 127.0.0.1 --logfile "$work/second.log"
    refused 'a bad configuration' wrapped redis-server "$work/none.conf"
    mkdir -p broken && echo REDIS0011nonsense >broken/dump.rdb
    refused 'a damaged file' wrapped redis-server --port 6391 --dir "$work/broken" --logfile "$work/broken.log"
    start redis-server --port 6392 --dir "$work/broken" --dbfilename none --logfile "$work/crash.log" --enable-debug-command yes --save ''
    wait_for_port 6392
    cli -p 6392 debug segfault >/dev/null || true
    wait_until 'a crash told' holds crash.log 'crashed by signal: 11'
    wait_until 'its end' eval '! listening -t "sport = :6392"'
}

exercise() {
    configure
    start redis-server "$work/redis.conf"
    wait_until 'an answer' eval '[[ $(cli ping) == PONG ]]'
    ask
    persist
    replicate
    ask_wrongly
    fail
    rm redis.log # rotated: it is opened for each line
    same 'what was written' 1 "$(cli get kept)"
    works 'a stop' cli shutdown nosave
    wait_until 'a line in the new log' holds redis.log 'bye bye'
}
