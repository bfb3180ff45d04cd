# shellcheck shell=bash
# postfix: master and all that it starts. SMTP, TLS, local delivery to files and programs, aliases, a refused recipient, relaying to a server of
# Python's, a deferred message, sendmail, the queue's tools; reload and stop by its own command.

configure() {
    seq 30000 >large && seq 300000 >too-large
    add_user postfix
    add_user alice 1900
    echo "postdrop:x:1901:" >>/etc/group
    make_certificate tls
    mkdir -p spool data mail && chown postfix data && chown alice mail
    cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
    sed -i -e 's/^\([a-z].*\) y  /\1 n  /' -e 's/^smtp  *inet.*/127.0.0.1:2525 inet n - n - - smtpd/' /etc/postfix/master.cf
    cat >>/etc/postfix/master.cf <<-CONF
	127.0.0.1:2465 inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
	CONF
    cat >/etc/postfix/main.cf <<-CONF
	compatibility_level = 3.6
	queue_directory = $work/spool
	data_directory = $work/data
	maillog_file = $work/mail.log
	maillog_file_prefixes = $work
	myhostname = mail.test
	mydestination = mail.test
	mynetworks = 127.0.0.2/32
	inet_interfaces = loopback-only
	inet_protocols = all
	alias_maps = hash:$work/aliases
	alias_database =
	mail_spool_directory = $work/mail/
	mailbox_command =
	biff = yes
	smtpd_tls_cert_file = $work/tls.crt
	smtpd_tls_key_file = $work/tls.key
	smtpd_tls_security_level = may
	smtp_tls_security_level = may
	smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
	smtpd_recipient_restrictions = check_recipient_access inline:{refused@mail.test=REJECT}, permit_mynetworks, check_recipient_access inline:{out.test=OK}, reject_unauth_destination
	transport_maps = inline:{out.test=smtp:[127.0.0.1]:2526 discarded.test=discard: broken.test=error:broken}
	relay_domains = out.test discarded.test broken.test
	message_size_limit = 1000000
	minimal_backoff_time = 1s
	queue_run_delay = 1s
	header_checks = regexp:$work/checks
	smtpd_error_sleep_time = 0
	CONF
    echo '/^Subject: forbidden/ REJECT forbidden' >checks
    echo "piped: \"|cat >>$work/mail/piped\"" >aliases
    echo "failing: \"|exit 1\"" >>aliases
    echo "filed: $work/mail/filed" >>aliases
    echo "both: alice, filed" >>aliases
    chmod 777 mail && chmod 644 aliases checks
}

sender=sender@mail.test

ask() {
    like 'a message' '250 2.0.0 Ok' "$(send 2525 alice@mail.test first)"
    wait_until 'its delivery' grep -rq 'Subject: first' mail
    like 'over TLS' '250 2.0.0 Ok' "$(send 2525 alice@mail.test second --tls)"
    like 'TLS at once' '250 2.0.0 Ok' "$(send 2465 alice@mail.test third --tlsc)"
    wait_until 'its delivery' grep -rq 'Subject: third' mail
    like 'one to a program' '250 2.0.0 Ok' "$(send 2525 piped@mail.test fourth)"
    wait_until 'its delivery' grep -q 'Subject: fourth' mail/piped
    like 'one to a file and a user' '250 2.0.0 Ok' "$(send 2525 both@mail.test fifth)"
    wait_until 'its delivery' grep -q 'Subject: fifth' mail/filed
    like 'one to nowhere' '250 2.0.0 Ok' "$(send 2525 a@discarded.test nowhere)"
    like 'a domain that is refused' '550 5.1.1.*broken' "$(send 2525 a@broken.test no)"
    like 'one that comes back' '250 2.0.0 Ok' "$(send 2525 failing@mail.test broken --from alice@mail.test)"
    wait_until 'the answer to it' grep -rq 'Undelivered Mail Returned' mail
    like 'a large one' '250 2.0.0 Ok' "$(send 2525 alice@mail.test large --body @large)"
    wait_until 'its delivery' grep -rq '^30000' mail
    printf 'Subject: eighth\n\nhello\n' | sendmail alice@mail.test
    wait_until 'delivery of a message handed over' grep -rq 'Subject: eighth' mail
    like 'one that has to wait' '250 2.0.0 Ok' "$(send 2525 someone@out.test ninth)"
    wait_until 'it waits' holds mail.log 'status=deferred'
    like 'the queue' 'someone@out.test' "$(postqueue -p)"
    relay
    works 'another try' postqueue -f
    wait_until 'its delivery' grep -q 'Subject: ninth' relayed
}

ask_wrongly() {
    like 'no relay' '554 5.7.1' "$(send 2525 someone@else.test no)"
    like 'nobody there' '550 5.1.1' "$(send 2525 nobody-there@mail.test no)"
    like 'a refused one' '554 5.7.1' "$(send 2525 refused@mail.test no)"
    like 'forbidden' '550 5.7.1 forbidden' "$(send 2525 alice@mail.test forbidden)"
    like 'too large' '552 5.3.4' "$(send 2525 alice@mail.test no --body @too-large)"
    like 'is he there?' '252 2.0.0 alice' "$(printf 'EHLO a\r\nVRFY alice@mail.test\r\nQUIT\r\n' | timeout 5 nc -q 3 127.0.0.1 2525)"
    break_off 2525 'EHLO a\r\nMAIL FROM:<a@b>\r\n'
    break_off 2465 nonsense
    like 'still there' '250 2.0.0 Ok' "$(send 2525 alice@mail.test tenth)"
    wait_until 'its delivery' grep -rq 'Subject: tenth' mail
}

manage() {
    local pid
    pid=$(pid_of spool/pid/master.pid)
    sed -i 's/forbidden$/not any more/' checks
    works 'a reload' wrapped postfix reload
    wait_until 'what master says' holds mail.log 'reload -- version'
    wait_until 'the new configuration' eval '[[ $(send 2525 alice@mail.test forbidden) == *"not any more"* ]]'
    refused 'a second one' wrapped postfix start
    works 'its state' wrapped postfix status
    works 'a check' wrapped postfix check
    kill "$relay_pid"
    works 'a stop' wrapped postfix stop
    refused 'its state after that' wrapped postfix status
}

exercise() {
    configure
    postalias "hash:$work/aliases"
    postfix check >>out 2>&1 # makes the folders of its queue
    start postfix start
    wait_for_port 2465
    wait_until 'its pid' test -s spool/pid/master.pid
    ask
    ask_wrongly
    manage
}
