/* The same as with system calls, through io_uring: `io_uring plain`, `io_uring workers` (each request in a
 * worker of the kernel), `io_uring sqpoll` (submitted by a thread of the kernel, without any system call). */
#include "uring.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static struct ring ring;
static char buffer[256];
static int last_fd;

#define DO(...) MUST(ring_do(&ring, (struct io_uring_sqe){__VA_ARGS__}))
#define CALL "'syscall':'io_uring_enter'"

static int opened(const char* path, int flags, mode_t mode, const char* op, const char* more) {
    int fd =
        DO(.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (__u64)path, .open_flags = flags, .len = mode);

    truth("'op':'%s'," CALL ",'fd':%d,'ret':%d,'source':'kernel','object':%s%s", op, fd, fd, fd_object(fd),
          fields(more));
    return fd;
}

static void closed(int fd) {
    const char* object = fd_object(fd);

    DO(.opcode = IORING_OP_CLOSE, .fd = fd);
    truth("'op':'close'," CALL ",'fd':%d,'ret':0,'object':%s", fd, object);
}

static void moved(const char* op, const char* object, long bytes) {
    truth("'op':'%s'," CALL ",'bytes':%ld,'ret':%ld,'source':'kernel','object':%s", op, bytes, bytes, object);
}

static void fixed(int fd) {
    /* Memory of its own: that of a file cannot be registered everywhere. */
    struct iovec memory = {mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
                           4096};
    __u64 at = (__u64)memory.iov_base;
    int slots[2] = {fd, -1};

    MUST(ring_register(&ring, IORING_REGISTER_BUFFERS, &memory, 1));
    MUST(ring_register(&ring, IORING_REGISTER_FILES, slots, 2));
    moved("write", fd_object(fd), DO(.opcode = IORING_OP_WRITE_FIXED, .fd = fd, .addr = at, .len = 21));
    moved("read", fd_object(fd),
          DO(.opcode = IORING_OP_READ_FIXED, .flags = IOSQE_FIXED_FILE, .fd = 0, .addr = at, .len = 22));
    moved(
        "write", fd_object(fd),
        DO(.opcode = IORING_OP_WRITE, .flags = IOSQE_FIXED_FILE, .fd = 0, .addr = (__u64)buffer, .len = 23));
    /* Opened into a slot of the ring, without any descriptor. */
    DO(.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (__u64) "f1", .open_flags = O_RDONLY,
       .file_index = 2);
    truth("'op':'open'," CALL ",'ret':0,'object':%s", file_object(here("f1")));
    moved("read", file_object(here("f1")),
          DO(.opcode = IORING_OP_READ, .flags = IOSQE_FIXED_FILE, .fd = 1, .addr = (__u64)buffer, .len = 24));
    DO(.opcode = IORING_OP_CLOSE, .file_index = 2);
    truth("'op':'close'," CALL ",'ret':0,'object':%s", file_object(here("f1")));
    MUST(ring_register(&ring, IORING_UNREGISTER_FILES, NULL, 0));
}

static void files(void) {
    struct iovec parts[2] = {{buffer, 5}, {buffer + 5, 6}};
    int fd = opened("f1", O_RDWR | O_CREAT, 0640, "create", ",'flags':'O_RDWR|O_CREAT','mode':'0640'");

    moved("write", fd_object(fd), DO(.opcode = IORING_OP_WRITE, .fd = fd, .addr = (__u64)buffer, .len = 100));
    moved("write", fd_object(fd), DO(.opcode = IORING_OP_WRITEV, .fd = fd, .addr = (__u64)parts, .len = 2));
    moved("read", fd_object(fd), DO(.opcode = IORING_OP_READ, .fd = fd, .addr = (__u64)buffer, .len = 50));
    moved("read", fd_object(fd), DO(.opcode = IORING_OP_READV, .fd = fd, .addr = (__u64)parts, .len = 2));
    fixed(fd);
    if (ring_do(&ring, (struct io_uring_sqe){.opcode = OP_FTRUNCATE, .fd = fd, .off = 7}) == 0)
        truth("'op':'truncate'," CALL ",'ret':0,'length':7,'object':%s", fd_object(fd));
    closed(fd);
    struct open_how_of_the_kernel {
        __u64 flags, mode, resolve;
    } how = {.flags = O_RDWR | O_TRUNC};
    fd = DO(.opcode = IORING_OP_OPENAT2, .fd = AT_FDCWD, .addr = (__u64)here("f1"), .len = sizeof(how),
            .off = (__u64)&how);
    truth("'op':'truncate'," CALL ",'fd':%d,'ret':%d,'object':%s", fd, fd, fd_object(fd));
    closed(fd);
    last_fd = fd;
}

static void spliced(void) {
    int ends[2], from = opened("f1", O_RDWR, 0, "open", ",'flags':'O_RDWR'");

    moved("write", fd_object(from),
          DO(.opcode = IORING_OP_WRITE, .fd = from, .addr = (__u64)buffer, .len = 99));
    MUST(pipe(ends));
    long bytes = DO(.opcode = IORING_OP_SPLICE, .fd = ends[1], .off = -1ULL, .splice_fd_in = from,
                    .splice_off_in = 0, .len = 40);
    moved("read", fd_object(from), bytes);
    moved("write", fd_object(ends[1]), bytes);
    closed(from);
}

/* An operation on names. */
static void named(const char* op, const char* path, const char* path2, const char* object, long ret) {
    truth("'op':'%s'," CALL ",'ret':%ld,'source':'kernel','path':%s%s%s", op, ret, quoted(path),
          path2 ? json(",'path2':%s", quoted(path2)) : "", object ? json(",'object':%s", object) : "");
}

static void names(void) {
    struct stat status;

    named("mkdir", here("dir"), NULL, NULL,
          DO(.opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (__u64) "dir", .len = 0750));
    int dir = opened("dir", O_RDONLY | O_DIRECTORY, 0, "open", "");
    MUST(stat("f1", &status));
    const char* file = json("{'type':'file','inode':%lu}", (unsigned long)status.st_ino);
    named(
        "link", here("f1"), here("dir/l"), file,
        DO(.opcode = IORING_OP_LINKAT, .fd = AT_FDCWD, .addr = (__u64) "f1", .len = dir, .off = (__u64) "l"));
    named("rename", here("f1"), here("dir/f2"), file,
          DO(.opcode = IORING_OP_RENAMEAT, .fd = AT_FDCWD, .addr = (__u64)here("f1"), .len = dir,
             .off = (__u64) "f2"));
    named("symlink", here("dir/s"), "../somewhere", NULL,
          DO(.opcode = IORING_OP_SYMLINKAT, .fd = dir, .addr = (__u64) "../somewhere", .off = (__u64) "s"));
    closed(opened("dir/f2", O_RDONLY, 0, "open", ",'flags':'O_RDONLY'"));
    named("unlink", here("dir/f2"), NULL, file,
          DO(.opcode = IORING_OP_UNLINKAT, .fd = dir, .addr = (__u64) "f2"));
    named("unlink", here("dir/l"), NULL, NULL,
          DO(.opcode = IORING_OP_UNLINKAT, .fd = dir, .addr = (__u64) "l"));
    named("unlink", here("dir/s"), NULL, NULL,
          DO(.opcode = IORING_OP_UNLINKAT, .fd = dir, .addr = (__u64) "s"));
    named("rmdir", here("dir"), NULL, NULL,
          DO(.opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (__u64) "dir",
             .unlink_flags = AT_REMOVEDIR));
    closed(dir);
}

/* Nothing that did not happen is recorded: failures, and what was linked to them and cancelled. */
static void nothing(void) {
    MUST_FAIL(ENOENT,
              ring_do(&ring, (struct io_uring_sqe){
                                 .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (__u64) "nothing"}));
    MUST_FAIL(EBADF,
              ring_do(&ring, (struct io_uring_sqe){
                                 .opcode = IORING_OP_READ, .fd = 999, .addr = (__u64)buffer, .len = 1}));
    ring_put(
        &ring,
        (struct io_uring_sqe){
            .opcode = IORING_OP_READ, .flags = IOSQE_IO_LINK, .fd = 999, .addr = (__u64)buffer, .len = 1});
    ring_put(&ring, (struct io_uring_sqe){
                        .opcode = IORING_OP_MKDIRAT, .fd = AT_FDCWD, .addr = (__u64) "never", .len = 0700});
    ring_enter(&ring, 2, 2);
    int first = ring_take(&ring).res, second = ring_take(&ring).res;
    if (first + second != -EBADF - ECANCELED)
        truth_die(__FILE__, __LINE__, "a failed link cancels what follows");
}

/* A directory made without any completion: IOSQE_CQE_SKIP_SUCCESS. */
static void in_silence(void) {
    ring_put(&ring, (struct io_uring_sqe){.opcode = IORING_OP_MKDIRAT,
                                          .flags = IOSQE_CQE_SKIP_SUCCESS | IOSQE_IO_LINK,
                                          .fd = AT_FDCWD,
                                          .addr = (__u64) "silent",
                                          .len = 0700});
    ring_put(&ring, (struct io_uring_sqe){.opcode = IORING_OP_NOP});
    ring_enter(&ring, 2, 1);
    MUST(ring_take(&ring).res);
    MUST(access("silent", F_OK));
    named("mkdir", here("silent"), NULL, NULL, 0);
}

static void messages(int client, int server) {
    struct iovec part = {buffer, 40};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    moved("send", fd_object(client),
          DO(.opcode = IORING_OP_SEND, .fd = client, .addr = (__u64)buffer, .len = 31));
    moved("recv", fd_object(server),
          DO(.opcode = IORING_OP_RECV, .fd = server, .addr = (__u64)buffer, .len = 31));
    moved("send", fd_object(server), DO(.opcode = IORING_OP_SENDMSG, .fd = server, .addr = (__u64)&message));
    moved("recv", fd_object(client), DO(.opcode = IORING_OP_RECVMSG, .fd = client, .addr = (__u64)&message));
    moved("send", fd_object(client),
          DO(.opcode = IORING_OP_WRITE, .fd = client, .addr = (__u64)buffer, .len = 33));
    moved("recv", fd_object(server),
          DO(.opcode = IORING_OP_READ, .fd = server, .addr = (__u64)buffer, .len = 33));
}

static int made(int type, const char* text) {
    int fd = ring_do(&ring, (struct io_uring_sqe){.opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = type});

    if (fd == -EINVAL) return MUST(socket(AF_INET, type, 0));
    MUST(fd);
    truth("'op':'socket'," CALL ",'fd':%d,'ret':%d,'family':'AF_INET','type':'%s','object':%s", fd, fd, text,
          fd_object(fd));
    return fd;
}

static void stream(void) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int listener = MUST(socket(AF_INET, SOCK_STREAM, 0)), client = made(SOCK_STREAM, "SOCK_STREAM");

    MUST(bind(listener, (void*)&address, length));
    MUST(listen(listener, 5));
    MUST(getsockname(listener, (void*)&address, &length));
    DO(.opcode = IORING_OP_CONNECT, .fd = client, .addr = (__u64)&address, .off = length);
    truth("'op':'connect'," CALL ",'ret':0,'source':'kernel','object':%s",
          with(fd_object(client), "'id':'$client'"));
    int server = DO(.opcode = IORING_OP_ACCEPT, .fd = listener);
    truth("'op':'accept'," CALL ",'fd':%d,'ret':%d,'object':%s", server, server,
          with(fd_object(server), "'peer':'$client'"));
    messages(client, server);
    /* Many connections by one request. */
    if (ring.flags == 0) {
        ring_put(&ring, (struct io_uring_sqe){.opcode = IORING_OP_ACCEPT,
                                              .fd = listener,
                                              .user_data = 77,
                                              .ioprio = IORING_ACCEPT_MULTISHOT});
        ring_enter(&ring, 1, 0);
        for (int i = 0; i < 2; i++) {
            MUST(connect(MUST(socket(AF_INET, SOCK_STREAM, 0)), (void*)&address, length));
            int many = MUST(ring_take(&ring).res);
            truth("'op':'accept'," CALL ",'fd':%d,'ret':%d,'object':%s", many, many, fd_object(many));
        }
    }
    const char* name = socket_address(listener, 0);
    closed(client);
    int refused = made(SOCK_STREAM, "SOCK_STREAM");
    address.sin_port = htons(1);
    MUST_FAIL(ECONNREFUSED, ring_do(&ring, (struct io_uring_sqe){.opcode = IORING_OP_CONNECT,
                                                                 .fd = refused,
                                                                 .addr = (__u64)&address,
                                                                 .off = length}));
    truth("'op':'connect'," CALL
          ",'ret':%d,'error':'ECONNREFUSED','source':'user','object':{'type':'socket',"
          "'protocol':'tcp','remote':'127.0.0.1:1'}",
          -ECONNREFUSED);
    (void)name;
}

static void datagrams(void) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    struct iovec part = {buffer, 44};
    int a = MUST(socket(AF_UNIX, SOCK_DGRAM, 0)), b = MUST(socket(AF_UNIX, SOCK_DGRAM, 0));
    char name[32];
    int letters = snprintf(name, sizeof(name), "@uring-%d", getpid()); /* its own, in the network that tests share */
    socklen_t length = sizeof(sa_family_t) + letters;

    memcpy(to.sun_path + 1, name + 1, letters - 1);
    MUST(bind(b, (void*)&to, length));
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_name = &to, .msg_namelen = length};
    long bytes = DO(.opcode = IORING_OP_SENDMSG, .fd = a, .addr = (__u64)&message);
    truth("'op':'send'," CALL ",'bytes':%ld,'object':%s", bytes, socket_towards(a, name));
    moved("recv", fd_object(b), DO(.opcode = IORING_OP_RECV, .fd = b, .addr = (__u64)buffer, .len = 99));
    bytes = ring_do(&ring, (struct io_uring_sqe){.opcode = IORING_OP_SEND,
                                                 .fd = a,
                                                 .addr = (__u64)buffer,
                                                 .len = 45,
                                                 .addr2 = (__u64)&to,
                                                 .addr_len = length});
    if (bytes == 45)
        truth("'op':'send'," CALL ",'bytes':45,'source':'kernel','object':%s",
              socket_towards(a, name));
}

int main(int argc, char** argv) {
    const char* mode = argc > 1 ? argv[1] : "plain";
    unsigned setup = strcmp(mode, "sqpoll") == 0 ? IORING_SETUP_SQPOLL : 0;

    exhaustive(
        "'open','create','truncate','read','write','rename','link','symlink','unlink','mkdir','rmdir'");
    exhaustive("'accept','send','recv'");
    ring = ring_open(setup, strcmp(mode, "workers") == 0 ? IOSQE_ASYNC : 0);
    files();
    spliced();
    names();
    nothing();
    in_silence();
    stream();
    datagrams();
    return truth_end();
}
