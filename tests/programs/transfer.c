/* Bytes between two descriptors that the program never sees: told as a read from one and a write to the
 * other. */
#include "truth.h"

#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static int is_socket(int fd) {
    struct stat status;

    MUST(fstat(fd, &status));
    return S_ISSOCK(status.st_mode);
}

static void moved(const char* call, int from, int to, long bytes) {
    MUST(bytes);
    truth("'op':'%s','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'object':%s",
          is_socket(from) ? "recv" : "read", call, from, bytes, bytes, fd_object(from));
    truth("'op':'%s','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'object':%s",
          is_socket(to) ? "send" : "write", call, to, bytes, bytes, fd_object(to));
}

static void one_way(const char* op, const char* call, int fd, long bytes) {
    MUST(bytes);
    truth("'op':'%s','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'object':%s", op, call, fd, bytes, bytes,
          fd_object(fd));
}

int main(void) {
    static char buffer[4096];
    struct iovec part = {buffer, 60};
    int source = MUST(open("source", O_RDWR | O_CREAT, 0600)),
        target = MUST(open("target", O_RDWR | O_CREAT, 0600));
    int first[2], second[2], ends[2];
    loff_t offset = 0;

    MUST(pipe(first));
    MUST(pipe(second));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
    exhaustive("'read','write','send','recv'");
    one_way("write", "write", source, write(source, buffer, sizeof(buffer)));

    moved("sendfile", source, target, syscall(SYS_sendfile, target, source, &offset, 500));
    moved("sendfile", source, ends[0], syscall(SYS_sendfile, ends[0], source, &offset, 300));
    one_way("recv", "read", ends[1], read(ends[1], buffer, sizeof(buffer)));
    offset = 0;
    moved("splice", source, first[1], syscall(SYS_splice, source, &offset, first[1], NULL, 200, 0));
    moved("tee", first[0], second[1], syscall(SYS_tee, first[0], second[1], 200, 0));
    moved("splice", first[0], target, syscall(SYS_splice, first[0], NULL, target, NULL, 200, 0));
    moved("splice", second[0], ends[0], syscall(SYS_splice, second[0], NULL, ends[0], NULL, 200, 0));
    moved("splice", ends[1], first[1], syscall(SYS_splice, ends[1], NULL, first[1], NULL, 150, 0));
    one_way("read", "vmsplice", first[0], syscall(SYS_vmsplice, first[0], &part, 1, 0));
    one_way("write", "vmsplice", first[1], syscall(SYS_vmsplice, first[1], &part, 1, 0));
    offset = 0;
    long copied = syscall(SYS_copy_file_range, source, &offset, target, NULL, 700, 0);
    if (copied > 0) moved("copy_file_range", source, target, copied);
    return truth_end();
}
