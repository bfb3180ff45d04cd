/*
 * Makes every system call from 0 to 470 once, with -1 for each argument, and then some through the 32-bit table, and prints a line for
 * each: the ABI, its number and what it returned. Left out are those that block, end the program or take something from the machine.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST 470
#define UPROBE_RETURN 335	/* end the program where they are not called by a probe */
#define UPROBE 336

static const int left_out[] = {
	SYS_rt_sigreturn, SYS_pause, SYS_fork, SYS_vfork, SYS_exit, SYS_exit_group, SYS_vhangup, SYS_sync, UPROBE_RETURN, UPROBE,
};

static int is_left_out(int nr)
{
	for (unsigned int i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (left_out[i] == nr)
			return 1;
	}
	return 0;
}

/* Without glibc between: it has its own ideas of some. */
static long call(long nr)
{
	register long a4 __asm__("r10") = -1, a5 __asm__("r8") = -1, a6 __asm__("r9") = -1;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(-1L), "S"(-1L), "d"(-1L), "r"(a4), "r"(a5), "r"(a6)
			 : "rcx", "r11", "memory");
	return ret;
}

static int call32(int nr, long a1, long a2, long a3)
{
	int ret;

	__asm__ volatile("int $0x80" : "=a"(ret) : "a"(nr), "b"(a1), "c"(a2), "d"(a3) : "r8", "r9", "r10", "r11", "memory");
	return ret;
}

/* Where the machine has no 32-bit table, the interrupt is a fault. */
static sigjmp_buf behind_fault;

static void on_fault(int number)
{
	(void)number;
	siglongjmp(behind_fault, 1);
}

static const char name[] = "thirty-two";	/* below 4 GiB, since the program is linked statically */
static long results[LAST + 1];

int main(void)
{
	volatile int made = -ENOSYS, removed = 0, badly = 0;

	for (int nr = 0; nr <= LAST; nr++)
		results[nr] = is_left_out(nr) ? 0 : call(nr);
	signal(SIGSEGV, on_fault);
	if (sigsetjmp(behind_fault, 0) == 0) {
		made = call32(39, (long)name, 0700, 0);
		removed = call32(40, (long)name, 0, 0);
		badly = call32(3, -1, 0, 0);
	}
	for (int nr = 0; nr <= LAST; nr++) {
		if (!is_left_out(nr))
			printf("x86-64 %d %ld\n", nr, results[nr]);
	}
	if (made == -ENOSYS)
		return 0;	/* no 32-bit table here */
	printf("i386 39 %d\ni386 40 %d\ni386 3 %d\n", made, removed, badly);
	return 0;
}
