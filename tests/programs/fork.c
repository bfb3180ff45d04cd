/* New processes and threads, by every call that makes them, and who their parents are. */
#include "truth.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

/* Tells that `child` was made by `call` and ends with `code`. Its parent is this very process. */
static void tell(const char* call, const char* flags, pid_t child, int code) {
    int status = 0;

    truth_as(json("{'pid':%d,'id':'$main'}", getpid()),
             "'op':'fork','syscall':'%s','tid':%d,'ret':%d,'object':{'type':'process','pid':%d,'id':'$%s'}%s",
             call, gettid(), child, child, call, flags);
    MUST(waitpid(child, &status, __WALL));
    truth_as(
        json("{'pid':%d,'id':'$%s','parent':'$main','uid':0,'exe':%s}", child, call, quoted(self_path())),
        "'op':'exit','ret':%d,'exit_code':%d,'tid':%d", status, code, child);
}

static void processes(void) {
    pid_t child = MUST(syscall(SYS_fork));

    if (child == 0) _exit(1);
    tell("fork", "", child, 1);

    child = MUST(vfork());
    if (child == 0) _exit(2);
    tell("vfork", "", child, 2);

    child = MUST(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    if (child == 0) _exit(3);
    tell("clone", json(",'flags':'SIGCHLD'"), child, 3);

    struct clone_args args = {.flags = CLONE_FS, .exit_signal = SIGCHLD};
    child = syscall(SYS_clone3, &args, sizeof(args));
    if (child == 0) _exit(4);
    if (child > 0) tell("clone3", json(",'flags':'CLONE_FS'"), child, 4);
}

static pthread_barrier_t turn;

static void* inner_thread(void* told_tid) {
    *(pid_t*)told_tid = gettid();
    return NULL;
}

/* A thread that makes a thread: the event is the maker's. Its own beginning is told before it goes on. */
static void* outer_thread(void* told_tid) {
    pthread_t thread;
    pid_t inner = 0;

    *(pid_t*)told_tid = gettid();
    pthread_barrier_wait(&turn);
    pthread_barrier_wait(&turn);
    if (pthread_create(&thread, NULL, inner_thread, &inner)) abort();
    pthread_join(thread, NULL);
    truth("'op':'thread','tid':%d,'ret':%d", gettid(), inner);
    return NULL;
}

static void threads(void) {
    pthread_t thread;
    pid_t outer = 0;

    pthread_barrier_init(&turn, NULL, 2);
    if (pthread_create(&thread, NULL, outer_thread, &outer)) abort();
    pthread_barrier_wait(&turn);
    truth("'op':'thread','tid':%d,'ret':%d,'object':{'type':'process','pid':%d,'id':'$main'}", gettid(),
          outer, getpid());
    pthread_barrier_wait(&turn);
    pthread_join(thread, NULL);
}

/* A child's child: the parent is the child. */
static void grandchild(void) {
    pid_t child = MUST(syscall(SYS_fork));

    if (child == 0) {
        pid_t inner = MUST(syscall(SYS_fork));
        int status;

        if (inner == 0) _exit(0);
        truth_as(json("{'pid':%d,'id':'$child'}", getpid()),
                 "'op':'fork','object':{'type':'process','pid':%d,'id':'$grandchild'}", inner);
        MUST(waitpid(inner, &status, 0));
        truth_as(json("{'pid':%d,'id':'$grandchild','parent':'$child'}", inner), "'op':'exit','exit_code':0");
        exhaustive("'fork','exit'");
        truth_as(json("{'pid':%d,'id':'$child','parent':'$main'}", getpid()), "'op':'exit','exit_code':0");
        _exit(0);
    }
    truth_as(json("{'pid':%d,'id':'$main'}", getpid()),
             "'op':'fork','object':{'type':'process','pid':%d,'id':'$child'}", child);
    int status;
    MUST(waitpid(child, &status, 0));
}

int main(void) {
    exhaustive("'fork','thread','exit'");
    processes();
    threads();
    grandchild();
    return truth_end();
}
