#include "event/op.h"

#include <array>

namespace catena::event {
namespace {

struct OpRow {
    std::string_view name;
    Flow flow;
};

constexpr std::array<OpRow, kOpCount> kOps = {{
    {"none", Flow::None},    {"fork", Flow::Out},          {"thread", Flow::None}, {"exec", Flow::In},
    {"exit", Flow::None},    {"open", Flow::None},         {"close", Flow::None},  {"dup", Flow::None},
    {"read", Flow::In},      {"write", Flow::Out},         {"mmap", Flow::In},     {"mmap_write", Flow::Both},
    {"load", Flow::In},      {"rename", Flow::Out},        {"link", Flow::Out},    {"symlink", Flow::Out},
    {"unlink", Flow::Out},   {"mkdir", Flow::Out},         {"rmdir", Flow::Out},   {"truncate", Flow::Out},
    {"chmod", Flow::Out},    {"chown", Flow::Out},         {"pipe", Flow::None},   {"socketpair", Flow::None},
    {"socket", Flow::None},  {"connect", Flow::Both},      {"accept", Flow::In},   {"bind", Flow::None},
    {"listen", Flow::None},  {"send", Flow::Out},          {"recv", Flow::In},     {"setuid", Flow::None},
    {"setgid", Flow::None},  {"ptrace", Flow::Out},        {"kill", Flow::Out},    {"vm_read", Flow::In},
    {"vm_write", Flow::Out}, {"memfd_create", Flow::None}, {"create", Flow::Out},  {"take_fd", Flow::In},
    {"setns", Flow::None},   {"unshare", Flow::None},      {"chroot", Flow::None}, {"pivot_root", Flow::None},
    {"mount", Flow::None},   {"umount", Flow::None},
}};

}  // namespace

std::string_view to_string(Op op) { return kOps[static_cast<std::size_t>(op)].name; }

std::optional<Op> op_from_string(std::string_view name) {
    for (std::size_t i = 0; i < kOps.size(); ++i) {
        if (kOps[i].name == name) return static_cast<Op>(i);
    }
    return std::nullopt;
}

Flow flow_of(Op op) { return kOps[static_cast<std::size_t>(op)].flow; }

}  // namespace catena::event
