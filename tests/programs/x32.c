/* System calls of x32: 64-bit registers, 32-bit pointers in memory, a bit in the number. Made by a 64-bit
 * program whose memory is below 4 GiB. */
#include "truth.h"

#include <sys/socket.h>

#define X32 0x40000000L
#define P(pointer) ((unsigned long)(pointer))

static char buffer[256];

static void moved(const char* op, const char* call, int fd, long bytes) {
    MUST(bytes);
    truth("'op':'%s','abi':'x32','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'object':%s", op, call, fd,
          bytes, bytes, fd_object(fd));
}

int main(void) {
    static struct {
        unsigned base, len;
    } part;
    static struct {
        unsigned name;
        int namelen;
        unsigned iov, iovlen, control, controllen, flags;
    } message;
    int ends[2];

    if (syscall(X32 | SYS_getpid) < 0)
        truth_skip("the kernel has no x32 system calls (boot parameter syscall.x32=y)");
    exhaustive("'open','create','read','write','send','recv','rename'");
    int fd = MUST(syscall(X32 | SYS_openat, AT_FDCWD, "f1", O_RDWR | O_CREAT, 0640));
    truth("'op':'create','abi':'x32','syscall':'openat','fd':%d,'object':%s", fd, fd_object(fd));
    moved("write", "write", fd, syscall(X32 | SYS_write, fd, buffer, 11));
    part.base = (unsigned)P(buffer);
    part.len = 12;
    moved("write", "writev", fd, syscall(X32 | 516, fd, &part, 1));
    MUST(lseek(fd, 0, SEEK_SET));
    moved("read", "readv", fd, syscall(X32 | 515, fd, &part, 1));
    moved("read", "read", fd, syscall(X32 | SYS_read, fd, buffer, 5));
    MUST(syscall(X32 | SYS_rename, "f1", "f2"));
    truth("'op':'rename','abi':'x32','syscall':'rename','path':%s,'path2':%s", quoted(here("f1")),
          quoted(here("f2")));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    message.iov = (unsigned)P(&part);
    message.iovlen = 1;
    moved("send", "sendto", ends[0], syscall(X32 | SYS_sendto, ends[0], buffer, 13, 0, NULL, 0));
    moved("recv", "recvfrom", ends[1], syscall(X32 | 517, ends[1], buffer, 13, 0, NULL, NULL));
    moved("send", "sendmsg", ends[0], syscall(X32 | 518, ends[0], &message, 0));
    moved("recv", "recvmsg", ends[1], syscall(X32 | 519, ends[1], &message, 0));
    const char* object = fd_object(fd);
    MUST(syscall(X32 | SYS_close, fd));
    truth("'op':'close','abi':'x32','syscall':'close','fd':%d,'object':%s", fd, object);
    return truth_end();
}
