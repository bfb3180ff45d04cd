# shellcheck shell=bash
# opens: /usr/lib/lighttpd/mod_*.so
# lighttpd: files, ranges, compression, folders, TLS, authentication, CGI, proxying, conditions; reload by HUP and by a graceful restart.

configure() {
    add_user www-data 33
    mkdir -p www/dir www/cgi cache upload
    chown www-data cache upload
    head -c 300000 /dev/urandom >www/large.bin
    seq 20000 >www/numbers.txt
    echo hello >www/index.html
    echo secret >www/secret.html && chmod 600 www/secret.html
    echo user:word >users
    printf '#!/bin/sh\nprintf "Content-Type: text/plain\\r\\n\\r\\n"\necho "$REQUEST_METHOD $QUERY_STRING"\ncat\n' >www/cgi/echo.cgi
    printf '#!/bin/sh\nexit 1\n' >www/cgi/broken.cgi
    chmod 755 www/cgi/*.cgi
    make_certificate tls
    cat tls.key tls.crt >tls.pem
    : >error.log && : >access.log && chown www-data error.log access.log
    cat >lighttpd.conf <<-CONF
	server.modules = ("mod_indexfile", "mod_access", "mod_alias", "mod_redirect", "mod_rewrite", "mod_auth", "mod_authn_file", "mod_dirlisting",
	    "mod_cgi", "mod_proxy", "mod_status", "mod_setenv", "mod_accesslog", "mod_deflate", "mod_openssl", "mod_staticfile")
	server.document-root = "$work/www"
	server.port = 8080
	server.bind = "127.0.0.1"
	server.username = "www-data"
	server.groupname = "www-data"
	server.pid-file = "$work/lighttpd.pid"
	server.errorlog = "$work/error.log"
	accesslog.filename = "$work/access.log"
	server.upload-dirs = ("$work/upload")
	server.max-request-size = 1000
	server.feature-flags = ("server.graceful-shutdown-timeout" => 2)
	index-file.names = ("index.html")
	mimetype.assign = (".html" => "text/html", ".txt" => "text/plain")
	deflate.mimetypes = ("text/")
	deflate.allowed-encodings = ("gzip")
	deflate.cache-dir = "$work/cache"
	dir-listing.activate = "enable"
	cgi.assign = (".cgi" => "")
	url.redirect = ("^/moved/(.*)" => "/\$1")
	url.access-deny = ("~")
	auth.backend = "plain"
	auth.backend.plain.userfile = "$work/users"
	auth.require = ("/private/" => ("method" => "basic", "realm" => "private", "require" => "valid-user"))
	alias.url = ("/private/" => "$work/www/")
	\$HTTP["url"] =~ "^/status" { status.status-url = "/status" }
	\$HTTP["url"] =~ "^/proxy/" { proxy.server = ("" => (("host" => "127.0.0.1", "port" => 8081))) }
	\$HTTP["url"] =~ "^/dead/" { proxy.server = ("" => (("host" => "127.0.0.1", "port" => 1))) }
	\$SERVER["socket"] == "127.0.0.1:8081" { url.rewrite-once = ("^/proxy/(.*)" => "/\$1") }
	\$SERVER["socket"] == "127.0.0.1:8443" { ssl.engine = "enable" ssl.pemfile = "$work/tls.pem" }
	\$SERVER["socket"] == "[::1]:8080" { }
	CONF
}

ask() {
    ask_for_files
    works 'a large file over TLS' cmp www/large.bin <(curl -s --cacert tls.crt https://localhost:8443/large.bin)
    same 'no password' 401 "$(status $web/private/)"
    same 'a wrong password' 401 "$(status -u user:no $web/private/)"
    same 'the password' 200 "$(status -u user:word $web/private/index.html)"
    same 'a program' 'GET a=b' "$(curl -s "$web/cgi/echo.cgi?a=b")"
    same 'a program that gets data' "POST $(seq 30000 | md5sum)" "$(seq 30000 | curl -s --data-binary @- $web/cgi/echo.cgi | { read -r word && echo "$word $(md5sum)"; })"
    works 'a proxied file' cmp www/large.bin <(curl -s $web/proxy/large.bin)
    like 'the status' 'lighttpd' "$(curl -s $web/status)"
}

ask_wrongly() {
    same 'a missing file' 404 "$(status $web/none)"
    same 'no permission' 403 "$(status $web/secret.html)"
    same 'a refused name' 403 "$(status $web/a~)"
    same 'too large' 413 "$(head -c 2000000 /dev/zero | curl -s -o /dev/null -w '%{http_code}' -H Expect: --data-binary @- $web/cgi/echo.cgi)"
    same 'a bad method' 501 "$(status -X NONSENSE $web/index.html)"
    same 'a program that fails' 500 "$(status $web/cgi/broken.cgi)"
    same 'a dead backend' 503 "$(status $web/dead/)"
    like 'a bad request' '^HTTP/1.[01] 400' "$(printf 'NONSENSE\r\n\r\n' | say 8080)"
    like 'a header too large' '^HTTP/1.[01] 431' "$(printf 'GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n' "$(head -c 40000 /dev/zero | tr '\0' x)" | say 8080)"
    break_off 8080 'GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n'
    break_off 8080 'POST /cgi/echo.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf'
    break_off 8443 '\x16\x03\x01'
    same 'still there' hello "$(curl -s $web/)"
}

manage() {
    local server
    server=$(pid_of lighttpd.pid)
    works 'a test of the configuration' wrapped lighttpd -tt -f "$work/lighttpd.conf"
    refused 'a file that is not there' wrapped lighttpd -f "$work/none.conf"
    echo 'nonsense' >bad.conf
    refused 'a bad configuration' wrapped lighttpd -D -f "$work/bad.conf"
    refused 'a port in use' wrapped lighttpd -D -f "$work/lighttpd.conf"
    mv access.log access.log.1 && : >access.log && chown www-data access.log
    echo "$server" >lighttpd.pid # the refused one took it
    kill -HUP "$server"
    wait_until 'new logs' holds error.log 'logfiles cycled'
    same 'after rotation' 404 "$(status $web/none)"
    wait_until 'its line in the new log' eval "curl -s $web/none && curl -s $web/none && kill -HUP $server && grep -q 'GET /none' access.log"
    echo better >www/index.html
    kill -USR1 "$server" # it reads its configuration again, without closing the ports
    wait_until 'a graceful restart' holds error.log 'graceful'
    wait_until 'an answer after it' eval "[[ \$(curl -s $web/) == better ]]"
    kill -INT "$server" # ends once what is being asked is answered
}

exercise() {
    configure
    start lighttpd -D -f "$work/lighttpd.conf"
    wait_for_port 8443
    wait_until 'the pid file' test -s lighttpd.pid
    ask
    ask_wrongly
    manage
}
