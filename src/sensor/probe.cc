#include "sensor/probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/fd.h"

namespace catena::sensor {
namespace {

// "return 0"
std::array<bpf_insn, 2> empty_program() {
    std::array<bpf_insn, 2> program{};
    program[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    program[1].code = BPF_JMP | BPF_EXIT;
    return program;
}

base::Fd load_empty(bpf_prog_type type, bpf_attach_type attach, std::uint32_t btf_id) {
    const auto program = empty_program();
    bpf_prog_load_opts options{};
    options.sz = sizeof(options);
    options.expected_attach_type = attach;
    options.attach_btf_id = btf_id;
    return base::Fd(bpf_prog_load(type, "catena_probe", "GPL", program.data(), program.size(), &options));
}

// Some kernels load such a program and refuse to attach it.
base::Status try_attached(bpf_prog_type type, bpf_attach_type attach, const char* name) {
    const int id = libbpf_find_vmlinux_btf_id(name, attach);
    if (id <= 0) return base::fail(base::ErrorCode::NotSupported, fmt::format("{} is not in its BTF", name));
    const base::Fd loaded = load_empty(type, attach, static_cast<std::uint32_t>(id));
    if (!loaded) return base::fail_errno("loading");
    const base::Fd link(bpf_raw_tracepoint_open(nullptr, loaded.get()));
    if (!link) return base::fail_errno("attaching");
    return {};
}

// Where in our own file a function of ours is; 0 where that cannot be told.
std::uint64_t offset_in_file(const void* function) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> maps(std::fopen("/proc/self/maps", "re"),
                                                               &std::fclose);
    const auto address = reinterpret_cast<std::uint64_t>(function);
    std::array<char, 4096> line{};
    while (maps && std::fgets(line.data(), line.size(), maps.get())) {
        char* rest = line.data();
        const std::uint64_t begin = std::strtoull(rest, &rest, 16);
        const std::uint64_t end = std::strtoull(rest + 1, &rest, 16);
        if (address < begin || address >= end) continue;
        rest += sizeof(" r-xp ") - 1;
        return address - begin + std::strtoull(rest, nullptr, 16);
    }
    return 0;
}

// Runs in a child of its own: a filter stays for life. Its exit code is the error.
[[noreturn]] void ask_for_notifications() {
    sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    const sock_fprog filter{1, &allow};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    const long listener =
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    ::_exit(listener < 0 ? errno : 0);
}

}  // namespace

base::Status try_fentry(const char* function) {
    return try_attached(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, function);
}

base::Status try_fexit(const char* function) {
    return try_attached(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, function);
}

base::Status try_lsm(const char* hook) { return try_attached(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, hook); }

base::Status try_tracepoint(const char* name) {
    return try_attached(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, name);
}

base::Result<base::Fd> attach_empty_uprobe(const std::string& path, std::uint64_t offset, UprobeKind kind,
                                           UprobeWay way) {
    const base::Fd loaded = load_empty(BPF_PROG_TYPE_KPROBE, attach_type_of(way), 0);
    if (!loaded) return base::fail_errno("loading");
    const UprobePlace place{.offset = offset, .cookie = 0};
    return way == UprobeWay::Together ? attach_together(loaded.get(), path, {&place, 1}, kind)
                                      : attach_singly(loaded.get(), path, place, kind);
}

base::Status try_uprobe(UprobeWay way) {
    const std::uint64_t offset = offset_in_file(reinterpret_cast<const void*>(&try_uprobe));
    if (offset == 0) return base::fail(base::ErrorCode::System, "finding a function of our own to probe");
    const auto link = attach_empty_uprobe("/proc/self/exe", offset, UprobeKind::Entry, way);
    return link ? base::Status() : std::unexpected(link.error());
}

base::Status try_ring_buffer() {
    const base::Fd map(bpf_map_create(BPF_MAP_TYPE_RINGBUF, "catena_probe", 0, 0,
                                      static_cast<std::uint32_t>(::sysconf(_SC_PAGESIZE)), nullptr));
    if (!map) return base::fail_errno("making one");
    return {};
}

base::Status try_task_storage() {
    const std::unique_ptr<btf, void (*)(btf*)> types(btf__new_empty(), &btf__free);
    const int number = types ? btf__add_int(types.get(), "int", sizeof(int), BTF_INT_SIGNED) : -1;
    if (number < 0 || btf__load_into_kernel(types.get()) != 0) return base::fail_errno("loading types");
    bpf_map_create_opts options{};
    options.sz = sizeof(options);
    options.map_flags = BPF_F_NO_PREALLOC;
    options.btf_fd = static_cast<std::uint32_t>(btf__fd(types.get()));
    options.btf_key_type_id = options.btf_value_type_id = static_cast<std::uint32_t>(number);
    const base::Fd map(
        bpf_map_create(BPF_MAP_TYPE_TASK_STORAGE, "catena_probe", sizeof(int), sizeof(int), 0, &options));
    if (!map) return base::fail_errno("making one");
    return {};
}

base::Status try_seccomp_notification() {
    const pid_t child = ::fork();
    if (child == 0) ask_for_notifications();
    int status = 0;
    while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (child < 0) return base::fail_errno("fork");
    if (!WIFEXITED(status)) return base::fail(base::ErrorCode::System, "the process that tried was ended");
    if (WEXITSTATUS(status) != 0) return base::fail_errno("installing a filter", WEXITSTATUS(status));
    return {};
}

}  // namespace catena::sensor
