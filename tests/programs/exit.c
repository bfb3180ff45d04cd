/* How processes end: codes, signals, from a thread, and after their first thread. */
#include "truth.h"

#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

static pid_t child_that(void (*end)(void)) {
    pid_t child = MUST(fork());

    if (child == 0) {
        end();
        for (;;) pause();
    }
    return child;
}

static void code_42(void) { _exit(42); }
static void code_255(void) { _exit(255); }

static void by_signal(int signal) { MUST(kill(getpid(), signal)); }

static void terminated(void) { by_signal(SIGTERM); }
static void killed(void) { by_signal(SIGKILL); }
static void crashed(void) { by_signal(SIGSEGV); }

static void* exit_for_all(void* unused) {
    (void)unused;
    syscall(SYS_exit_group, 7);
    return NULL;
}

static void from_thread(void) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, exit_for_all, NULL)) abort();
    for (;;) pause();
}

static int leader_lives = 1;

/* The kernel clears leader_lives, and wakes its waiters, when the first thread is gone. */
static void* exit_last(void* unused) {
    (void)unused;
    while (__atomic_load_n(&leader_lives, __ATOMIC_SEQ_CST))
        syscall(SYS_futex, &leader_lives, FUTEX_WAIT, 1, NULL, NULL, 0);
    syscall(SYS_exit, 9);
    return NULL;
}

static void after_leader(void) {
    pthread_t thread;

    if (pthread_create(&thread, NULL, exit_last, NULL)) abort();
    syscall(SYS_set_tid_address, &leader_lives);
    syscall(SYS_exit, 3);
}

#define TOGETHER 2

static int gathered;

static void* exit_together(void* unused) {
    (void)unused;
    __atomic_fetch_add(&gathered, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&gathered, __ATOMIC_SEQ_CST) < TOGETHER) {
    }
    syscall(SYS_exit, 5);
    return NULL;
}

/* Both threads may find that they are the last; the process ends once. */
static void at_once(void) {
    pthread_t thread;

    for (int i = 1; i < TOGETHER; i++) {
        if (pthread_create(&thread, NULL, exit_together, NULL)) abort();
    }
    exit_together(NULL);
}

int main(void) {
    static void (*const ends[])(void) = {code_42, code_255,    terminated,  killed,
                                         crashed, from_thread, after_leader};
    const struct rlimit no_core = {0, 0};

    MUST(setrlimit(RLIMIT_CORE, &no_core));
    exhaustive("'exit','kill'");
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) reap(child_that(ends[i]));
    for (int i = 0; i < 200; i++) reap(child_that(at_once));
    return truth_end();
}
