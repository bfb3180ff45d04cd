# shellcheck shell=bash
# exim as a daemon with a configuration of its own: SMTP, TLS, a password, local delivery to files and pipes, relaying to a server of ours, a frozen
# message, its queue and its tools; reload by HUP.

configure() {
    seq 30000 >large && seq 300000 >too-large
    add_user Debian-exim
    add_user mail 8
    add_user alice 1900
    make_certificate tls && chown Debian-exim tls.key
    mkdir -p spool log mail relay && chown -R Debian-exim: spool log && chmod 755 . && chown alice mail && chmod 777 mail
    cat >/etc/exim4/exim4.conf <<-CONF
	primary_hostname = mail.test
	domainlist local_domains = mail.test
	exim_user = Debian-exim
	exim_group = Debian-exim
	spool_directory = $work/spool
	log_file_path = $work/log/%s
	pid_file_path = $work/exim.pid
	daemon_smtp_ports = 2525 : 2465
	local_interfaces = 127.0.0.1
	tls_on_connect_ports = 2465
	tls_advertise_hosts = *
	tls_certificate = $work/tls.crt
	tls_privatekey = $work/tls.key
	acl_smtp_rcpt = rcpt
	acl_smtp_data = data
	message_size_limit = 1M
	host_lookup =
	rfc1413_query_timeout = 0s
	smtp_accept_max = 20
	never_users = root
	keep_environment =
	begin acl
	rcpt:
	  deny message = not here
	       domains = !+local_domains : !out.test
	       !authenticated = *
	  require verify = recipient
	  accept
	data:
	  deny message = too bad
	       condition = \${if match{\$message_body}{FORBIDDEN}}
	  accept
	begin routers
	out:
	  driver = manualroute
	  domains = ! +local_domains
	  transport = smtp
	  route_list = * 127.0.0.1
	  self = send
	alias:
	  driver = redirect
	  data = \${lookup{\$local_part}lsearch{$work/aliases}}
	  allow_fail
	  file_transport = file
	  pipe_transport = pipe
	  user = alice
	local:
	  driver = accept
	  check_local_user
	  transport = box
	begin transports
	smtp:
	  driver = smtp
	  port = 2526
	  allow_localhost
	  hosts_try_fastopen =
	box:
	  driver = appendfile
	  file = $work/mail/\$local_part_data
	  user = \$local_part_data
	  mode = 0600
	file:
	  driver = appendfile
	pipe:
	  driver = pipe
	  return_output
	begin retry
	* * F,2h,15m
	begin authenticators
	plain:
	  driver = plaintext
	  public_name = PLAIN
	  server_condition = \${if and{{eq{\$auth2}{user}}{eq{\$auth3}{word}}}}
	  server_set_id = \$auth2
	CONF
    echo "piped: \"|/bin/sh -c 'cat >$work/mail/piped'\"" >aliases
    echo "both: alice, piped" >>aliases
    echo "nobody: :fail: nobody there" >>aliases
    chmod 644 /etc/exim4/exim4.conf aliases
}

sender=sender@out.test
tool() { timeout 20 /usr/sbin/exim4 "$@" 2>&1; }

ask() {
    like 'a message' '250 OK' "$(send 2525 alice@mail.test first)"
    wait_until 'its delivery' holds mail/alice 'Subject: first'
    like 'over TLS' '250 OK' "$(send 2525 alice@mail.test second --tls)"
    wait_until 'its delivery' holds mail/alice 'Subject: second'
    like 'TLS at once' '250 OK' "$(send 2465 alice@mail.test third --tlsc)"
    wait_until 'its delivery' holds mail/alice 'Subject: third'
    like 'one to a program' '250 OK' "$(send 2525 piped@mail.test fourth)"
    wait_until 'its delivery' holds mail/piped 'Subject: fourth'
    like 'one to two' '250 OK' "$(send 2525 both@mail.test fifth)"
    wait_until 'its delivery' holds mail/piped 'Subject: fifth'
    relay
    like 'one to elsewhere' '250 OK' "$(send 2525 someone@out.test sixth)"
    wait_until 'its delivery' holds relayed 'Subject: sixth'
    like 'a password' '250 OK' "$(send 2525 someone@else.test seventh --auth PLAIN --auth-user user --auth-password word)"
    wait_until 'its delivery' holds relayed 'Subject: seventh'
    like 'a large one' '250 OK' "$(send 2525 alice@mail.test large --body @large)"
    wait_until 'its delivery' holds mail/alice '^30000$'
    printf 'Subject: eighth\n\nhello\n' | wrapped /usr/sbin/exim4 -f sender@out.test alice@mail.test >>out 2>&1
    wait_until 'delivery of a message handed over' holds mail/alice 'Subject: eighth'
    kill "$relay_pid"
    like 'one that has to wait' '250 OK' "$(send 2525 someone@out.test ninth)"
    wait_until 'it waits' eval '[[ $(tool -bpc) -ge 1 ]]'
    relay
    works 'another try' wrapped /usr/sbin/exim4 -qff
    wait_until 'its delivery' holds relayed 'Subject: ninth'
}

ask_wrongly() {
    like 'no relay' 'not here' "$(send 2525 someone@else.test no)"
    like 'nobody there' '550' "$(send 2525 nobody@mail.test no)"
    like 'a wrong password' '535' "$(send 2525 someone@else.test no --auth PLAIN --auth-user user --auth-password no)"
    like 'forbidden' 'too bad' "$(send 2525 alice@mail.test no --body FORBIDDEN)"
    like 'too large' '552|too (large|big)' "$(send 2525 alice@mail.test no --body @too-large)"
    like 'nonsense' '500 unrecognized command' "$(printf 'NONSENSE\r\nQUIT\r\n' | (read -rt 1 <> <(:); cat) | timeout 5 nc -q 3 127.0.0.1 2525)"
    break_off 2525 'EHLO a\r\nMAIL FROM:<a@b>\r\n'
    break_off 2465 nonsense
    like 'an address tried' 'router = local' "$(tool -bt alice@mail.test)"
    like 'one that is not there' 'undeliverable|nobody there' "$(tool -bt nobody@mail.test)"
}

manage() {
    local pid
    pid=$(pid_of exim.pid)
    sed -i 's/not here/not any more/' /etc/exim4/exim4.conf
    kill -HUP "$pid" # it executes itself again
    wait_until 'the new configuration' eval '[[ $(send 2525 someone@else.test no) == *"not any more"* ]]'
    pid=$(pid_of exim.pid)
    echo nonsense >bad.conf
    refused 'a bad configuration' wrapped /usr/sbin/exim4 -C "$work/bad.conf" -bdf
    kill "$relay_pid"
    kill -TERM "$pid"
}

exercise() {
    configure
    start /usr/sbin/exim4 -bdf -q1h
    wait_for_port 2465
    wait_until 'its pid' test -s exim.pid
    ask
    ask_wrongly
    manage
}
