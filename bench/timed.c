/* timed FILE COMMAND [ARG...]: runs the command, its standard output thrown away, and writes into FILE the seconds that it took.
 * What watches this program is neither started nor ended within that time. FILE is written only if the command succeeded. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	double began = now(), seconds;
	int status, null;
	FILE *file;
	pid_t child;

	if (argc < 3) {
		fprintf(stderr, "usage: timed FILE COMMAND [ARG...]\n");
		return 2;
	}
	child = fork();
	if (child == 0) {
		null = open("/dev/null", O_WRONLY);
		if (null >= 0)
			dup2(null, 1);
		execvp(argv[2], argv + 2);
		fprintf(stderr, "timed: %s: %s\n", argv[2], strerror(errno));
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("timed");
		return 1;
	}
	seconds = now() - began;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "timed: %s failed, wait status %#x\n", argv[2], status);
		return 1;
	}
	file = fopen(argv[1], "w");
	if (!file || fprintf(file, "%.6f\n", seconds) < 0 || fclose(file) != 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
