// A path is read from the root to the leaf. Three readers see each name: the one for units (systemd's own
// rule: slices, then a unit; below a unit its manager has nothing more to say), the one for pods, and the one
// for containers. Where a container begins, another system begins, and the reader for units starts anew; the
// innermost container wins.
//
// Sources: cg_path_get_unit and cg_unescape of systemd's documentation of the cgroup tree
// (systemd.io/CGROUP_DELEGATION, org.freedesktop.systemd1), the OCI runtime's cgroupsPath,
// lxc.container.conf(5), systemd-nspawn(1), podman-run(1).
#include "sys/attribution.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace catena::sys {
namespace {

constexpr std::size_t kIdLength = 64;
constexpr std::size_t kUnitLength = 255;

bool is_lower_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// The id that Docker, Podman, containerd's CRI and CRI-O give a container.
bool is_id(std::string_view text) {
    return text.size() == kIdLength && std::ranges::all_of(text, is_lower_hex);
}

// Whether systemd could have given this name to a unit whose type has this suffix.
bool has_unit_form(std::string_view name, std::string_view suffix) {
    const auto is_allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               std::string_view(":-_.\\@").contains(c);
    };
    return name.size() > suffix.size() && name.size() <= kUnitLength && name.ends_with(suffix) &&
           std::ranges::all_of(name, is_allowed);
}

bool is_unit_name(std::string_view name) {
    constexpr std::array<std::string_view, 5> kSuffixes = {".service", ".scope", ".socket", ".mount",
                                                           ".swap"};
    return std::ranges::any_of(kSuffixes,
                               [&](std::string_view suffix) { return has_unit_form(name, suffix); });
}

bool is_slice_name(std::string_view name) { return has_unit_form(name, ".slice"); }

// What is between a prefix and a suffix; nothing where the name has not both.
std::optional<std::string_view> between(std::string_view name, std::string_view prefix,
                                        std::string_view suffix) {
    if (name.size() <= prefix.size() + suffix.size() || !name.starts_with(prefix) ||
        !name.ends_with(suffix)) {
        return std::nullopt;
    }
    return name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
}

struct Container {
    std::string_view runtime;
    std::string name;
};

// How a runtime writes a container's id into one name: prefix, id, suffix.
struct IdForm {
    std::string_view prefix;
    std::string_view suffix;
    std::string_view runtime;
};
constexpr std::array<IdForm, 9> kIdForms = {{{"docker-", ".scope", "docker"},
                                             {"libpod-", ".scope", "podman"},
                                             {"libpod-payload-", "", "podman"},
                                             {"libpod-", "", "podman"},
                                             {"cri-containerd-", ".scope", "containerd"},
                                             {"nerdctl-", ".scope", "containerd"},
                                             {"cri-containerd-", "", "containerd"},
                                             {"crio-", ".scope", "crio"},
                                             {"crio-", "", "crio"}}};

// "kubepods-pod….slice:cri-containerd:<id>": what runc makes of a systemd path when it manages groups itself.
struct ColonForm {
    std::string_view prefix;
    std::string_view runtime;
};
constexpr std::array<ColonForm, 4> kColonForms = {
    {{"docker", "docker"}, {"libpod", "podman"}, {"cri-containerd", "containerd"}, {"crio", "crio"}}};

// Where a name stands in its path.
struct Place {
    std::string_view parent;
    std::string_view next;
    bool in_machine_slice = false;
    bool in_pod = false;  // its parent is a Kubernetes pod
};

std::optional<Container> container_with_id(std::string_view name, const Place& place) {
    for (const IdForm& form : kIdForms) {
        if (const auto id = between(name, form.prefix, form.suffix); id && is_id(*id))
            return Container{form.runtime, std::string(*id)};
    }
    if (is_id(name)) {
        if (place.parent == "docker") return Container{"docker", std::string(name)};
        if (place.in_pod) return Container{"cri", std::string(name)};
        return std::nullopt;
    }
    const std::size_t last = name.rfind(':');
    if (last == std::string_view::npos || last == 0 || !is_id(name.substr(last + 1))) return std::nullopt;
    const std::size_t first = name.rfind(':', last - 1);
    if (first == std::string_view::npos || !is_slice_name(name.substr(0, first))) return std::nullopt;
    for (const ColonForm& form : kColonForms) {
        if (name.substr(first + 1, last - first - 1) == form.prefix)
            return Container{form.runtime, std::string(name.substr(last + 1))};
    }
    return std::nullopt;
}

std::optional<Container> container_with_name(std::string_view name, const Place& place) {
    if (const auto lxc = between(name, "lxc.payload.", "")) return Container{"lxc", std::string(*lxc)};
    // Before that form: lxc/NAME, and lxc.payload/NAME for a while.
    if (place.parent == "lxc" || place.parent == "lxc.payload") return Container{"lxc", std::string(name)};
    // The half of a machine's group where systemd-nspawn itself runs is not the container.
    if (place.next == "supervisor") return std::nullopt;
    if (const auto nspawn = between(name, "systemd-nspawn@", ".service"))
        return Container{"systemd-nspawn", unescape_unit(*nspawn)};
    if (const auto machine = between(name, "machine-", ".scope"); machine && place.in_machine_slice)
        return Container{"machined", unescape_unit(*machine)};
    return std::nullopt;
}

// A pod's uid: hexadecimal digits with dashes, or without where the kubelet made the pod from a file.
std::optional<std::string> pod_uid(std::string_view text) {
    constexpr std::size_t kWithDashes = 36;
    constexpr std::size_t kWithout = 32;
    if (text.size() != kWithDashes && text.size() != kWithout) return std::nullopt;
    std::string uid(text);
    std::ranges::replace(uid, '_', '-');  // in a slice's name a dash would mean a slice above
    if (!std::ranges::all_of(uid, [](char c) { return is_lower_hex(c) || c == '-'; })) return std::nullopt;
    return uid;
}

// The pod whose group has this name. `in_kubepods`: some name above it is one of the kubelet's.
std::optional<std::string> kubernetes_pod(std::string_view name, bool in_kubepods) {
    if (const auto uid = between(name, "pod", ""); uid && in_kubepods) return pod_uid(*uid);
    name = name.substr(0, name.find(':'));
    if (name.find("kubepods") == std::string_view::npos) return std::nullopt;
    const std::size_t at = name.rfind("-pod");
    if (at == std::string_view::npos) return std::nullopt;
    const auto uid = between(name.substr(at), "-pod", ".slice");
    return uid ? pod_uid(*uid) : std::nullopt;
}

std::optional<std::string> podman_pod(std::string_view name) {
    const std::size_t at = name.rfind("libpod_pod_");
    if (at == std::string_view::npos) return std::nullopt;
    const auto id = between(name.substr(at), "libpod_pod_", ".slice");
    return id && is_id(*id) ? std::optional<std::string>(*id) : std::nullopt;
}

// Reads the names of a path as systemd does.
class UnitReader {
  public:
    void read(std::string_view name, CgroupAttribution& out) {
        if (state_ == State::Done) return;
        // systemd puts a "_" before a name that the kernel could misunderstand.
        if (name.starts_with('_')) name.remove_prefix(1);
        if (is_slice_name(name)) {
            if (state_ != State::User) slice_ = name;
            if (state_ == State::Inside) state_ = State::Start;
        } else if (is_unit_name(name)) {
            take_unit(name, out);
        } else if (state_ != State::Inside) {
            state_ = State::Done;
        }
    }
    // A container begins: its system may begin in a group below ("payload", "container").
    void enter_container() {
        state_ = State::Inside;
        slice_ = {};
    }

  private:
    enum class State : std::uint8_t { Start, Inside, User, Done };

    void take_unit(std::string_view name, CgroupAttribution& out) {
        if (state_ == State::User) {
            out.user_unit = name;
            state_ = State::Done;
            return;
        }
        out.unit = name;
        out.slice = slice_;
        out.user_unit.clear();
        out.session_scope = between(name, "session-", ".scope") ? std::string(name) : std::string();
        state_ = between(name, "user@", ".service") ? State::User : State::Done;
    }

    State state_ = State::Start;
    std::string_view slice_;
};

void fill_container(CgroupAttribution& to, const CgroupAttribution& from) {
    if (!to.container.empty() || from.container.empty()) return;
    to.runtime = from.runtime;
    to.container = from.container;
    if (to.pod.empty()) to.pod = from.pod;
}

void fill_unit(CgroupAttribution& to, const CgroupAttribution& from) {
    if (!to.unit.empty()) return;
    to.unit = from.unit;
    to.user_unit = from.user_unit;
    to.slice = from.slice;
    to.session_scope = from.session_scope;
}

// Takes the first name off a path; empty at its end.
std::string_view next_name(std::string_view& path) {
    path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
    const std::string_view name = path.substr(0, path.find('/'));
    path.remove_prefix(name.size());
    return name;
}

}  // namespace

std::string unescape_unit(std::string_view name) {
    const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    std::string text;
    text.reserve(name.size());
    for (std::size_t i = 0; i < name.size(); ++i) {
        if (name.size() - i >= 4 && name[i] == '\\' && name[i + 1] == 'x' && is_lower_hex(name[i + 2]) &&
            is_lower_hex(name[i + 3])) {
            text += static_cast<char>(digit(name[i + 2]) << 4 | digit(name[i + 3]));
            i += 3;
        } else {
            text += name[i];
        }
    }
    return text;
}

CgroupAttribution attribute_cgroup(std::string_view path) {
    CgroupAttribution out;
    UnitReader units;
    Place place;
    bool in_kubepods = false;
    for (std::string_view name = next_name(path); !name.empty();) {
        place.next = next_name(path);
        units.read(name, out);
        const auto pod = kubernetes_pod(name, in_kubepods);
        if (pod) out.pod = *pod;
        if (const auto podman = podman_pod(name)) out.pod = *podman;
        auto container = container_with_id(name, place);
        if (!container) container = container_with_name(name, place);
        if (container) {
            out.runtime = container->runtime;
            out.container = std::move(container->name);
            units.enter_container();
        }
        place.in_pod = pod.has_value() && !container;
        place.parent = name;
        place.in_machine_slice |= is_slice_name(name) && name.starts_with("machine");
        in_kubepods |= name.find("kubepods") != std::string_view::npos;
        name = place.next;
    }
    return out;
}

CgroupAttribution attribute_proc_cgroup(std::string_view contents) {
    CgroupAttribution v2;
    CgroupAttribution v1;
    while (!contents.empty()) {
        const std::string_view line = contents.substr(0, contents.find('\n'));
        contents.remove_prefix(std::min(line.size() + 1, contents.size()));
        // "number:controllers:path"; a path may have colons.
        const std::size_t first = line.find(':');
        const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const CgroupAttribution found = attribute_cgroup(line.substr(second + 1));
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        if (line.starts_with("0::")) {
            v2 = found;
        } else {
            fill_container(v1, found);
            if (controllers == "name=systemd") fill_unit(v1, found);
        }
    }
    fill_container(v2, v1);
    fill_unit(v2, v1);
    return v2;
}

}  // namespace catena::sys
