/* Tracing: a child asks for it, or is attached to, or seized. */
#include "truth.h"

#include <signal.h>
#include <sys/ptrace.h>

static void traced(const char* request, pid_t target, long ret) {
    MUST(ret);
    truth("'op':'ptrace','syscall':'ptrace','request':'%s','ret':0,'object':%s", request,
          process_object(target));
}

/* The child asks its parent to trace it, and stops. */
static void asked(void) {
    pid_t child = MUST(fork());
    int status;

    if (child == 0) {
        MUST(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0));
        truth("'op':'ptrace','syscall':'ptrace','request':'PTRACE_TRACEME','ret':0");
        exhaustive("'ptrace'");
        MUST(kill(getpid(), SIGSTOP));
        _exit(0);
    }
    MUST(waitpid(child, &status, 0));
    traced("PTRACE_CONT", child, syscall(SYS_ptrace, PTRACE_CONT, child, 0, 0));
    reap(child);
}

static pid_t waiting_child(void) {
    pid_t child = MUST(fork());

    if (child == 0) {
        for (;;) pause();
    }
    return child;
}

static void attached(void) {
    pid_t child = waiting_child();
    int status;

    traced("PTRACE_ATTACH", child, syscall(SYS_ptrace, PTRACE_ATTACH, child, 0, 0));
    MUST(waitpid(child, &status, 0));
    traced("PTRACE_DETACH", child, syscall(SYS_ptrace, PTRACE_DETACH, child, 0, 0));
    MUST(kill(child, SIGKILL));
    reap(child);
}

static void seized(void) {
    pid_t child = waiting_child();
    int status;

    traced("PTRACE_SEIZE", child, syscall(SYS_ptrace, PTRACE_SEIZE, child, 0, 0));
    traced("PTRACE_INTERRUPT", child, syscall(SYS_ptrace, PTRACE_INTERRUPT, child, 0, 0));
    MUST(waitpid(child, &status, 0));
    MUST(kill(child, SIGKILL));
    reap(child);
}

int main(void) {
    exhaustive("'ptrace'");
    asked();
    attached();
    seized();
    return truth_end();
}
