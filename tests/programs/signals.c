/* Signals to another process, by every call that sends one. */
#include "truth.h"

#include <signal.h>

/* A child that waits until the other end of the pipe is closed. */
static pid_t waiting_child(int* hold) {
    int fds[2];

    MUST(pipe(fds));
    pid_t child = MUST(fork());
    if (child == 0) {
        char byte;

        close(fds[1]);
        while (read(fds[0], &byte, 1) < 0) {
        }
        _exit(0);
    }
    close(fds[0]);
    *hold = fds[1];
    return child;
}

static void sent(const char* call, const char* signal, pid_t target, long ret) {
    MUST(ret);
    truth("'op':'kill','syscall':'%s','signal':'%s','ret':0,'object':%s", call, signal,
          process_object(target));
}

static void refused(void) {
    pid_t parent = getpid(), child = MUST(fork());

    if (child == 0) {
        MUST(syscall(SYS_setuid, 65534));
        MUST_FAIL(EPERM, kill(parent, SIGTERM));
        truth("'op':'kill','syscall':'kill','signal':'SIGTERM','ret':%d,'error':'EPERM','object':%s", -EPERM,
              process_object(parent));
        exhaustive("'kill'");
        _exit(0);
    }
    reap(child);
}

int main(void) {
    siginfo_t info = {.si_signo = SIGCONT, .si_code = SI_QUEUE};
    int hold;
    pid_t child = waiting_child(&hold);

    exhaustive("'kill'");
    MUST(signal(SIGUSR1, SIG_IGN) == SIG_ERR ? -1 : 0);
    sent("kill", "SIGCONT", child, syscall(SYS_kill, child, SIGCONT));
    sent("kill", "0", child, syscall(SYS_kill, child, 0));
    sent("kill", "SIGUSR1", getpid(), syscall(SYS_kill, getpid(), SIGUSR1));
    sent("tgkill", "SIGCONT", child, syscall(SYS_tgkill, child, child, SIGCONT));
    sent("tkill", "SIGCONT", child, syscall(SYS_tkill, child, SIGCONT));
    sent("rt_sigqueueinfo", "SIGCONT", child, syscall(SYS_rt_sigqueueinfo, child, SIGCONT, &info));
    sent("rt_tgsigqueueinfo", "SIGCONT", child, syscall(SYS_rt_tgsigqueueinfo, child, child, SIGCONT, &info));
    int pidfd = syscall(SYS_pidfd_open, child, 0);
    if (pidfd >= 0)
        sent("pidfd_send_signal", "SIGCONT", child, syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0));
    MUST_FAIL(ESRCH, kill(0x3ffffff, SIGTERM));
    refused();
    sent("kill", "SIGTERM", child, syscall(SYS_kill, child, SIGTERM));
    reap(child);
    return truth_end();
}
