/* UDP over the loopback: udp 4 or udp 6. Datagrams with and without a connection; each peer address is its
 * own object. */
#include "inet.h"

static char buffer[256];

struct place {
    int fd;
    union inet_address address;
    const char* name;
};

static struct place placed(int family) {
    struct place place = {.fd = opened(family, SOCK_DGRAM, "SOCK_DGRAM")};

    place.address = bound(place.fd, family);
    place.name = socket_address(place.fd, 0);
    return place;
}

static void unconnected(int family, const struct place* a, const struct place* b) {
    union inet_address from;
    socklen_t length = sizeof(from);

    moved("send", "sendto", a->fd, socket_towards(a->fd, b->name),
          sendto(a->fd, buffer, 11, 0, &b->address.any, size_of_address(family)));
    moved("recv", "recvfrom", b->fd, socket_towards(b->fd, a->name),
          recvfrom(b->fd, buffer, sizeof(buffer), 0, &from.any, &length));
}

static void messages(int family, const struct place* a, const struct place* b, const struct place* c) {
    union inet_address from;
    struct iovec part = {buffer, 12}, room = {buffer, sizeof(buffer)};
    struct msghdr out = {.msg_name = (void*)&b->address,
                         .msg_namelen = size_of_address(family),
                         .msg_iov = &part,
                         .msg_iovlen = 1};
    struct msghdr in = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &room, .msg_iovlen = 1};

    moved("send", "sendmsg", a->fd, socket_towards(a->fd, b->name), sendmsg(a->fd, &out, 0));
    moved("recv", "recvmsg", b->fd, socket_towards(b->fd, a->name), recvmsg(b->fd, &in, 0));

    /* One call, two destinations, two events; and back from two senders. */
    struct mmsghdr outs[2] = {{.msg_hdr = out}, {.msg_hdr = out}};
    outs[1].msg_hdr.msg_name = (void*)&c->address;
    MUST(syscall(SYS_sendmmsg, a->fd, outs, 2, 0));
    truth("'op':'send','syscall':'sendmmsg','fd':%d,'bytes':12,'ret':2,'object':%s", a->fd,
          socket_towards(a->fd, b->name));
    truth("'op':'send','syscall':'sendmmsg','fd':%d,'bytes':12,'ret':2,'object':%s", a->fd,
          socket_towards(a->fd, c->name));
    moved("send", "sendto", b->fd, socket_towards(b->fd, a->name),
          sendto(b->fd, buffer, 13, 0, &a->address.any, size_of_address(family)));
    moved("send", "sendto", c->fd, socket_towards(c->fd, a->name),
          sendto(c->fd, buffer, 14, 0, &a->address.any, size_of_address(family)));
    union inet_address froms[2];
    struct mmsghdr ins[2] = {{.msg_hdr = in}, {.msg_hdr = in}};
    for (int i = 0; i < 2; i++) ins[i].msg_hdr.msg_name = &froms[i];
    MUST(syscall(SYS_recvmmsg, a->fd, ins, 2, 0, NULL));
    truth("'op':'recv','syscall':'recvmmsg','fd':%d,'bytes':13,'ret':2,'object':%s", a->fd,
          socket_towards(a->fd, b->name));
    truth("'op':'recv','syscall':'recvmmsg','fd':%d,'bytes':14,'ret':2,'object':%s", a->fd,
          socket_towards(a->fd, c->name));
}

/* A connected socket needs no address: the kernel's own is told. */
static void connected(int family, const struct place* a, const struct place* b) {
    MUST(connect(a->fd, &b->address.any, size_of_address(family)));
    truth("'op':'connect','syscall':'connect','fd':%d,'ret':0,'source':'kernel','object':%s", a->fd,
          fd_object(a->fd));
    MUST(connect(b->fd, &a->address.any, size_of_address(family)));
    truth("'op':'connect','syscall':'connect','fd':%d,'ret':0,'source':'kernel','object':%s", b->fd,
          fd_object(b->fd));
    const char *near = with(fd_object(a->fd), "'id':'$a','peer':'$b'"),
               *far = with(fd_object(b->fd), "'id':'$b','peer':'$a'");
    /* b has read nothing of what sendmmsg sent: those datagrams come first. */
    moved("send", "write", a->fd, near, write(a->fd, buffer, 15));
    moved("recv", "read", b->fd, far, read(b->fd, buffer, sizeof(buffer)));
    moved("recv", "recvfrom", b->fd, far,
          syscall(SYS_recvfrom, b->fd, buffer, sizeof(buffer), 0, NULL, NULL));
    moved("send", "sendto", b->fd, far, syscall(SYS_sendto, b->fd, buffer, 16, 0, NULL, 0));
    moved("recv", "read", a->fd, near, read(a->fd, buffer, sizeof(buffer)));
}

int main(int argc, char** argv) {
    int family = argc > 1 && *argv[1] == '6' ? AF_INET6 : AF_INET;

    exhaustive("'socket','bind','connect','send','recv'");
    struct place a = placed(family), b = placed(family), c = placed(family);
    unconnected(family, &a, &b);
    messages(family, &a, &b, &c);
    connected(family, &a, &b);
    return truth_end();
}
