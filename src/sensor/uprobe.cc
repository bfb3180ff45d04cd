#include "sensor/uprobe.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <vector>

#include "sensor/probe.h"

namespace catena::sensor {
namespace {

constexpr auto kUprobeMulti = static_cast<bpf_attach_type>(48);  // newer than Debian 12's linux/bpf.h
constexpr std::uint32_t kMultiReturn = 1;  // BPF_F_UPROBE_MULTI_RETURN of a newer include/uapi/linux/bpf.h

// The kernel's perf source of uprobes: its number, and the bit of `config` that means returns. (Both are
// words in files of sysfs: "8", "config:0".)
struct PerfSource {
    std::uint32_t type = 0;  // 0: there is none
    std::uint64_t return_config = 0;
};

PerfSource perf_source() {
    const std::string folder = "/sys/bus/event_source/devices/uprobe/";
    PerfSource source;
    std::ifstream(folder + "type") >> source.type;
    std::string bit;
    std::ifstream(folder + "format/retprobe") >> bit;
    source.return_config = std::uint64_t{1}
                           << (std::strtoul(bit.c_str() + bit.find(':') + 1, nullptr, 10) & 63U);
    return source;
}

}  // namespace

bpf_attach_type attach_type_of(UprobeWay way) {
    return way == UprobeWay::Together ? kUprobeMulti : static_cast<bpf_attach_type>(0);
}

base::Result<base::Fd> attach_together(int program, const std::string& path,
                                       std::span<const UprobePlace> places, UprobeKind kind) {
    std::vector<unsigned long> offsets;
    std::vector<__u64> cookies;
    for (const UprobePlace& place : places) {
        offsets.push_back(place.offset);
        cookies.push_back(place.cookie);
    }
    bpf_link_create_opts options{};
    options.sz = sizeof(options);
    options.uprobe_multi.path = path.c_str();
    options.uprobe_multi.offsets = offsets.data();
    options.uprobe_multi.cookies = cookies.data();
    options.uprobe_multi.flags = kind == UprobeKind::Return ? kMultiReturn : 0;
    options.uprobe_multi.cnt = static_cast<std::uint32_t>(places.size());
    base::Fd link(bpf_link_create(program, 0, kUprobeMulti, &options));
    if (!link) return base::fail_errno("attaching");
    return link;
}

base::Result<base::Fd> attach_singly(int program, const std::string& path, const UprobePlace& place,
                                     UprobeKind kind) {
    static const PerfSource source = perf_source();
    if (source.type == 0)
        return base::fail(base::ErrorCode::NotSupported, "the kernel has no perf events of user functions");
    perf_event_attr wanted{};
    wanted.size = sizeof(wanted);
    wanted.type = source.type;
    wanted.config = kind == UprobeKind::Return ? source.return_config : 0;
    wanted.uprobe_path = reinterpret_cast<std::uintptr_t>(path.c_str());
    wanted.probe_offset = place.offset;
    // Of all processes, and so of one CPU; the program runs on all of them nevertheless.
    const base::Fd event(static_cast<int>(::syscall(
        SYS_perf_event_open, &wanted, -1, std::max(::sched_getcpu(), 0), -1, PERF_FLAG_FD_CLOEXEC)));
    if (!event) return base::fail_errno("opening a perf event");
    bpf_link_create_opts options{};
    options.sz = sizeof(options);
    options.perf_event.bpf_cookie = place.cookie;
    // It keeps the event open.
    base::Fd link(bpf_link_create(program, event.get(), BPF_PERF_EVENT, &options));
    if (!link) return base::fail_errno("attaching");
    return link;
}

UprobeWay best_uprobe_way() {
    return try_uprobe(UprobeWay::Together) ? UprobeWay::Together : UprobeWay::Singly;
}

}  // namespace catena::sensor
