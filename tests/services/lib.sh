# shellcheck shell=bash
# lib.sh TREE WORK NAME [--wrap PREFIX | --in COMMAND…]: the inside of `run`, in namespaces of its own, and the words that exercises are
# written in. $work is a folder in memory for all that an exercise writes.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here tree=$1 work=$2 name=$3
shift 3
namespace=$(readlink /proc/self/ns/net | sed 's/[][]/\\&/g') # as a pattern of find
wrap='' watcher='' answers=0 starts=0 told=0

# ------------------------------------------------------------------------------------------------------------ stage

lay_out() {
    ip link set lo up
    mount -t tmpfs -o mode=755 work "$work"
    mkdir "$work/.etc" "$work/.etc-work"
    mount -t overlay -o "ro,lowerdir=$tree/usr:/usr" usr /usr
    mount -t overlay -o "lowerdir=$tree/etc:/etc,upperdir=$work/.etc,workdir=$work/.etc-work" etc /etc
    mount -t tmpfs -o mode=755 run /run
    cd "$work"
}

# All processes of our network namespace but this script: what the exercise started, by whatever parent it has now.
ours() {
    local pid
    for pid in $(find /proc/[0-9]*/ns/net -lname "$namespace" -printf '%h\n' 2>/dev/null); do
        pid=${pid#/proc/} && pid=${pid%/ns}
        if [[ $pid != "$$" && $pid != "$BASHPID" && $pid != "$watcher" && -d /proc/$pid ]]; then echo "$pid"; fi
    done
}
none_of_ours() { [[ ! $(ours) ]]; }

clean_up() {
    local status=$? command=$BASH_COMMAND pids
    trap '' INT TERM
    set +e
    if ((status && status < 128 && !told)); then echo "$name: WRONG: a command of the exercise ended with $status: $command" >&2; fi
    kill "$watcher" 2>/dev/null
    pids=$(ours)
    if [[ $pids ]]; then
        kill -CONT $pids 2>/dev/null
        kill -TERM $pids 2>/dev/null
        try_for 3 none_of_ours || { pids=$(ours) && [[ ! $pids ]] || kill -KILL $pids 2>/dev/null; }
    fi
    if [[ ${CATENA_SERVICE_OUT:-} ]]; then cp "$work/out" "$CATENA_SERVICE_OUT"; fi
    exit "$status"
}

# A client that waits for ever must not make the exercise do so: after a while all that it started is ended, and it fails.
watch() {
    trap - EXIT INT TERM
    watcher=$BASHPID
    read -rt "${CATENA_SERVICE_SECONDS:-120}" <> <(:) || true
    printf '%s: WRONG: it takes too long; there are: %s\n' "$name" "$(ps -o args= -p "$(ours | xargs | tr ' ' ,)" | tr '\n' ';')" >&2
    kill -TERM $$
    kill -KILL $(ours)
}

# ---------------------------------------------------------------------------------------------------------- answers

die() {
    local file
    for file in "$work"/*.log "$work"/out; do
        if [[ -s $file ]]; then printf -- '--- the end of %s\n' "${file##*/}" >&2 && tail -n 15 "$file" | cut -c 1-200 >&2; fi
    done
    printf '%s: WRONG: %s\n' "$name" "$*" >&2
    told=1
    exit 1
}
right() { answers=$((answers + 1)); }

# same WHAT EXPECTED ANSWER, like WHAT PATTERN ANSWER (extended regular expression), unlike WHAT PATTERN ANSWER
same() { [[ $2 == "$3" ]] || die "$1: expected '${2:0:300}', got '${3:0:300}'"; right; }
like() { grep -Eqz -e "$2" <<<"$3" || die "$1: expected something like '$2', got '${3:0:600}'"; right; }
unlike() { ! grep -Eqz -e "$2" <<<"$3" || die "$1: expected nothing like '$2', got '${3:0:600}'"; right; }
# works WHAT COMMAND…, refused WHAT COMMAND…: by its exit status
works() { local what=$1; shift; "$@" >>"$work/out" 2>&1 || die "$what: $* ended with $?"; right; }
refused() { local what=$1; shift; ! "$@" >>"$work/out" 2>&1 || die "$what: $* should have failed"; right; }

# try_for SECONDS COMMAND…: until it works. wait_until WHAT COMMAND…: the same, as an answer.
try_for() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        ((SECONDS < deadline)) || return 1
        read -rt 0.02 <> <(:) || true # shorter than starting a sleep
    done
}
wait_until() { local what=$1; shift; try_for 40 "$@" || die "$what did not happen: $*"; right; }

# ---------------------------------------------------------------------------------------------------------- daemons

# wrapped COMMAND…: runs it behind the prefix. start COMMAND…: in the background; $! is then the prefix, if there is one.
next_start() { starts=$((starts + 1)) && read -ra prefix <<<"${wrap//%n/$starts}" || true; }
wrapped() { next_start; "${prefix[@]}" "$@"; }
start() { next_start; (exec "${prefix[@]}" "$@" </dev/null >>"$work/out" 2>&1) & }

listening() { [[ $(ss -Hln "$@") ]]; }
wait_for_port() { wait_until "listening on port $1" listening -t "sport = :$1"; }
wait_for_udp() { wait_until "listening on UDP port $1" listening -u "sport = :$1"; }
gone() { [[ ! -d /proc/$1 || $(sed 's/.*) //' "/proc/$1/stat") == Z* ]]; }
wait_for_end() { wait_until "the end of process $1" gone "$1"; }
pid_of() { local pid && read -r pid <"$work/$1" && echo "${pid%% *}"; } # pid_of FILE: the process that a pid file names
# one_of NAME: a process of the exercise that is called so, the oldest
one_of() { local pid && for pid in $(ours | sort -n); do if [[ $(<"/proc/$pid/comm") == "$1" ]]; then echo "$pid" && return; fi; done; }
holds() { grep -Eq -e "$2" "$work/$1"; } # holds FILE PATTERN

# add_user NAME [UID]: as Debian's package would have made it, if the machine does not have it.
add_user() {
    if getent passwd "$1" >/dev/null; then return; fi
    local id=${2:-$((900 + $(wc -l </etc/passwd)))}
    getent group "$1" >/dev/null || echo "$1:x:$id:" >>/etc/group
    echo "$1:x:$id:$(getent group "$1" | cut -d: -f3):$1:$work:/bin/sh" >>/etc/passwd
    echo "$1:*:19000:0:99999:7:::" >>/etc/shadow
}

# make_certificate NAME: NAME.key and NAME.crt, for localhost, self-signed
make_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=localhost" \
        -addext "subjectAltName=DNS:localhost,IP:127.0.0.1" -keyout "$1.key" -out "$1.crt" 2>/dev/null
}

# say PORT: sends what it reads and prints what comes back, until the other side ends. break_off PORT TEXT: sends that, and resets.
say() { timeout 20 nc -N 127.0.0.1 "$1"; }
break_off() {
    /usr/bin/python3 -c 'import socket, struct, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
s.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin-1"))
s.close()' "$1" "$2"
}

# ------------------------------------------------------------------------------------------------- clients of several

# Of web servers on ports 8080 and 8443: status ARGUMENT… is the code of curl's answer. ask_for_files: of the folder www/.
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
web=http://127.0.0.1:8080 tls="https://localhost:8443 --cacert tls.crt"
ask_for_files() {
    same 'a file' hello "$(curl -s $web/)"
    same 'a file over IPv6' hello "$(curl -sg "http://[::1]:8080/")"
    works 'a large file' cmp www/large.bin <(curl -s $web/large.bin)
    same 'a range' $'1\n2\n3' "$(curl -s -r 0-4 $web/numbers.txt)"
    like 'compression' 'ontent-[Ee]ncoding: gzip' "$(curl -s --compressed -D - -o plain $web/numbers.txt)"
    works 'compressed text' cmp www/numbers.txt plain
    like 'a folder' 'Index of /dir/' "$(curl -s $web/dir/)"
    same 'not modified' 304 "$(status -z "$(date -Rd tomorrow)" $web/)"
    same 'a redirection' hello "$(curl -sL $web/moved/index.html)"
    same 'HTTP/2 over TLS' 'hello 2' "$(curl -s -w '%{http_version}' --http2 $tls | xargs)"
    same 'HTTP/1.1 over TLS' hello "$(curl -s --http1.1 $tls)"
}

# Takes one message after the other, and writes them to the file relayed.
relay() {
    /usr/bin/python3 -W ignore -c 'import asyncore, smtpd
class Server(smtpd.SMTPServer):
    def process_message(self, peer, sender, recipients, data, **more):
        with open("relayed", "ab") as file: file.write(data + b"\n")
Server(("127.0.0.1", 2526), None)
asyncore.loop()' 2>>out &
    relay_pid=$!
    wait_for_port 2526
}

# send PORT RECIPIENT SUBJECT ARGUMENT…: a message of $sender by swaks; its answer
send() { timeout 20 swaks --server "127.0.0.1:$1" --to "$2" --from "$sender" --header "Subject: $3" --suppress-data "${@:4}" 2>&1; }

# ------------------------------------------------------------------------------------------------------------- play

lay_out
if [[ ${1:-} == --in ]]; then
    shift
    exec "$@"
fi
if [[ ${1:-} == --wrap ]]; then wrap=$2; fi
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
watch &
watcher=$!
# shellcheck source=/dev/null
source "$here/$name.sh"
exercise
wait_until "the end of all that was started" none_of_ours
echo "$name: $answers answers right in $SECONDS s"
