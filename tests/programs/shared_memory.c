/* Ways between processes that are neither pipes nor sockets nor files: memory that is shared, memory that is
 * reached into, descriptors that are handed over or taken. */
#include "truth.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/shm.h>
#include <sys/socket.h>

static char cell[64];

static void system_v(void) {
    int id = MUST(shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600));
    long at = MUST(syscall(SYS_shmat, id, NULL, 0));

    truth(
        "'op':'mmap_write','syscall':'shmat','ret':%ld,'object':{'type':'memory','label':'SYSV00000000',"
        "'id':'$segment'}",
        at);
    pid_t child = MUST(fork());
    if (child == 0) {
        at = MUST(syscall(SYS_shmat, id, NULL, SHM_RDONLY));
        truth("'op':'mmap','syscall':'shmat','ret':%ld,'object':{'type':'memory','id':'$segment'}", at);
        _exit(0);
    }
    reap(child);
    MUST(shmctl(id, IPC_RMID, NULL));
}

static void anonymous(void) {
    long at = MUST(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0L));

    truth(
        "'op':'mmap_write','syscall':'mmap','ret':%ld,'prot':'PROT_READ|PROT_WRITE',"
        "'object':{'type':'memory','label':'dev/zero'}",
        at);
}

static void posix(void) {
    const char* name = json("/catena-shared-%d", getpid());
    int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0600);

    if (fd < 0) return;
    MUST(ftruncate(fd, 4096));
    long at = MUST(syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L));
    truth("'op':'mmap_write','syscall':'mmap','ret':%ld,'object':%s", at, fd_object(fd));
    MUST(shm_unlink(name));
}

/* A child that waits, traced, until it is killed. */
static pid_t stopped(void) {
    pid_t child = MUST(fork());

    if (child == 0) {
        MUST(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
        raise(SIGSTOP);
        _exit(0);
    }
    MUST(waitpid(child, NULL, WUNTRACED));
    return child;
}

static void reached_into(void) {
    pid_t child = stopped();
    int memory = MUST(open(json("/proc/%d/mem", child), O_RDWR));
    long bytes = MUST(pwrite(memory, "injected", 8, (long)cell));

    truth("'op':'vm_write','syscall':'pwrite64','bytes':%ld,'object':%s", bytes, process_object(child));
    bytes = MUST(pread(memory, cell + 32, 8, (long)cell));
    truth("'op':'vm_read','syscall':'pread64','bytes':%ld,'object':%s", bytes, process_object(child));
    if (memcmp(cell + 32, "injected", 8) != 0)
        truth_die(__FILE__, __LINE__, "the child's memory was written");
    MUST(ptrace(PTRACE_POKEDATA, child, cell, 0x41));
    truth("'op':'ptrace','syscall':'ptrace','request':'PTRACE_POKEDATA','ret':0,'object':%s",
          process_object(child));
    close(memory);
    MUST(kill(child, SIGKILL));
    truth("'op':'kill','signal':'SIGKILL','object':%s", process_object(child));
    reap(child);
}

/* The receiver reads from the very pipe that the sender's descriptor stood for. */
static void handed_over(void) {
    int way[2], content[2];
    char control[CMSG_SPACE(sizeof(int))] = {0}, byte = 0;
    struct iovec part = {&byte, 1};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, way));
    pid_t child = MUST(fork());
    if (child == 0) {
        MUST(recvmsg(way[1], &message, 0));
        int received;
        memcpy(&received, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
        long bytes = MUST(read(received, cell, 17));
        truth("'op':'read','syscall':'read','fd':%d,'bytes':%ld,'object':%s", received, bytes,
              with(fd_object(received), "'id':'$content'"));
        _exit(0);
    }
    MUST(pipe(content)); /* after the fork: the child has no other way to it */
    MUST(write(content[1], cell, 17));
    truth("'op':'write','syscall':'write','fd':%d,'bytes':17,'object':%s", content[1],
          with(fd_object(content[1]), "'id':'$content'"));
    CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
    CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
    CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &content[0], sizeof(int));
    MUST(sendmsg(way[0], &message, 0));
    reap(child);
}

static void taken(void) {
    pid_t child = stopped();
    int pidfd = MUST(syscall(SYS_pidfd_open, child, 0));
    int fd = MUST(syscall(SYS_pidfd_getfd, pidfd, 1, 0));

    truth("'op':'take_fd','syscall':'pidfd_getfd','fd':%d,'ret':%d,'old_fd':1,'object':%s", fd, fd,
          process_object(child));
    MUST(kill(child, SIGKILL));
    truth("'op':'kill','signal':'SIGKILL','object':%s", process_object(child));
    reap(child);
}

int main(void) {
    exhaustive("'mmap_write','vm_read','vm_write','take_fd','kill'");
    system_v();
    anonymous();
    posix();
    reached_into();
    handed_over();
    taken();
    return truth_end();
}
