#include "sys/attribution.h"

#include <gtest/gtest.h>

#include <ostream>
#include <random>
#include <string>
#include <vector>

namespace catena::sys {

void PrintTo(const CgroupAttribution& a, std::ostream* out) {
    *out << "runtime=" << a.runtime << " container=" << a.container << " pod=" << a.pod << " unit=" << a.unit
         << " user_unit=" << a.user_unit << " slice=" << a.slice << " session=" << a.session_scope;
}

namespace {

const std::string kA(64, 'a');
const std::string kB = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const std::string kPod = "6b1b9f7e-0d3c-4f0a-9a55-2f4d3c1e0b77";
const std::string kPodInSlice = "6b1b9f7e_0d3c_4f0a_9a55_2f4d3c1e0b77";
const std::string kUser = "/user.slice/user-1000.slice/user@1000.service";

struct Row {
    std::string path;
    CgroupAttribution want;
};

void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) EXPECT_EQ(attribute_cgroup(row.path), row.want) << row.path;
}

TEST(Attribution, UnitsSlicesAndSessions) {
    check({
        {"/", {}},
        {"", {}},
        {"/init.scope", {.unit = "init.scope"}},
        {"/nginx.service", {.unit = "nginx.service"}},
        {"/system.slice", {}},
        {"/system.slice/nginx.service", {.unit = "nginx.service", .slice = "system.slice"}},
        {"//system.slice//nginx.service/", {.unit = "nginx.service", .slice = "system.slice"}},
        {"/system.slice/system-getty.slice/getty@tty1.service",
         {.unit = "getty@tty1.service", .slice = "system-getty.slice"}},
        {"/system.slice/dev-disk-by\\x2dlabel-swap.swap",
         {.unit = "dev-disk-by\\x2dlabel-swap.swap", .slice = "system.slice"}},
        {"/system.slice/_memory.service", {.unit = "memory.service", .slice = "system.slice"}},
        {"/user.slice/user-1000.slice/session-3.scope",
         {.unit = "session-3.scope", .slice = "user-1000.slice", .session_scope = "session-3.scope"}},
        {kUser + "/app.slice/app-gnome-firefox\\x2desr-4711.scope",
         {.unit = "user@1000.service",
          .user_unit = "app-gnome-firefox\\x2desr-4711.scope",
          .slice = "user-1000.slice"}},
        {kUser + "/init.scope",
         {.unit = "user@1000.service", .user_unit = "init.scope", .slice = "user-1000.slice"}},
    });
}

TEST(Attribution, WhoWasGivenAServicesSubtreeCannotRenameTheService) {
    check({
        {"/system.slice/worker.service/sshd.service", {.unit = "worker.service", .slice = "system.slice"}},
        {"/system.slice/worker.service/jobs.slice/sshd.service",
         {.unit = "worker.service", .slice = "system.slice"}},
        {kUser + "/app.slice/mine.service/sshd.service",
         {.unit = "user@1000.service", .user_unit = "mine.service", .slice = "user-1000.slice"}},
    });
}

TEST(Attribution, Docker) {
    check({
        {"/docker/" + kA, {.runtime = "docker", .container = kA}},
        {"/system.slice/docker-" + kA + ".scope",
         {.runtime = "docker", .container = kA, .unit = "docker-" + kA + ".scope", .slice = "system.slice"}},
        {"/docker/" + kA + "/docker/" + kB, {.runtime = "docker", .container = kB}},
        {"/system.slice:docker:" + kA, {.runtime = "docker", .container = kA}},
        {kUser + "/user.slice/docker-" + kA + ".scope",
         {.runtime = "docker",
          .container = kA,
          .unit = "user@1000.service",
          .user_unit = "docker-" + kA + ".scope",
          .slice = "user-1000.slice"}},
        // systemd in the container
        {"/docker/" + kA + "/system.slice/cron.service",
         {.runtime = "docker", .container = kA, .unit = "cron.service", .slice = "system.slice"}},
        {"/system.slice/docker-" + kA + ".scope/init.scope",
         {.runtime = "docker", .container = kA, .unit = "init.scope"}},
    });
}

TEST(Attribution, Podman) {
    check({
        {"/machine.slice/libpod-" + kA + ".scope/container",
         {.runtime = "podman", .container = kA, .unit = "libpod-" + kA + ".scope", .slice = "machine.slice"}},
        {kUser + "/user.slice/libpod-" + kA + ".scope",
         {.runtime = "podman",
          .container = kA,
          .unit = "user@1000.service",
          .user_unit = "libpod-" + kA + ".scope",
          .slice = "user-1000.slice"}},
        {"/libpod_parent/libpod-" + kA, {.runtime = "podman", .container = kA}},
        {"/system.slice/web.service/libpod-payload-" + kA,
         {.runtime = "podman", .container = kA, .unit = "web.service", .slice = "system.slice"}},
        {"/system.slice/web.service/runtime", {.unit = "web.service", .slice = "system.slice"}},
        {"/machine.slice/libpod-conmon-" + kA + ".scope",
         {.unit = "libpod-conmon-" + kA + ".scope", .slice = "machine.slice"}},
        {"/libpod_parent/libpod-conmon-" + kA, {}},
        {"/machine.slice/machine-libpod_pod_" + kB + ".slice/libpod-" + kA + ".scope",
         {.runtime = "podman",
          .container = kA,
          .pod = kB,
          .unit = "libpod-" + kA + ".scope",
          .slice = "machine-libpod_pod_" + kB + ".slice"}},
        {kUser + "/app.slice/podman-4711.scope",
         {.unit = "user@1000.service", .user_unit = "podman-4711.scope", .slice = "user-1000.slice"}},
    });
}

TEST(Attribution, Kubernetes) {
    const std::string slice = "kubepods-burstable-pod" + kPodInSlice + ".slice";
    check({
        {"/kubepods.slice/kubepods-burstable.slice/" + slice + "/cri-containerd-" + kA + ".scope",
         {.runtime = "containerd",
          .container = kA,
          .pod = kPod,
          .unit = "cri-containerd-" + kA + ".scope",
          .slice = slice}},
        {"/kubepods.slice/kubepods-burstable.slice/" + slice + "/crio-" + kA + ".scope/container",
         {.runtime = "crio", .container = kA, .pod = kPod, .unit = "crio-" + kA + ".scope", .slice = slice}},
        {"/kubepods.slice/kubepods-burstable.slice/" + slice, {.pod = kPod}},
        {"/kubepods/burstable/pod" + kPod + "/" + kA, {.runtime = "cri", .container = kA, .pod = kPod}},
        {"/kubepods/besteffort/pod" + std::string(32, 'f') + "/crio-" + kA,
         {.runtime = "crio", .container = kA, .pod = std::string(32, 'f')}},
        {"/kubepods/burstable/pod" + kPod + "/crio-conmon-" + kA, {.pod = kPod}},
        {"/system.slice/containerd.service/" + slice + ":cri-containerd:" + kA,
         {.runtime = "containerd",
          .container = kA,
          .pod = kPod,
          .unit = "containerd.service",
          .slice = "system.slice"}},
        // a cluster in a container
        {"/system.slice/docker-" + kA + ".scope/kubelet.slice/kubelet-kubepods.slice/kubelet-" + slice +
             "/cri-containerd-" + kB + ".scope",
         {.runtime = "containerd",
          .container = kB,
          .pod = kPod,
          .unit = "cri-containerd-" + kB + ".scope",
          .slice = "kubelet-" + slice}},
        // a container in a pod
        {"/kubepods/pod" + kPod + "/" + kA + "/docker/" + kB,
         {.runtime = "docker", .container = kB, .pod = kPod}},
    });
}

TEST(Attribution, LxcLxdAndIncus) {
    check({
        {"/lxc.payload.web", {.runtime = "lxc", .container = "web"}},
        {"/lxc.payload/web", {.runtime = "lxc", .container = "web"}},
        {"/lxc.payload.project_web/system.slice/nginx.service",
         {.runtime = "lxc", .container = "project_web", .unit = "nginx.service", .slice = "system.slice"}},
        {"/lxc/101/ns/system.slice/cron.service",
         {.runtime = "lxc", .container = "101", .unit = "cron.service", .slice = "system.slice"}},
        {"/lxc.monitor.web", {}},
        {"/lxc.monitor/web", {}},
        {"/lxc.payload.", {}},
        {"/lxc", {}},
        {"/lxc.payload.outer/docker/" + kA, {.runtime = "docker", .container = kA}},
    });
}

TEST(Attribution, Machines) {
    check({
        {"/machine.slice/machine-my\\x2dbox.scope/payload/system.slice/cron.service",
         {.runtime = "machined", .container = "my-box", .unit = "cron.service", .slice = "system.slice"}},
        {"/machine.slice/machine-box.scope",
         {.runtime = "machined", .container = "box", .unit = "machine-box.scope", .slice = "machine.slice"}},
        {"/machine.slice/systemd-nspawn@box.service/payload",
         {.runtime = "systemd-nspawn",
          .container = "box",
          .unit = "systemd-nspawn@box.service",
          .slice = "machine.slice"}},
        {"/machine.slice/systemd-nspawn@box.service/supervisor",
         {.unit = "systemd-nspawn@box.service", .slice = "machine.slice"}},
        {"/system.slice/machine-box.scope", {.unit = "machine-box.scope", .slice = "system.slice"}},
    });
}

TEST(Attribution, InventsNothing) {
    check({
        {"/garden/f3b6f0a2-6f0a-4a43-5f55-0a6e", {}},
        {"/" + kA, {}},
        {"/custom-parent/" + kA, {}},
        {"/pod" + kPod + "/" + kA, {}},
        {"/docker/buildkit/abcdefghij", {}},
        {"/docker/short", {}},
        {"/docker/" + std::string(64, 'A'), {}},
        {"/docker/" + kA + "0", {}},
        {"/docker", {}},
        {"/libpod-.scope", {.unit = "libpod-.scope"}},
        {"/docker-compose.scope", {.unit = "docker-compose.scope"}},
        {"/kubepods-podxyz.slice/x", {}},
        {"/.service", {}},
        {"/_.service", {}},
        {"/.slice/a.service", {}},
        {"/a:b:" + kA, {}},
        {":" + kA, {}},
        {"::" + kA, {}},
        {"/jobs/nginx.service", {}},
        {"/sys\nlog.service", {}},
        {"/\xff.service", {}},
    });
}

TEST(Attribution, HostileInputIsSafe) {
    EXPECT_EQ(attribute_cgroup("/" + std::string(1 << 20, 'x') + ".service"), CgroupAttribution{});
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "/a.slice";
    EXPECT_EQ(attribute_cgroup(deep + "/b.service").unit, "b.service");
    const std::string zero("/docker-\0.scope", 15);
    EXPECT_EQ(attribute_cgroup(zero), CgroupAttribution{});
    // Pieces that mean something, put together at random.
    const std::vector<std::string> pieces = {"/",       "docker", "-",        ":",     ".scope",   ".slice",
                                             "libpod-", kA,       "lxc",      "user@", ".service", "_",
                                             "\\x2d",   "pod",    "kubepods", kPod,    "machine-", "\xff"};
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        std::string path;
        for (std::size_t n = random() % 12; n > 0; --n) path += pieces[random() % pieces.size()];
        const CgroupAttribution found = attribute_cgroup(path);
        EXPECT_EQ(found.runtime.empty(), found.container.empty()) << path;
        EXPECT_LE(found.container.size() + found.pod.size(), path.size()) << path;
    }
}

TEST(Attribution, HybridHostsSayInV1WhatV2DoesNot) {
    EXPECT_EQ(attribute_proc_cgroup("0::/system.slice/docker-" + kA + ".scope\n").container, kA);
    EXPECT_EQ(attribute_proc_cgroup("4:memory:/docker/" + kA +
                                    "\n1:name=systemd:/system.slice/docker.service\n0::/\n"),
              (CgroupAttribution{
                  .runtime = "docker", .container = kA, .unit = "docker.service", .slice = "system.slice"}));
    EXPECT_EQ(attribute_proc_cgroup("4:memory:/docker/" + kA + "\n0::/lxc.payload.web").container, "web");
    EXPECT_EQ(attribute_proc_cgroup("4:memory:/system.slice:docker:" + kA).container, kA);
    for (const char* odd : {"", "\n\n", "0", "0:", "0::", ":::::", "::\n::"})
        EXPECT_EQ(attribute_proc_cgroup(odd), CgroupAttribution{}) << odd;
}

TEST(Attribution, UnescapesUnitNames) {
    EXPECT_EQ(unescape_unit("foo\\x2dbar"), "foo-bar");
    EXPECT_EQ(unescape_unit("\\x2f\\x5cx2d"), "/\\x2d");
    for (const char* plain : {"", "\\", "\\x", "\\x2", "\\xzz", "\\X2d", "a-b"})
        EXPECT_EQ(unescape_unit(plain), plain);
}

}  // namespace
}  // namespace catena::sys
