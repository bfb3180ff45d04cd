/* soak SECONDS: as much as two processors can do. A loop of one-byte reads and writes is bound to each of the first two processors, and a third
 * process forks children that end at once. Prints on standard output how many calls and children that made. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static long read_and_write(int cpu, double until)
{
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);
	cpu_set_t one;
	long calls = 0;
	char byte;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);	/* with one processor only, both loops share it */
	while (now() < until)
		for (int i = 0; i < 1000; i++, calls += 2)
			if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1)
				_exit(1);
	return calls;
}

static long fork_children(double until)
{
	long children = 0;

	for (; now() < until; children++) {
		pid_t child = fork();

		if (child == 0)
			_exit(0);
		if (child < 0 || waitpid(child, NULL, 0) != child)
			_exit(1);
	}
	return children;
}

int main(int argc, char **argv)
{
	long *counts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double until = now() + (argc == 2 ? atof(argv[1]) : 0);
	int status, failed = 0;

	if (argc != 2 || counts == MAP_FAILED) {
		fprintf(stderr, "usage: soak SECONDS\n");
		return 2;
	}
	for (int i = 0; i < 3; i++) {
		if (fork() == 0) {
			counts[i] = i < 2 ? read_and_write(i, until) : fork_children(until);
			_exit(0);
		}
	}
	for (int i = 0; i < 3; i++)
		failed |= wait(&status) < 0 || status != 0;
	printf("%ld %ld\n", counts[0] + counts[1], counts[2]);
	return failed;
}
