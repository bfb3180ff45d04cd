// What works on this machine, found by trying each thing by itself; never by a version number.

#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "catena.skel.h"
#include "sensor/optional_programs.h"
#include "sensor/path_hooks.h"
#include "sensor/probe.h"
#include "sensor/sensor.h"
#include "sensor/site_ability.h"
#include "sensor/syscall_tables.h"
#include "sys/cgroup.h"

namespace catena::sensor {
namespace {

constexpr std::uint32_t kSmallRing = 4096;

int silent(enum libbpf_print_level, const char*, va_list) { return 0; }

// Loads the object with one of its programs alone, as recording would (`hooked`: with the path hooks).
Finding try_program(const char* name, const char* purpose, bool needed, bool hooked) {
    Finding finding{
        .what = fmt::format("program {}", name), .needed = needed, .detail = purpose, .error = {}};
    catena_bpf* skeleton = catena_bpf::open();
    if (!skeleton) return finding;
    fit_io_uring(*skeleton);
    fill_tables(*skeleton);
    skeleton->rodata->cat_hooked = hooked;
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) {
        bpf_program__set_autoload(program, std::string_view(bpf_program__name(program)) == name);
    }
    bpf_map__set_max_entries(skeleton->maps.cat_ring, kSmallRing);
    finding.works = catena_bpf::load(skeleton) == 0;
    if (!finding.works) finding.error = std::strerror(errno);
    catena_bpf::destroy(skeleton);
    return finding;
}

// The hooks on paths and addresses, all of them, as recording uses them.
base::Status try_all_path_hooks() {
    if (auto tried = try_path_hooks(); !tried) return tried;
    catena_bpf* skeleton = catena_bpf::open();
    if (!skeleton) return base::fail_errno("reading the kernel programs");
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, skeleton->obj) { bpf_program__set_autoload(program, false); }
    fill_tables(*skeleton);
    choose_path_hooks(*skeleton, true);
    bpf_map__set_max_entries(skeleton->maps.cat_ring, kSmallRing);
    base::Status status;
    if (catena_bpf::load(skeleton) != 0) status = base::fail_errno("loading");
    if (status) status = attach_path_hooks(*skeleton);
    catena_bpf::destroy(skeleton);
    return status;
}

Finding finding(const char* what, const base::Status& tried, const char* gives, bool needed = false) {
    return {what, tried.has_value(), needed, gives, tried ? std::string{} : tried.error().message};
}

// What the kernel offers, whether or not our own programs are content with it.
void examine_layers(std::vector<Finding>& out) {
    out.push_back(finding("BTF tracepoints", try_tracepoint("sys_exit"), "every system call", true));
    out.push_back(finding("ring buffer", try_ring_buffer(), "how events reach the recorder", true));
    out.push_back(finding("task storage", try_task_storage(), "what is known of each task", true));
    out.push_back(finding("io_uring tracepoints", try_tracepoint("io_uring_complete"),
                          "that requests are done through rings"));
    out.push_back(finding("fentry", try_fentry("security_path_unlink"), "what the path hooks are made of"));
    out.push_back(finding("fexit", try_fexit("vfs_unlink"), "results of functions in the kernel"));
    out.push_back(finding("BPF LSM", try_lsm("path_unlink"), "denying"));
    out.push_back(
        finding("uprobe.multi", try_uprobe(UprobeWay::Together), "many functions of a program at once"));
    out.push_back(finding("uprobes singly", try_uprobe(UprobeWay::Singly),
                          "functions, where there is no uprobe.multi"));
    const auto sites = try_sites(best_uprobe_way());
    out.push_back({"quick probe sites", sites.has_value(), false,
                   sites ? describe(*sites) : "functions without stepping",
                   sites ? std::string{} : sites.error().message});
    out.push_back(finding("seccomp notification", try_seccomp_notification(), "answering for the kernel"));
    out.push_back(finding("path hooks", try_all_path_hooks(),
                          "paths and addresses as the kernel used them; without, events say source: user"));
}

}  // namespace

std::vector<Finding> examine() {
    libbpf_set_print(silent);
    std::vector<Finding> findings;
    std::error_code ignored;
    findings.push_back({"root", ::geteuid() == 0, true, "loading programs into the kernel", "not root"});
    findings.push_back({"/sys/kernel/btf/vmlinux",
                        std::filesystem::exists("/sys/kernel/btf/vmlinux", ignored), true,
                        "the kernel's types, which programs are fitted to", "not there"});
    examine_layers(findings);
    const bool hooked = try_path_hooks().has_value();
    for (const auto& [name, purpose] : std::initializer_list<std::pair<const char*, const char*>>{
             {"cat_sys_exit", "system calls"},
             {"cat_sys_enter", "what close closes"},
             {"cat_fork", "new processes"},
             {"cat_exec", "programs started, and their arguments"},
             {"cat_exit", "processes ended"},
             {"cat_cgroup_mkdir", "names of containers and units that live briefly"},
             {"cat_describe_tasks", "processes from before recording"},
             {"cat_describe_files", "open files from before recording"},
             {"cat_mark_tasks", "--pid"}}) {
        findings.push_back(try_program(name, purpose, true, hooked));
    }
    for (const auto& [name, purpose] : std::initializer_list<std::pair<const char*, const char*>>{
             {"cat_uring_complete", "what is done through io_uring"},
             {"cat_uring_submit", "the names in requests of io_uring, Linux 6.4 and newer"},
             {"cat_uring_submit_old", "the names in requests of io_uring, before Linux 6.4"},
             {"cat_new_task", "the kernel's threads of a process that uses io_uring"}}) {
        findings.push_back(try_program(name, purpose, false, hooked));
    }
    const auto tree = sys::cgroup_root();
    findings.push_back({"cgroup v2 tree", tree.has_value(), false, "--cgroup and --unit",
                        tree ? std::string{} : tree.error().message});
    return findings;
}

}  // namespace catena::sensor
