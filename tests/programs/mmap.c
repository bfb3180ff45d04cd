/* Files in memory: private, shared and writable, executable. Memory without a file is not told. */
#include "truth.h"

#include <sys/mman.h>

static void mapped(const char* op, int fd, int prot, int flags, const char* text) {
    long address = MUST(syscall(SYS_mmap, NULL, 4096, prot, flags, fd, 0L));

    truth("'op':'%s','syscall':'mmap','fd':%d,'ret':%ld,'object':%s%s", op, fd, address, fd_object(fd),
          fields(text));
}

int main(void) {
    int fd = MUST(open("file", O_RDWR | O_CREAT, 0755));

    MUST(ftruncate(fd, 8192));
    exhaustive("'mmap','mmap_write','load'");
    mapped("mmap", fd, PROT_READ, MAP_PRIVATE, ",'prot':'PROT_READ','flags':'MAP_PRIVATE'");
    mapped("mmap", fd, PROT_READ | PROT_WRITE, MAP_PRIVATE,
           ",'prot':'PROT_READ|PROT_WRITE','flags':'MAP_PRIVATE'");
    mapped("mmap", fd, PROT_READ, MAP_SHARED, ",'prot':'PROT_READ','flags':'MAP_SHARED'");
    mapped("mmap_write", fd, PROT_READ | PROT_WRITE, MAP_SHARED,
           ",'prot':'PROT_READ|PROT_WRITE','flags':'MAP_SHARED'");
    mapped("mmap_write", fd, PROT_WRITE, MAP_SHARED_VALIDATE,
           ",'prot':'PROT_WRITE','flags':'MAP_SHARED_VALIDATE'");
    mapped("load", fd, PROT_READ | PROT_EXEC, MAP_PRIVATE,
           ",'prot':'PROT_READ|PROT_EXEC','flags':'MAP_PRIVATE'");
    MUST(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0L));
    long shared =
        MUST(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0L));
    truth(
        "'op':'mmap_write','syscall':'mmap','ret':%ld,'flags':'MAP_SHARED|MAP_ANONYMOUS',"
        "'object':{'type':'memory','label':'dev/zero'}",
        shared);
    MUST_FAIL(EBADF, syscall(SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0L));
    return truth_end();
}
