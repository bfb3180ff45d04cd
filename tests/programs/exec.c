/* What runs after exec: by path, relative, through a script, from a thread; its arguments, and refusals. */
#include "truth.h"

#include <pthread.h>

extern char** environ;

/* Runs `start` in a child that is expected to become this program with `cmdline`. */
static void become(const char* call, const char* asked, const char* cmdline, void (*start)(void)) {
    pid_t child = MUST(fork());

    if (child == 0) {
        start();
        _exit(98);
    }
    int status;
    MUST(waitpid(child, &status, 0));
    const char* process =
        json("{'pid':%d,'exe':%s,'cmdline':%s,'uid':0}", child, quoted(self_path()), quoted(cmdline));
    const char* path2 = asked ? json(",'path2':%s", quoted(asked)) : "";
    truth_as(process, "'op':'exec','syscall':'%s','tid':%d,'ret':0,'object':%s%s", call, child,
             file_object(self_path()), path2);
    truth_as(process, "'op':'exit','ret':%d,'exit_code':7", status);
}

static void by_path(void) {
    char* args[] = {"name of its own", "become", "two words", "", NULL};

    execve(self_path(), args, environ);
}

static void by_symlink(void) {
    char* args[] = {"link", "become", NULL};

    execve("./link", args, environ);
}

static void by_descriptor(void) {
    char* args[] = {"at", "become", NULL};

    syscall(SYS_execveat, MUST(open(self_path(), O_PATH | O_CLOEXEC)), "", args, environ, AT_EMPTY_PATH);
}

static void by_script(void) {
    char* args[] = {"replaced", "one", NULL};

    execve("./script", args, environ);
}

static void* exec_in_thread(void* created) {
    char* args[] = {"threaded", "become", NULL};

    pthread_barrier_wait(created);
    execve(self_path(), args, environ);
    return NULL;
}

static void by_thread(void) {
    pthread_t thread;
    pthread_barrier_t created;

    /* The exec ends this thread wherever it is: its calls are always the same when all that are left are a futex's. */
    if (pthread_barrier_init(&created, NULL, 2)) abort();
    if (pthread_create(&thread, NULL, exec_in_thread, &created)) abort();
    pthread_barrier_wait(&created);
    pthread_join(thread, NULL);
}

static void write_script(void) {
    int fd = MUST(open("script", O_WRONLY | O_CREAT, 0755));

    dprintf(fd, "#!%s become\n", self_path());
    close(fd);
}

/* A refusal is recorded, a name that is not there is not. */
static void refused(void) {
    char* args[] = {"plain", NULL};
    int fd = MUST(open("plain", O_WRONLY | O_CREAT, 0644));

    close(fd);
    MUST_FAIL(EACCES, execve(here("plain"), args, environ));
    truth("'op':'exec','syscall':'execve','ret':%d,'error':'EACCES'", -EACCES);
    MUST_FAIL(ENOENT, execve("./nothing", args, environ));
    exhaustive("'exec'");
}

int main(int argc, char** argv) {
    (void)argc;
    if (argv[1] && strcmp(argv[1], "become") == 0) return 7;
    /* The recorder itself started this program: its own exec belongs to the truth. */
    truth("'op':'exec','ret':0,'object':%s", file_object(self_path()));
    MUST(symlink(self_path(), "link"));
    write_script();
    become("execve", self_path(), "name of its own become two words ", by_path);
    become("execve", "./link", "link become", by_symlink);
    become("execveat", NULL, "at become", by_descriptor);
    become("execve", "./script", json("%s become ./script one", self_path()), by_script);
    become("execve", self_path(), "threaded become", by_thread);
    refused();
    return truth_end();
}
