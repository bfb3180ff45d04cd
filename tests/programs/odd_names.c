/* Names that break careless tools: newlines, control characters, invalid UTF-8, and paths as long as a call
 * takes. */
#include "truth.h"

#include <sys/mman.h>

static void made_and_renamed(const char* name, const char* new_name) {
    int fd = MUST(open(name, O_WRONLY | O_CREAT, 0600));

    truth("'op':'create','syscall':'openat','fd':%d,'object':%s", fd, file_object(here(name)));
    close(fd);
    MUST(syscall(SYS_rename, name, new_name));
    truth("'op':'rename','syscall':'rename','path':%s,'path2':%s,'object':{'type':'file','inode':%lu}",
          quoted(here(name)), quoted(here(new_name)), ({
              struct stat s;
              MUST(stat(new_name, &s));
              (unsigned long)s.st_ino;
          }));
}

/* Directories in each other until an absolute path of `length` bytes fits; the path, with a file name at its
 * end. */
static char* deep_path(size_t length) {
    char *path = calloc(1, length + 1), name[256];
    int at = MUST(open(".", O_RDONLY | O_DIRECTORY));

    strcpy(path, here(""));
    memset(name, 'd', 255);
    while (length - strlen(path) > 255) {
        name[length - strlen(path) < 400 ? 100 : 255] = 0;
        if (mkdirat(at, name, 0755) < 0 && errno != EEXIST) MUST(-1);
        int next = MUST(openat(at, name, O_RDONLY | O_DIRECTORY));
        close(at);
        at = next;
        strcat(strcat(path, name), "/");
        memset(name, 'd', 255);
    }
    memset(path + strlen(path), 'f', length - strlen(path));
    close(at);
    return path;
}

static void long_path(size_t length) {
    char* path = deep_path(length);
    int fd = MUST(open(path, O_RDWR | O_CREAT, 0600));

    truth("'op':'create','syscall':'openat','fd':%d,'object':%s", fd, file_object(path));
    long bytes = MUST(write(fd, "x", 1));
    truth("'op':'write','syscall':'write','fd':%d,'bytes':%ld,'object':%s", fd, bytes, file_object(path));
    const char* object = file_object(path);
    MUST(syscall(SYS_unlink, path));
    truth("'op':'unlink','syscall':'unlink','path':%s,'object':%s", quoted(path), object);
    MUST_FAIL(ENOENT, unlink(path));
}

int main(void) {
    exhaustive("'create','rename','unlink'");
    made_and_renamed("new\nline", "tab\tand\rreturn");
    made_and_renamed("\xff\xfe not UTF-8 \xc3(", "cut short \xe6\xbc");
    made_and_renamed("\x1b[31mred\x07", "quote\"s and 'these'");
    made_and_renamed("back\\slash", "back\\\\slashes \\xff\\");
    made_and_renamed(" spaces ",
                     "Gr\xc3\xbc\xc3\x9f"
                     "e \xf0\x9f\xa6\x89");
    made_and_renamed("-rf", "$(reboot);`reboot`");
    long_path(255);
    long_path(300);
    long_path(2000);
    long_path(4095);
    return truth_end();
}
