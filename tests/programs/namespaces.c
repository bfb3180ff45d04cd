/* Processes that see the system otherwise: other mounts, another root. Paths are the host's, however deep the
 * process sits, as far as its file system is one of the host's. */
#include "truth.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

static void told(const char* op, const char* call, const char* more) {
    truth("'op':'%s','syscall':'%s','ret':0%s", op, call, fields(more));
}

static void made(const char* path) { MUST(mkdir(path, 0755)); }

static void changed(const char* text, const char* name) {
    int file = MUST(open(name, O_CREAT | O_WRONLY, 0644));
    struct stat status;

    MUST(fstat(file, &status));
    truth("'op':'create','fd':%d,'object':{'type':'file','path':%s,'inode':%lu}", file, quoted(text),
          (unsigned long)status.st_ino);
    MUST(write(file, "x", 1));
    close(file);
}

static const char* directory(const char* path) {
    return json(",'object':{'type':'file','path':%s}", quoted(path));
}

static void mounts(void) {
    const char *source = here("source"), *target = here("target");

    made(source);
    made(target);
    MUST(unshare(CLONE_NEWNS | CLONE_NEWUTS));
    told("unshare", "unshare", ",'flags':'CLONE_NEWNS|CLONE_NEWUTS'");
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    MUST(mount(source, target, NULL, MS_BIND, NULL));
    told("mount", "mount", json(",'flags':'0x1000','path':%s,'path2':%s", quoted(target), quoted(source)));
    /* The name by which it was opened. */
    changed(here("target/bound"), "target/bound");
    MUST(umount2(target, MNT_DETACH));
    told("umount", "umount2", json(",'flags':'0x2','path':%s", quoted(target)));
}

static void another_root(void) {
    const char* root = here("jail");

    made(root);
    made(here("jail/tmp"));
    MUST(chroot(root));
    told("chroot", "chroot", directory(root));
    MUST(chdir("/"));
    /* Inside it is /tmp/inside. */
    changed(here("jail/tmp/inside"), "/tmp/inside");
    MUST(rename("/tmp/inside", "/tmp/renamed"));
    told("rename", "rename",
         json(",'path':%s,'path2':%s", quoted(here("jail/tmp/inside")), quoted(here("jail/tmp/renamed"))));
    _exit(0);
}

/* As containers are made: the root is a bind mount, and the old one is gone. */
static void pivoted(void) {
    const char* root = here("container");
    struct stat status;

    made(root);
    made(here("container/old"));
    MUST(unshare(CLONE_NEWNS));
    told("unshare", "unshare", ",'flags':'CLONE_NEWNS'");
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    MUST(mount(root, root, NULL, MS_BIND, NULL));
    MUST(chdir(root));
    MUST(stat(".", &status));
    MUST(syscall(SYS_pivot_root, ".", "old"));
    told("pivot_root", "pivot_root",
         json(",'object':{'type':'file','inode':%lu}", (unsigned long)status.st_ino));
    MUST(chdir("/"));
    MUST(umount2("/old", MNT_DETACH));
    int file = MUST(open("/within", O_CREAT | O_WRONLY, 0644));
    MUST(fstat(file, &status));
    /* Its file system's own path: where that is mounted on the host, nobody within can see. */
    truth("'op':'create','fd':%d,'object':{'type':'file','path':'$within','inode':%lu}", file,
          (unsigned long)status.st_ino);
    _exit(0);
}

static void joined(void) {
    pid_t child = MUST(fork());

    if (child == 0) {
        int mine = MUST(open("/proc/self/ns/uts", O_RDONLY));
        MUST(setns(mine, CLONE_NEWUTS));
        told("setns", "setns", json(",'fd':%d,'flags':'CLONE_NEWUTS'", mine));
        int pidfd = MUST(syscall(SYS_pidfd_open, getppid(), 0));
        MUST(setns(pidfd, CLONE_NEWUTS));
        told("setns", "setns", json(",'fd':%d,'object':%s", pidfd, process_object(getppid())));
        _exit(0);
    }
    reap(child);
}

/* The pid that the /proc of the host gives the caller. */
static pid_t host_pid(void) {
    char text[32] = "";

    MUST(readlink("/proc/self", text, sizeof(text) - 1));
    return atoi(text);
}

/* A container's processes name each other by numbers of their own. */
static void signalled_within(void) {
    int fds[2];
    pid_t first, second;

    MUST(pipe(fds));
    MUST(unshare(CLONE_NEWPID));
    told("unshare", "unshare", ",'flags':'CLONE_NEWPID'");
    first = MUST(fork());
    if (first == 0) {
        pid_t child = MUST(fork());

        if (child == 0) {
            second = host_pid();
            MUST(write(fds[1], &second, sizeof(second)));
            for (;;) pause();
        }
        while (MUST(read(fds[0], &second, sizeof(second))) != sizeof(second)) {
        }
        MUST(kill(child, SIGKILL));
        MUST(waitpid(child, NULL, 0));
        MUST(write(fds[1], &second, sizeof(second)));
        _exit(0);
    }
    MUST(waitpid(first, NULL, 0));
    MUST(read(fds[0], &second, sizeof(second)));
    truth_of(first, "'op':'kill','syscall':'kill','signal':'SIGKILL','ret':0,'object':%s", process_object(second));
    _exit(0);
}

static void in_child(void (*what)(void)) {
    pid_t child = MUST(fork());

    if (child == 0) {
        what();
        _exit(0);
    }
    if (reap(child) != 0) truth_die(__FILE__, __LINE__, "a child failed");
}

int main(void) {
    int probe = MUST(fork());

    if (probe == 0) _exit(unshare(CLONE_NEWNS) == 0 ? 0 : 1);
    if (reap(probe) != 0) truth_skip("mount namespaces cannot be made here");
    in_child(mounts);
    in_child(another_root);
    in_child(pivoted);
    in_child(signalled_within);
    joined();
    return truth_end();
}
