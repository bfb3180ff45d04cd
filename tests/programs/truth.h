/*
 * How a test program tells its own ground truth: each event that it causes, as it must appear in
 * `catena events --format json`, one JSON object a line on standard output, all at the end. An object holds
 * the fields that must be equal; tests/kernel/truth.h says how they are compared.
 *
 * Formats are those of printf, with ' standing for " so that JSON stays readable:
 *     truth("'op':'close','fd':%d,'object':%s", fd, fd_object(fd));
 * A string that begins with $ is a variable: it takes the value of the first event and must be the same ever
 * after. $path_source is bound before: what the recorder says of itself, that paths and addresses of calls
 * come from the kernel or from the program's memory ("user").
 *
 * Lines are kept in memory that children share, so that a forked child can tell, too. Programs are linked
 * statically: what they do is what they are seen to do, without a loader before it. Helper results are
 * allocated and never freed.
 */
#ifndef CATENA_TESTS_TRUTH_H
#define CATENA_TESTS_TRUTH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

/* The call must succeed; otherwise the program ends with a reason, and so does the test. Its value is the
 * call's. */
#define MUST(call)                                           \
    ({                                                       \
        long must_ = (long)(call);                           \
        if (must_ < 0) truth_die(__FILE__, __LINE__, #call); \
        must_;                                               \
    })

/* The call must fail with this error. */
#define MUST_FAIL(error, call)                                                           \
    do {                                                                                 \
        errno = 0;                                                                       \
        if ((long)(call) >= 0 || errno != (error)) truth_die(__FILE__, __LINE__, #call); \
    } while (0)

_Noreturn void truth_die(const char* file, int line, const char* call);

/* An event of the calling process. */
void truth(const char* format, ...) __attribute__((format(printf, 1, 2)));

/* An event of another process. */
void truth_of(pid_t pid, const char* format, ...) __attribute__((format(printf, 2, 3)));

/* An event whose "process" has exactly these fields, a JSON object. */
void truth_as(const char* process, const char* format, ...) __attribute__((format(printf, 2, 3)));

/* From this process there are no events of these operations but those told: exhaustive("'rename','link'"). */
void exhaustive(const char* ops);

/* This machine lacks what the program is about. */
_Noreturn void truth_skip(const char* reason);

/* Tells the exit with code 0, prints everything; main returns its value. */
int truth_end(void);

/* JSON made as printf makes text, with ' for ". */
const char* json(const char* format, ...) __attribute__((format(printf, 1, 2)));

/* Text with ' for ". */
const char* fields(const char* text);

/* The object with more fields: with(fd_object(fd), "'id':'$file'"). */
const char* with(const char* object, const char* more);

/* A JSON string, quotes included, of bytes; what is not UTF-8 is escaped as docs/formats/events.md says. */
const char* quoted(const char* bytes);

/* The absolute path of a name in the directory where the program started. Not quoted. */
const char* here(const char* name);

/* The file under a path (symbolic links are not followed), with path, inode, device and kind. */
const char* file_object(const char* path);

/* Whatever is behind a descriptor, as /proc and the socket's own addresses tell. */
const char* fd_object(int fd);

/* A socket towards a peer that it is not connected to: `remote` as in "127.0.0.1:80". */
const char* socket_towards(int fd, const char* remote);

/* A process that did or suffered something. */
const char* process_object(pid_t pid);

/* The program's own executable. */
const char* self_path(void);

/* "127.0.0.1:80", "[::1]:80", a path or "@name" of the socket's own end or (peer != 0) of the other; NULL for
 * none. */
const char* socket_address(int fd, int peer);

/* Waits for a child's end and tells it; the wait status. */
int reap(pid_t child);

#endif
