// Calls functions a known number of times and says how often: tests of recording functions.
// function_calls MODE [N]: "calls N" in one thread, "threads N" in eight, "fork N" in a child too, "exec N" before and after
// an exec, "once" each function once, "forks N" once in each of N children, "crowd N" the same in children that are all there
// when a byte comes, "asked N" N times for each byte that comes.
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone, used))

static volatile uint64_t sink;

// The register that is taken makes the compiler begin with a push, which the kernel emulates.
FUNCTION void leaf(uint64_t n)
{
	__asm__ volatile("" ::: "rbx", "memory");
	sink += n;
}

FUNCTION uint64_t middle(uint64_t n)
{
	leaf(n);
	__asm__ volatile("" ::: "rbx", "memory");
	leaf(n + 1);
	__asm__ volatile("" ::: "memory");
	return n;
}

FUNCTION uint64_t recurse(uint64_t n)
{
	uint64_t below = n == 0 ? 0 : recurse(n - 1);

	__asm__ volatile("" ::: "rbx", "memory");
	return below + 1;
}

FUNCTION void never(void)
{
	__asm__ volatile("" ::: "rbx", "memory");
	sink++;
}

static void *run(void *count)
{
	for (uint64_t i = 0; i < (uint64_t)(uintptr_t)count; i++)
		middle(i);
	return NULL;
}

// One call in each of so many children, which all exist before any calls where they wait for a byte.
static void call_in_children(uint64_t count, int wait_for_byte)
{
	int gate[2];
	char byte;

	if (pipe(gate) != 0)
		_exit(1);
	for (uint64_t i = 0; i < count; i++) {
		pid_t child = fork();

		if (child < 0)
			_exit(1);
		if (child == 0) {
			close(gate[1]);
			if (wait_for_byte && read(gate[0], &byte, 1) != 0)
				_exit(1);
			run((void *)1);
			_exit(0);
		}
		if (!wait_for_byte)
			waitpid(child, NULL, 0);
	}
	if (wait_for_byte && (write(9, "x", 1) != 1 || read(0, &byte, 1) != 1))
		_exit(1);
	close(gate[1]);
	while (wait(NULL) > 0)
		;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "calls";
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
	pthread_t threads[8];

	if (getenv("NEVER"))
		never();
	if (strcmp(mode, "threads") == 0) {
		for (int i = 0; i < 8; i++)
			pthread_create(&threads[i], NULL, run, (void *)(uintptr_t)n);
		for (int i = 0; i < 8; i++)
			pthread_join(threads[i], NULL);
		printf("middle %llu leaf %llu\n", (unsigned long long)(8 * n), (unsigned long long)(16 * n));
		return 0;
	}
	if (strcmp(mode, "fork") == 0) {
		pid_t child;

		run((void *)(uintptr_t)n);
		child = fork();
		run((void *)(uintptr_t)n);
		if (child == 0)
			_exit(0);
		waitpid(child, NULL, 0);
		printf("middle %llu leaf %llu\n", (unsigned long long)(3 * n), (unsigned long long)(6 * n));
		return 0;
	}
	if (strcmp(mode, "forks") == 0 || strcmp(mode, "crowd") == 0) {
		call_in_children(n, mode[0] == 'c');
		printf("middle %llu leaf %llu\n", (unsigned long long)n, (unsigned long long)(2 * n));
		return 0;
	}
	if (strcmp(mode, "asked") == 0) {
		uint64_t asked = 0;
		char byte;

		if (write(9, "x", 1) != 1)
			return 1;
		for (; read(0, &byte, 1) == 1; asked++) {
			run((void *)(uintptr_t)n);
			if (write(9, "x", 1) != 1)
				return 1;
		}
		printf("middle %llu leaf %llu\n", (unsigned long long)(asked * n), (unsigned long long)(2 * asked * n));
		return 0;
	}
	if (strcmp(mode, "exec") == 0) {
		run((void *)(uintptr_t)n);
		execl("/proc/self/exe", argv[0], "calls", argv[2], NULL);
		return 1;
	}
	if (strcmp(mode, "recurse") == 0) {
		printf("recurse %llu\n", (unsigned long long)recurse(n - 1));
		return 0;
	}
	run((void *)(uintptr_t)n);
	printf("middle %llu leaf %llu\n", (unsigned long long)n, (unsigned long long)(2 * n));
	return 0;
}
