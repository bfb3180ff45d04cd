// What works on this machine, found by trying each thing by itself; never by a version number.

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "catena.skel.h"
#include "sensor/optional_programs.h"
#include "sensor/sensor.h"
#include "sys/cgroup.h"

namespace catena::sensor {
namespace {

int silent(enum libbpf_print_level, const char*, va_list) { return 0; }

// Loads the object with one of its programs alone.
Finding try_program(const char* name, const char* purpose, bool needed) {
    Finding finding{.what = fmt::format("program {}", name), .needed = needed, .detail = purpose};
    catena_bpf* skeleton = catena_bpf::open();
    if (!skeleton) return finding;
    fit_io_uring(*skeleton);
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) {
        bpf_program__set_autoload(program, std::string_view(bpf_program__name(program)) == name);
    }
    bpf_map__set_max_entries(skeleton->maps.cat_ring, 4096);
    finding.works = catena_bpf::load(skeleton) == 0;
    if (!finding.works) finding.detail += fmt::format(" (the kernel says: {})", std::strerror(errno));
    catena_bpf::destroy(skeleton);
    return finding;
}

// Loads "return 0" as a program of a type, at a kernel function of that type.
Finding try_attach_type(const char* what, bpf_prog_type type, bpf_attach_type attach, const char* function,
                        const char* purpose) {
    Finding finding{.what = what, .detail = purpose};
    std::array<bpf_insn, 2> program{};  // r0 = 0; exit
    program[0].code = BPF_ALU64 | BPF_MOV | BPF_K;
    program[1].code = BPF_JMP | BPF_EXIT;
    bpf_prog_load_opts options{};
    options.sz = sizeof(options);
    options.expected_attach_type = attach;
    const int id = libbpf_find_vmlinux_btf_id(function, attach);
    if (id <= 0) {
        finding.detail += fmt::format(" ({} is not in the kernel's BTF)", function);
        return finding;
    }
    options.attach_btf_id = static_cast<std::uint32_t>(id);
    const base::Fd loaded(
        bpf_prog_load(type, "catena_probe", "GPL", program.data(), program.size(), &options));
    // Some kernels load such a program and refuse to attach it.
    const base::Fd link(loaded ? bpf_raw_tracepoint_open(nullptr, loaded.get()) : -1);
    finding.works = link.valid();
    if (!finding.works) finding.detail += fmt::format(" (the kernel says: {})", std::strerror(errno));
    return finding;
}

}  // namespace

std::vector<Finding> examine() {
    libbpf_set_print(silent);
    std::vector<Finding> findings;
    std::error_code ignored;
    findings.push_back({"root", ::geteuid() == 0, true, "loading programs into the kernel"});
    findings.push_back({"/sys/kernel/btf/vmlinux",
                        std::filesystem::exists("/sys/kernel/btf/vmlinux", ignored), true,
                        "the kernel's types, which programs are fitted to"});
    for (const auto& [name, purpose] : std::initializer_list<std::pair<const char*, const char*>>{
             {"cat_sys_exit", "system calls"},
             {"cat_sys_enter", "what close closes"},
             {"cat_fork", "new processes"},
             {"cat_exec", "programs started, and their arguments"},
             {"cat_exit", "processes ended"},
             {"cat_describe_tasks", "processes from before recording"},
             {"cat_describe_files", "open files from before recording"},
             {"cat_mark_tasks", "--pid"}}) {
        findings.push_back(try_program(name, purpose, true));
    }
    for (const auto& [name, purpose] : std::initializer_list<std::pair<const char*, const char*>>{
             {"cat_uring_complete", "what is done through io_uring"},
             {"cat_uring_submit", "the names in requests of io_uring, Linux 6.4 and newer"},
             {"cat_uring_submit_old", "the names in requests of io_uring, before Linux 6.4"},
             {"cat_new_task", "the kernel's threads of a process that uses io_uring"}}) {
        findings.push_back(try_program(name, purpose, false));
    }
    const auto tree = sys::cgroup_root();
    findings.push_back({"cgroup v2 tree", tree.has_value(), false,
                        "--cgroup and --unit; " + (tree ? *tree : tree.error().message)});
    findings.push_back(try_attach_type("fentry", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, "vfs_unlink",
                                       "not used yet: paths without races"));
    findings.push_back(try_attach_type("BPF LSM", BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "path_unlink",
                                       "not used yet: paths without races, and denying"));
    return findings;
}

}  // namespace catena::sensor
