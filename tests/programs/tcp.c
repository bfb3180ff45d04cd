/* TCP over the loopback: tcp 4 or tcp 6. Connections from both ends, and every call that sends and receives.
 */
#include "inet.h"

#include <poll.h>

static char buffer[256];

static int listening(int family, union inet_address* address) {
    int fd = opened(family, SOCK_STREAM | SOCK_CLOEXEC, "SOCK_STREAM|SOCK_CLOEXEC");

    *address = bound(fd, family);
    MUST(listen(fd, 5));
    truth("'op':'listen','syscall':'listen','fd':%d,'ret':0,'backlog':5,'object':%s", fd, fd_object(fd));
    return fd;
}

/* Both ends of a connection: each end is the same entity all the time, and the other's peer. */
struct connection {
    int client, server;
};
static const char* near(int client) { return with(fd_object(client), "'id':'$client','peer':'$server'"); }
static const char* far(int server) { return with(fd_object(server), "'id':'$server','peer':'$client'"); }

static struct connection connected(int family, int listener, const union inet_address* to) {
    struct connection ends = {.client = opened(family, SOCK_STREAM, "SOCK_STREAM")};

    MUST(connect(ends.client, &to->any, size_of_address(family)));
    truth("'op':'connect','syscall':'connect','fd':%d,'ret':0,'source':'kernel','object':%s", ends.client,
          near(ends.client));
    ends.server = MUST(syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC));
    truth("'op':'accept','syscall':'accept4','fd':%d,'ret':%d,'object':%s", ends.server, ends.server,
          far(ends.server));
    return ends;
}

static void plain(struct connection ends) {
    struct iovec parts[2] = {{buffer, 5}, {buffer + 5, 6}};

    moved("send", "write", ends.client, near(ends.client), write(ends.client, buffer, 21));
    moved("recv", "read", ends.server, far(ends.server), read(ends.server, buffer, sizeof(buffer)));
    moved("send", "writev", ends.server, far(ends.server), writev(ends.server, parts, 2));
    moved("recv", "readv", ends.client, near(ends.client), readv(ends.client, parts, 2));
    moved("send", "sendto", ends.client, near(ends.client),
          syscall(SYS_sendto, ends.client, buffer, 23, 0, NULL, 0));
    moved("recv", "recvfrom", ends.server, far(ends.server),
          syscall(SYS_recvfrom, ends.server, buffer, sizeof(buffer), 0, NULL, NULL));
}

static void messages(struct connection ends) {
    struct iovec parts[2] = {{buffer, 3}, {buffer + 3, 4}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    struct mmsghdr several[2] = {{.msg_hdr = {.msg_iov = &parts[0], .msg_iovlen = 1}},
                                 {.msg_hdr = {.msg_iov = &parts[1], .msg_iovlen = 1}}};

    moved("send", "sendmsg", ends.client, near(ends.client), syscall(SYS_sendmsg, ends.client, &message, 0));
    moved("recv", "recvmsg", ends.server, far(ends.server), syscall(SYS_recvmsg, ends.server, &message, 0));
    MUST(syscall(SYS_sendmmsg, ends.client, several, 2, 0));
    MUST(syscall(SYS_recvmmsg, ends.server, several, 2, 0, NULL));
    for (int i = 0; i < 2; i++) {
        truth("'op':'send','syscall':'sendmmsg','fd':%d,'bytes':%u,'ret':2,'object':%s", ends.client, 3 + i,
              near(ends.client));
        truth("'op':'recv','syscall':'recvmmsg','fd':%d,'bytes':%u,'ret':2,'object':%s", ends.server, 3 + i,
              far(ends.server));
    }
}

/* A connection that is made later counts as made; a refused one is told with where it wanted to go. */
static void later_and_never(int family, int listener, const union inet_address* to) {
    int client = opened(family, SOCK_STREAM | SOCK_NONBLOCK, "SOCK_STREAM|SOCK_NONBLOCK");
    struct pollfd ready = {.fd = client, .events = POLLOUT};

    MUST_FAIL(EINPROGRESS, connect(client, &to->any, size_of_address(family)));
    MUST(poll(&ready, 1, -1));
    truth("'op':'connect','syscall':'connect','fd':%d,'ret':%d,'error':'EINPROGRESS','object':%s", client,
          -EINPROGRESS, with(fd_object(client), "'id':'$later'"));
    int server = MUST(syscall(SYS_accept, listener, NULL, NULL));
    truth("'op':'accept','syscall':'accept','fd':%d,'ret':%d,'object':%s", server, server,
          with(fd_object(server), "'peer':'$later'"));
    const char* name = socket_address(listener, 0);
    close(listener);
    int refused = opened(family, SOCK_STREAM, "SOCK_STREAM");
    MUST_FAIL(ECONNREFUSED, connect(refused, &to->any, size_of_address(family)));
    truth(
        "'op':'connect','syscall':'connect','fd':%d,'ret':%d,'error':'ECONNREFUSED','source':'$path_source',"
        "'object':{'type':'socket','protocol':'tcp','remote':%s}",
        refused, -ECONNREFUSED, quoted(name));
    MUST_FAIL(EAGAIN, recv(server, buffer, 1, MSG_DONTWAIT));
}

int main(int argc, char** argv) {
    int family = argc > 1 && *argv[1] == '6' ? AF_INET6 : AF_INET;
    union inet_address address;

    exhaustive("'socket','bind','listen','connect','accept','send','recv'");
    int listener = listening(family, &address);
    struct connection ends = connected(family, listener, &address);
    plain(ends);
    messages(ends);
    const char* object = near(ends.client);
    close(ends.client);
    truth("'op':'close','syscall':'close','fd':%d,'object':%s", ends.client, object);
    later_and_never(family, listener, &address);
    return truth_end();
}
