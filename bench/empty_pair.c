/* empty_pair OBJECT COMMAND [ARG...]: runs the command while the two programs of empty_pair.bpf.c are attached. Says "ready" on standard
 * error once they are; its exit code is the command's. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **command)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execvp(command[0], command);
		fprintf(stderr, "empty_pair: %s: %s\n", command[0], strerror(errno));
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child) {
		perror("empty_pair");
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	struct bpf_link *links[2] = {};
	struct bpf_program *program;
	struct bpf_object *object;
	int status, attached = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: empty_pair OBJECT COMMAND [ARG...]\n");
		return 2;
	}
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object) != 0) {
		fprintf(stderr, "empty_pair: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		links[attached] = bpf_program__attach(program);
		if (!links[attached]) {
			fprintf(stderr, "empty_pair: %s: %s\n", bpf_program__name(program), strerror(errno));
			return 1;
		}
		if (++attached == 2)
			break;
	}
	fprintf(stderr, "ready\n");
	status = run(argv + 2);
	while (attached > 0)
		bpf_link__destroy(links[--attached]);
	bpf_object__close(object);
	return status;
}
