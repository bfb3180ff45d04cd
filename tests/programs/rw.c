/* Bytes from and to files, by every call that reads or writes through a descriptor. */
#include "truth.h"

#include <sys/uio.h>

static char buffer[256];
static struct iovec parts[2] = {{buffer, 10}, {buffer + 10, 20}};

static void moved(const char* op, const char* call, int fd, long bytes) {
    MUST(bytes);
    truth("'op':'%s','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'count':1,'object':%s", op, call, fd, bytes,
          bytes, fd_object(fd));
}

static void writes(int fd) {
    moved("write", "write", fd, syscall(SYS_write, fd, buffer, 100));
    moved("write", "writev", fd, syscall(SYS_writev, fd, parts, 2));
    moved("write", "pwrite64", fd, syscall(SYS_pwrite64, fd, buffer, 13, 5L));
    moved("write", "pwritev", fd, syscall(SYS_pwritev, fd, parts, 2, 3L, 0L));
    moved("write", "pwritev2", fd, syscall(SYS_pwritev2, fd, parts, 1, -1L, -1L, 0));
}

static void reads(int fd) {
    moved("read", "read", fd, syscall(SYS_read, fd, buffer, 17));
    moved("read", "readv", fd, syscall(SYS_readv, fd, parts, 2));
    moved("read", "pread64", fd, syscall(SYS_pread64, fd, buffer, 12, 0L));
    moved("read", "preadv", fd, syscall(SYS_preadv, fd, parts, 2, 1L, 0L));
    moved("read", "preadv2", fd, syscall(SYS_preadv2, fd, parts, 1, 0L, 0L, 0));
}

/* Nothing moves: filtered. */
static void empty(int fd) {
    MUST(lseek(fd, 0, SEEK_END));
    MUST(read(fd, buffer, 10));
    MUST(read(fd, buffer, 0));
    MUST_FAIL(EBADF, read(77, buffer, 10));
    MUST_FAIL(EFAULT, syscall(SYS_write, fd, 1L, 10));
}

static void devices(void) {
    int zero = MUST(open("/dev/zero", O_RDONLY)), null = MUST(open("/dev/null", O_WRONLY));

    moved("read", "read", zero, read(zero, buffer, sizeof(buffer)));
    moved("write", "write", null, write(null, buffer, 99));
}

int main(void) {
    int fd = MUST(open("data", O_RDWR | O_CREAT, 0600));

    exhaustive("'read','write'");
    writes(fd);
    MUST(lseek(fd, 0, SEEK_SET));
    reads(fd);
    empty(fd);
    devices();
    return truth_end();
}
