/* System calls of 32-bit programs, made by a 64-bit one with int 0x80: other numbers, other registers, other
 * structures. All memory that they name is below 4 GiB: the program is linked there, and its stack is not
 * used for it. */
#include "truth.h"

#include <linux/net.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>

typedef unsigned u32;

static char buffer[256];

static long int80(long number, ...) {
    u32 args[6];
    __builtin_va_list list;
    int result;

    __builtin_va_start(list, number);
    for (int i = 0; i < 6; i++) args[i] = (u32) __builtin_va_arg(list, unsigned long);
    __builtin_va_end(list);
    /* rbp holds the sixth argument, so that it is pushed by hand; below the red zone. */
    __asm__ volatile(
        "sub $128, %%rsp\n\tpush %%rbp\n\tmov %2, %%ebp\n\tint $0x80\n\tpop %%rbp\n\tadd $128, %%rsp"
        : "=a"(result)
        : "0"(number), "r"(args[5]), "b"(args[0]), "c"(args[1]), "d"(args[2]), "S"(args[3]), "D"(args[4])
        : "memory", "r8", "r9", "r10", "r11", "cc");
    if (result < 0 && result > -4096) {
        errno = -result;
        return -1;
    }
    return (u32)result;
}

#define CALL(number, ...) MUST(int80(number, ##__VA_ARGS__, 0UL, 0UL, 0UL, 0UL, 0UL, 0UL))
#define P(pointer) ((unsigned long)(pointer))

static void told(const char* op, const char* call, const char* more) {
    truth("'op':'%s','abi':'i386','syscall':'%s',%s", op, call, fields(more));
}

static int opened(const char* op, const char* call, int fd, const char* more) {
    told(op, call, json("'fd':%d,'ret':%d,'object':%s,%s", fd, fd, fd_object(fd), fields(more)));
    return fd;
}

static void moved(const char* op, const char* call, int fd, long bytes) {
    told(op, call, json("'fd':%d,'bytes':%ld,'ret':%ld,'object':%s", fd, bytes, bytes, fd_object(fd)));
}

static void closed(int fd) {
    const char* object = fd_object(fd);

    CALL(6, fd);
    told("close", "close", json("'fd':%d,'ret':0,'object':%s", fd, object));
}

static void bytes(int fd) {
    static struct {
        u32 base, len;
    } parts[2];

    parts[0].base = parts[1].base = (u32)P(buffer);
    parts[0].len = 5;
    parts[1].len = 6;
    moved("write", "write", fd, CALL(4, fd, P(buffer), 100));
    moved("write", "writev", fd, CALL(146, fd, P(parts), 2));
    moved("write", "pwrite64", fd, CALL(181, fd, P(buffer), 7, 0, 0));
    moved("read", "pread64", fd, CALL(180, fd, P(buffer), 8, 0, 0));
    CALL(19, fd, 0, SEEK_SET);
    moved("read", "read", fd, CALL(3, fd, P(buffer), 9));
    moved("read", "readv", fd, CALL(145, fd, P(parts), 2));
}

static void mapped(int fd) {
    static u32 arguments[6];
    long at = CALL(192, 0, 64, PROT_READ, MAP_PRIVATE, fd, 0); /* mmap2 */

    told("mmap", "mmap2", json("'fd':%d,'ret':%ld,'prot':'PROT_READ','object':%s", fd, at, fd_object(fd)));
    arguments[1] = 64;
    arguments[2] = PROT_READ | PROT_WRITE;
    arguments[3] = MAP_SHARED;
    arguments[4] = fd;
    at = CALL(90, P(arguments));
    told("mmap_write", "mmap",
         json("'fd':%d,'ret':%ld,'prot':'PROT_READ|PROT_WRITE','flags':'MAP_SHARED','object':%s", fd, at,
              fd_object(fd)));
}

static void files(void) {
    static int ends[2];
    int fd = opened("create", "open", CALL(5, P("f1"), O_RDWR | O_CREAT | 0100000, 0640),
                    "'flags':'O_RDWR|O_CREAT|O_LARGEFILE','mode':'0640'");

    bytes(fd);
    mapped(fd);
    int twin = opened("dup", "dup", CALL(41, fd), json("'old_fd':%d", fd));
    CALL(221, fd, F_DUPFD, 50);
    told("dup", "fcntl64", json("'old_fd':%d,'fd':50,'object':%s", fd, fd_object(50)));
    CALL(194, fd, 77, 1); /* ftruncate64 */
    told("truncate", "ftruncate64",
         json("'fd':%d,'ret':0,'length':%ld,'object':%s", fd, (1L << 32) | 77, fd_object(fd)));
    closed(twin);
    closed(opened("create", "creat", CALL(8, P("f2"), 0600),
                  "'flags':'O_WRONLY|O_CREAT|O_TRUNC','mode':'0600'"));
    closed(opened("open", "openat", CALL(295, AT_FDCWD, P("f2"), O_RDONLY, 0), "'flags':'O_RDONLY'"));
    CALL(42, P(ends)); /* pipe */
    for (int i = 0; i < 2; i++)
        told("pipe", "pipe", json("'fd':%d,'object':%s", ends[i], with(fd_object(ends[i]), "'id':'$pipe'")));
    moved("write", "write", ends[1], CALL(4, ends[1], P(buffer), 12));
    moved("read", "read", ends[0], CALL(3, ends[0], P(buffer), 12));
    int memory = CALL(356, P("name"), 0);
    told("memfd_create", "memfd_create", json("'fd':%d,'object':%s", memory, fd_object(memory)));
    CALL(187, ends[1], fd, 0, 10); /* sendfile */
}

static void named(const char* op, const char* call, const char* path, const char* path2, const char* more,
                  long ret) {
    MUST(ret);
    told(op, call,
         json("'ret':0,'path':%s%s%s", quoted(path), path2 ? json(",'path2':%s", quoted(path2)) : "",
              fields(more)));
}

static void names(void) {
    named("mkdir", "mkdir", here("dir"), NULL, ",'mode':'0750'", CALL(39, P("dir"), 0750));
    named("link", "link", here("f2"), here("f3"), "", CALL(9, P("f2"), P("f3")));
    named("rename", "rename", here("f3"), here("dir/f4"), "", CALL(38, P("f3"), P("dir/f4")));
    named("symlink", "symlink", here("s"), "f2", "", CALL(83, P("f2"), P("s")));
    named("truncate", "truncate64", here("f2"), NULL, json(",'length':%ld", (1L << 32) | 5),
          CALL(193, P("f2"), 5, 1));
    named("chmod", "chmod", here("f2"), NULL, ",'mode':'0604'", CALL(15, P("f2"), 0604));
    named("chown", "chown32", here("f2"), NULL, ",'uid':0,'gid':0", CALL(212, P("f2"), 0, 0));
    named("unlink", "unlink", here("dir/f4"), NULL, "", CALL(10, P("dir/f4")));
    named("rmdir", "rmdir", here("dir"), NULL, "", CALL(40, P("dir")));
    MUST_FAIL(ENOENT, int80(10, P("nothing"), 0UL, 0UL, 0UL, 0UL, 0UL));
}

static u32 words[6];

/* The multiplexer of all calls on sockets. */
static long socketcall(int which, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f) {
    u32 all[6] = {a, b, c, d, e, f};

    memcpy(words, all, sizeof(words));
    return int80(102, (unsigned long)which, P(words), 0UL, 0UL, 0UL, 0UL);
}

static struct sockaddr_in address;
static socklen_t length;
static struct {
    u32 name;
    int namelen;
    u32 iov, iovlen, control, controllen, flags;
} message;
static struct {
    u32 base, len;
} part;

static void stream(void) {
    length = sizeof(address);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener =
        opened("socket", "socketcall", MUST(socketcall(SYS_SOCKET, AF_INET, SOCK_STREAM, 0, 0, 0, 0)),
               "'family':'AF_INET','type':'SOCK_STREAM'");
    MUST(socketcall(SYS_BIND, listener, P(&address), length, 0, 0, 0));
    told("bind", "socketcall", json("'fd':%d,'ret':0,'object':%s", listener, fd_object(listener)));
    MUST(socketcall(SYS_LISTEN, listener, 7, 0, 0, 0, 0));
    told("listen", "socketcall", json("'fd':%d,'backlog':7,'object':%s", listener, fd_object(listener)));
    MUST(getsockname(listener, (void*)&address, &length));
    int client = opened("socket", "socket", CALL(359, AF_INET, SOCK_STREAM, 0), "'family':'AF_INET'");
    MUST(socketcall(SYS_CONNECT, client, P(&address), length, 0, 0, 0));
    told("connect", "socketcall",
         json("'fd':%d,'ret':0,'object':%s", client, with(fd_object(client), "'id':'$client'")));
    int server = MUST(socketcall(SYS_ACCEPT, listener, 0, 0, 0, 0, 0));
    told("accept", "socketcall",
         json("'fd':%d,'object':%s", server, with(fd_object(server), "'peer':'$client'")));
    moved("send", "socketcall", client, MUST(socketcall(SYS_SEND, client, P(buffer), 31, 0, 0, 0)));
    moved("recv", "socketcall", server, MUST(socketcall(SYS_RECV, server, P(buffer), 31, 0, 0, 0)));
    part.base = (u32)P(buffer);
    part.len = 32;
    message.iov = (u32)P(&part);
    message.iovlen = 1;
    moved("send", "socketcall", server, MUST(socketcall(SYS_SENDMSG, server, P(&message), 0, 0, 0, 0)));
    moved("recv", "recvmsg", client, CALL(372, client, P(&message), 0));
}

static void datagrams(void) {
    static struct {
        typeof(message) header;
        u32 len;
    } several[2];
    int a = MUST(socket(AF_INET, SOCK_DGRAM, 0)), b = MUST(socket(AF_INET, SOCK_DGRAM, 0));

    length = sizeof(address);
    address.sin_port = 0;
    MUST(bind(b, (void*)&address, length));
    MUST(getsockname(b, (void*)&address, &length));
    const char* remote = socket_address(b, 0);
    MUST(socketcall(SYS_SENDTO, a, P(buffer), 41, 0, P(&address), length));
    told("send", "socketcall", json("'fd':%d,'bytes':41,'object':%s", a, socket_towards(a, remote)));
    message.name = (u32)P(&address);
    message.namelen = length;
    MUST(socketcall(SYS_SENDMSG, a, P(&message), 0, 0, 0, 0));
    told("send", "socketcall", json("'fd':%d,'bytes':32,'object':%s", a, socket_towards(a, remote)));
    several[0].header = several[1].header = message;
    CALL(345, a, P(several), 2, 0); /* sendmmsg */
    for (int i = 0; i < 2; i++)
        told("send", "sendmmsg",
             json("'fd':%d,'bytes':32,'ret':2,'object':%s", a, socket_towards(a, remote)));
}

static void processes(void) {
    long child = CALL(2); /* fork */
    if (child == 0) {
        for (;;) pause();
    }
    told("fork", "fork", json("'ret':%ld,'object':%s", child, process_object(child)));
    CALL(37, child, SIGKILL);
    told("kill", "kill", json("'ret':0,'signal':'SIGKILL','object':%s", process_object(child)));
    reap(child);
    MUST_FAIL(EACCES, int80(11, P("f2"), 0UL, 0UL, 0UL, 0UL, 0UL));
    told("exec", "execve", json("'ret':%d,'error':'EACCES','path':%s", -EACCES, quoted(here("f2"))));
    CALL(213, 0); /* setuid32 */
    told("setuid", "setuid32", "'ret':0,'uid':0,'euid':0");
}

static void on_fault(int number) {
    (void)number;
    truth_skip("the machine has no 32-bit system calls: int 0x80 is a fault");
}

int main(void) {
    exhaustive(
        "'open','create','truncate','rename','link','symlink','unlink','mkdir','rmdir','chmod','chown'");
    exhaustive("'listen','connect','accept','send','recv','mmap','mmap_write','kill','setuid'");
    int result;
    struct sigaction before;
    sigaction(SIGSEGV, &(struct sigaction){.sa_handler = on_fault}, &before);
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(20) : "memory", "r8", "r9", "r10", "r11"); /* getpid */
    if (result != getpid()) truth_skip("the kernel has no 32-bit system calls");
    sigaction(SIGSEGV, &before, NULL);
    files();
    names();
    stream();
    datagrams();
    processes();
    return truth_end();
}
