/* storm exec|fork N: N processes that end at once, each made by vfork and exec of this program, or by fork alone; as many makers at a time
 * as there are processors. Link it statically: a program that loads libraries would measure the loader. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t make_one(int with_exec)
{
	static char *const arguments[] = {"/proc/self/exe", "child", NULL};
	pid_t child = with_exec ? vfork() : fork();

	if (child == 0) {
		if (with_exec)
			execve(arguments[0], arguments, NULL);
		_exit(with_exec ? 127 : 0);
	}
	return child;
}

static int make(long processes, int with_exec)
{
	int status;

	for (long i = 0; i < processes; i++) {
		pid_t child = make_one(with_exec);

		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	int makers = (int)sysconf(_SC_NPROCESSORS_ONLN), status, failed = 0;
	long processes;

	if (argc == 2 && strcmp(argv[1], "child") == 0)
		return 0;
	if (argc != 3 || (strcmp(argv[1], "exec") != 0 && strcmp(argv[1], "fork") != 0)) {
		fprintf(stderr, "usage: storm exec|fork N\n");
		return 2;
	}
	processes = atol(argv[2]);
	for (int i = 0; i < makers; i++)
		if (fork() == 0)
			_exit(make(processes / makers + (i < processes % makers), argv[1][0] == 'e'));
	for (int i = 0; i < makers; i++)
		failed |= wait(&status) < 0 || status != 0;
	return failed;
}
