/* Descriptors of files: every way to open, what was made or emptied by it, and refusals. */
#include "truth.h"

#include <linux/openat2.h>

static int opened(const char* op, const char* call, int fd, const char* more) {
    truth("'op':'%s','syscall':'%s','fd':%d,'ret':%d,'source':'kernel','object':%s%s", op, call, fd, fd,
          fd_object(fd), fields(more));
    return fd;
}

static void made(void) {
    int dir = MUST(open(here("dir"), O_RDONLY | O_DIRECTORY));
    struct open_how how = {.flags = O_RDWR | O_CREAT | O_EXCL, .mode = 0600};

    opened("open", "openat", dir, ",'flags':'O_RDONLY|O_DIRECTORY'");
    close(opened("create", "open", MUST(syscall(SYS_open, here("a"), O_WRONLY | O_CREAT, 0640)),
                 ",'flags':'O_WRONLY|O_CREAT','mode':'0640'"));
    close(opened("create", "openat",
                 MUST(syscall(SYS_openat, AT_FDCWD, "b", O_RDWR | O_CREAT | O_CLOEXEC, 0644)),
                 ",'flags':'O_RDWR|O_CREAT|O_CLOEXEC','mode':'0644'"));
    close(opened("create", "openat", MUST(syscall(SYS_openat, dir, "c", O_RDWR | O_CREAT | O_EXCL, 0600)),
                 ",'flags':'O_RDWR|O_CREAT|O_EXCL','mode':'0600'"));
    close(opened("create", "creat", MUST(syscall(SYS_creat, "d", 0755)),
                 ",'flags':'O_WRONLY|O_CREAT|O_TRUNC','mode':'0755'"));
    int fd = syscall(SYS_openat2, dir, "e", &how, sizeof(how));
    if (fd >= 0) close(opened("create", "openat2", fd, ",'flags':'O_RDWR|O_CREAT|O_EXCL','mode':'0600'"));
    close(dir);
}

static void found(void) {
    MUST(symlink("a", "link"));
    close(opened("open", "open", MUST(syscall(SYS_open, "./a", O_RDONLY)), ",'flags':'O_RDONLY'"));
    close(opened("open", "openat", MUST(syscall(SYS_openat, AT_FDCWD, "dir/../link", O_RDONLY | O_CLOEXEC)),
                 ",'flags':'O_RDONLY|O_CLOEXEC'"));
    close(opened("open", "openat", MUST(syscall(SYS_openat, AT_FDCWD, "b", O_RDWR | O_CREAT, 0600)),
                 ",'flags':'O_RDWR|O_CREAT','mode':'0600'"));
    close(opened("open", "openat", MUST(syscall(SYS_openat, AT_FDCWD, "link", O_PATH | O_NOFOLLOW)),
                 ",'flags':'O_RDONLY|O_NOFOLLOW|O_PATH'"));
    close(opened("open", "openat", MUST(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY | O_APPEND)),
                 ",'flags':'O_WRONLY|O_APPEND'"));
}

/* An open that empties a file that was there is told as what it does. */
static void emptied(void) {
    close(opened("truncate", "openat", MUST(syscall(SYS_openat, AT_FDCWD, "a", O_WRONLY | O_TRUNC)),
                 ",'length':0"));
    close(opened("truncate", "creat", MUST(syscall(SYS_creat, "b", 0600)), ",'length':0"));
}

static void refused(void) {
    MUST_FAIL(ENOENT, open("nothing", O_RDONLY));
    MUST_FAIL(EEXIST, open("a", O_RDWR | O_CREAT | O_EXCL, 0600));
    MUST(chmod("c.secret", 0600));
    pid_t child = MUST(fork());
    if (child == 0) {
        MUST(setuid(65534));
        MUST_FAIL(EACCES, open("c.secret", O_RDONLY));
        truth("'op':'open','syscall':'openat','ret':%d,'error':'EACCES','path':%s,'source':'user'", -EACCES,
              quoted(here("c.secret")));
        MUST_FAIL(EACCES, syscall(SYS_open, here("c.secret"), O_RDWR));
        truth("'op':'open','syscall':'open','ret':%d,'error':'EACCES','path':%s", -EACCES,
              quoted(here("c.secret")));
        exhaustive("'open','create','truncate'");
        _exit(0);
    }
    reap(child);
}

int main(void) {
    umask(0);
    exhaustive("'open','create','truncate'");
    MUST(mkdir("dir", 0755));
    close(opened("create", "openat", MUST(open("c.secret", O_WRONLY | O_CREAT, 0600)), ""));
    made();
    found();
    emptied();
    refused();
    return truth_end();
}
