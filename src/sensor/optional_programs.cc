#include "sensor/optional_programs.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <memory>

#include "catena.skel.h"

namespace catena::sensor {
namespace {

struct BtfDeleter {
    void operator()(btf* types) const { btf__free(types); }
};

// How many arguments a tracepoint hands to programs, -1 where the kernel has no such tracepoint.
int tracepoint_arguments(const btf* types, const char* name) {
    const int id = types != nullptr ? btf__find_by_name_kind(types, name, BTF_KIND_TYPEDEF) : -1;
    if (id < 0) return -1;
    const btf_type* type = btf__type_by_id(types, btf__type_by_id(types, static_cast<__u32>(id))->type);
    if (type == nullptr || !btf_is_ptr(type)) return -1;
    type = btf__type_by_id(types, type->type);
    if (type == nullptr || !btf_is_func_proto(type)) return -1;
    return btf_vlen(type) - 1;  // the first one is the program's own data
}

}  // namespace

void fit_io_uring(catena_bpf& skeleton) {
    const std::unique_ptr<btf, BtfDeleter> types(btf__load_vmlinux_btf());
    const int complete = tracepoint_arguments(types.get(), "btf_trace_io_uring_complete");
    const bool submit = tracepoint_arguments(types.get(), "btf_trace_io_uring_submit_req") >= 0;
    const int submit_old = tracepoint_arguments(types.get(), "btf_trace_io_uring_submit_sqe");
    bpf_program__set_autoload(skeleton.progs.cat_uring_complete, complete >= 0);
    bpf_program__set_autoload(skeleton.progs.cat_uring_submit, submit);
    bpf_program__set_autoload(skeleton.progs.cat_uring_submit_old, submit_old >= 0 && !submit);
    skeleton.rodata->cat_uring_flat = complete > 3 ? 1 : 0;
    skeleton.rodata->cat_uring_request_at = submit_old > 2 ? 1 : 0;
}

std::vector<std::string> without_optional(catena_bpf& skeleton) {
    std::vector<std::string> names;
    for (bpf_program* program : {skeleton.progs.cat_uring_complete, skeleton.progs.cat_uring_submit,
                                 skeleton.progs.cat_uring_submit_old, skeleton.progs.cat_new_task}) {
        if (bpf_program__autoload(program)) names.emplace_back(bpf_program__name(program));
        bpf_program__set_autoload(program, false);
    }
    return names;
}

}  // namespace catena::sensor
