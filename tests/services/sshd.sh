# shellcheck shell=bash
# sshd with PAM: keys, passwords, certificates, commands, a terminal, sftp, scp, forwarding, many ciphers; a reload by HUP.

configure() {
    add_user sshd
    echo "alice:x:1900:1900:alice:$work/alice:/bin/bash" >>/etc/passwd
    echo 'alice:x:1900:' >>/etc/group
    echo "alice:$(openssl passwd -6 word):19000:0:99999:7:::" >>/etc/shadow
    mkdir -p /run/sshd alice/.ssh
    local key
    for key in ed25519 ecdsa rsa; do ssh-keygen -q -t $key -N '' -f host_$key; done
    ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen -q -t ed25519 -N '' -f other
    ssh-keygen -q -t ed25519 -N '' -f authority && cp key certified && cp key.pub certified.pub && ssh-keygen -q -s authority -I alice -n alice certified.pub
    ssh-keygen -q -t ed25519 -N '' -f limited
    { cat key.pub && echo "command=\"echo forced\",no-pty,restrict $(<limited.pub)"; } >alice/.ssh/authorized_keys
    chown -R alice:alice alice && chmod 700 alice alice/.ssh
    for key in ed25519 ecdsa rsa; do echo "[127.0.0.1]:2200 $(cut -d' ' -f1,2 host_$key.pub)"; done >known
    cat >sshd_config <<-CONF
	Port 2200
	ListenAddress 127.0.0.1
	ListenAddress ::1
	HostKey $work/host_ed25519
	HostKey $work/host_ecdsa
	HostKey $work/host_rsa
	PidFile $work/sshd.pid
	TrustedUserCAKeys $work/authority.pub
	AuthorizedKeysFile .ssh/authorized_keys
	UsePAM yes
	KbdInteractiveAuthentication no
	PasswordAuthentication yes
	PermitRootLogin no
	X11Forwarding yes
	PrintMotd no
	StrictModes no
	LoginGraceTime 5
	MaxAuthTries 3
	LogLevel VERBOSE
	AcceptEnv LANG
	Subsystem sftp /usr/lib/openssh/sftp-server
	Banner $work/banner
	CONF
    echo welcome >banner
    printf '#!/bin/sh\necho "$CATENA_WORD"\n' >askpass && chmod 755 askpass
}

options="-F /dev/null -o UserKnownHostsFile=known -o GlobalKnownHostsFile=/dev/null -o ConnectTimeout=10 -o LogLevel=ERROR -o IdentitiesOnly=yes"
log_in() { timeout 20 ssh $options -p 2200 -i key -o BatchMode=yes alice@127.0.0.1 "$@" 2>&1; }
with_word() { CATENA_WORD=$1 SSH_ASKPASS=./askpass SSH_ASKPASS_REQUIRE=force timeout 20 ssh $options -p 2200 -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 alice@127.0.0.1 "${@:2}" 2>&1; }

ask() {
    same 'a command' alice "$(log_in id -un)"
    same 'over IPv6' alice "$(timeout 20 ssh $options -o HostKeyAlias=[127.0.0.1]:2200 -p 2200 -i key -o BatchMode=yes alice@::1 id -un)"
    same 'its status' 7 "$(log_in 'exit 7' || echo $?)"
    same 'what is sent to it' "$(seq 30000 | md5sum)" "$(seq 30000 | log_in md5sum)"
    same 'a pipeline' 3 "$(log_in 'ls /usr/bin/env /bin/sh /etc/passwd | sort | wc -l')"
    like 'a terminal' '/dev/pts/' "$(log_in -tt tty)"
    same 'a shell in it' done "$(printf 'stty -echo\necho do""ne\nexit\n' | log_in -tt | tr -d '\r' | grep -o done | head -n 1)"
    same 'a password' alice "$(with_word word id -un)"
    same 'a certificate' alice "$(timeout 20 ssh $options -p 2200 -i certified -o BatchMode=yes alice@127.0.0.1 id -un)"
    same 'a forced command' forced "$(timeout 20 ssh $options -p 2200 -i limited -o BatchMode=yes alice@127.0.0.1 id -un)"
    local cipher
    for cipher in chacha20-poly1305@openssh.com aes128-ctr aes256-gcm@openssh.com; do same "$cipher" alice "$(log_in -c $cipher -C id -un)"; done
    for key in ecdsa-sha2-nistp256 rsa-sha2-512; do same "$key" alice "$(log_in -o HostKeyAlgorithms=$key id -un)"; done
    same 'another exchange of keys' alice "$(log_in -o KexAlgorithms=diffie-hellman-group14-sha256 -o MACs=hmac-sha2-512-etm@openssh.com -o Ciphers=aes128-ctr id -un)"
    seq 20000 >numbers
    printf 'put numbers\nls -l\nrename numbers n\nchmod 600 n\nln -s n link\nget n back\nmkdir folder\nrmdir folder\nrm link\ndf\n' >batch
    works 'sftp' timeout 20 sftp $options -P 2200 -i key -b batch alice@127.0.0.1
    works 'what came back' cmp numbers back
    works 'scp' timeout 20 scp $options -P 2200 -i key numbers alice@127.0.0.1:m
    works 'scp as of old' timeout 20 scp -O $options -P 2200 -i key alice@127.0.0.1:m back2
    works 'what it brought' cmp numbers back2
    same 'keys of the host' 3 "$(ssh-keyscan -p 2200 127.0.0.1 2>/dev/null | grep -vc '^#')"
}

forward() {
    /usr/bin/python3 -m http.server -b 127.0.0.1 8081 >/dev/null 2>&1 &
    local server=$! tunnel
    wait_for_port 8081
    timeout 30 ssh $options -p 2200 -i key -o BatchMode=yes -N -L 8082:127.0.0.1:8081 -R 8083:127.0.0.1:8081 -D 8084 alice@127.0.0.1 &
    tunnel=$!
    wait_for_port 8083
    wait_for_port 8084
    same 'a port there' welcome "$(curl -s http://127.0.0.1:8082/banner)"
    same 'a port here' welcome "$(curl -s http://127.0.0.1:8083/banner)"
    same 'any port' welcome "$(curl -s --socks5 127.0.0.1:8084 http://127.0.0.1:8081/banner)"
    kill "$tunnel" "$server"
    eval "$(ssh-agent -a "$work/agent" | grep -v echo)"
    works 'a key for the agent' ssh-add -q key
    like 'the agent, there' ed25519 "$(timeout 20 ssh $options -i key -A -p 2200 -o BatchMode=yes alice@127.0.0.1 'test -S "$SSH_AUTH_SOCK" && echo ed25519')"
    kill "$SSH_AGENT_PID"
}

ask_wrongly() {
    like 'a wrong password' 'Permission denied' "$(with_word wrong id)"
    like 'a wrong key' 'Permission denied' "$(timeout 20 ssh $options -p 2200 -i other -o BatchMode=yes alice@127.0.0.1 id 2>&1)"
    like 'nobody there' 'Permission denied' "$(timeout 20 ssh $options -p 2200 -i key -o BatchMode=yes nobody-there@127.0.0.1 id 2>&1)"
    like 'root' 'Permission denied' "$(timeout 20 ssh $options -p 2200 -i key -o BatchMode=yes root@127.0.0.1 id 2>&1)"
    refused 'no cipher in common' log_in -c 3des-cbc id
    same 'a command that is not there' 127 "$(log_in nonsense-command >/dev/null 2>&1 || echo $?)"
    like 'no protocol' 'Invalid SSH identification|SSH-2.0' "$(printf 'nonsense\r\n' | say 2200 | tr -d '\0')"
    break_off 2200 'SSH-2.0-half\r\n'
    break_off 2200 'SSH-2.0-x\r\n\x00\x00\xff\xffnonsense'
    same 'still there' alice "$(log_in id -un)"
}

manage() {
    local pid
    pid=$(pid_of sshd.pid)
    works 'a test of the configuration' wrapped /usr/sbin/sshd -t -f "$work/sshd_config"
    like 'the configuration in full' 'port 2200' "$(wrapped /usr/sbin/sshd -T -f "$work/sshd_config" 2>>out)"
    echo 'PasswordAuthentication no' | cat - sshd_config >new && mv new sshd_config
    rm sshd.pid
    kill -HUP "$pid" # it executes itself again
    wait_until 'a reload' test -s sshd.pid
    wait_for_port 2200
    like 'no passwords any more' 'Permission denied' "$(with_word word id)"
    same 'but keys' alice "$(log_in id -un)"
    echo nonsense >bad_config
    refused 'a bad configuration' wrapped /usr/sbin/sshd -D -e -f "$work/bad_config"
    sed 's/^HostKey.*/HostKey none/' sshd_config >bad_config
    refused 'no keys' wrapped /usr/sbin/sshd -D -e -f "$work/bad_config"
    wrapped /usr/sbin/sshd -D -e -f "$work/sshd_config" -o PidFile="$work/second.pid" >>out 2>&1 && die 'a port in use' || right
    kill -TERM "$(pid_of sshd.pid)"
}

exercise() {
    configure
    start /usr/sbin/sshd -D -E "$work/sshd.log" -f "$work/sshd_config"
    wait_for_port 2200
    wait_until 'its pid' test -s sshd.pid
    ask
    forward
    ask_wrongly
    manage
}
