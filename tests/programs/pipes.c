/* Pipes and socket pairs: both ends, and what goes through them between two processes. */
#include "truth.h"

#include <sys/socket.h>

/* Both events of one call name the same pipe. */
static void pipe_pair(const char* call, const int* fds, const char* variable) {
    for (int i = 0; i < 2; i++) {
        truth("'op':'pipe','syscall':'%s','fd':%d,'ret':0,'object':%s", call, fds[i],
              with(fd_object(fds[i]), json("'id':'$%s'", variable)));
    }
}

static void through_a_pipe(const int* fds) {
    char buffer[100] = {0};
    pid_t child = MUST(fork());

    if (child == 0) {
        const char* end = with(fd_object(fds[1]), "'id':'$pipe'");
        long bytes = MUST(write(fds[1], buffer, 77));

        truth("'op':'write','syscall':'write','fd':%d,'bytes':%ld,'object':%s", fds[1], bytes, end);
        _exit(0);
    }
    long bytes = MUST(read(fds[0], buffer, sizeof(buffer)));
    truth("'op':'read','syscall':'read','fd':%d,'bytes':%ld,'object':%s", fds[0], bytes,
          with(fd_object(fds[0]), "'id':'$pipe'"));
    reap(child);
}

/* The ends are each other's peers. */
static void socket_pair(int type, const char* text, const char* name) {
    const char* end[2] = {json("%s0", name), json("%s1", name)};
    char buffer[100] = {0};
    int fds[2];

    MUST(syscall(SYS_socketpair, AF_UNIX, type, 0, fds));
    for (int i = 0; i < 2; i++) {
        truth(
            "'op':'socketpair','syscall':'socketpair','fd':%d,'ret':0,'family':'AF_UNIX','type':'%s','object'"
            ":%s",
            fds[i], text, with(fd_object(fds[i]), json("'id':'$%s','peer':'$%s'", end[i], end[!i])));
    }
    long bytes = MUST(write(fds[0], buffer, 50));
    truth("'op':'send','syscall':'write','fd':%d,'bytes':%ld,'object':%s", fds[0], bytes,
          with(fd_object(fds[0]), json("'id':'$%s'", end[0])));
    bytes = MUST(read(fds[1], buffer, sizeof(buffer)));
    truth("'op':'recv','syscall':'read','fd':%d,'bytes':%ld,'object':%s", fds[1], bytes,
          with(fd_object(fds[1]), json("'id':'$%s'", end[1])));
}

int main(void) {
    int fds[2];

    exhaustive("'pipe','socketpair','send','recv','read'");
    MUST(syscall(SYS_pipe, fds));
    pipe_pair("pipe", fds, "pipe");
    through_a_pipe(fds);
    MUST(syscall(SYS_pipe2, fds, O_CLOEXEC | O_NONBLOCK));
    pipe_pair("pipe2", fds, "other_pipe");
    MUST_FAIL(EAGAIN, read(fds[0], fds, 1));
    socket_pair(SOCK_STREAM, "SOCK_STREAM", "stream");
    socket_pair(SOCK_DGRAM | SOCK_CLOEXEC, "SOCK_DGRAM|SOCK_CLOEXEC", "dgram");
    return truth_end();
}
