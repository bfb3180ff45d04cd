# shellcheck shell=bash
# named: an authoritative server and a resolver in one, over UDP, TCP, TLS and HTTPS; signed zones, transfers with TSIG, dynamic updates,
# rndc; a second server is its secondary.

configure() {
    add_user bind
    make_certificate tls && chown bind tls.key
    mkdir -p zones second jail && chown bind zones second .
    cat >zones/example.test.zone <<-'ZONE'
	$TTL 60
	@ SOA ns.example.test. root.example.test. ( 1 60 60 600 60 )
	@ NS ns
	@ MX 10 mail
	ns A 127.0.0.1
	mail A 192.0.2.1
	mail AAAA 2001:db8::1
	www CNAME mail
	text TXT "some text"
	*.any A 192.0.2.9
	ZONE
    for i in $(seq 90); do echo "many A 192.0.2.$i"$'\n'"many AAAA 2001:db8::$i"; done >>zones/example.test.zone
    cp zones/example.test.zone zones/signed.test.zone && sed -i 's/example.test/signed.test/' zones/signed.test.zone
    printf '$TTL 60\n@ SOA ns.example.test. root.example.test. ( 1 60 60 600 60 )\n@ NS ns.example.test.\n' >zones/dynamic.test.zone
    printf '$TTL 60\n@ SOA ns.example.test. root.example.test. ( 1 60 60 600 60 )\n@ NS ns.example.test.\nblocked.test CNAME .\n' >zones/policy.zone
    chown bind zones/*
    tsig-keygen update >update.key
    tsig-keygen rndc >rndc.key
    cat >named.conf <<-CONF
	include "$work/update.key";
	include "$work/rndc.key";
	controls { inet 127.0.0.1 port 9953 allow { 127.0.0.1; } keys { rndc; }; };
	tls local { key-file "$work/tls.key"; cert-file "$work/tls.crt"; };
	http local { endpoints { "/dns-query"; }; };
	options {
	    directory "$work/zones"; pid-file "$work/named.pid"; session-keyfile "$work/session.key"; managed-keys-directory "$work/zones";
	    dump-file "$work/dump"; statistics-file "$work/statistics"; lock-file none;
	    listen-on port 5300 { 127.0.0.1; }; listen-on-v6 port 5300 { ::1; };
	    listen-on port 8530 tls local { 127.0.0.1; }; listen-on port 8443 tls local http local { 127.0.0.1; };
	    recursion yes; allow-recursion { 127.0.0.1; }; forward only; forwarders { 127.0.0.1 port 5399; }; dnssec-validation no;
	    response-policy { zone "policy"; } qname-wait-recurse no; notify explicit; also-notify { 127.0.0.1 port 5301; }; resolver-query-timeout 1000;
	    rate-limit { responses-per-second 1000; }; querylog yes;
	};
	statistics-channels { inet 127.0.0.1 port 8053 allow { 127.0.0.1; }; };
	logging { channel file { file "$work/named.log" versions 2 size 1m; severity debug 1; print-category yes; }; category default { file; }; category queries { file; }; };
	zone "example.test" { type primary; file "example.test.zone"; allow-transfer { key update; }; };
	zone "signed.test" { type primary; file "signed.test.zone"; dnssec-policy default; inline-signing yes; };
	zone "dynamic.test" { type primary; file "dynamic.test.zone"; update-policy { grant update zonesub ANY; }; };
	zone "policy" { type primary; file "policy.zone"; };
	CONF
    cat >second.conf <<-CONF
	include "$work/update.key";
	options { directory "$work/second"; pid-file "$work/second.pid"; session-keyfile none; listen-on port 5301 { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; lock-file none; };
	controls { };
	server 127.0.0.1 { keys { update; }; };
	logging { channel file { file "$work/second.log"; }; category default { file; }; };
	zone "example.test" { type secondary; file "example.test.zone"; primaries port 5300 { 127.0.0.1; }; masterfile-format text; };
	CONF
}

query() { timeout 15 dig -p 5300 @127.0.0.1 +tries=2 +time=3 "$@"; }
short() { query +short "$@"; }
control() { timeout 20 rndc -s 127.0.0.1 -p 9953 -k rndc.key "$@" 2>&1; }

ask() {
    same 'an address' 192.0.2.1 "$(short mail.example.test)"
    same 'over IPv6' 192.0.2.1 "$(dig -p 5300 @::1 +short mail.example.test)"
    same 'over TCP' 192.0.2.1 "$(short +tcp mail.example.test)"
    same 'over TLS' 192.0.2.1 "$(dig -p 8530 @127.0.0.1 +tls +short mail.example.test)"
    same 'over HTTPS' 192.0.2.1 "$(dig -p 8443 @127.0.0.1 +https +short mail.example.test)"
    same 'another name' $'mail.example.test.\n192.0.2.1' "$(short www.example.test)"
    same 'a wildcard' 192.0.2.9 "$(short a.any.example.test)"
    same 'a text' '"some text"' "$(short text.example.test txt)"
    same 'too long for UDP' 90 "$(short many.example.test aaaa | wc -l)"
    wait_until 'a signature' eval "query +dnssec signed.test soa | grep -q RRSIG"
    like 'no such name' NXDOMAIN "$(query none.example.test)"
    like 'a policy' NXDOMAIN "$(query blocked.test)"
    like 'no forwarder there' SERVFAIL "$(query somewhere.else)"
    like 'a transfer' 'many.example.test.*AAAA' "$(query -k update.key example.test axfr)"
    like 'a transfer without the key' 'Transfer failed' "$(query example.test axfr)"
    printf 'server 127.0.0.1 5300\nzone dynamic.test\nupdate add new.dynamic.test 60 A 192.0.2.7\nsend\n' >update
    works 'an update' nsupdate -k update.key update
    same 'what it added' 192.0.2.7 "$(short new.dynamic.test)"
    refused 'an update without the key' nsupdate update
    like 'its statistics' 'json-stats-version|<statistics' "$(curl -s http://127.0.0.1:8053/xml/v3)"
    same 'its version' '"9.18' "$(short version.bind chaos txt | cut -c 1-5)"
}

ask_wrongly() {
    like 'no DNS' '' "$(printf 'nonsense, not a query' | nc -u -w 1 127.0.0.1 5300 | xxd -p)"
    like 'an unknown operation' NOTIMP "$(query +opcode=15 example.test)"
    like 'a notify of nobody' 'NOTAUTH|NOERROR|REFUSED' "$(query +opcode=notify none.test soa)"
    like 'a bad key' 'BADKEY|NOTAUTH|BADSIG' "$(query -y hmac-sha256:other:c2VjcmV0 example.test axfr 2>&1)"
    break_off 5300 '\x00\x40half'
    break_off 8530 '\x16\x03\x01'
    break_off 8443 'GET / HTTP/1.1\r\n\r\n'
    break_off 9953 'nonsense'
    same 'still there' 192.0.2.1 "$(short mail.example.test)"
}

replicate() {
    start /usr/sbin/named -f -u bind -c "$work/second.conf"
    wait_until 'a copy of the zone' eval '[[ $(dig -p 5301 @127.0.0.1 +short mail.example.test) == 192.0.2.1 ]]'
    sed -i 's/( 1 /( 2 /; s/^mail A .*/mail A 192.0.2.2/' zones/example.test.zone
    like 'a zone read again' 'reload queued|up-to-date' "$(control reload example.test)"
    wait_until 'the new address' eval '[[ $(short mail.example.test) == 192.0.2.2 ]]'
    like 'others told' 'queued' "$(control notify example.test)"
    wait_until 'it, copied' eval '[[ $(dig -p 5301 @127.0.0.1 +short mail.example.test) == 192.0.2.2 ]]'
    wait_until 'the file of the copy' test -s second/example.test.zone
    kill -TERM "$(pid_of second.pid)"
}

manage() {
    like 'its state' 'server is up and running' "$(control status)"
    same 'a dump' '' "$(control dumpdb -all)" && wait_until 'its end' holds dump 'Dump complete'
    same 'statistics' '' "$(control stats)" && wait_until 'the file' test -s statistics
    same 'an empty cache' '' "$(control flush)"
    same 'queries not logged' '' "$(control querylog off)"
    same 'a frozen zone' '' "$(control freeze dynamic.test)"
    like 'a thawed one' 'was ' "$(control thaw dynamic.test)"
    same 'a written journal' '' "$(control sync -clean)"
    same 'zones signed again' '' "$(control sign signed.test)"
    same 'more told' '' "$(control trace 3)$(control notrace)"
    like 'an unknown command' 'unknown command' "$(control nonsense)"
    sed -i 's/^zone "policy"/zone "more.test" { type primary; file "dynamic.test.zone"; };\n&/' named.conf
    cp zones/policy.zone zones/more.zone
    sed -i 's/dynamic.test.zone"; };$/more.zone"; };/' named.conf
    same 'another configuration' '' "$(control reconfig)"
    wait_until 'the new zone' eval 'query more.test soa | grep -q "status: NOERROR"'
    echo 'nonsense;' >>named.conf
    like 'a bad configuration' 'failed' "$(control reload)"
    sed -i '$d' named.conf
    kill -HUP "$(pid_of named.pid)"
    wait_until 'a reload' holds named.log 'all zones loaded'
    sed -i 's/( 2 /( nonsense /' zones/example.test.zone
    like 'a bad zone' 'failed|queued' "$(control reload example.test)"
    same 'as before the bad zone' 192.0.2.2 "$(short mail.example.test)"
    refused 'a bad configuration' wrapped /usr/sbin/named -f -u bind -c "$work/none.conf"
    refused 'an unknown user' wrapped /usr/sbin/named -f -u nobody-there -c "$work/named.conf"
    same 'a stop' '' "$(control stop)"
}

exercise() {
    configure
    start /usr/sbin/named -f -u bind -c "$work/named.conf"
    wait_until 'an answer' eval '[[ $(short mail.example.test) == 192.0.2.1 ]]'
    wait_for_port 9953
    ask
    ask_wrongly
    replicate
    manage
}
