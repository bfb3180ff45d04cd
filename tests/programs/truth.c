#include "truth.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/vfs.h>

#define ROOM (64UL << 20)

struct shared {
    size_t used;
    char text[];
};

static struct shared* told;
static char start_directory[8192];

__attribute__((constructor)) static void begin(void) {
    told = mmap(NULL, ROOM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (told == MAP_FAILED || !getcwd(start_directory, sizeof(start_directory))) abort();
    truth("'op':'mmap_write','syscall':'mmap','ret':%ld,'object':{'type':'memory'}", (long)told);
}

_Noreturn void truth_die(const char* file, int line, const char* call) {
    fprintf(stderr, "%s:%d: %s: %s\n", file, line, call, strerror(errno));
    _exit(99);
}

const char* fields(const char* text) {
    char* copy = strdup(text);

    for (char* c = copy; *c; c++) {
        if (*c == '\'') *c = '"';
    }
    return copy;
}

static const char* format_json(const char* format, va_list arguments) {
    char* text = NULL;

    if (vasprintf(&text, fields(format), arguments) < 0) abort();
    return text;
}

const char* json(const char* format, ...) {
    va_list arguments;

    va_start(arguments, format);
    const char* text = format_json(format, arguments);
    va_end(arguments);
    return text;
}

static void tell(const char* line) {
    size_t length = strlen(line);
    size_t at = __atomic_fetch_add(&told->used, length, __ATOMIC_SEQ_CST);

    if (at + length > ROOM - sizeof(*told)) abort();
    memcpy(told->text + at, line, length);
}

#define TELL(process)                                       \
    do {                                                    \
        va_list arguments;                                  \
        va_start(arguments, format);                        \
        const char* event = format_json(format, arguments); \
        va_end(arguments);                                  \
        tell(json("{%s,'process':%s}\n", event, process));  \
    } while (0)

void truth(const char* format, ...) { TELL(json("{'pid':%d}", (int)syscall(SYS_getpid))); }

void truth_of(pid_t pid, const char* format, ...) { TELL(json("{'pid':%d}", pid)); }

void truth_as(const char* process, const char* format, ...) { TELL(process); }

void exhaustive(const char* ops) {
    tell(json("{'exhaustive':[%s],'process':{'pid':%d}}\n", fields(ops), (int)syscall(SYS_getpid)));
}

_Noreturn void truth_skip(const char* reason) {
    fputs(json("{'skip':%s}\n", quoted(reason)), stdout);
    fflush(stdout);
    _exit(0);
}

int truth_end(void) {
    truth("'op':'exit','ret':0,'exit_code':0");
    for (size_t done = 0; done < told->used;) done += MUST(write(1, told->text + done, told->used - done));
    return 0;
}

const char* with(const char* object, const char* more) {
    return json("%.*s,%s}", (int)strlen(object) - 1, object, fields(more));
}

/* Bytes of the UTF-8 character at the start of a string; 0 where there is none. */
static size_t character_length(const unsigned char* bytes) {
    size_t length = bytes[0] < 0x80   ? 1
                    : bytes[0] < 0xc2 ? 0
                    : bytes[0] < 0xe0 ? 2
                    : bytes[0] < 0xf0 ? 3
                    : bytes[0] < 0xf5 ? 4
                                      : 0;

    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
    }
    if ((bytes[0] == 0xe0 && bytes[1] < 0xa0) || (bytes[0] == 0xed && bytes[1] >= 0xa0)) return 0;
    if ((bytes[0] == 0xf0 && bytes[1] < 0x90) || (bytes[0] == 0xf4 && bytes[1] >= 0x90)) return 0;
    return length;
}

static int is_digit(char c) { return c && strchr("0123456789abcdef", c); }

/* A backslash is doubled where it would otherwise be misread (docs/formats/events.md). */
static int would_be_misread(const char* rest) {
    if (!*rest) return 0;
    return *rest == '\\' || (*rest == 'x' && is_digit(rest[1]) && is_digit(rest[2])) ||
           character_length((const unsigned char*)rest) == 0;
}

const char* quoted(const char* bytes) {
    char *text = malloc(strlen(bytes) * 6 + 3), *end = text;

    *end++ = '"';
    while (*bytes) {
        size_t length = character_length((const unsigned char*)bytes);

        if (length == 0) {
            end += sprintf(end, "\\\\x%02x", (unsigned char)*bytes++);
        } else if (*bytes == '\\') {
            end += sprintf(end, would_be_misread(bytes + 1) ? "\\\\\\\\" : "\\\\");
            bytes++;
        } else if (*bytes == '"') {
            end += sprintf(end, "\\%c", *bytes++);
        } else if ((unsigned char)*bytes < 0x20) {
            end += sprintf(end, "\\u%04x", *bytes++);
        } else {
            memcpy(end, bytes, length);
            end += length;
            bytes += length;
        }
    }
    strcpy(end, "\"");
    return text;
}

const char* here(const char* name) {
    char* path = NULL;

    if (asprintf(&path, "%s/%s", start_directory, name) < 0) abort();
    return path;
}

static const char* kind_of(mode_t mode) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return "regular";
        case S_IFDIR:
            return "directory";
        case S_IFLNK:
            return "symlink";
        case S_IFCHR:
            return "char";
        case S_IFBLK:
            return "block";
        case S_IFIFO:
            return "fifo";
    }
    return "unknown";
}

/* File systems with layers or subvolumes show programs another device number than the kernel has in its
 * inode. */
static int shows_its_device(const char* path) {
    struct statfs fs;

    return statfs(path, &fs) == 0 && fs.f_type != 0x794c7630 /* overlayfs */ &&
           fs.f_type != 0x9123683e /* btrfs */;
}

static const char* describe_file(const char* path, const struct stat* status) {
    const char* device = "";

    if (shows_its_device(path)) device = json(",'dev':'%u:%u'", major(status->st_dev), minor(status->st_dev));
    return json("{'type':'file','path':%s,'inode':%lu,'kind':'%s'%s}", quoted(path),
                (unsigned long)status->st_ino, kind_of(status->st_mode), device);
}

const char* file_object(const char* path) {
    struct stat status;

    MUST(lstat(path, &status));
    return describe_file(path, &status);
}

const char* process_object(pid_t pid) { return json("{'type':'process','pid':%d}", pid); }

const char* self_path(void) {
    static char path[PATH_MAX];
    long length = MUST(readlink("/proc/self/exe", path, sizeof(path) - 1));

    path[length] = 0;
    return path;
}

const char* socket_address(int fd, int peer) {
    struct sockaddr_storage storage = {0};
    struct sockaddr_in* v4 = (void*)&storage;
    struct sockaddr_in6* v6 = (void*)&storage;
    struct sockaddr_un* local = (void*)&storage;
    socklen_t length = sizeof(storage);
    char text[INET6_ADDRSTRLEN];

    if ((peer ? getpeername : getsockname)(fd, (void*)&storage, &length) < 0) return NULL;
    switch (storage.ss_family) {
        case AF_INET:
            if (!v4->sin_port) return NULL;
            return json("%s:%u", inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text)), ntohs(v4->sin_port));
        case AF_INET6:
            if (!v6->sin6_port) return NULL;
            return json("[%s]:%u", inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text)),
                        ntohs(v6->sin6_port));
        case AF_UNIX:
            if (length <= offsetof(struct sockaddr_un, sun_path)) return NULL;
            if (local->sun_path[0]) return json("%s", local->sun_path);
            return json("@%.*s", (int)(length - offsetof(struct sockaddr_un, sun_path) - 1),
                        local->sun_path + 1);
    }
    return NULL;
}

static const char* socket_option_protocol(int fd) {
    int domain = 0, type = 0;
    socklen_t length = sizeof(int);

    MUST(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length));
    MUST(getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length));
    if (domain == AF_UNIX) return "unix";
    return type == SOCK_STREAM ? "tcp" : "udp";
}

const char* socket_towards(int fd, const char* remote) {
    const char* local = socket_address(fd, 0);
    struct stat status;

    MUST(fstat(fd, &status));
    return json("{'type':'socket','protocol':'%s','inode':%lu%s%s}", socket_option_protocol(fd),
                (unsigned long)status.st_ino, local ? json(",'local':%s", quoted(local)) : "",
                remote ? json(",'remote':%s", quoted(remote)) : "");
}

const char* fd_object(int fd) {
    char link[32], path[PATH_MAX + 32];
    struct stat status;
    long length;

    MUST(fstat(fd, &status));
    if (S_ISSOCK(status.st_mode)) return socket_towards(fd, socket_address(fd, 1));
    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = MUST(readlink(link, path, sizeof(path) - 1));
    path[length] = 0;
    char* deleted = strstr(path, " (deleted)");
    if (deleted) *deleted = 0;
    if (strncmp(path, "pipe:", 5) == 0) return json("{'type':'pipe','label':%s}", quoted(path));
    if (strncmp(path, "/memfd:", 7) == 0) return json("{'type':'memory','label':%s}", quoted(path + 1));
    return describe_file(path, &status);
}

int reap(pid_t child) {
    int status = 0;

    while (waitpid(child, &status, __WALL) < 0) {
        if (errno != EINTR) truth_die(__FILE__, __LINE__, "waitpid");
    }
    if (WIFSIGNALED(status))
        truth_of(child, "'op':'exit','ret':%d,'signal':'SIG%s'", status, sigabbrev_np(WTERMSIG(status)));
    else
        truth_of(child, "'op':'exit','ret':%d,'exit_code':%d", status, WEXITSTATUS(status));
    return status;
}
