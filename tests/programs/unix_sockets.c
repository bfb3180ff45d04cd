/* Unix sockets: streams and datagrams, with names in the file system and abstract ones, joined with their
 * peers. */
#include "truth.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct name {
    struct sockaddr_un address;
    socklen_t length;
    const char* text; /* as a user reads it */
};

static struct name named(const char* name, int abstract) {
    struct name result = {.address = {.sun_family = AF_UNIX}};
    const char* path = abstract ? name : here(name);
    size_t length = strlen(path);

    if (length + 1 > sizeof(result.address.sun_path))
        truth_skip("the working directory's path is too long for a socket");
    memcpy(result.address.sun_path + abstract, path, length);
    result.length = offsetof(struct sockaddr_un, sun_path) + length + 1;
    result.text = abstract ? json("@%s", path) : path;
    return result;
}

static int opened(int type, const char* text) {
    int fd = MUST(socket(AF_UNIX, type, 0));

    truth("'op':'socket','syscall':'socket','fd':%d,'ret':%d,'family':'AF_UNIX','type':'%s','object':%s", fd,
          fd, text, fd_object(fd));
    return fd;
}

static void bound(int fd, const struct name* name) {
    MUST(bind(fd, (const void*)&name->address, name->length));
    truth("'op':'bind','syscall':'bind','fd':%d,'ret':0,'object':%s", fd, fd_object(fd));
}

static void moved(const char* op, const char* call, int fd, const char* object, long bytes) {
    MUST(bytes);
    truth("'op':'%s','syscall':'%s','fd':%d,'bytes':%ld,'ret':%ld,'object':%s", op, call, fd, bytes, bytes,
          object);
}

static void stream(const char* label, int abstract) {
    char buffer[100] = {0};
    struct name name = named(label, abstract);
    int listener = opened(SOCK_STREAM | SOCK_CLOEXEC, "SOCK_STREAM|SOCK_CLOEXEC");
    const char* near = json("'id':'$client_%s','peer':'$server_%s'", label, label);
    const char* far = json("'id':'$server_%s','peer':'$client_%s'", label, label);

    bound(listener, &name);
    MUST(listen(listener, 9));
    truth("'op':'listen','syscall':'listen','fd':%d,'ret':0,'backlog':9,'object':%s", listener,
          fd_object(listener));
    int client = opened(SOCK_STREAM, "SOCK_STREAM");
    MUST(connect(client, (void*)&name.address, name.length));
    truth("'op':'connect','syscall':'connect','fd':%d,'ret':0,'object':%s", client,
          with(fd_object(client), near));
    int server = MUST(accept4(listener, NULL, NULL, SOCK_CLOEXEC));
    truth("'op':'accept','syscall':'accept4','fd':%d,'ret':%d,'object':%s", server, server,
          with(fd_object(server), far));
    moved("send", "write", client, with(fd_object(client), near), write(client, buffer, 31));
    moved("recv", "read", server, with(fd_object(server), far), read(server, buffer, sizeof(buffer)));
    moved("send", "sendto", server, with(fd_object(server), far),
          syscall(SYS_sendto, server, buffer, 32, 0, NULL, 0));
    moved("recv", "recvfrom", client, with(fd_object(client), near),
          syscall(SYS_recvfrom, client, buffer, sizeof(buffer), 0, NULL, NULL));
    const char* object = with(fd_object(client), near);
    close(client);
    truth("'op':'close','syscall':'close','fd':%d,'object':%s", client, object);
}

static void datagrams(const char* near_label, const char* far_label, int abstract) {
    char buffer[100] = {0};
    struct name near = named(near_label, abstract), far = named(far_label, abstract), from = {0};
    int a = opened(SOCK_DGRAM, "SOCK_DGRAM"), b = opened(SOCK_DGRAM, "SOCK_DGRAM");

    bound(a, &near);
    bound(b, &far);
    moved("send", "sendto", a, socket_towards(a, far.text),
          sendto(a, buffer, 41, 0, (void*)&far.address, far.length));
    from.length = sizeof(from.address);
    moved("recv", "recvfrom", b, socket_towards(b, near.text),
          recvfrom(b, buffer, sizeof(buffer), 0, (void*)&from.address, &from.length));
    MUST(connect(a, (void*)&far.address, far.length));
    truth("'op':'connect','syscall':'connect','fd':%d,'ret':0,'object':%s", a, fd_object(a));
    moved("send", "write", a, fd_object(a), write(a, buffer, 42));
}

static void refused(void) {
    struct name name = named("gone", 1);
    int client = opened(SOCK_STREAM, "SOCK_STREAM");

    MUST_FAIL(ECONNREFUSED, connect(client, (void*)&name.address, name.length));
    truth(
        "'op':'connect','syscall':'connect','fd':%d,'ret':%d,'error':'ECONNREFUSED','source':'$path_source','object':"
        "%s",
        client, -ECONNREFUSED, socket_towards(client, name.text));
    name = named("no_such_file", 0);
    MUST_FAIL(ENOENT, connect(client, (void*)&name.address, name.length));
}

int main(void) {
    exhaustive("'socket','bind','listen','connect','accept','send','recv'");
    stream("stream", 0);
    stream("abstract-stream", 1);
    datagrams("dgram-a", "dgram-b", 0);
    datagrams("abstract-a", "abstract-b", 1);
    refused();
    return truth_end();
}
