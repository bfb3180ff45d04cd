# shellcheck shell=bash
# haproxy in master-worker mode as Debian runs it, with two web servers of Python's behind: HTTP/1 and 2, TLS, TCP, health checks, its cache,
# compression, stick tables, Lua, its command socket; reload by USR2, also of a configuration that is wrong.

configure() {
    add_user haproxy
    mkdir -p a b
    echo a >a/index.html && echo b >b/index.html
    seq 20000 | tee a/numbers.txt >b/numbers.txt
    head -c 300000 /dev/urandom | tee a/large.bin >b/large.bin
    make_certificate tls
    cat tls.key tls.crt >tls.pem
    echo 'core.register_service("hello", "http", function(a) a:set_status(200) a:start_response() a:send("from Lua") end)' >hello.lua
    cat >haproxy.cfg <<-CONF
	global
	    log $work/log.sock local0
	    chroot $work/jail
	    user haproxy
	    group haproxy
	    stats socket $work/admin.sock mode 600 level admin expose-fd listeners
	    stats timeout 5s
	    nbthread 2
	    maxconn 100
	    lua-load $work/hello.lua
	    ssl-default-bind-options no-sslv3
	defaults
	    mode http
	    log global
	    option httplog
	    timeout connect 1s
	    timeout client 5s
	    timeout server 5s
	    retries 1
	userlist people
	    user user insecure-password word
	cache small
	    total-max-size 4
	    max-age 60
	frontend web
	    bind 127.0.0.1:8080
	    bind ::1:8080
	    bind $work/web.sock
	    bind 127.0.0.1:8443 ssl crt $work/tls.pem alpn h2,http/1.1
	    stick-table type ip size 1k expire 30s store http_req_rate(30s)
	    http-request track-sc0 src
	    http-request auth realm private if { path_beg /private } !{ http_auth(people) }
	    http-request deny deny_status 429 if { path_beg /denied }
	    http-request redirect location / if { path_beg /moved }
	    http-request use-service lua.hello if { path /lua }
	    http-request set-path %[path,regsub(^/private,,)]
	    compression algo gzip
	    compression type text/plain
	    use_backend dead if { path_beg /dead }
	    use_backend named if { path_beg /named }
	    use_backend cached if { path_beg /numbers.txt }
	    default_backend servers
	backend servers
	    balance roundrobin
	    option httpchk GET /
	    server a 127.0.0.1:8081 check inter 200ms
	    server b 127.0.0.1:8082 check inter 200ms
	backend cached
	    http-request cache-use small
	    http-response cache-store small
	    server a 127.0.0.1:8081
	backend dead
	    server none 127.0.0.1:1
	resolvers nobody
	    nameserver none 127.0.0.1:53535
	    timeout retry 100ms
	backend named
	    server named name.test:80 resolvers nobody init-addr none check
	listen tcp
	    mode tcp
	    option tcplog
	    bind 127.0.0.1:8090
	    server a 127.0.0.1:8081
	listen status
	    bind 127.0.0.1:8404
	    stats enable
	    stats uri /
	CONF
    mkdir jail
}

command_() { printf '%s\n' "$1" | timeout 5 nc -UN admin.sock; }

ask() {
    like 'both servers, by turns' 'a b|b a' "$(curl -s $web/ $web/ | xargs)"
    like 'over IPv6' 'a|b' "$(curl -sg "http://[::1]:8080/")"
    like 'over a unix socket' 'a|b' "$(curl -s --unix-socket web.sock http://localhost/)"
    like 'HTTP/2 over TLS' '(a|b) 2' "$(curl -s -w '%{http_version}' --http2 $tls | xargs)"
    like 'HTTP/1.1 over TLS' 'a|b' "$(curl -s --http1.1 $tls)"
    works 'a large file' cmp a/large.bin <(curl -s $web/large.bin)
    works 'a large file over TLS' cmp a/large.bin <(curl -s --cacert tls.crt https://localhost:8443/large.bin)
    same 'plain TCP' a "$(curl -s http://127.0.0.1:8090/)"
    like 'compression' 'ontent-[Ee]ncoding: gzip' "$(curl -s --compressed -D - -o plain $web/numbers.txt)"
    works 'compressed text' cmp a/numbers.txt plain
    works 'what is in the cache' cmp a/numbers.txt <(curl -s $web/numbers.txt)
    same 'Lua' 'from Lua' "$(curl -s $web/lua)"
    same 'a redirection' 302 "$(status $web/moved)"
    same 'no password' 401 "$(status $web/private/)"
    same 'a wrong password' 401 "$(status -u user:no $web/private/)"
    same 'the password' 200 "$(status -u user:word $web/private/)"
    like 'statistics' 'Statistics Report' "$(curl -s http://127.0.0.1:8404/)"
    like 'what it is' 'Name: HAProxy' "$(command_ 'show info')"
    like 'who asked' 'key=127.0.0.1' "$(command_ 'show table web')"
    same 'a server taken out' $'a\na' "$(command_ 'disable server servers/b' >/dev/null; curl -s $web/ $web/)"
    like 'and put back' 'servers,b,.*,UP,' "$(command_ 'enable server servers/b' >/dev/null; try_for 5 eval 'command_ "show stat" | grep -q "servers,b,.*,UP,"'; command_ 'show stat')"
}

ask_wrongly() {
    same 'a missing file' 404 "$(status $web/none)"
    same 'denied' 429 "$(status $web/denied)"
    same 'a dead server' 503 "$(status $web/dead)"
    same 'a server without address' 503 "$(status $web/named)"
    like 'a bad request' '^HTTP/1.1 400' "$(printf 'NONSENSE\r\n\r\n' | say 8080)"
    like 'a header too large' '^(400|000)' "$(status -H "X: $(head -c 40000 /dev/zero | tr '\0' x)" $web/)" # or the connection breaks
    like 'an unknown command' 'Unknown command' "$(command_ nonsense)"
    break_off 8080 'GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n'
    break_off 8443 '\x16\x03\x01'
    kill "$b"
    wait_until 'the end of a server told' eval 'command_ "show stat" | grep -q "servers,b,.*,DOWN,"'
    same 'the other server' $'a\na' "$(curl -s $web/ $web/)"
}

manage() {
    local master old
    master=$(pid_of haproxy.pid)
    works 'a test of the configuration' wrapped /usr/sbin/haproxy -c -f "$work/haproxy.cfg"
    refused 'a bad configuration' wrapped /usr/sbin/haproxy -c -f "$work/none.cfg"
    old=$(pgrep -P "$master" | head -n 1)
    sed -i 's/deny_status 429/deny_status 403/' haproxy.cfg
    kill -USR2 "$master"
    wait_until 'the new configuration' eval "[[ \$(status $web/denied) == 403 ]]"
    wait_for_end "$old"
    wait_until 'the end of the reload' eval '(( $(grep -c "Loading success" out) >= 2 ))'
    echo nonsense >>haproxy.cfg
    # Asked again, for the signal gets lost where it comes while the last reload is about to be done.
    wait_until 'a refused reload' eval "kill -USR2 $master; try_for 3 holds out nonsense"
    sed -i '$d' haproxy.cfg
    same 'as before the bad file' 403 "$(status $web/denied)"
    old=$(pgrep -P "$master" | head -n 1)
    wait_until 'a reload' eval "kill -USR2 $master; try_for 3 gone $old"
    wait_until 'an answer' eval "[[ \$(curl -s $web/) == a ]]"
    kill -USR1 "$master" # ends once what is being asked is answered
    wait_for_end "$master"
    refused 'an unknown user' wrapped /usr/sbin/haproxy -W -f <(printf 'global\nuser nobody-there\n')
    kill "$a"
}

exercise() {
    configure
    /usr/bin/python3 -m http.server --protocol HTTP/1.1 -d a -b 127.0.0.1 8081 >/dev/null 2>&1 & a=$!
    /usr/bin/python3 -m http.server --protocol HTTP/1.1 -d b -b 127.0.0.1 8082 >/dev/null 2>&1 & b=$!
    wait_for_port 8081
    wait_for_port 8082
    start /usr/sbin/haproxy -W -f "$work/haproxy.cfg" -p "$work/haproxy.pid"
    wait_for_port 8404
    wait_until 'the pid file' test -s haproxy.pid
    wait_until 'health checks' eval '[[ $(command_ "show stat" | grep -c "servers,[ab],.*,UP,.*L7OK") == 2 ]]'
    ask
    ask_wrongly
    manage
}
