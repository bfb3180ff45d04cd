/* empty_uprobe OBJECT FILE FUNCTION COMMAND [ARG...]: runs the command while the program of empty_uprobe.bpf.c is attached. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_link *link;
	int status;
	pid_t child;

	if (argc < 5)
		return 2;
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object) != 0) {
		fprintf(stderr, "empty_uprobe: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	link = bpf_program__attach_uprobe_multi(bpf_object__next_program(object, NULL), -1, argv[2], argv[3], NULL);
	if (!link) {
		fprintf(stderr, "empty_uprobe: %s: %s\n", argv[3], strerror(errno));
		return 1;
	}
	child = fork();
	if (child == 0) {
		execvp(argv[4], argv + 4);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return 1;
	bpf_link__destroy(link);
	bpf_object__close(object);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
