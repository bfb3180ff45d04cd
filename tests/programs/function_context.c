// Makes system calls in functions that are known, and says which in which: tests of the context of system calls. In order of time,
// a line each: what is done to which file, how often in one go, and the path of functions. function_context FOLDER
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define FUNCTION __attribute__((noinline, noclone, used))

static const char *folder;
static char told[4096];

static void tell(const char *line)
{
	strcat(told, line);
	strcat(told, "\n");
}

// Each begins with a push, so that a probe on it is quick, and ends in no tail call.
#define BODY __asm__ volatile("" ::: "rbx", "memory")

FUNCTION int c_open(const char *name)
{
	char path[256];
	int fd;

	BODY;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0644);
	if (fd < 0)
		abort();
	BODY;
	return fd;
}

FUNCTION void c_first(int fd)
{
	BODY;
	if (write(fd, "one", 3) != 3)
		abort();
	BODY;
}

FUNCTION void c_second(int fd)
{
	BODY;
	if (write(fd, "second", 6) != 6)
		abort();
	BODY;
}

FUNCTION void c_serve(int fd)
{
	BODY;
	for (int i = 0; i < 100; i++)
		c_first(fd);
	for (int i = 0; i < 50; i++)
		c_second(fd);
	c_first(fd);
	/* Its own, and it has returned from another function just before. */
	if (write(fd, "serve's", 7) != 7)
		abort();
	BODY;
}

FUNCTION void c_deep(int fd, int depth)
{
	BODY;
	if (depth)
		c_deep(fd, depth - 1);
	else
		c_second(fd);
	BODY;
}

FUNCTION void *c_thread(void *unused)
{
	int fd = c_open("thread");

	BODY;
	(void)unused;
	close(fd);
	BODY;
	return NULL;
}

FUNCTION void c_child(void)
{
	pid_t child;

	BODY;
	child = fork();
	if (child == 0) {
		close(c_open("child"));
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	waitpid(child, NULL, 0);
	BODY;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int fd;

	if (argc < 2)
		return 2;
	folder = argv[1];
	tell("create log 1 main > c_open");
	fd = c_open("log");
	tell("write log 100 main > c_serve > c_first");
	tell("write log 50 main > c_serve > c_second");
	tell("write log 1 main > c_serve > c_first");
	tell("write log 1 main > c_serve");
	c_serve(fd);
	tell("write log 1 main > c_deep > c_deep > c_deep > c_deep > c_second");
	c_deep(fd, 3);
	tell("create thread 1 c_thread > c_open");
	if (pthread_create(&thread, NULL, c_thread, NULL))
		return 3;
	pthread_join(thread, NULL);
	tell("fork - 1 main > c_child");
	tell("create child 1 main > c_child > c_open");
	tell("exec true 1 main > c_child");
	c_child();
	close(fd);
	fputs(told, stdout);
	return 0;
}
