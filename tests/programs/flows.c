/*
 * Many flows among few things, one after the other: `flows SEED STEPS [PATHS]`, in a directory of its own. Six actors (processes, of
 * two threads each) read and write files, pipes and sockets, start processes, put other processes in their place, and reach
 * into each other's memory, as a seeded generator says. The first process decides who does what and waits for it, so that
 * every flow has ended before the next begins; orders go through shared memory and futexes, which nobody records. After
 * some steps it truncates a file to the number of the step: a moment that every recording of this run has.
 *
 * Begins when it is given a byte. Changes files by their paths only where PATHS is 1.
 */
#include <linux/futex.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "truth.h"

enum { ACTORS = 6, STAYING = 4, FILES = 5, PIPES = 3, PAIRS = 3, THREADS = 2, MARK_EVERY = 10, BEGIN = 100 };

enum deed {
    READ_FILE, WRITE_FILE, READ_PIPE, WRITE_PIPE, RECEIVE, SEND, READ_MAPPED, COPY_FILE, TRUNCATE, RENAME, CHANGE_MODE,
    SHORT_CHILD, RUN_PROGRAM, REPLACE, SIGNAL, INJECT, STEAL, TRACE, END, DEEDS
};

static struct orders {
    uint32_t turn; /* whose it is: 0 the first process's, BEGIN a new actor's, else 1 + THREADS * actor + thread */
    uint32_t deed;
    uint32_t which;
    uint32_t other;
    pid_t pids[ACTORS];
} volatile* orders;

static int files[FILES];
static int pipes[PIPES][2];
static int pairs[PAIRS][2];
static int waiting[PIPES], sent[PAIRS][2]; /* bytes in the pipe; bytes on the way to each end */
static char memory[64];
static uint64_t state;
static int by_path;

static uint32_t below(uint32_t bound) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(state >> 33) % bound;
}

static void wait_while_turn_is_not(uint32_t mine) {
    for (uint32_t now; (now = __atomic_load_n(&orders->turn, __ATOMIC_SEQ_CST)) != mine;)
        syscall(SYS_futex, &orders->turn, FUTEX_WAIT, now, NULL, NULL, 0);
}

static void give_turn(uint32_t to) {
    __atomic_store_n(&orders->turn, to, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, &orders->turn, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static const char* name_of(uint32_t file, int second) {
    static __thread char name[32];
    snprintf(name, sizeof(name), "%s%u", second ? "renamed" : "file", file);
    return name;
}

/* File 0 has the one name and the other by turns; whoever is asked to rename it finds out which it has. */
static void rename_first(void) {
    char from[32];
    int second = access(name_of(0, 1), F_OK) == 0;

    snprintf(from, sizeof(from), "%s", name_of(0, second));
    MUST(rename(from, name_of(0, !second)));
}

static void trace(pid_t other) {
    int status;

    MUST(ptrace(PTRACE_SEIZE, other, 0, 0));
    MUST(ptrace(PTRACE_INTERRUPT, other, 0, 0));
    MUST(waitpid(other, &status, __WALL));
    MUST(ptrace(PTRACE_DETACH, other, 0, 0));
}

static void start_actor(uint32_t actor);

static void child_of(uint32_t file, int runs) {
    pid_t child = MUST(fork());

    if (child == 0) {
        MUST(pwrite(files[file], "child", 5, 0));
        if (runs) execl("/bin/true", "true", NULL);
        _exit(0);
    }
    MUST(waitpid(child, NULL, 0));
}

static void act(uint32_t actor) {
    char bytes[16] = "0123456789abcde";
    struct iovec here = {bytes, sizeof(bytes)}, there = {memory, sizeof(bytes)};
    uint32_t which = orders->which;
    pid_t other = orders->pids[orders->other];
    off_t from = 0;

    switch (orders->deed) {
    case READ_FILE: MUST(pread(files[which], bytes, 4, 0)); break;
    case WRITE_FILE: MUST(pwrite(files[which], bytes, 4, 0)); break;
    case READ_PIPE: MUST(read(pipes[which][0], bytes, 4)); break;
    case WRITE_PIPE: MUST(write(pipes[which][1], bytes, 4)); break;
    case RECEIVE: MUST(recv(pairs[which][orders->other], bytes, 4, 0)); break;
    case SEND: MUST(send(pairs[which][orders->other], bytes, 4, 0)); break;
    case READ_MAPPED: munmap(mmap(NULL, 4, PROT_READ, MAP_PRIVATE, files[which], 0), 4); break;
    case COPY_FILE:
        MUST(lseek(files[orders->other], 0, SEEK_SET));
        MUST(sendfile(files[orders->other], files[which], &from, 4));
        break;
    case TRUNCATE: MUST(ftruncate(files[which], 64)); break;
    case RENAME: rename_first(); break;
    case CHANGE_MODE: MUST(chmod(name_of(1 + which % (FILES - 1), 0), 0644)); break;
    case SHORT_CHILD: child_of(which, 0); break;
    case RUN_PROGRAM: child_of(which, 1); break;
    case SIGNAL: MUST(kill(other, SIGUSR1)); break;
    case INJECT: MUST(syscall(SYS_process_vm_writev, other, &here, 1L, &there, 1L, 0L)); break;
    case STEAL: MUST(syscall(SYS_process_vm_readv, other, &here, 1L, &there, 1L, 0L)); break;
    case TRACE: trace(other); break;
    case REPLACE:
        if (MUST(fork()) == 0) start_actor(actor);
        _exit(0);
    case END: _exit(0);
    default: break;
    }
}

static void* serve(void* number) {
    uint32_t mine = (uint32_t)(uintptr_t)number;

    for (;;) {
        wait_while_turn_is_not(mine);
        act((mine - 1) / THREADS);
        give_turn(0);
    }
    return NULL;
}

/* Becomes the actor once it is told to. Never returns. */
static void start_actor(uint32_t actor) {
    pthread_t thread;
    uintptr_t first = 1 + THREADS * actor;

    wait_while_turn_is_not(BEGIN);
    orders->pids[actor] = getpid();
    for (uintptr_t i = 1; i < THREADS; ++i) {
        if (pthread_create(&thread, NULL, serve, (void*)(first + i)) != 0) _exit(120);
    }
    give_turn(0);
    serve((void*)first);
}

static void order(uint32_t actor, uint32_t thread, uint32_t deed, uint32_t which, uint32_t other) {
    orders->deed = deed;
    orders->which = which;
    orders->other = other;
    if (actor == 0) {
        act(0);
        return;
    }
    give_turn(1 + THREADS * actor + thread);
    if (deed == END || deed == REPLACE) MUST(waitpid(orders->pids[actor], NULL, 0));
    if (deed == END) return;
    if (deed == REPLACE) give_turn(BEGIN);
    wait_while_turn_is_not(0);
}

static void make_tcp(int pair[2]) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = MUST(socket(AF_INET, SOCK_STREAM, 0));

    MUST(bind(listener, (struct sockaddr*)&address, size));
    MUST(listen(listener, 1));
    MUST(getsockname(listener, (struct sockaddr*)&address, &size));
    pair[0] = MUST(socket(AF_INET, SOCK_STREAM, 0));
    MUST(connect(pair[0], (struct sockaddr*)&address, size));
    pair[1] = MUST(accept(listener, NULL, NULL));
    close(listener);
}

static void set_up(void) {
    char byte;

    MUST(read(0, &byte, 1));
    orders = mmap(NULL, sizeof(*orders), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(prctl(PR_SET_CHILD_SUBREAPER, 1));
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    signal(SIGUSR1, SIG_IGN);
    for (uint32_t i = 0; i < FILES; ++i) {
        files[i] = MUST(open(name_of(i, 0), O_RDWR | O_CREAT, 0644));
        MUST(pwrite(files[i], memory, sizeof(memory), 0));
    }
    for (uint32_t i = 0; i < PIPES; ++i) MUST(pipe(pipes[i]));
    MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pairs[0]));
    MUST(socketpair(AF_UNIX, SOCK_DGRAM, 0, pairs[1]));
    make_tcp(pairs[2]);
    orders->pids[0] = getpid();
    for (uint32_t actor = 1; actor < ACTORS; ++actor) {
        if (MUST(fork()) == 0) start_actor(actor);
        give_turn(BEGIN);
        wait_while_turn_is_not(0);
    }
}

/* One thing that can be done now. Often something like the last one: that is what can be merged. */
static void step(void) {
    static uint32_t last_actor, last_thread, last_which;
    static const uint8_t often[] = {READ_FILE, READ_FILE, READ_FILE, WRITE_FILE, WRITE_FILE, READ_PIPE, READ_PIPE,
                                    WRITE_PIPE, WRITE_PIPE, RECEIVE, RECEIVE, SEND, SEND, COPY_FILE, INJECT, SIGNAL};
    uint32_t deed = below(4) ? often[below(sizeof(often))] : below(END);
    uint32_t actor = below(ACTORS), thread = below(THREADS), which = below(FILES), other = below(ACTORS), end = below(2);

    if (below(2)) {
        actor = last_actor;
        thread = last_thread;
    }
    if (below(2)) which = last_which;
    last_actor = actor;
    last_thread = thread;
    last_which = which;
    switch (deed) {
    case RENAME:
    case CHANGE_MODE:
        if (!by_path) return;
        break;
    case READ_PIPE:
    case WRITE_PIPE:
        which %= PIPES;
        if (waiting[which] + (deed == READ_PIPE ? -4 : 4) < 0 || waiting[which] >= 4096) return;
        waiting[which] += deed == READ_PIPE ? -4 : 4;
        break;
    case RECEIVE:
    case SEND:
        /* Each end is one process's. */
        which %= PAIRS;
        other = end;
        actor = (2 * which + end) % STAYING;
        if (deed == RECEIVE ? sent[which][end] == 0 : sent[which][!end] >= 256) return;
        sent[which][deed == RECEIVE ? end : !end] += deed == RECEIVE ? -4 : 4;
        break;
    case COPY_FILE: other = (which + 1 + other % (FILES - 1)) % FILES; break;
    case REPLACE:
        actor = STAYING + actor % (ACTORS - STAYING);
        thread = 0;
        break;
    case SIGNAL:
    case INJECT:
    case STEAL:
    case TRACE:
        if (other == actor) return;
        if (deed == TRACE && other == 0) return; /* which waits for nothing that a tracer may interrupt */
        last_actor = other; /* does what it did before, which is something else now */
        break;
    default: break;
    }
    order(actor, actor == 0 ? 0 : thread, deed, which, other);
}

int main(int argc, char** argv) {
    uint32_t steps = argc > 2 ? (uint32_t)atoi(argv[2]) : 400;
    int mark;

    by_path = argc > 3 && atoi(argv[3]) == 1;
    state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
    set_up();
    mark = MUST(open("mark", O_RDWR | O_CREAT, 0644));
    for (uint32_t i = 1; i <= steps; ++i) {
        step();
        if (i % MARK_EVERY == 0) MUST(ftruncate(mark, i));
    }
    for (uint32_t actor = 1; actor < ACTORS; ++actor) order(actor, 0, END, 0, 0);
    return 0;
}
