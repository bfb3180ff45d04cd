/* Reading and writing another process's memory. */
#include "truth.h"

#include <signal.h>
#include <sys/uio.h>

int main(void) {
    static char here_bytes[128], there_bytes[128];
    struct iovec local = {here_bytes, 100}, remote = {there_bytes, 100}, less = {there_bytes, 40},
                 wrong = {(void*)8, 8};
    pid_t child = MUST(fork());

    if (child == 0) {
        for (;;) pause();
    }
    exhaustive("'vm_read','vm_write'");
    long bytes = MUST(syscall(SYS_process_vm_readv, child, &local, 1L, &remote, 1L, 0L));
    truth("'op':'vm_read','syscall':'process_vm_readv','bytes':%ld,'ret':%ld,'object':%s", bytes, bytes,
          process_object(child));
    bytes = MUST(syscall(SYS_process_vm_writev, child, &local, 1L, &less, 1L, 0L));
    truth("'op':'vm_write','syscall':'process_vm_writev','bytes':%ld,'ret':%ld,'object':%s", bytes, bytes,
          process_object(child));
    MUST_FAIL(EFAULT, syscall(SYS_process_vm_readv, child, &local, 1L, &wrong, 1L, 0L));
    MUST(kill(child, SIGKILL));
    reap(child);
    return truth_end();
}
