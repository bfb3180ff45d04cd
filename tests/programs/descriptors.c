/* Descriptors that end or get a second number. */
#include "truth.h"

#include <sys/socket.h>

static int duplicated(const char* call, int old_fd, int fd) {
    MUST(fd);
    truth("'op':'dup','syscall':'%s','fd':%d,'ret':%d,'old_fd':%d,'object':%s", call, fd, fd, old_fd,
          fd_object(fd));
    return fd;
}

static void closed(int fd) {
    const char* object = fd_object(fd);

    MUST(syscall(SYS_close, fd));
    truth("'op':'close','syscall':'close','fd':%d,'ret':0,'object':%s", fd, object);
}

int main(void) {
    int file = MUST(open("file", O_RDWR | O_CREAT, 0600)), pipes[2], ends[2];

    MUST(pipe(pipes));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    exhaustive("'dup','close'");
    int second = duplicated("dup", file, syscall(SYS_dup, file));
    duplicated("dup2", pipes[0], syscall(SYS_dup2, pipes[0], 100));
    duplicated("dup3", ends[1], syscall(SYS_dup3, ends[1], 101, O_CLOEXEC));
    duplicated("fcntl", file, syscall(SYS_fcntl, file, F_DUPFD, 110));
    duplicated("fcntl", file, syscall(SYS_fcntl, file, F_DUPFD_CLOEXEC, 120));
    MUST(fcntl(file, F_GETFL));
    MUST_FAIL(EBADF, dup(99));

    closed(second);
    closed(pipes[1]);
    closed(ends[0]);
    closed(file);
    MUST_FAIL(EBADF, close(99));
    if (syscall(SYS_close_range, 100, 120, 0) == 0) truth("'op':'close','syscall':'close_range','ret':0");
    return truth_end();
}
