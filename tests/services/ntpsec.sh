# shellcheck shell=bash
# ntpd of NTPsec: it serves the machine's clock, another one follows it, with keys and NTS; ntpq and ntpdig. The clock is not touched: "disable ntp".

configure() {
    add_user ntpsec
    mkdir -m 755 state state/stats && chown -R ntpsec state
    make_certificate tls && chmod 644 tls.key
    echo '1 AES 000102030405060708090a0b0c0d0e0f' >keys && chmod 644 keys
    cat >ntp.conf <<-CONF
	driftfile $work/state/drift
	statsdir $work/state/stats/
	statistics loopstats peerstats clockstats rawstats sysstats
	filegen loopstats file loopstats type day enable
	filegen peerstats file peerstats type day enable
	filegen sysstats file sysstats type day enable
	disable ntp
	tos orphan 5 orphanwait 1
	keys $work/keys
	trustedkey 1
	controlkey 1
	nts enable
	nts key $work/tls.key
	nts cert $work/tls.crt
	nts cookie $work/state/cookies
	nts ca $work/tls.crt
	server 10.9.9.1 iburst minpoll 0 maxpoll 3 key 1
	restrict default limited
	restrict 127.0.0.1
	CONF
}

question() { timeout 10 ntpq "$@" 127.0.0.1 2>&1; }

ask() {
    like 'its variables' 'ntpd ntpsec' "$(question -c 'rv 0 version')"
    like 'its peers' '10.9.9.1' "$(question -n -p)"
    like 'associations' 'assid' "$(question -c as)"
    like 'who asked' '127.0.0.1' "$(question -n -c mrulist)"
    like 'system information' 'packets received|system peer' "$(question -c sysinfo)"
    like 'counts' 'received packets|uptime' "$(question -c iostats)"
    like 'the kernel' 'pll|status' "$(question -c kerninfo)"
    like 'timers' 'timer' "$(question -c timerstats)"
    like 'interfaces' '127.0.0.1' "$(question -k keys -a 1 -c 'keyid 1' -c 'passwd 000102030405060708090a0b0c0d0e0f' -c ifstats)"
    like 'NTS' 'NTS' "$(question -c ntsinfo)"
    wait_until 'the time' eval 'timeout 5 ntpdig -j 127.0.0.1 | grep -q offset'
}

ask_wrongly() {
    like 'an unknown command' 'unknown' "$(question -c nonsense)"
    like 'a variable that is not there' '' "$(question -c 'rv 0 nonsense')"
    printf 'no packet of NTP' | nc -u -w 1 127.0.0.1 123 >/dev/null || true
    break_off 4460 '\x16\x03\x01'
    break_off 4460 'nonsense'
    openssl s_client -connect 127.0.0.1:4460 -CAfile tls.crt -alpn ntske/1 </dev/null >>out 2>&1 || true
    /usr/bin/python3 -c 'import ssl, socket, sys
c = ssl.create_default_context(cafile="tls.crt")
c.set_alpn_protocols(["ntske/1"])
with c.wrap_socket(socket.create_connection(("127.0.0.1", 4460)), server_hostname="localhost") as s:
    s.sendall(bytes.fromhex("800100020000" "80040002000f" "80000000"))
    got = s.recv(4096)
print(got.count(b"\x00\x05\x00"))' >cookies 2>>out || true
    like 'cookies' '[1-9]' "$(<cookies)"
    like 'still there' 'ntpd ntpsec' "$(question -c 'rv 0 version')"
}

manage() {
    local pid
    pid=$(one_of ntpd)
    mv state/ntpd.log state/ntpd.log.1
    kill -HUP "$pid" # new logs, keys and certificates
    wait_until 'a new log' test -s state/ntpd.log
    ip address add 127.0.0.3/8 dev lo
    wait_until 'a new address' eval "ss -Hlnu | grep -q 127.0.0.3:123"
    ip address delete 127.0.0.3/8 dev lo
    echo nonsense >bad.conf
    wrapped ntpd -n -N -u ntpsec:ntpsec -c "$work/bad.conf" -l "$work/bad.log" -p "$work/bad.pid" >>out 2>&1 & # it goes on without the bad line
    wait_until 'a bad line told' holds bad.log 'syntax error'
    wait_until 'its end' eval '! pgrep -f bad.conf >/dev/null || pkill_ours bad.conf'
    refused 'an unknown user' wrapped ntpd -n -u nobody-there -c "$work/ntp.conf" -l "$work/other.log"
    kill -TERM "$pid"
}
# Ends those of ours whose arguments hold WORD; fails, so that one asks again.
pkill_ours() { for pid in $(ours); do grep -q -a -e "$1" "/proc/$pid/cmdline" 2>/dev/null && kill -TERM "$pid"; done; false; }

exercise() {
    configure
    ip address add 10.9.9.1/32 dev lo
    start ntpd -n -N -g -u ntpsec:ntpsec -c "$work/ntp.conf" -l "$work/state/ntpd.log" -p "$work/ntpd.pid"
    wait_until 'an answer' eval 'question -c "rv 0 version" | grep -q ntpsec'
    wait_for_port 4460
    ask
    ask_wrongly
    manage
}
