// What ten calls that servers make all the time cost, in nanoseconds each, the least of several runs: one line a call. The filter is
// that of a file (an array of struct sock_filter, as `catena seccomp derive --format bpf` writes it), or none.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { CALLS = 20000, RUNS = 5 };

static void install(const char *path)
{
	static struct sock_filter code[4096];
	struct sock_fprog program = { .filter = code };
	FILE *file = fopen(path, "rb");

	if (!file)
		exit(1);
	program.len = fread(code, sizeof(code[0]), 4096, file);
	fclose(file);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) {
		perror("seccomp");
		exit(1);
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static long call(long number, int null, int epoll, int pair)
{
	static char byte[1];
	static struct epoll_event event;
	struct pollfd fd = { .fd = null, .events = POLLIN };

	switch (number) {
	case SYS_read:
		return read(null, byte, 1);
	case SYS_write:
		return write(null, byte, 1);
	case SYS_epoll_wait:
		return syscall(SYS_epoll_wait, epoll, &event, 1, 0);
	case SYS_poll:
		return syscall(SYS_poll, &fd, 1, 0);
	case SYS_sendto:
		return sendto(pair, byte, 0, MSG_DONTWAIT, NULL, 0);
	case SYS_recvfrom:
		return recvfrom(pair, byte, 1, MSG_DONTWAIT, NULL, NULL);
	case SYS_futex:
		return syscall(SYS_futex, byte, 129, 1, NULL, NULL, 0);
	case SYS_fcntl:
		return fcntl(null, F_GETFL);
	case SYS_lseek:
		return lseek(null, 0, SEEK_CUR);
	default:
		return syscall(number);
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = { { "read", SYS_read }, { "write", SYS_write }, { "epoll_wait", SYS_epoll_wait }, { "poll", SYS_poll },
		      { "sendto", SYS_sendto }, { "recvfrom", SYS_recvfrom }, { "futex", SYS_futex }, { "fcntl", SYS_fcntl },
		      { "lseek", SYS_lseek }, { "getpid", SYS_getpid } };
	int null = open("/dev/zero", O_RDWR), epoll = epoll_create1(0), pair[2];

	socketpair(AF_UNIX, SOCK_DGRAM, 0, pair);
	if (argc > 1)
		install(argv[1]);
	for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		double best = 1e18;

		for (int run = 0; run < RUNS; run++) {
			double begin = now(), took;

			for (int n = 0; n < CALLS; n++)
				call(calls[i].number, null, epoll, pair[1]);
			took = (now() - begin) / CALLS;
			if (took < best)
				best = took;
		}
		printf("%s %.1f\n", calls[i].name, best);
	}
	return 0;
}
