#include "sensor/path_hooks.h"

#include <bpf/libbpf.h>
#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "catena.skel.h"
#include "sensor/probe.h"

namespace catena::sensor {
namespace {

// The skeleton's entries of the hooks: it destroys their links when it detaches.
std::vector<bpf_prog_skeleton*> hooks(const catena_bpf& skeleton) {
    std::vector<bpf_prog_skeleton*> found;
    for (int i = 0; i < skeleton.skeleton->prog_cnt; ++i) {
        bpf_prog_skeleton& entry = skeleton.skeleton->progs[i];
        const std::string_view section = bpf_program__section_name(*entry.prog);
        if (section.starts_with("fentry/security_")) found.push_back(&entry);
    }
    return found;
}

}  // namespace

base::Status try_path_hooks() { return try_fentry("security_path_unlink"); }

void choose_path_hooks(catena_bpf& skeleton, bool wanted) {
    for (const bpf_prog_skeleton* hook : hooks(skeleton)) {
        bpf_program__set_autoload(*hook->prog, wanted);
        bpf_program__set_autoattach(*hook->prog, false);
    }
}

base::Status attach_path_hooks(catena_bpf& skeleton) {
    for (const bpf_prog_skeleton* hook : hooks(skeleton)) {
        *hook->link = bpf_program__attach(*hook->prog);
        if (*hook->link) continue;
        auto failed = base::fail_errno(fmt::format("attaching {}", hook->name));
        for (const bpf_prog_skeleton* attached : hooks(skeleton)) {
            bpf_link__destroy(*attached->link);
            *attached->link = nullptr;
        }
        return failed;
    }
    return {};
}

}  // namespace catena::sensor
