/* Names that change because what is above them does, and names that depend on who asks. Processes whose
 * parent or pid is not what it was. */
#include "truth.h"

static void make(const char* path) { close(MUST(open(path, O_WRONLY | O_CREAT, 0600))); }

static void opened(const char* path, const char* object) {
    int fd = MUST(open(path, O_RDONLY));

    truth("'op':'open','fd':%d,'object':%s", fd, object);
    close(fd);
}

static void renamed_above(void) {
    MUST(mkdir("a", 0700));
    MUST(mkdir("a/b", 0700));
    make("a/b/f");
    opened("a/b/f", with(file_object(here("a/b/f")), "'id':'$file'"));
    MUST(rename("a", "z"));
    opened("z/b/f", with(file_object(here("z/b/f")), "'id':'$file'"));
    MUST(unlink("z/b/f"));
    truth("'op':'unlink','path':%s,'object':{'type':'file','id':'$file'}", quoted(here("z/b/f")));
}

static void linked(void) {
    make("l");
    MUST(link("l", "hard"));
    MUST(symlink("hard", "soft"));
    opened("soft", json("{'type':'file','inode':%lu,'path':%s}", ({
                            struct stat status;
                            MUST(stat("l", &status));
                            (unsigned long)status.st_ino;
                        }),
                        quoted(here("hard"))));
}

/* /proc/self is another one for the recorder. */
static void own(void) {
    make("o1");
    MUST(rename("/proc/self/cwd/o1", "/proc/self/cwd/o2"));
    truth("'op':'rename','path':%s,'path2':%s", quoted(here("o1")), quoted(here("o2")));
    MUST(rename(json("/proc/self/root%s", here("o2")), "o3"));
    truth("'op':'rename','path':%s,'path2':%s", quoted(here("o2")), quoted(here("o3")));
}

/* The child of a child that has ended has another parent then; who made it stays known. */
static void orphaned(void) {
    int told[2], ended[2];
    pid_t middle, inner;
    char byte;

    MUST(pipe(told));
    MUST(pipe(ended));
    middle = MUST(fork());
    if (middle == 0) {
        inner = MUST(fork());
        if (inner != 0) _exit(0);
        close(ended[1]);
        (void)!read(ended[0], &byte, 1); /* the middle one has ended */
        make("orphan");
        truth_as(json("{'pid':%d,'parent':'$middle'}", getpid()), "'op':'create','object':%s",
                 file_object(here("orphan")));
        pid_t self = getpid();
        MUST(write(told[1], &self, sizeof(self)));
        _exit(0);
    }
    truth("'op':'fork','ret':%d,'object':{'type':'process','id':'$middle','pid':%d}", middle, middle);
    reap(middle);
    close(ended[1]);
    MUST(read(told[0], &inner, sizeof(inner)));
}

/* Makes the next process of this pid namespace have a pid. */
static int next_pid(pid_t pid) {
    int file = open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
    const char* text = json("%d", pid - 1);

    return file >= 0 && write(file, text, strlen(text)) > 0 && close(file) == 0;
}

/* Two processes with one pid are two processes. */
static void reused_pid(void) {
    pid_t first = MUST(fork());

    if (first == 0) {
        make("first");
        truth_as(json("{'pid':%d,'id':'$first'}", getpid()), "'op':'create','object':%s",
                 file_object(here("first")));
        _exit(0);
    }
    reap(first);
    /* Others may be faster to get the pid; then again. */
    for (int i = 0; i < 200; i++) {
        if (!next_pid(first)) return; /* not to be had here */
        pid_t child = MUST(fork());
        if (child == 0) {
            if (getpid() != first) _exit(0);
            make("second");
            truth("'op':'create','object':%s", file_object(here("second")));
            _exit(0);
        }
        truth("'op':'fork','ret':%d,'object':{'type':'process','pid':%d,'id':'$%s'}", child, child,
              child == first ? "second" : json("other%d", i));
        reap(child);
        if (child == first) return;
    }
}

int main(void) {
    renamed_above();
    linked();
    own();
    orphaned();
    reused_pid();
    return truth_end();
}
