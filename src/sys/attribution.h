// What a control group's path says of the processes in it: container, systemd unit, slice. Only names are
// looked at, so no daemon has to be asked; and only names of a known form count, so that nothing is invented.
// A name is what the maker of the group chose: whoever was handed a subtree can give any name below it.
// Pure functions, linear in the length of the path, safe for any bytes.
#pragma once

#include <string>
#include <string_view>

namespace catena::sys {

// Empty where the path does not say.
struct CgroupAttribution {
    // "docker", "podman", "containerd", "crio", "cri" (a Kubernetes container whose runtime does not say
    // its name), "lxc" (also LXD and Incus), "systemd-nspawn", "machined" (registered with systemd-machined
    // by systemd-nspawn or libvirt)
    std::string runtime;
    std::string container;      // the innermost one: its id, or its name where it has no id
    std::string pod;            // uid of the Kubernetes pod, or id of the Podman pod
    std::string unit;           // of the system's manager, as systemd writes it: "nginx.service"
    std::string user_unit;      // below user@UID.service, of that user's manager
    std::string slice;          // the unit's slice, the innermost: "user-1000.slice"
    std::string session_scope;  // "session-3.scope" of a login session, which is the unit then
    bool operator==(const CgroupAttribution&) const = default;
};

// `path` is one path below the root of a hierarchy, v2 or v1: "/system.slice/docker-….scope". In a container
// with a systemd of its own, unit and slice are those inside of it.
CgroupAttribution attribute_cgroup(std::string_view path);

// The contents of /proc/PID/cgroup. The v2 line counts; where it says less than the v1 lines beside it
// (hybrid hosts), those fill in what is missing.
CgroupAttribution attribute_proc_cgroup(std::string_view contents);

// Undoes the escapes in a unit's name: "foo\x2dbar" is "foo-bar". What is no escape stays as it is.
std::string unescape_unit(std::string_view name);

}  // namespace catena::sys
