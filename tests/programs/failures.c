/* Calls that fail: who was refused something is told, who asked for something that is not there is not. */
#include "truth.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/socket.h>

static void as_nobody(void) {
    MUST(syscall(SYS_setgid, 65534));
    MUST(syscall(SYS_setuid, 65534));
    MUST_FAIL(EACCES, syscall(SYS_mkdir, "locked/dir", 0755));
    truth("'op':'mkdir','syscall':'mkdir','ret':%d,'error':'EACCES','mode':'0755','path':%s", -EACCES,
          quoted(here("locked/dir")));
    MUST_FAIL(EACCES, syscall(SYS_unlink, "locked/file"));
    truth("'op':'unlink','syscall':'unlink','ret':%d,'error':'EACCES','path':%s", -EACCES,
          quoted(here("locked/file")));
    MUST_FAIL(EACCES, syscall(SYS_rename, "locked/file", "elsewhere"));
    truth("'op':'rename','syscall':'rename','ret':%d,'error':'EACCES','path':%s,'path2':%s", -EACCES,
          quoted(here("locked/file")), quoted(here("elsewhere")));
    MUST_FAIL(EPERM, syscall(SYS_chmod, "file", 0777));
    truth("'op':'chmod','syscall':'chmod','ret':%d,'error':'EPERM','mode':'0777','path':%s", -EPERM,
          quoted(here("file")));
    MUST_FAIL(EPERM, syscall(SYS_chown, "file", 65534, 65534));
    truth("'op':'chown','syscall':'chown','ret':%d,'error':'EPERM','uid':65534,'gid':65534,'path':%s", -EPERM,
          quoted(here("file")));
    MUST_FAIL(EACCES, syscall(SYS_truncate, "file", 0L));
    truth("'op':'truncate','syscall':'truncate','ret':%d,'error':'EACCES','length':0,'path':%s", -EACCES,
          quoted(here("file")));
    exhaustive("'mkdir','unlink','rename','chmod','chown','truncate'");
}

static void read_only(void) {
    MUST(mkdir("mounted", 0755));
    if (unshare(CLONE_NEWNS) < 0) return;
    MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
    if (mount("none", "mounted", "tmpfs", MS_RDONLY, NULL) < 0) return;
    MUST_FAIL(EROFS, syscall(SYS_mkdir, "mounted/dir", 0755));
    truth("'op':'mkdir','syscall':'mkdir','ret':%d,'error':'EROFS','path':%s", -EROFS,
          quoted(here("mounted/dir")));
    MUST_FAIL(EROFS, open("mounted/file", O_WRONLY | O_CREAT, 0600));
    truth("'op':'open','syscall':'openat','ret':%d,'error':'EROFS','path':%s", -EROFS,
          quoted(here("mounted/file")));
}

/* Nothing of this is an event. */
static void not_there(void) {
    char byte;

    MUST_FAIL(ENOENT, open("nothing/at/all", O_RDONLY));
    MUST_FAIL(ENOTDIR, open("file/below", O_RDONLY));
    MUST_FAIL(ENOENT, unlink("nothing"));
    MUST_FAIL(ENOENT, rmdir("nothing"));
    MUST_FAIL(EEXIST, mkdir("locked", 0755));
    MUST_FAIL(EBADF, read(99, &byte, 1));
    MUST_FAIL(EBADF, write(99, &byte, 1));
    MUST_FAIL(EBADF, close(99));
    MUST_FAIL(ENOTSOCK, listen(0, 1));
    MUST_FAIL(EAFNOSUPPORT, socket(77, SOCK_STREAM, 0));
}

int main(void) {
    MUST(mkdir("locked", 0700));
    close(MUST(open("locked/file", O_WRONLY | O_CREAT, 0600)));
    close(MUST(open("file", O_WRONLY | O_CREAT, 0600)));
    pid_t child = MUST(fork());
    if (child == 0) {
        as_nobody();
        _exit(0);
    }
    if (reap(child) != 0) return 99;
    child = MUST(fork());
    if (child == 0) {
        read_only();
        _exit(0);
    }
    if (reap(child) != 0) return 99;
    child = MUST(fork());
    if (child == 0) {
        exhaustive("'open','unlink','rmdir','mkdir','read','write','close','listen','socket'");
        not_there();
        _exit(0);
    }
    if (reap(child) != 0) return 99;
    return truth_end();
}
