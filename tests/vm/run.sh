#!/usr/bin/env bash
# Runs the kernel tests on another Debian kernel, in a virtual machine without disk:
#     tests/vm/run.sh CACHE KERNEL [CTEST-ARG...]
#     tests/vm/run.sh CACHE KERNEL -- COMMAND [ARG...]
#
# KERNEL is the beginning of a version, "6.1" or "6.12.30". The kernel's package is fetched and unpacked into CACHE, never installed.
# The guest mounts this machine's root read-only over 9p and runs ctest there, in the build folder of the release
# preset; so programs, libraries and paths are the same, and only the kernel differs. Its exit code is ctest's.
set -euo pipefail
cache=$1 kernel=$2
shift 2
build=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../build/release" && pwd)

die() {
    printf 'tests/vm/run.sh: %s\n' "$*" >&2
    exit 1
}
case $build in /tmp/*) own=/tmp ;; /run/*) own=/run ;; *) own= ;; esac # what the guest has of its own, and the build is in

# Where Debian keeps which kernels. These lists belong to the cache; the machine's own sources stay as they are.
suites=(bookworm bookworm-backports trixie trixie-backports sid)

# An apt that knows the suites above and nothing of what this machine installs from.
private_apt() {
    local command=$1
    shift
    "$command" -o Dir::Etc::sourcelist="$cache/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$cache/lists" \
        -o Dir::Cache="$cache/apt" -o APT::Get::List-Cleanup=0 -o APT::Sandbox::User=root "$@"
}

# The kernel's image in an unpacked package; older ones have it in /boot, newer ones with the modules.
image_in() { find "$1" -path '*/boot/vmlinuz-*' -o -path '*/lib/modules/*/vmlinuz' | head -n 1; }

# fetch: the newest kernel package of that version, the plain flavour (it has virtio built in), unpacked to $cache/KERNEL.
fetch() {
    local suite mirror package
    mkdir -p "$cache/lists/partial" "$cache/apt/archives/partial"
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Codename: bookworm' | head -n 1)
    [[ $mirror ]] || die "no apt source of bookworm to take the mirror from"
    for suite in "${suites[@]}"; do
        printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$suite"
    done >"$cache/sources.list"
    private_apt apt-get update -q >&2
    package=$(private_apt apt-cache search --names-only "^linux-image-${kernel//./\\.}([.+-][0-9a-z.+~-]*)?-amd64\$" |
        cut -d ' ' -f 1 | grep -v -e -cloud- -e -rt- -e dbg | sort -V | tail -n 1)
    [[ $package ]] || die "Debian has no kernel $kernel any more; it has: $(private_apt apt-cache search --names-only \
        '^linux-image-[0-9].*-amd64$' | grep -v -e -cloud- -e -rt- | sed 's/linux-image-\([^ ]*\)-amd64 .*/\1/' | sort -V | xargs)"
    rm -rf "${cache:?}/$kernel" "$cache/$kernel.new"
    mkdir "$cache/$kernel.new"
    # Since 7.3 the kernel and its modules are packages of their own, that the one with the name depends on.
    local packages=("$package") part
    while read -r part; do packages+=("$part"); done < <(private_apt apt-cache depends "$package" |
        sed -n 's/^ *Depends: \(linux-\(binary\|modules\)-.*\)/\1/p')
    (
        cd "$cache/$kernel.new"
        private_apt apt-get download -q "${packages[@]}" >&2
        for part in ./*.deb; do dpkg-deb -x "$part" .; done
        rm -f ./*.deb
    )
    [[ $(image_in "$cache/$kernel.new") ]] || die "there is no kernel in ${packages[*]}"
    mv "$cache/$kernel.new" "$cache/$kernel"
}

# The first process of the guest. PATHS and ARGUMENTS are filled in below.
init_script() {
    cat <<INIT
#!/bin/sh
/bin/busybox mkdir -p /proc /sys /dev /host /bin
/bin/busybox --install -s /bin
export PATH=/bin:/sbin:/usr/bin:/usr/sbin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
for module in $1; do insmod "/modules/\$module" || echo "insmod \$module failed"; done
finish() { echo "catena-vm: code \$1"; poweroff -f; }
mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro hostroot /host || finish 125
mount -t proc proc /host/proc
mount -t sysfs sysfs /host/sys
mount -t devtmpfs devtmpfs /host/dev
mkdir -p /dev/shm /dev/pts
mount -t devpts devpts /host/dev/pts
mount -t tmpfs tmpfs /host/dev/shm
mkdir -p /below
[ -z "$own" ] || mount --bind /host$own /below
mount -t tmpfs tmpfs /host/tmp
mount -t tmpfs tmpfs /host/run
[ -z "$own" ] || { mkdir -p /host$build && mount --bind /below${build#"$own"} /host$build; }
mount -t tmpfs tmpfs /host$build/Testing
mount -t tracefs tracefs /host/sys/kernel/tracing
mount -t securityfs securityfs /host/sys/kernel/security
mount -t bpf bpf /host/sys/fs/bpf
mount -t cgroup2 cgroup2 /host/sys/fs/cgroup
ip link set lo up
echo "catena-vm: \$(uname -r)"
# Moved to be the root, not only entered: the kernel would call everything /host/… otherwise.
cd /host
mount --move . /
in_host() {
    chroot . /usr/bin/env -i HOME=$HOME PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb "\$@"
}
in_host $build/catena doctor
in_host $2
finish \$?
INIT
}

# initramfs: busybox, the modules that a 9p root needs, in the order in which they can be loaded.
initramfs() {
    local version=$1 root=$2 module file order=()
    shift 2
    depmod -b "$cache/$kernel/$([[ -d $cache/$kernel/usr/lib/modules ]] && echo usr)" "$version"
    mkdir -p "$root/bin" "$root/modules"
    cp /bin/busybox "$root/bin/"
    ln -s busybox "$root/bin/sh"
    for module in virtio_pci 9pnet_virtio 9p; do
        while read -r file; do
            file=$(basename "$file")
            [[ " ${order[*]} " == *" ${file%.xz} "* ]] && continue
            order+=("${file%.xz}")
            cp "$(find "$cache/$kernel" -name "$file" | head -n 1)" "$root/modules/"
        done < <(modprobe -d "$cache/$kernel/$([[ -d $cache/$kernel/usr/lib/modules ]] && echo usr)" -S "$version" \
            --show-depends "$module" | awk '$1 == "insmod" { print $2 }')
    done
    find "$root/modules" -name '*.xz' -exec xz -d {} +
    init_script "${order[*]}" "$(printf '%q ' "$@")" >"$root/init"
    chmod +x "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$root.gz"
}

[[ -d $cache/$kernel ]] || fetch
image=$(image_in "$cache/$kernel")
version=$(basename "$(find "$cache/$kernel" -path '*/lib/modules/*' -prune -type d | head -n 1)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$build/Testing" # a mount point in the guest, where the root cannot be written
if [[ ${1:-} == -- ]]; then
    shift
else
    (($#)) || set -- -R '^kernel\.'
    set -- ctest --test-dir "$build" --output-on-failure --no-tests=error "$@"
fi
initramfs "$version" "$work/root" "$@"

# Emulated (tcg): nested KVM is not to be had everywhere, and this is fast enough.
timeout "${CATENA_VM_TIMEOUT:-1500}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -display none -serial stdio -no-reboot -nic none \
    -kernel "$image" -initrd "$work/root.gz" -append "console=ttyS0 quiet panic=-1 lsm=lockdown,capability,landlock,bpf syscall.x32=y" \
    -virtfs local,path=/,mount_tag=hostroot,security_model=none,readonly=on,multidevs=remap \
    </dev/null 2>&1 | sed -u 's/\r//g' | tee "$work/console" || true
code=$(sed -n 's/^catena-vm: code \([0-9]*\)$/\1/p' "$work/console" | tail -n 1)
[[ $code ]] || die "the virtual machine did not get to its end"
exit "$code"
