/* Programs that are run in ways that leave little behind: from a file without a name, from memory, by an
 * interpreter, from a thread that is not the leader, after vfork. What ran is known each time. */
#include "truth.h"

#include <pthread.h>
#include <sched.h>

static char *become[] = {"hidden", "become", NULL}, *none[] = {NULL};

static void copy_self(int to) {
    char buffer[65536];
    long bytes;
    int self = MUST(open(self_path(), O_RDONLY));

    while ((bytes = MUST(read(self, buffer, sizeof(buffer)))) > 0) MUST(write(to, buffer, bytes));
    close(self);
}

static void ran(pid_t child, const char* cmdline, const char* object, const char* more) {
    truth_as(json("{'pid':%d,'cmdline':%s}", child, quoted(cmdline)), "'op':'exec','ret':0,'object':%s%s",
             object, fields(more));
    reap(child);
}

/* A file that never had a name: O_TMPFILE, opened again for reading so that it can be run. */
static void unnamed(void) {
    int file = open(".", O_TMPFILE | O_RDWR, 0700);

    if (file < 0) return; /* not every file system can */
    struct stat status;
    copy_self(file);
    MUST(fstat(file, &status));
    int again = MUST(open(json("/proc/self/fd/%d", file), O_RDONLY));
    close(file);
    pid_t child = MUST(fork());
    if (child == 0) {
        syscall(SYS_execveat, again, "", become, none, AT_EMPTY_PATH);
        _exit(98);
    }
    ran(child, "hidden become",
        json("{'type':'file','inode':%lu,'kind':'regular'}", (unsigned long)status.st_ino), "");
}

static void shared_memory(void) {
    const char* name = json("/dev/shm/catena-hidden-%d", getpid());
    int file = open(name, O_CREAT | O_EXCL | O_WRONLY, 0700);

    if (file < 0) return;
    copy_self(file);
    close(file);
    const char* object = file_object(name);
    pid_t child = MUST(fork());
    if (child == 0) {
        execve(name, become, none);
        _exit(98);
    }
    ran(child, "hidden become", object, json(",'path2':%s", quoted(name)));
    MUST(unlink(name));
    truth("'op':'unlink','path':%s,'object':%s", quoted(name), object);
}

/* The interpreter runs; the script is what was asked for. */
static void script(void) {
    const char* text = json("#!%s become\n", self_path());
    int file = MUST(open("script", O_CREAT | O_WRONLY, 0700));

    MUST(write(file, text, strlen(text)));
    close(file);
    pid_t child = MUST(fork());
    if (child == 0) {
        execve("./script", become, none);
        _exit(98);
    }
    ran(child, json("%s become ./script become", self_path()), file_object(self_path()),
        ",'path2':'./script'");
}

static void* exec_self(void* unused) {
    (void)unused;
    execve(self_path(), become, none);
    _exit(98);
}

static void from_a_thread(void) {
    pid_t child = MUST(fork());

    if (child == 0) {
        pthread_t thread;
        pthread_create(&thread, NULL, exec_self, NULL);
        for (;;) pause();
    }
    truth("'op':'fork','ret':%d,'object':{'type':'process','pid':%d,'id':'$threaded'}", child, child);
    truth_as(json("{'pid':%d,'id':'$threaded','cmdline':'hidden become'}", child),
             "'op':'exec','ret':0,'tid':%d,'object':%s", child, file_object(self_path()));
    reap(child);
}

static void after_vfork(void) {
    const char* path = self_path();
    pid_t child = vfork();

    if (child == 0) {
        execve(path, become, none);
        _exit(98);
    }
    MUST(child);
    truth("'op':'fork','ret':%d,'object':%s", child, process_object(child));
    ran(child, "hidden become", file_object(path), "");
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "become") == 0) return 7;
    unnamed();
    shared_memory();
    script();
    from_a_thread();
    after_vfork();
    return truth_end();
}
