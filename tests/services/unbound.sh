# shellcheck shell=bash
# unbound: a resolver with DNSSEC that asks a named of ours, over UDP, TCP, TLS and HTTPS; local data, unbound-control, a chroot.

configure() {
    add_user unbound
    add_user bind
    make_certificate tls && chmod 644 tls.key
    mkdir zones && chown bind zones
    chown unbound .
    printf '$TTL 60\n@ SOA ns.example.test. root.example.test. ( 1 60 60 600 60 )\n@ NS ns\nns A 127.0.0.1\nmail A 192.0.2.1\nlong TXT %s\n' \
        "$(for i in $(seq 40); do printf '"%0100d" ' "$i"; done)" >zones/example.test.zone
    cat >named.conf <<-CONF
	options { directory "$work/zones"; pid-file "$work/zones/named.pid"; session-keyfile none; listen-on port 5301 { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; lock-file none; };
	controls { };
	zone "example.test" { type primary; file "example.test.zone"; allow-transfer { any; }; };
	CONF
    unbound-control-setup -d "$work" >/dev/null 2>&1
    chown unbound unbound_*
    cat >unbound.conf <<-CONF
	server:
	    directory: "$work"
	    chroot: "$work"
	    username: "unbound"
	    pidfile: "$work/unbound.pid"
	    logfile: "$work/unbound.log"
	    use-syslog: no
	    verbosity: 2
	    num-threads: 2
	    interface: 127.0.0.1@5300
	    interface: ::1@5300
	    interface: 127.0.0.1@8530
	    interface: 127.0.0.1@8443
	    so-reuseport: yes
	    so-rcvbuf: 100k
	    tls-service-key: "$work/tls.key"
	    tls-service-pem: "$work/tls.crt"
	    tls-port: 8530
	    https-port: 8443
	    do-not-query-localhost: no
	    domain-insecure: "test"
	    local-zone: "test." nodefault
	    local-zone: "local.test." static
	    local-data: "host.local.test. A 192.0.2.5"
	    local-zone: "refused.test." refuse
	    access-control: 127.0.0.0/8 allow
	    extended-statistics: yes
	    serve-expired: yes
	remote-control:
	    control-enable: yes
	    control-interface: 127.0.0.1
	    control-port: 9953
	    server-key-file: "$work/unbound_server.key"
	    server-cert-file: "$work/unbound_server.pem"
	    control-key-file: "$work/unbound_control.key"
	    control-cert-file: "$work/unbound_control.pem"
	forward-zone:
	    name: "example.test"
	    forward-addr: 127.0.0.1@5301
	forward-zone:
	    name: "dead.test"
	    forward-addr: 127.0.0.1@5399
	auth-zone:
	    name: "copied.test"
	    zonefile: "copied.zone"
	    for-upstream: no
	CONF
    sed 's/example.test/copied.test/g' zones/example.test.zone >copied.zone
    sed -n '1,$p' unbound.conf >good.conf
}

query() { timeout 15 dig -p 5300 @127.0.0.1 +tries=2 +time=3 "$@"; }
short() { query +short "$@"; }
control() { timeout 20 unbound-control -c "$work/unbound.conf" "$@" 2>&1; }

ask() {
    same 'local data' 192.0.2.5 "$(short host.local.test)"
    same 'an answer of the other server' 192.0.2.1 "$(short mail.example.test)"
    same 'from the cache' 192.0.2.1 "$(short mail.example.test)"
    same 'over IPv6' 192.0.2.1 "$(dig -p 5300 @::1 +short mail.example.test)"
    same 'over TCP' 192.0.2.1 "$(short +tcp mail.example.test)"
    same 'over TLS' 192.0.2.1 "$(dig -p 8530 @127.0.0.1 +tls +short mail.example.test)"
    same 'over HTTPS' 192.0.2.1 "$(dig -p 8443 @127.0.0.1 +https +short mail.example.test)"
    same 'too long for UDP, both ways' 40 "$(short +bufsize=512 long.example.test txt | xargs -n 1 | wc -l)"
    same 'a zone of its own' 192.0.2.1 "$(short mail.copied.test)"
    like 'no such name' NXDOMAIN "$(query none.example.test)"
    same 'asked by its own client' 'host.local.test has address 192.0.2.5' "$(unbound-host -C unbound.conf -t A host.local.test)"
}

ask_wrongly() {
    like 'refused' REFUSED "$(query a.refused.test)"
    like 'nobody to ask' 'SERVFAIL|no servers could be reached' "$(query +time=1 +tries=1 a.dead.test)"
    like 'no DNS' '' "$(printf 'nonsense, not a query' | nc -u -w 1 127.0.0.1 5300 | xxd -p)"
    like 'an unknown operation' 'NOTIMP|REFUSED|FORMERR' "$(query +opcode=15 example.test)"
    break_off 5300 '\x00\x40half'
    break_off 8530 '\x16\x03\x01'
    break_off 8443 nonsense
    break_off 9953 nonsense
    same 'still there' 192.0.2.5 "$(short host.local.test)"
}

manage() {
    local pid
    pid=$(one_of unbound)
    like 'its state' 'is running' "$(control status)"
    like 'statistics' 'total.num.queries=' "$(control stats_noreset)"
    like 'the cache' 'mail.example.test' "$(control dump_cache | tee cache)"
    control load_cache <cache >>out || true # it does not always take what it gave
    same 'a name forgotten' ok "$(control flush mail.example.test)"
    like 'a zone forgotten' '^ok' "$(control flush_zone example.test)"
    same 'new data' ok "$(control local_data new.local.test A 192.0.2.6)"
    same 'it' 192.0.2.6 "$(short new.local.test)"
    same 'data gone' ok "$(control local_data_remove new.local.test)"
    like 'where it would ask' '127.0.0.1' "$(control lookup example.test)"
    like 'zones' 'example.test' "$(control list_forwards)"
    same 'told more' ok "$(control verbosity 3)"
    like 'its own zone' 'copied.test' "$(control list_auth_zones)"
    same 'that zone, read again' ok "$(control auth_zone_reload copied.test | grep -o '^ok')"
    same 'another log' ok "$(control log_reopen)"
    like 'an unknown command' 'error|unknown' "$(control nonsense)"
    sed -i 's/192.0.2.5/192.0.2.8/' unbound.conf
    same 'a reload' ok "$(control reload)"
    wait_until 'the new address' eval '[[ $(short host.local.test) == 192.0.2.8 ]]'
    kill -HUP "$pid"
    wait_until 'a reload by signal' eval '(( $(grep -c "start of service" unbound.log) >= 3 ))'
    wait_until 'an answer after it' eval '[[ $(short host.local.test) == 192.0.2.8 ]]'
    { cat unbound.conf && echo nonsense; } >none.conf
    refused 'a bad configuration' wrapped unbound -d -c "$work/none.conf"
    refused 'a port in use' wrapped unbound -d -c "$work/unbound.conf"
    sed 's/"unbound"$/"nobody-there"/' unbound.conf >bad.conf
    refused 'an unknown user' wrapped unbound -d -c "$work/bad.conf"
    works 'a check of the configuration' unbound-checkconf "$work/unbound.conf"
    same 'a stop' ok "$(control stop)"
    wait_for_end "$pid"
}

exercise() {
    configure
    /usr/sbin/named -f -u bind -c "$work/named.conf" 2>>out &
    local named=$!
    wait_until 'the other server' eval '[[ $(dig -p 5301 @127.0.0.1 +short mail.example.test) == 192.0.2.1 ]]'
    start /usr/sbin/unbound -d -p -c "$work/unbound.conf"
    wait_until 'an answer' eval '[[ $(short host.local.test) == 192.0.2.5 ]]'
    wait_for_port 9953
    ask
    ask_wrongly
    manage
    kill "$named"
}
