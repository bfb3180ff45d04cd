#!/usr/bin/env bash
# Everything one does with this repository, one verb each; `./do help` lists them. Each verb brings its own
# prerequisites, can be repeated, and works offline once `./do setup` has succeeded.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly cache=${CATENA_CACHE:-$HOME/.cache/catena}
export CCACHE_DIR=$cache/ccache
# Two clones of the repository share compiled objects: paths below each are compared relative to it.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_MAXSIZE=2G
export CTEST_PARALLEL_LEVEL=${CTEST_PARALLEL_LEVEL:-2}

die() {
    printf './do: %s\n' "$*" >&2
    exit 1
}
say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }

# ---------------------------------------------------------------------------------------------------------- setup

readonly packages=(
    g++ clang-19 llvm-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 cmake ninja-build ccache git
    python3 ca-certificates
    libelf-dev libdw-dev liblzma-dev libiberty-dev libzydis-dev zlib1g-dev libzstd-dev libarchive-dev libsimdjson-dev libseccomp-dev libfmt-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev
    iproute2 lighttpd curl netcat-openbsd procps strace # the demo and the tests
    binutils xz-utils musl-tools golang-go              # programs that tests make, and compare with
    graphviz python3-jsonschema python3-prov            # read what we render, in tests
    redis-server memcached openssl xxd                  # exercises of services in tests
)
# With the oldest version that will do: Debian 12's own know too little of today's kernels (bpftool is versioned by itself), and it has no upx.
readonly backports=(libbpf1=1:1.4 libbpf-dev=1:1.4 bpftool=7.5 upx-ucl=4)
readonly vm_packages=(qemu-system-x86 busybox-static cpio kmod xz-utils)
readonly bench_packages=(nginx wrk redis-server postmark)                     # ./do bench collector
readonly bench_peer_packages=(strace linux-perf bpftrace auditd)              # ./do bench collector --peers
readonly bench_functions_packages=(bpftrace uftrace strace)                   # ./do bench functions
readonly bench_programs_packages=(bzip2 hmmer libquantum-dev povray x264 xalan) # ./do bench programs
readonly daemons=(lighttpd nginx redis-server memcached auditd) # to be started by the demo and the benches, not by the machine


# DuckDB publishes libduckdb.so in one npm package and its C header in another (docs/decisions/0001).
readonly duckdb_library=@duckdb/node-bindings-linux-x64@1.5.6-r.1
readonly duckdb_library_integrity=sha512-IXcrZJE6kEqM0Z4wwdVnGBHX/frOS33VPNAwDXQ/Q+Fs84b058Qe94chrCCIcNJlG8Y3UHIUU4eBeCQxW5mN1Q==
readonly duckdb_header=duckdb@1.4.4
readonly duckdb_header_integrity=sha512-hEJJ5hyVF0VLj3dmOLpsWrQR0b3d4Ykqtygm6iUXjHJDDnSqg/USKxcb5qvNrOhFYPgktayU6dXCtgPqcmmpog==
readonly mermaid=mermaid@11.17.2
readonly mermaid_integrity=sha512-V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg==

installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Installs those of the named packages that are missing. "name/suite" takes it from that suite.
need_packages() {
    local package missing=()
    for package in "$@"; do
        installed "${package%/*}" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || die "these Debian packages are missing, and installing them needs root: ${missing[*]%/*}"
    say "installing ${missing[*]}"
    apt-get update -q >&2
    # A guard against daemons that start as they are installed.
    local guard=/usr/sbin/policy-rc.d
    if [[ -e $guard ]]; then guard=; else printf '#!/bin/sh\nexit 101\n' >"$guard" && chmod +x "$guard"; fi
    local status=0
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 || status=$?
    [[ -z $guard ]] || rm -f "$guard"
    ((status == 0)) || die "apt-get could not install ${missing[*]}"
    [[ -d /run/systemd/system ]] || return 0
    for package in "${daemons[@]}"; do
        if [[ " ${missing[*]} " == *" $package "* ]]; then systemctl disable -q "$package"; fi
    done
}

# These come from bookworm-backports, by the mirror that this machine already uses for bookworm.
need_backports() {
    local each version missing=()
    for each in "${backports[@]}"; do
        version=$(dpkg-query -W -f '${Version}' "${each%%=*}" 2>/dev/null) || version=
        dpkg --compare-versions "$version" ge "${each#*=}" || missing+=("${each%%=*}/bookworm-backports")
    done
    ((${#missing[@]})) || return 0
    ((EUID == 0)) || die "${missing[*]} are missing or too old, and installing them needs root"
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    if [[ $codename != bookworm ]]; then # newer releases have new enough ones themselves
        need_packages "${backports[@]%%=*}"
        return
    fi
    if ! apt-get indextargets --format '$(CODENAME)' | grep -qx bookworm-backports; then
        local mirror
        mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
        [[ $mirror ]] || die "no apt source of bookworm to take the mirror of bookworm-backports from"
        cat >/etc/apt/sources.list.d/catena-backports.sources <<-SOURCES
			Types: deb
			URIs: $mirror
			Suites: bookworm-backports
			Components: main
			Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
		SOURCES
    fi
    say "installing ${missing[*]}"
    apt-get update -q >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2 ||
        die "apt-get could not install ${missing[*]}"
}

# fetch_npm NAME@VERSION INTEGRITY FILE: the package's archive, checked. None of its scripts run.
fetch_npm() {
    local dir=$3.d got
    mkdir "$dir"
    (cd "$dir" && npm pack --loglevel=error "$1" >&2) || die "npm could not fetch $1"
    mv "$dir"/*.tgz "$3"
    got=sha512-$(python3 -c 'import base64,hashlib,sys; print(base64.b64encode(hashlib.sha512(open(sys.argv[1],"rb").read()).digest()).decode())' "$3")
    [[ $got == "$2" ]] || die "$1 is not what was pinned: expected $2, got $got"
}

need_duckdb() {
    local dir=$cache/deps/duckdb stamp="$duckdb_library $duckdb_library_integrity $duckdb_header $duckdb_header_integrity"
    [[ -f $dir/PINNED && $(<"$dir/PINNED") == "$stamp" && -f $dir/libduckdb.so && -f $dir/duckdb.h ]] && return
    command -v npm >/dev/null || need_packages npm
    say "fetching $duckdb_library and $duckdb_header"
    local new=$cache/deps/duckdb.new
    rm -rf "$new"
    mkdir -p "$dir" "$new"
    fetch_npm "$duckdb_library" "$duckdb_library_integrity" "$new/library.tgz"
    fetch_npm "$duckdb_header" "$duckdb_header_integrity" "$new/header.tgz"
    tar -xzf "$new/library.tgz" --no-same-owner -m -C "$new" --strip-components=1 package/libduckdb.so
    tar -xzf "$new/header.tgz" --no-same-owner -m -C "$new" --strip-components=5 package/src/duckdb/src/include/duckdb.h
    mv "$new/libduckdb.so" "$new/duckdb.h" "$dir/"
    printf '%s\n' "$stamp" >"$dir/PINNED"
    rm -rf "$new"
}

# Mermaid's own parser reads our flowcharts in a test (docs/decisions/0027).
need_mermaid() {
    local dir=$cache/deps/mermaid stamp="$mermaid $mermaid_integrity"
    [[ -f $dir/PINNED && $(<"$dir/PINNED") == "$stamp" && -f $dir/mermaid.esm.min.mjs ]] && return
    command -v npm >/dev/null || need_packages npm
    say "fetching $mermaid"
    local new=$cache/deps/mermaid.new
    rm -rf "$new" "$dir"
    mkdir -p "$dir" "$new"
    fetch_npm "$mermaid" "$mermaid_integrity" "$new/mermaid.tgz"
    tar -xzf "$new/mermaid.tgz" --no-same-owner -m -C "$new" --strip-components=2 --exclude='*.map' \
        package/dist/mermaid.esm.min.mjs package/dist/chunks/mermaid.esm.min
    mv "$new/mermaid.esm.min.mjs" "$new/chunks" "$dir/"
    printf '%s\n' "$stamp" >"$dir/PINNED"
    rm -rf "$new"
}

do_setup() {
    mkdir -p "$cache"
    need_packages "${packages[@]}"
    need_backports
    need_duckdb
    need_mermaid
    tests/services/fetch "$cache/services" memcached redis
}

# ---------------------------------------------------------------------------------------------------------- build

do_build() {
    local preset=${1:-release}
    do_setup
    mkdir -p build
    # One at a time: two builds in one folder overwrite each other's programs.
    local alone=(flock -o "build/$preset.lock")
    [[ -f build/$preset/build.ninja ]] || "${alone[@]}" cmake --preset "$preset" >&2 || die "cmake --preset $preset failed"
    "${alone[@]}" cmake --build "build/$preset" >&2 || die "the build of preset $preset failed"
}

# ------------------------------------------------------------------------------------------------------------ run

do_run() {
    if [[ ${1:-} == -- ]]; then shift; fi
    ((EUID == 0)) || die "recording needs root: run it as root"
    do_build release
    local catena=build/release/catena
    if (($#)); then
        local status=0
        "$catena" record -o run.catena -- "$@" || status=$?
        tools/summary.sh "$catena" run.catena
        return $status
    fi
    demo/attack.sh "$catena" run.catena
    say "catena chain run.catena socket:203.0.113.66:9000"
    "$catena" chain run.catena socket:203.0.113.66:9000
    say "the recording is run.catena; go on with: $catena --help"
}

# --------------------------------------------------------------------------------------------------- test, check

do_test() {
    do_build release
    local arguments=("$@")
    # Inside the end-to-end test, which runs this verb in a clone, that test itself would go on for ever.
    # Within the test of the README, which all others run beside: in a clean clone, do they build, and do some of each kind run?
    if [[ ${CATENA_E2E:-} ]]; then arguments+=(-R '^(unit\.[A-G].*|kernel\.(exec|fork|open|rw|tcp4|paths|Functions\..*|Chains\..*)|traces\..*|render\.dot)$'); fi
    ctest --test-dir build/release --output-on-failure --no-tests=error "${arguments[@]}"
}

sources() { git ls-files -co --exclude-standard "$@" | while IFS= read -r f; do [[ -f $f ]] && printf '%s\n' "$f"; done; }
formatted_sources() { sources '*.h' '*.cc' | grep -v -e '^wire/' -e '^bpf/' -e '_table\.'; }

check_format() { formatted_sources | xargs clang-format-19 --dry-run -Werror; }
check_tidy() { tools/tidy.py --build build/release --cache "$cache/tidy" "$@"; }
check_layers() { tools/check_layers.py; }
check_stack() { tools/check_bpf_stack.py build/release/bpf/catena.bpf.o; }
check_sizes() { sources | tools/check_sizes.py; }
check_generated() { # each generator knows how to compare what it would write with what is there
    local generator
    for generator in tools/gen_*; do "$generator" --check || return; done
}
readonly checks=(format layers sizes stack generated tidy)

do_check() {
    do_build release
    local check failed=()
    for check in "${@:-${checks[@]}}"; do
        declare -F "check_$check" >/dev/null || die "no check is called '$check'; there are: ${checks[*]}"
        say "check $check"
        "check_$check" || failed+=("$check")
    done
    ((${#failed[@]} == 0)) || die "failed: ${failed[*]}"
}

do_tidy() {
    do_build release
    check_tidy --record
}

do_fmt() {
    do_setup
    formatted_sources | xargs clang-format-19 -i
}

# ------------------------------------------------------------------------------------------------------ bench, vm

do_bench() {
    local name=${1:-} bench
    if [[ $name == -* ]]; then die "which bench are the options for? There are: $(bench_names)"; fi
    if [[ -z $name ]]; then
        for bench in $(bench_names); do do_bench "$bench"; done
        return
    fi
    shift
    local runner
    runner=$(bench_runner "$name") || die "no bench is called '$name'; there are: $(bench_names)"
    if [[ " $* " != *" --help "* && " $* " != *" -h "* ]]; then
        do_build release
        case $name in
            collector)
                need_packages "${bench_packages[@]}"
                if [[ " $* " == *" --peers "* ]]; then need_packages "${bench_peer_packages[@]}"; fi
                ;;
            functions) need_packages "${bench_functions_packages[@]}" ;;
            programs) need_packages "${bench_programs_packages[@]}" ;;
            analyze) tests/services/fetch "$cache/services" ;;
        esac
    fi
    if [[ -d $runner ]]; then python3 -B "$runner" build/release/catena "$@"; else "$runner" build/release/catena "$@"; fi
}
# A bench is a script, bench/NAME.sh, or a folder of Python, bench/NAME/__main__.py. Each gets the program first, then its options.
bench_runner() {
    if [[ -x bench/$1.sh ]]; then echo "bench/$1.sh"; elif [[ -f bench/$1/__main__.py ]]; then echo "bench/$1"; else return 1; fi
}
bench_names() {
    local bench
    for bench in bench/*.sh bench/*/__main__.py; do
        if [[ -e $bench ]]; then bench=${bench#bench/} && bench=${bench%.sh} && echo "${bench%/__main__.py}"; fi
    done
}

# A little of each: enough to see that the programs load there, and that the hooks on paths tell the truth.
# And that functions are watched, in the way that the kernel has.
readonly vm_smoke='^kernel\.(exec|fork|open|paths|attributes|rw|tcp4)$|^kernel\.(.*/)?Races.*/(unlink|connect)|Function(Fault)?Ways\.(EachCallIs|CallsOfEight).*/Best'

do_vm() {
    (($# >= 1)) || die "which kernel? For example: ./do vm 6.1; or all, or smoke"
    do_build release
    need_packages "${vm_packages[@]}"
    local what=$1
    shift
    case $what in
        all) tests/vm/matrix.py "$cache/kernels" docs/kernels.md ${1:+-- "$@"} ;;
        smoke) tests/vm/run.sh "$cache/kernels" "${1:-6.1}" -R "$vm_smoke" ;;
        *) tests/vm/run.sh "$cache/kernels" "$what" "$@" ;;
    esac
}

# ------------------------------------------------------------------------------------------------------- services

# Each daemon is exercised behind strace, recorded, and under the profiles that are made of it: tests/services/check.py.
do_services() {
    ((EUID == 0)) || die "services are started in namespaces of their own, which needs root"
    do_build release
    local names=() argument
    for argument in "$@"; do if [[ -f tests/services/$argument.sh ]]; then names+=("$argument"); fi; done
    tests/services/fetch "$cache/services" "${names[@]}"
    python3 -B tests/services/check.py build/release/catena "$@"
}

# ----------------------------------------------------------------------------------------------------------- help

do_help() {
    cat <<'HELP'
./do setup              install what building and testing needs (Debian packages, DuckDB); nothing if it is there
./do build [PRESET]     build into build/PRESET; release unless told dev, asan-ubsan, tsan or fuzz
./do run                record an attack on a web server in private network namespaces, print where it came from
./do run -- CMD ARG...  record a command, print what it touched
./do test [CTEST-ARG]   build and run every test; arguments go to ctest, for example -L unit or -R Graph
./do check [CHECK]...   format, layers, sizes, stack, generated, tidy: all of them unless named
./do bench [NAME [ARG]]  measure; `./do bench collector` prints the tables of README.md, --help has its options
./do services [NAME]... exercise real daemons under the profiles that are made of them; --quick, --report FILE (docs/services.md)
./do vm KERNEL [ARG]    run the kernel tests on another Debian kernel in a virtual machine, for example ./do vm 6.1
./do vm all [ARG]       on each kernel of the matrix; writes docs/kernels.md
./do vm smoke [KERNEL]  a short selection on one kernel, 6.1 unless told
./do fmt                format the C++ sources
./do tidy               run clang-tidy where something has changed, and write down what is clean, for CI: before you submit
./do help               this
HELP
}

verb=${1:-help}
case $verb in
    setup | build | run | test | check | bench | services | vm | fmt | tidy | help) shift || true ;;
    -h | --help) verb=help ;;
    *)
        do_help >&2
        die "no verb is called '$verb'"
        ;;
esac
"do_$verb" "$@"; exit # on one line, so that a running ./do can be edited
