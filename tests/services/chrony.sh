# shellcheck shell=bash
# chronyd as Debian starts it, with its own filter of system calls: one serves time, a second one follows it; chronyc; the clock is not touched (-x).

configure() {
    add_user _chrony
    mkdir -m 750 state && chown _chrony: state
    mkdir -m 755 sources && echo '# none yet' >sources/local.sources
    echo '1 SHA256 HEX:000102030405060708090A0B0C0D0E0F' >keys && chown _chrony: keys
    make_certificate tls && chmod 644 tls.key
    mkdir -m 750 /run/chrony && chown _chrony: /run/chrony
    cat >chrony.conf <<-CONF
	port 11123
	cmdport 11323
	bindcmdaddress $work/state/sock
	bindaddress 127.0.0.1
	allow 127.0.0.1
	local stratum 5
	user _chrony
	keyfile $work/keys
	pidfile $work/chronyd.pid
	driftfile $work/state/drift
	dumpdir $work/state
	logdir $work/state
	log tracking measurements statistics
	ratelimit interval -4 burst 255
	ntsserverkey $work/tls.key
	ntsservercert $work/tls.crt
	ntsport 14460
	ntsntpserver 127.0.0.1
	CONF
    cat >second.conf <<-CONF
	port 0
	cmdport 11324
	bindcmdaddress $work/state/second
	user _chrony
	keyfile $work/keys
	pidfile $work/second.pid
	driftfile $work/state/drift2
	dumpdir $work/state
	sourcedir $work/sources
	server localhost port 11123 iburst nts ntsport 14460 minpoll -6 maxpoll -6
	ntstrustedcerts $work/tls.crt
	ntsdumpdir $work/state
	maxdistance 16
	CONF
}

control() { timeout 10 chronyc -h "$work/state/sock" "$@" 2>&1; }
second() { timeout 10 chronyc -h "$work/state/second" "$@" 2>&1; }

# ask_time PORT: the stratum in the answer to an NTP request
ask_time() {
    timeout 5 /usr/bin/python3 -c 'import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.sendto(b"\x23" + 39 * b"\0" + 8 * b"\1", ("127.0.0.1", int(sys.argv[1])))
print(s.recv(200)[1])' "$1"
}

ask() {
    same 'the time' 5 "$(ask_time 11123)"
    like 'what it follows' 'Reference ID.*7F7F0101' "$(control tracking)"
    like 'who asked' '127.0.0.1|localhost' "$(control clients)"
    like 'counts' 'NTP packets received *: *[1-9]' "$(control serverstats)"
    same 'no sources' 0 "$(control -c sources | wc -l)"
    wait_until 'a source that is good' eval 'second -n -c sources | grep -q "^^,[-+*]"'
    like 'its statistics' '127.0.0.1' "$(second -n sourcestats)"
    like 'what came of it' '127.0.0.1' "$(second -n ntpdata 127.0.0.1)"
    wait_until 'time with authentication' eval 'second -N -c authdata | grep -q NTS,1'
    like 'how active' '1 sources online' "$(second activity)"
}

manage() {
    local pid
    pid=$(pid_of chronyd.pid)
    same 'sources taken away' '200 OK' "$(second offline)"
    same 'and back' '200 OK' "$(second online)"
    same 'asked at once' '200 OK' "$(second burst 1/1)"
    echo 'server 127.0.0.1 port 11999 minpoll -6' >sources/more.sources
    same 'sources read again' '200 OK' "$(second reload sources)"
    same 'one more' '200 OK' "$(second add server 127.0.0.2 port 11999)"
    same 'one less' '200 OK' "$(second delete 127.0.0.2)"
    same 'keys read again' '200 OK' "$(control rekey)"
    same 'new logs' '200 OK' "$(control cyclelogs)"
    same 'measurements written' '200 OK' "$(control dump)"
    same 'statistics from nothing' '200 OK' "$(control reset sources)"
    same 'another network refused' '200 OK' "$(control deny 10.0.0.0/8)"
    like 'is it refused?' '209|denied|208|200' "$(control accheck 10.0.0.1)"
    like 'time by hand' '200 OK' "$(control manual on)"
    like 'the time now' '200 OK|Clock was' "$(control settime "$(date '+%H:%M:%S')")"
    same 'no step' '200 OK' "$(control makestep)"
    same 'online again' '200 OK' "$(control refresh)"
    like 'an unknown command' 'Unrecognized command' "$(control nonsense)"
    break_off 14460 '\x16\x03\x01'
    printf 'no packet of NTP' | nc -u -w 1 127.0.0.1 11123 >/dev/null
    printf 'no command' | nc -u -w 1 127.0.0.1 11323 >/dev/null || true
    same 'still there' 5 "$(ask_time 11123)"
    refused 'a bad configuration' wrapped chronyd -x -d -f "$work/none.conf"
    refused 'an unknown user' wrapped chronyd -x -d -u nobody-there -f "$work/chrony.conf"
    refused 'a second one' wrapped chronyd -x -d -f "$work/chrony.conf"
    same 'a stop' '200 OK' "$(control shutdown)"
    wait_for_end "$pid"
    wait_until 'a lost source' eval '! second -c sources | grep -q "^^,\*" || second -c tracking'
    kill -TERM "$(pid_of second.pid)"
}

exercise() {
    configure
    start chronyd -x -F 1 -d -f "$work/chrony.conf"
    wait_until 'an answer' eval '[[ $(ask_time 11123) == 5 ]]'
    start chronyd -x -F 1 -d -f "$work/second.conf"
    wait_until 'the second one' eval 'second tracking'
    ask
    manage
}
