# shellcheck shell=bash
# nginx: two workers as www-data; files, ranges, compression, TLS and HTTP/2, uploads, authentication, proxying with a cache, a resolver.

configure() {
    mkdir -p www/dir cache dav && chown www-data cache dav
    head -c 300000 /dev/urandom >www/large.bin
    seq 20000 >www/numbers.txt
    echo hello >www/index.html
    echo secret >www/secret.html && chmod 600 www/secret.html
    echo "user:$(openssl passwd -6 word)" >users
    make_certificate tls
    cat >nginx.conf <<-CONF
	user www-data; worker_processes 2; pid $work/nginx.pid; error_log $work/error.log info; thread_pool files threads=2;
	events { worker_connections 64; multi_accept on; }
	http {
	    include /etc/nginx/mime.types; access_log $work/access.log; sendfile on; tcp_nopush on; gzip on; gzip_types text/plain;
	    client_body_temp_path $work/body; proxy_temp_path $work/proxy; fastcgi_temp_path $work/fastcgi; uwsgi_temp_path $work/uwsgi;
	    scgi_temp_path $work/scgi; client_body_buffer_size 8k; client_max_body_size 200k; lingering_timeout 1s; open_file_cache max=10;
	    proxy_cache_path $work/cache keys_zone=cache:1m; limit_req_zone \$binary_remote_addr zone=slow:1m rate=1r/m;
	    upstream local { server 127.0.0.1:8081 max_fails=0; server unix:$work/backend.sock; keepalive 2; }
	    server { listen 8081; listen unix:$work/backend.sock; location / { root $work/www; sendfile off; } location /slow { root $work/www; limit_rate 1000; } }
	    server {
	        listen 127.0.0.1:8080 backlog=64; listen [::1]:8080 ipv6only=on; listen 8443 ssl http2; root $work/www; error_page 404 /index.html;
	        ssl_certificate $work/tls.crt; ssl_certificate_key $work/tls.key; ssl_session_cache shared:tls:1m;
	        location = /secret.html { }
	        location / { try_files \$uri \$uri/ =404; }
	        location /dir/ { autoindex on; }
	        location /aio/ { alias $work/www/; aio threads=files; directio 4k; output_buffers 1 64k; }
	        location /private/ { alias $work/www/; auth_basic private; auth_basic_user_file $work/users; }
	        location /dav/ { root $work; dav_methods PUT DELETE MKCOL COPY MOVE; create_full_put_path on; dav_access user:rw all:r; }
	        location /proxy/ { proxy_pass http://local/; proxy_http_version 1.1; proxy_set_header Connection ""; }
	        location /cached/ { proxy_pass http://local/; proxy_cache cache; proxy_cache_valid 1m; add_header X-Cache \$upstream_cache_status; }
	        location /dead/ { proxy_pass http://127.0.0.1:1; }
	        location /fastcgi/ { fastcgi_pass unix:$work/nobody.sock; }
	        location /named/ { resolver 127.0.0.1:53535; resolver_timeout 1s; set \$host_there host.test; proxy_pass http://\$host_there; }
	        location /limited/ { limit_req zone=slow; limit_req_status 429; alias $work/www/; }
	        location /status { stub_status; }
	        location ~ ^/moved/(.*) { return 301 /\$1; }
	    }
	}
	CONF
}

ask() {
    ask_for_files
    works 'a large file by threads' cmp www/large.bin <(curl -s $web/aio/large.bin)
    works 'a resumed TLS session' eval 'openssl s_client -connect 127.0.0.1:8443 -sess_out session </dev/null && openssl s_client -connect 127.0.0.1:8443 -sess_in session </dev/null'
    same 'no password' 401 "$(status $web/private/)"
    same 'a wrong password' 401 "$(status -u user:no $web/private/)"
    same 'the password' 200 "$(status -u user:word $web/private/)"
    same 'an upload' 201 "$(status -T www/numbers.txt $web/dav/a/b.txt)"
    works 'what was uploaded' cmp www/numbers.txt dav/a/b.txt
    same 'a copy' 204 "$(status -X COPY -H 'Destination: /dav/c.txt' $web/dav/a/b.txt)"
    same 'a move' 204 "$(status -X MOVE -H 'Destination: /dav/d.txt' $web/dav/c.txt)"
    same 'a new folder' 201 "$(status -X MKCOL $web/dav/new/)"
    same 'a removed folder' 204 "$(status -X DELETE $web/dav/a/)"
    same 'a chunked upload' 201 "$(status -T - -H 'Expect:' $web/dav/e.txt <www/numbers.txt)"
    works 'a proxied file' cmp www/large.bin <(curl -s $web/proxy/large.bin)
    works 'by the other backend' cmp www/large.bin <(curl -s $web/proxy/large.bin)
    like 'a cache miss' 'X-Cache: MISS' "$(curl -sI $web/cached/numbers.txt)"
    like 'a cache hit' 'X-Cache: HIT' "$(curl -sI $web/cached/numbers.txt)"
    same 'a limit' '200 429' "$(status $web/limited/) $(status $web/limited/)"
    like 'the status' 'Active connections' "$(curl -s $web/status)"
}

ask_wrongly() {
    same 'a missing file' 404 "$(status $web/none)"
    same 'no permission' 403 "$(status $web/secret.html)"
    same 'too large' 413 "$(status --data-binary @www/large.bin $web/dav/large)"
    same 'a bad method' 405 "$(status -X POST $web/index.html)"
    like 'a bad request' '^HTTP/1.1 400' "$(printf 'NONSENSE\r\n\r\n' | say 8080)"
    like 'a header too large' '^HTTP/1.1 400' "$(printf 'GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n' "$(head -c 40000 /dev/zero | tr '\0' x)" | say 8080)"
    like 'plain text to the TLS port' '400 The plain HTTP request' "$(printf 'GET / HTTP/1.1\r\nHost: a\r\n\r\n' | say 8443)"
    same 'a dead backend' 502 "$(status $web/dead/)"
    same 'no backend' 502 "$(status $web/fastcgi/)"
    same 'no name server' 502 "$(status $web/named/)"
    break_off 8080 'GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n'
    break_off 8080 'PUT /dav/half HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf'
    break_off 8443 '\x16\x03\x01'
    curl -s -m 0.3 $web/proxy/slow/../slow >/dev/null || true
    same 'still there' hello "$(curl -s $web/)"
}

manage() {
    local master old
    master=$(pid_of nginx.pid)
    kill -HUP "$master"
    wait_until 'a reload' holds error.log 'reconfiguring'
    wait_until 'the end of old workers' eval "[[ \$(grep -c 'exited with code 0' error.log) -ge 2 ]]"
    echo 'nonsense;' >>nginx.conf
    kill -HUP "$master"
    wait_until 'a refused reload' holds error.log 'unknown directive "nonsense'
    sed -i '$d' nginx.conf
    same 'as before the bad file' hello "$(curl -s $web/)"
    mv access.log access.log.1
    kill -USR1 "$master"
    wait_until 'a new log' test -f access.log
    same 'after rotation' 404 "$(status $web/none)"
    wait_until 'its line in the new log' holds access.log 'GET /none'
    refused 'a bad configuration' wrapped nginx -t -c "$work/none.conf"
    works 'a test of the configuration' wrapped nginx -t -c "$work/nginx.conf"
    refused 'a port in use' wrapped nginx -c "$work/nginx.conf" -g "pid $work/second.pid;"
    old=$(pgrep -P "$master" | head -n 1)
    kill -KILL "$old"
    wait_until 'a worker in place of a killed one' holds error.log "$old exited on signal 9"
    same 'with the new worker' hello "$(curl -s $web/)"
    kill -USR2 "$master" # a new program in place of the running one, without closing the ports
    wait_until 'the new program' test -f nginx.pid.oldbin
    wait_until 'its pid' eval '[[ -s nginx.pid && $(<nginx.pid) != '"$master"' ]]'
    kill -WINCH "$master"
    kill -QUIT "$master"
    wait_for_end "$master"
    same 'with the new program' hello "$(curl -s $web/)"
    works 'a stop by name' wrapped nginx -s quit -c "$work/nginx.conf"
}

exercise() {
    add_user www-data 33
    configure
    start /usr/sbin/nginx -c "$work/nginx.conf"
    wait_for_port 8443
    wait_until 'the pid file' test -s nginx.pid
    ask
    ask_wrongly
    manage
}
