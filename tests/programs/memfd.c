/* Memory objects: made, written, read, mapped, and run. */
#include "truth.h"

#include <sys/mman.h>

static void run(int memory) {
    char buffer[65536];
    long bytes;
    int self = MUST(open(self_path(), O_RDONLY));

    while ((bytes = MUST(read(self, buffer, sizeof(buffer)))) > 0) MUST(write(memory, buffer, bytes));
    pid_t child = MUST(fork());
    if (child == 0) {
        char *args[] = {"from memory", "become", NULL}, *none[] = {NULL};

        syscall(SYS_execveat, memory, "", args, none, AT_EMPTY_PATH);
        _exit(98);
    }
    truth_as(json("{'pid':%d,'cmdline':'from memory become'}", child),
             "'op':'exec','syscall':'execveat','ret':0,'object':%s",
             with(fd_object(memory), "'id':'$program'"));
    reap(child);
}

int main(int argc, char** argv) {
    static char buffer[100];

    if (argc > 1 && strcmp(argv[1], "become") == 0) return 7;
    exhaustive("'memfd_create','mmap','mmap_write','exec'");
    truth("'op':'exec','ret':0,'object':%s", file_object(self_path()));
    int fd = MUST(syscall(SYS_memfd_create, "a name", 0));
    truth("'op':'memfd_create','syscall':'memfd_create','fd':%d,'ret':%d,'object':%s", fd, fd,
          with(fd_object(fd), "'id':'$memory'"));
    long bytes = MUST(write(fd, buffer, 64));
    truth("'op':'write','syscall':'write','fd':%d,'bytes':%ld,'object':%s", fd, bytes,
          with(fd_object(fd), "'id':'$memory'"));
    bytes = MUST(pread(fd, buffer, 50, 0));
    truth("'op':'read','syscall':'pread64','fd':%d,'bytes':%ld,'object':%s", fd, bytes,
          with(fd_object(fd), "'id':'$memory'"));
    long address = MUST(syscall(SYS_mmap, NULL, 64, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0L));
    truth("'op':'mmap_write','syscall':'mmap','fd':%d,'ret':%ld,'object':%s", fd, address,
          with(fd_object(fd), "'id':'$memory'"));
    int program = MUST(syscall(SYS_memfd_create, "program", 0));
    truth("'op':'memfd_create','syscall':'memfd_create','fd':%d,'ret':%d,'object':%s", program, program,
          with(fd_object(program), "'id':'$program'"));
    run(program);
    return truth_end();
}
