# shellcheck shell=bash
# memcached: the text, meta and binary protocols, over TCP, UDP, a unix socket and TLS; slabs, eviction, external storage, a warm restart.

# talk PORT LINE…: sends the lines and prints what comes back until the server hangs up
talk() { local port=$1; shift; printf '%s\r\n' "$@" quit | say "$port" | tr -d '\r'; }
ask() { talk 11211 "$@"; }

store() {
    same 'a value' $'STORED\nVALUE a 5 3\nabc\nEND' "$(ask 'set a 5 0 3' abc 'get a')"
    same 'there already' NOT_STORED "$(ask 'add a 0 0 1' x)"
    same 'more of it' $'STORED\nSTORED\nVALUE a 5 5\n<abc>\nEND' "$(ask 'append a 0 0 1' '>' 'prepend a 0 0 1' '<' 'get a')"
    same 'numbers' $'STORED\n12\n11' "$(ask 'set n 0 0 2' 10 'incr n 2' 'decr n 1')"
    like 'compare and swap' $'VALUE a 5 5 [0-9]+\n.*EXISTS' "$(ask 'gets a' 'cas a 0 0 1 1' x)"
    same 'the meta protocol' $'HD\nVA 2 f0\nhi' "$(ask 'ms m 2' hi 'mg m v f' | sed 's/VA 2 .*/VA 2 f0/')"
    same 'touched, deleted' $'TOUCHED\nDELETED\nNOT_FOUND' "$(ask 'touch a 100' 'delete a' 'delete a')"
    same 'a large value' STORED "$(ask 'set large 0 0 900000' "$(head -c 900000 /dev/zero | tr '\0' x)")"
    same 'read back' 900000 "$(ask 'get large' | sed -n 2p | tr -d '\n' | wc -c)"
    like 'statistics' 'STAT pid' "$(ask stats 'stats items' 'stats slabs' 'stats settings' 'stats sizes' 'stats conns')"
    same 'a version' 'VERSION 1.6.18' "$(ask version)"
    same 'the binary protocol' 81 "$(printf '\x80\x0a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' | timeout 2 nc -q 1 127.0.0.1 11211 | head -c 1 | xxd -p)"
    same 'over UDP' $'VERSION 1.6.18' "$(printf '\0\1\0\0\0\1\0\0version\r\n' | nc -u -W 1 -w 5 127.0.0.1 11211 | tail -c +9 | tr -d '\r')"
    same 'all flushed' OK "$(ask flush_all)"
}

# values HOW-MANY PREFIX BYTES: commands that store so many
values() { awk -v n="$1" -v key="$2" -v bytes="$3" 'BEGIN { for (; i < n; i++) printf "set %s%d 0 0 %d noreply\r\n%0*d\r\n", key, i + 1, bytes, bytes, 0 }'; }
slab_classes() { ask 'stats slabs' | sed -n 's/STAT \([0-9]*\):total_pages .*/\1/p'; }
fill() { # more than fits: old values go, pages move between classes
    values 600 k 9000 | say 11211
    values 6000 s 90 | say 11211
    like 'eviction' 'STAT evictions [1-9]' "$(ask stats)"
    same 'pages moved' OK "$(ask 'slabs automove 1')"
    like 'pages moved by hand' 'OK|BUSY|NOSPARE' "$(ask "slabs reassign $(slab_classes | tail -n 1) $(slab_classes | head -n 1)")"
    same 'the crawler' OK "$(ask 'lru_crawler crawl all')"
    like 'a list of keys' 'key=s6000 ' "$(ask 'lru_crawler metadump all')"
    like 'watching' '^OK' "$( (printf 'watch fetchers mutations\r\n'; wait_until 'a watcher' eval 'ask stats | grep -q "log_watchers 1"' ; ask 'get none' >/dev/null) | timeout 5 nc -q 1 127.0.0.1 11211)"
}

ask_wrongly() {
    same 'an unknown command' ERROR "$(ask nonsense)"
    like 'a bad length' 'CLIENT_ERROR' "$(ask 'set a 0 0 nonsense')"
    like 'too large a value' 'SERVER_ERROR object too large' "$(ask 'set a 0 0 1200000' "$(head -c 1200000 /dev/zero | tr '\0' x)")"
    like 'too long a key' 'CLIENT_ERROR' "$(ask "get $(head -c 300 /dev/zero | tr '\0' k)")"
    break_off 11211 'set half 0 0 1000\r\nhalf'
    break_off 11211 'get a\r\n'
    same 'no half value' END "$(ask 'get half')"
}

# It has no configuration to reload; HUP reloads users of ASCII authentication.
authenticate() {
    echo 'user:word' >users
    start memcached -u nobody -l 127.0.0.1:11212 -P "$work/open/auth.pid" -Y "$work/users" -o modern
    wait_for_port 11212
    wait_until 'its pid' test -s open/auth.pid
    like 'no password' 'CLIENT_ERROR unauth' "$(talk 11212 'get a')"
    like 'the password' 'STORED.*END' "$(talk 11212 'set a 0 0 9' 'user word' 'get a')"
    echo 'user:other' >users
    kill -HUP "$(pid_of open/auth.pid)"
    wait_until 'the new password' eval 'talk 11212 "set a 0 0 10" "user other" | grep -q STORED'
    kill -TERM "$(pid_of open/auth.pid)"
    wait_until 'its end' eval '! listening -t "sport = :11212"'
}

other_ways() {
    make_certificate tls
    chown nobody tls.key
    start memcached -u nobody -s "$work/open/socket" -a 0777 -P "$work/open/unix.pid" -d
    wait_until 'a unix socket' test -S open/socket
    same 'over it' 'VERSION 1.6.18' "$(printf 'version\r\nquit\r\n' | nc -U -N open/socket | tr -d '\r')"
    wait_until 'its pid' test -s open/unix.pid
    kill -INT "$(pid_of open/unix.pid)"
    start memcached -u nobody -l 127.0.0.1:11213 -Z -o "ssl_chain_cert=$work/tls.crt,ssl_key=$work/tls.key" -P "$work/open/tls.pid" -d
    wait_for_port 11213
    same 'over TLS' 'VERSION 1.6.18' "$(printf 'version\r\nquit\r\n' | openssl s_client -quiet -CAfile tls.crt -connect 127.0.0.1:11213 2>/dev/null | tr -d '\r')"
    same 'new certificates' OK "$(printf 'refresh_certs\r\nquit\r\n' | openssl s_client -quiet -CAfile tls.crt -connect 127.0.0.1:11213 2>/dev/null | tr -d '\r')"
    break_off 11213 nonsense
    kill -TERM "$(pid_of open/tls.pid)"
    start memcached -u nobody -l 127.0.0.1:11214 -m 8 -o "ext_path=$work/open/store:64M,ext_item_size=500,ext_recache_rate=1" -P "$work/open/store.pid" -d
    wait_for_port 11214
    values 900 k 9000 | say 11214
    like 'a value, by external storage' 'VALUE k900 ' "$(talk 11214 'get k900')"
    like 'its statistics' 'STAT extstore_io_queue' "$(talk 11214 stats)"
    kill -TERM "$(pid_of open/store.pid)"
    wait_until 'their end' none_but 11211
}
none_but() { [[ $(ss -Hlnt | grep -vc ":$1 ") == 0 ]]; }

warm_restart() {
    local first
    mkdir -m 777 memory
    start memcached -u nobody -l 127.0.0.1:11215 -m 64 -e "$work/memory/file" -P "$work/open/warm.pid" -d
    wait_for_port 11215
    same 'a value to keep' STORED "$(talk 11215 'set kept 0 0 3' yes)"
    wait_until 'its pid' test -s open/warm.pid
    first=$(pid_of open/warm.pid)
    kill -USR1 "$first"
    wait_for_end "$first"
    start memcached -u nobody -l 127.0.0.1:11215 -m 64 -e "$work/memory/file" -P "$work/open/warm.pid" -d
    wait_for_port 11215
    like 'an answer of what it restored' '^(VALUE kept 0 3.yes.)?END' "$(talk 11215 'get kept')" # it may forget what is younger than a second or two
    kill -TERM "$(pid_of open/warm.pid)"
}

exercise() {
    mkdir -m 777 open
    start memcached -u nobody -l 127.0.0.1 -p 11211 -U 11211 -m 4 -t 3 -P "$work/open/memcached.pid" -vv -k -c 100
    wait_for_port 11211
    store
    fill
    ask_wrongly
    refused 'a port in use' wrapped memcached -u nobody -l 127.0.0.1 -p 11211
    refused 'an unknown user' wrapped memcached -u no-such-user
    refused 'an unknown option' wrapped memcached -o nonsense
    authenticate
    other_ways
    warm_restart
    kill -TERM "$(pid_of open/memcached.pid)"
}
