// receive_upload FILE OUT: a small HTTP server on loopback that starts curl to send it FILE, and writes the body to OUT.
// Two processes and one connection, and no waiting but for what has to come: for the test of chains across a connection.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void require(int holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(1);
}

int main(int argc, char **argv) {
    require(argc == 3, "usage: receive_upload FILE OUT");
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    require(bind(listener, (struct sockaddr *)&address, len) == 0, "bind");
    require(listen(listener, 1) == 0, "listen");
    require(getsockname(listener, (struct sockaddr *)&address, &len) == 0, "getsockname");

    pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0) {
        char url[64], body[4096];
        snprintf(url, sizeof(url), "http://127.0.0.1:%d/", ntohs(address.sin_port));
        snprintf(body, sizeof(body), "@%s", argv[1]);
        execlp("curl", "curl", "-s", "-S", "--noproxy", "*", "--data-binary", body, url, (char *)NULL);
        require(0, "curl");
    }

    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    require(connection >= 0, "accept");
    static char request[1 << 20];
    size_t have = 0, want = 0;
    char *body = NULL;
    while (!body || (size_t)(request + have - body) < want) {
        ssize_t got = read(connection, request + have, sizeof(request) - 1 - have);
        require(got > 0, "read");
        have += (size_t)got;
        request[have] = 0;
        if (!body && (body = strstr(request, "\r\n\r\n"))) {
            body += 4;
            const char *length = strcasestr(request, "content-length:");
            require(length != NULL, "content-length");
            want = strtoul(length + strlen("content-length:"), NULL, 10);
        }
    }
    int out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    require(out >= 0 && write(out, body, want) == (ssize_t)want, "write");
    const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    require(write(connection, answer, sizeof(answer) - 1) == sizeof(answer) - 1, "answer");
    close(connection);
    int status = 0;
    require(waitpid(child, &status, 0) == child && status == 0, "curl");
    return 0;
}
