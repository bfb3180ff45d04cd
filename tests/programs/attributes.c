/* Length, mode and owner, by path and by descriptor. */
#include "truth.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static int dir;

static void by_path(const char* op, const char* call, const char* name, const char* more, long ret) {
    MUST(ret);
    truth("'op':'%s','syscall':'%s','ret':0,'source':'$path_source','path':%s,'object':%s%s", op, call,
          quoted(here(name)), file_object(here(name)), fields(more));
}

static void by_fd(const char* op, const char* call, int fd, const char* more, long ret) {
    MUST(ret);
    truth("'op':'%s','syscall':'%s','fd':%d,'ret':0,'source':'kernel','object':%s%s", op, call, fd,
          fd_object(fd), fields(more));
}

int main(void) {
    MUST(mkdir("dir", 0755));
    dir = MUST(open("dir", O_RDONLY | O_DIRECTORY));
    exhaustive("'truncate','chmod','chown'");
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0600));
    MUST(openat(dir, "file", O_RDWR | O_CREAT, 0600));
    MUST(symlink("file", "link"));

    by_path("truncate", "truncate", "file", ",'length':5000000000",
            syscall(SYS_truncate, here("file"), 5000000000L));
    by_path("truncate", "truncate", "file", ",'length':100", syscall(SYS_truncate, "file", 100L));
    by_fd("truncate", "ftruncate", fd, ",'length':7", syscall(SYS_ftruncate, fd, 7L));

    by_path("chmod", "chmod", "file", ",'mode':'04755'", syscall(SYS_chmod, here("file"), 04755));
    by_path("chmod", "fchmodat", "dir/file", ",'mode':'0400'", syscall(SYS_fchmodat, dir, "file", 0400));
    if (syscall(SYS_fchmodat2, dir, "file", 0440, 0) == 0)
        by_path("chmod", "fchmodat2", "dir/file", ",'mode':'0440'", 0);
    by_fd("chmod", "fchmod", fd, ",'mode':'0000'", syscall(SYS_fchmod, fd, 0));

    by_path("chown", "chown", "file", ",'uid':4242,'gid':4343", syscall(SYS_chown, "file", 4242, 4343));
    by_path("chown", "fchownat", "dir/file", ",'uid':1,'gid':2", syscall(SYS_fchownat, dir, "file", 1, 2, 0));
    by_fd("chown", "fchown", fd, ",'uid':0", syscall(SYS_fchown, fd, 0, -1));
    MUST(syscall(SYS_lchown, "link", 5, 6));
    truth("'op':'chown','syscall':'lchown','ret':0,'path':%s,'uid':5,'gid':6", quoted(here("link")));
    MUST_FAIL(ENOENT, chmod("nothing", 0600));
    MUST_FAIL(EBADF, fchmod(99, 0600));
    return truth_end();
}
