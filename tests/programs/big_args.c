/* Arguments of 2 MB, whole. */
#include "truth.h"

#include <sys/resource.h>

#define ARGUMENT (128 * 1024 - 1) /* the longest that Linux takes, with its NUL */
#define COUNT 16

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "become") == 0) return 7;
    const struct rlimit stack = {64 << 20, 64 << 20};
    char *args[COUNT + 3] = {"big", "become"}, *none[] = {NULL};
    char* cmdline = calloc(1, (COUNT + 1) * (ARGUMENT + 2));

    if (setrlimit(RLIMIT_STACK, &stack) < 0)
        truth_skip("the stack cannot be made large enough for 2 MB of arguments");
    strcpy(cmdline, "big become");
    char* end = cmdline + strlen(cmdline);
    for (int i = 0; i < COUNT; i++) {
        char* argument = calloc(1, ARGUMENT + 1);

        memset(argument, 'a' + i, ARGUMENT);
        if (i == 7) argument[1000] = '\xff';
        args[i + 2] = argument;
        end += sprintf(end, " %s", argument);
    }
    pid_t child = MUST(fork());
    if (child == 0) {
        execve(self_path(), args, none);
        _exit(98);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    if (WEXITSTATUS(status) == 98) truth_skip("the kernel does not take 2 MB of arguments");
    truth_as(json("{'pid':%d,'exe':%s,'cmdline':%s}", child, quoted(self_path()), quoted(cmdline)),
             "'op':'exec','ret':0,'object':%s", file_object(self_path()));
    truth_of(child, "'op':'exit','exit_code':7");
    return truth_end();
}
