/* Names that come, go and change: each call with absolute paths, from the working directory and from a
 * descriptor. */
#include "truth.h"

#include <linux/fs.h>

static int dir;

static void make(const char* path) { close(MUST(open(path, O_WRONLY | O_CREAT, 0600))); }

/* An operation on one path. `object` is NULL where the recorder cannot know the file. */
static void one(const char* op, const char* call, const char* path, const char* object, const char* more,
                long ret) {
    MUST(ret);
    truth("'op':'%s','syscall':'%s','ret':0,'source':'$path_source','path':%s%s%s", op, call, quoted(path),
          object ? json(",'object':%s", object) : "", fields(more));
}

static void two(const char* op, const char* call, const char* path, const char* path2, const char* object,
                long ret) {
    one(op, call, path, object, json(",'path2':%s", quoted(path2)), ret);
}

/* The file by its inode alone: its name is what changes. */
static const char* inode_of(const char* path) {
    struct stat status;

    MUST(lstat(path, &status));
    return json("{'type':'file','inode':%lu}", (unsigned long)status.st_ino);
}

/* The file has its new name from now on. */
static void read_back(const char* path) {
    int fd = MUST(open(path, O_RDONLY));

    truth("'op':'open','syscall':'openat','fd':%d,'object':%s", fd, file_object(path));
    close(fd);
}

static void renames(void) {
    make("r1");
    const char* file = inode_of("r1");
    two("rename", "rename", here("r1"), here("r2"), file, syscall(SYS_rename, here("r1"), here("r2")));
    read_back(here("r2"));
    two("rename", "rename", here("r2"), here("r3"), file, syscall(SYS_rename, "r2", "./r3"));
    two("rename", "renameat", here("r3"), here("dir/r4"), file,
        syscall(SYS_renameat, AT_FDCWD, "r3", dir, "r4"));
    read_back(here("dir/r4"));
    two("rename", "renameat2", here("dir/r4"), here("dir/r5"), file,
        syscall(SYS_renameat2, dir, "r4", dir, "r5", RENAME_NOREPLACE));
    two("rename", "renameat2", here("dir/r5"), here("r6"), file,
        syscall(SYS_renameat2, 99, here("dir/r5"), AT_FDCWD, "r6", 0));
    read_back(here("r6"));
    MUST_FAIL(ENOENT, rename("nothing", "something"));
}

static void links(void) {
    make("l1");
    const char* file = inode_of("l1");
    two("link", "link", here("l1"), here("l2"), file, syscall(SYS_link, here("l1"), here("l2")));
    two("link", "link", here("l1"), here("l3"), file, syscall(SYS_link, "l1", "l3"));
    two("link", "linkat", here("l1"), here("dir/l4"), file,
        syscall(SYS_linkat, AT_FDCWD, "l1", dir, "l4", 0));
    read_back(here("dir/l4"));
    two("symlink", "symlink", here("s1"), "l1", NULL, syscall(SYS_symlink, "l1", "s1"));
    two("symlink", "symlink", here("s2"), "/no/such/place", NULL,
        syscall(SYS_symlink, "/no/such/place", here("s2")));
    two("symlink", "symlinkat", here("dir/s3"), "../l1", NULL, syscall(SYS_symlinkat, "../l1", dir, "s3"));
}

static void ends(void) {
    make("u1");
    make("u2");
    make("dir/u3");
    const char *first = file_object(here("u1")), *second = file_object(here("u2")),
               *third = file_object(here("dir/u3"));

    one("unlink", "unlink", here("u1"), first, "", syscall(SYS_unlink, here("u1")));
    one("unlink", "unlink", here("u2"), second, "", syscall(SYS_unlink, "u2"));
    one("unlink", "unlinkat", here("dir/u3"), third, "", syscall(SYS_unlinkat, dir, "u3", 0));
    one("unlink", "unlinkat", here("s1"), NULL, "", syscall(SYS_unlinkat, AT_FDCWD, "s1", 0));
    MUST_FAIL(ENOENT, unlink("u1"));
}

static void directories(void) {
    one("mkdir", "mkdir", here("d1"), NULL, ",'mode':'0750'", syscall(SYS_mkdir, here("d1"), 0750));
    one("mkdir", "mkdir", here("d2"), NULL, ",'mode':'0700'", syscall(SYS_mkdir, "d2", 0700));
    // The kernel looks at 32 bits of the number, whatever the register holds.
    one("mkdir", "mkdir", here("d4"), NULL, ",'mode':'0711'", syscall(SYS_mkdir | 1L << 32, "d4", 0711));
    one("mkdir", "mkdirat", here("dir/d3"), NULL, ",'mode':'0777'", syscall(SYS_mkdirat, dir, "d3", 0777));
    one("rmdir", "rmdir", here("d1"), NULL, "", syscall(SYS_rmdir, here("d1")));
    one("rmdir", "rmdir", here("d2"), NULL, "", syscall(SYS_rmdir, "d2"));
    one("rmdir", "unlinkat", here("dir/d3"), NULL, "", syscall(SYS_unlinkat, dir, "d3", AT_REMOVEDIR));
    MUST_FAIL(EEXIST, mkdir("dir", 0755));
}

/* Relative paths follow the working directory. */
static void elsewhere(void) {
    MUST(chdir("dir"));
    make("w1");
    const char* file = inode_of("w1");
    two("rename", "rename", here("dir/w1"), here("dir/w2"), file, syscall(SYS_rename, "w1", "w2"));
    MUST(fchdir(dir));
    one("unlink", "unlink", here("dir/w2"), file, "", syscall(SYS_unlink, "w2"));
}

int main(void) {
    exhaustive("'rename','link','symlink','unlink','mkdir','rmdir'");
    one("mkdir", "mkdir", here("dir"), NULL, ",'mode':'0755'", syscall(SYS_mkdir, "dir", 0755));
    dir = MUST(open("dir", O_RDONLY | O_DIRECTORY));
    renames();
    links();
    ends();
    directories();
    elsewhere();
    return truth_end();
}
