#!/usr/bin/env bash
# Does a program ever make a call that its static set lacks? static_sets_test.sh CATENA [FOLDER]
#
# Runs many programs of the machine, and short exercises of four services, under strace, and looks for calls, and for
# arguments of calls, that `catena analyze --what syscalls` does not have. Children count until they start another program. With FOLDER, what
# strace saw is kept there and used again. Without CATENA_SOUNDNESS=all, a few programs have to do.
set -euo pipefail
catena=$(realpath "$1")
arguments=$(dirname "$(realpath "$0")")/strace_arguments.py
work=$(mktemp -d)
kept=${2:-$work/seen}
trap 'rm -rf "$work"' EXIT
command -v strace >/dev/null || { echo "skipped: strace is not installed"; exit 77; }
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
mkdir -p "$kept"
cd "$work"
export LC_ALL=${LC_ALL:-C.UTF-8} HOME=$work

# The calls of the program itself and of its children in what strace wrote: each name once in LABEL.names, values of arguments in
# LABEL.arguments.
keep() { # LABEL TRACE
    awk '
        { pid = $1; line = $0; sub(/^[0-9]+ +/, "", line) }
        root == "" { root = pid; own[pid] = 1; if (line ~ /^execve/) next }
        match(line, /^[a-z_0-9]+\(/) {
            if (own[pid]) print line
        }
        match(line, /^(<\.\.\. )?(clone3?|fork|vfork)[( ].* = [0-9]+$/) {
            child = line; sub(/.* = /, "", child)
            if (!(child in own)) own[child] = own[pid]
        }
        !(pid in own) { own[pid] = 1 }
        line ~ /^(<\.\.\. )?execve.* = 0$/ { own[pid] = 0 }
    ' "$2" >"$work/own"
    sed -E 's/^([a-z_0-9]+)\(.*/\1/' "$work/own" | sort -u >"$kept/$1.names"
    python3 "$arguments" seen <"$work/own" >"$kept/$1.arguments"
}

known_names() {
    "$catena" analyze "$1" --what syscalls --format json >"$work/static.json" 2>"$work/static.err" || return 1
    python3 -c '
import json, sys
print("\n".join(each["name"] for each in json.load(sys.stdin)["calls"] if each["abi"] != "i386"))' <"$work/static.json" | sort -u
}

programs=0 missing=0 values=0
compare() { # LABEL BINARY
    known_names "$2" >"$work/known" || { echo "not analysed: $2: $(cat "$work/static.err")"; missing=$((missing + 1)); return; }
    local lacks
    lacks=$(comm -23 "$kept/$1.names" "$work/known" | tr '\n' ' ')
    programs=$((programs + 1))
    python3 "$arguments" lacking "$kept/$1.arguments" "$work/static.json" >"$work/lacking"
    values=$((values + $(head -1 "$work/lacking")))
    lacks+=$(tail -n +2 "$work/lacking")
    [[ -z $lacks ]] && return
    echo "MISSING in the static set of $2 ($1): $lacks"
    missing=$((missing + 1))
}

# One program to its end, or for a few seconds.
run() { # LABEL COMMAND...
    [[ ${CATENA_SOUNDNESS:-} == all || $programs -lt 12 ]] || return 0
    local label=$1 binary
    shift
    binary=$(type -P "$1") || return 0
    [[ $(head -c 4 "$(realpath "$binary")") == $'\x7fELF' ]] || return 0
    if [[ ! -s $kept/$label.names ]]; then
        timeout 10 strace -f -qq -X raw -e signal=none -o "$work/trace" "$binary" "${@:2}" </dev/null >/dev/null 2>&1 || true
        keep "$label" "$work/trace"
    fi
    compare "$label" "$binary"
}

# A service: started in the foreground, exercised, stopped.
serve() { # LABEL PORT EXERCISE COMMAND...
    [[ ${CATENA_SOUNDNESS:-} == all ]] || return 0
    local label=$1 port=$2 exercise=$3
    shift 3
    command -v "$1" >/dev/null || return 0
    if [[ ! -s $kept/$label.names ]]; then
        strace -f -qq -X raw -e signal=none -o "$work/trace" "$@" </dev/null >"$work/$label.out" 2>&1 &
        local tracer=$!
        for _ in $(seq 100); do
            (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
            kill -0 "$tracer" 2>/dev/null || break
            sleep 0.1
        done
        local service
        service=$(pgrep -P "$tracer" | head -1)
        $exercise "$port" "$service" >/dev/null 2>&1 || true
        kill -TERM "$service" 2>/dev/null || true
        timeout 20 tail --pid="$tracer" -f /dev/null || kill -KILL "$tracer" || true
        wait "$tracer" 2>/dev/null || true
        keep "$label" "$work/trace"
    fi
    echo "$label: $(wc -l <"$kept/$label.names") calls seen"
    compare "$label" "$(command -v "$1")"
}

say() { exec 3<>"/dev/tcp/127.0.0.1/$1" && printf '%b' "$2" >&3 && timeout 1 cat <&3; exec 3>&-; }

use_nginx() {
    for path in / /absent /big /%00 /../x; do say "$1" "GET $path HTTP/1.0\r\nRange: bytes=0-9\r\n\r\n"; done
    say "$1" "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"
    say "$1" "nonsense\r\n\r\n"
    kill -HUP "$2"; sleep 0.5; kill -USR1 "$2"; sleep 0.3
    say "$1" "GET / HTTP/1.0\r\n\r\n"
}
use_redis() {
    say "$1" "PING\r\nSET a 1\r\nGET a\r\nINCR a\r\nLPUSH l 1 2\r\nSORT l\r\nEVAL 'return 1' 0\r\nINFO\r\nBGSAVE\r\nKEYS *\r\n"
    sleep 0.5
    say "$1" "BGREWRITEAOF\r\nCONFIG GET *\r\nCONFIG SET appendonly yes\r\nSAVE\r\nCLIENT LIST\r\nDEBUG SLEEP 0\r\nnonsense\r\n"
    sleep 0.5
}
use_memcached() {
    say "$1" "set a 0 0 1\r\n1\r\nget a\r\nincr a 2\r\nstats\r\nstats items\r\nnonsense\r\nflush_all\r\nquit\r\n"
    sleep 0.3
}
use_named() {
    if command -v dig >/dev/null; then
        dig @127.0.0.1 -p "$1" example.test SOA +time=1 +tries=1; dig @127.0.0.1 -p "$1" nobody.example.test +tcp +time=1 +tries=1
        dig @127.0.0.1 -p "$1" example.test AXFR +time=1 +tries=1
    else
        say "$1" '\0\034\022\064\0\0\0\01\0\0\0\0\0\0\07example\04test\0\0\06\0\01'
    fi
    kill -HUP "$2"; sleep 1
}

echo text >text; seq 1000 >numbers; mkdir -p folder/deep; cp text folder/deep/; ln -sf text link
run ls ls -laR --color=always .
run cat cat text numbers absent
run cp cp -a folder copied
run mv mv copied moved
run rm rm -rf moved
run ln ln -s text another
run mkdir mkdir -p a/b/c
run rmdir rmdir a/b/c
run touch touch -d yesterday text
run chmod chmod -R u+w folder
run chown chown "$(id -u)" text
run stat stat text /etc/passwd
run df df -h
run du du -s .
run id id
run whoami whoami
run groups groups
run who who -a
run date date -R
run uname uname -a
run hostname hostname
run sort sort -R numbers
run uniq uniq -c numbers
run tr tr a-z A-Z
run wc wc numbers
run head head -3 numbers
run tail tail -3 numbers
run cut cut -c1 numbers
run tee tee copied
run dd dd if=/dev/zero of=zeros bs=4096 count=8 conv=fsync
run split split -l 100 numbers
run sha256sum sha256sum numbers
run base64 base64 numbers
run expr expr 1 + 2
run seq seq 3
run sleep sleep 0.1
run env env -i /bin/true
run nice nice -n 1 /bin/true
run timeout timeout 1 /bin/true
run nohup nohup /bin/true
run mktemp mktemp -d -p .
run readlink readlink -f link
run realpath realpath link
run sync sync text
run truncate truncate -s 100 zeros
run nproc nproc --all
run grep grep -r t folder
run sed sed -i s/t/T/ text
run gawk awk 'BEGIN { while (("date" | getline line) > 0) print line; print length(ENVIRON) }'
run find find . -name t -newer numbers
run xargs xargs -n1 echo
run tar tar -czf archive.tar.gz folder
run gzip gzip -k numbers
run bzip2 bzip2 -k numbers
run xz xz -k numbers
run bash bash -c 'echo $(ls | wc -l); cd /; trap "" INT; f() { read x; }; f < /etc/passwd; kill -0 $$; ulimit -a; jobs'
run dash dash -c 'echo $(ls); (exit 3) & wait'
run perl perl -e 'print getpwuid($<); fork() or exit; wait; system "true"; open F, "<", "text"; print sort <F>; sleep 0'
run python3 python3 -c 'import os, socket, threading, subprocess, ssl, ctypes; subprocess.run(["true"]); t = threading.Thread(target=print); t.start(); t.join(); print(socket.getaddrinfo("localhost", 80))'
run ps ps aux
run top top -b -n 1
run free free
run uptime uptime
run vmstat vmstat
run kill kill -0 $$
run mount mount
run findmnt findmnt
run lsblk lsblk
run dmesg dmesg
run getent getent passwd root
run getent_hosts getent hosts localhost
run getent_group getent group
run ip ip addr
run ss ss -tan
run curl curl -s https://127.0.0.1:1/ http://127.0.0.1:1/
run wget wget -q -t 1 http://127.0.0.1:1/
run openssl openssl speed -seconds 1 sha256
run openssl_client openssl s_client -connect 127.0.0.1:1
run ssh ssh -o BatchMode=yes -p 1 127.0.0.1
run ssh-keygen ssh-keygen -q -t ed25519 -N '' -f key
run git git init -q repository
run sqlite3 sqlite3 base 'create table t(x); insert into t values(1); select * from t'
run gcc gcc --version
run ld ld --version
run objdump objdump -f /bin/true
run readelf readelf -h /bin/true
run strings strings -n 20 /bin/true
run gdb gdb -batch -ex 'print 1'
run file file /bin/true
run diff diff text numbers
run cmp cmp text numbers
run make make --version
run jq jq -n 1
run less less -E text
run vi vim -es -c q
run tmux tmux -V
run rsync rsync -a folder/ synced/
run busybox busybox ls
run login login -h
run su su -c true
run passwd passwd -S root
run lastlog lastlog
run crontab crontab -l
run logger logger -s test
run locale locale -a
run iconv iconv -f latin1 -t utf-16 text
run printf printf '%s' x
run test test -e text
run mkfifo mkfifo fifo
run install install -m 600 text installed
run shuf shuf numbers
run script script -q -c true typescript

mkdir -p nginx redis named
port=$((20000 + RANDOM % 20000))
cat >nginx/nginx.conf <<CONF
daemon off; worker_processes 2; pid $work/nginx/pid; error_log $work/nginx/error.log;
events { worker_connections 64; }
http { access_log $work/nginx/access.log; client_body_temp_path $work/nginx; proxy_temp_path $work/nginx; fastcgi_temp_path $work/nginx;
    uwsgi_temp_path $work/nginx; scgi_temp_path $work/nginx; sendfile on; gzip on; server { listen 127.0.0.1:$port; root $work/nginx; } }
CONF
head -c 300000 /dev/urandom | base64 >nginx/big; echo hello >nginx/index.html; chmod -R a+rX "$work"
serve nginx "$port" use_nginx nginx -c "$work/nginx/nginx.conf"
serve redis "$((port + 1))" use_redis redis-server --port "$((port + 1))" --dir "$work/redis" --save '1 1'
serve memcached "$((port + 2))" use_memcached memcached -u nobody -l 127.0.0.1 -p "$((port + 2))" -U 0
cat >named/named.conf <<CONF
options { directory "$work/named"; listen-on port $((port + 3)) { 127.0.0.1; }; listen-on-v6 { none; }; pid-file "$work/named/pid";
    session-keyfile "$work/named/key"; recursion no; allow-transfer { any; }; };
zone "example.test" { type primary; file "example.test"; };
CONF
printf '$TTL 60\n@ SOA ns.example.test. me.example.test. 1 60 60 60 60\n@ NS ns\nns A 127.0.0.1\n' >named/example.test
serve named "$((port + 3))" use_named named -g -c "$work/named/named.conf" -p "$((port + 3))"

echo "$programs programs and $values values of arguments compared; $missing programs with what their static sets lack"
[[ $missing == 0 && $values -gt 0 ]]
