/* What tcp.c and udp.c share: addresses of the loopback in both families. */
#ifndef CATENA_TESTS_INET_H
#define CATENA_TESTS_INET_H

#include "truth.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

union inet_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static inline union inet_address loopback(int family) {
    union inet_address address = {.any = {.sa_family = family}};

    if (family == AF_INET)
        address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
        address.v6.sin6_addr = in6addr_loopback;
    return address;
}

static inline socklen_t size_of_address(int family) {
    return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

static inline const char* family_name(int family) { return family == AF_INET ? "AF_INET" : "AF_INET6"; }

/* Opens and tells a socket; skips the program where the machine has no such family. */
static inline int opened(int family, int type, const char* text) {
    int fd = socket(family, type, 0);

    if (fd < 0 && errno == EAFNOSUPPORT) truth_skip(family == AF_INET ? "no IPv4" : "no IPv6");
    MUST(fd);
    truth("'op':'socket','syscall':'socket','fd':%d,'ret':%d,'family':'%s','type':'%s','object':%s", fd, fd,
          family_name(family), text, fd_object(fd));
    return fd;
}

/* Binds to a free port of the loopback and tells; the address with the port. */
static inline union inet_address bound(int fd, int family) {
    union inet_address address = loopback(family);
    socklen_t length = size_of_address(family);

    if (bind(fd, &address.any, length) < 0 && errno == EADDRNOTAVAIL)
        truth_skip("the loopback has no such address");
    MUST(getsockname(fd, &address.any, &length));
    truth("'op':'bind','syscall':'bind','fd':%d,'ret':0,'object':%s", fd, fd_object(fd));
    return address;
}

static inline void moved(const char* op, const char* call, int fd, const char* object, long bytes) {
    MUST(bytes);
    truth("'op':'%s','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'object':%s", op, call, fd, bytes, bytes,
          object);
}

#endif
