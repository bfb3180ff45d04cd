/* A thread that keeps exchanging the name, or the address, that a call is just being made with. What the
 * kernel used shows in what has happened; it is told. What the memory says when the call has ended is another
 * matter, now and then. */
#include "truth.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#define ENOUGH 30    /* calls after which the memory said something else than had been used */
#define AT_MOST 40000 /* calls: on a busy machine the two seldom run at once */

/* Two bytes that alternate between two values as long as the race lasts. */
struct race {
    volatile uint16_t* at;
    uint16_t values[2];
    volatile int over;
    pthread_t thread;
};

static void* exchange(void* context) {
    struct race* race = context;

    for (unsigned i = 0; !race->over; i++) *race->at = race->values[i & 1];
    return NULL;
}

static void start(struct race* race, void* at, uint16_t one, uint16_t other) {
    race->at = at;
    race->values[0] = one;
    race->values[1] = other;
    race->over = 0;
    if (pthread_create(&race->thread, NULL, exchange, race) != 0)
        truth_die(__FILE__, __LINE__, "pthread_create");
}

/* Without a single call that was caught, nothing has been tested. */
static void end(struct race* race, int caught) {
    race->over = 1;
    pthread_join(race->thread, NULL);
    if (caught == 0) truth_die(__FILE__, __LINE__, "the other thread never came in between");
}

static uint16_t letters(const char* text) {
    uint16_t value;

    memcpy(&value, text, sizeof(value));
    return value;
}

/* An absolute path that ends in two letters, aligned so that these are written at once. */
static char* path_ending(const char* name) {
    const char* path = here(name);
    size_t length = strlen(path);
    char* room = malloc(length + 4);

    return strcpy(room + (length & 1), path);
}

static char* letters_of(char* path) { return path + strlen(path) - 2; }

static unsigned long inode_of(const char* path) {
    struct stat status;

    MUST(lstat(path, &status));
    return status.st_ino;
}

static int there(const char* path) { return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

static const char* const names[2] = {"aa", "bb"};

/* Makes both files, calls, and looks which is gone. */
static void removed(const char* op, const char* target) {
    char* path = path_ending("aa");
    struct race race;
    int caught = 0;

    start(&race, letters_of(path), letters("aa"), letters("bb"));
    for (int i = 0; i < AT_MOST && caught < ENOUGH; i++) {
        unsigned long inodes[2];

        for (int j = 0; j < 2; j++) {
            close(MUST(open(names[j], O_WRONLY | O_CREAT, 0600)));
            inodes[j] = inode_of(names[j]);
        }
        MUST(target ? syscall(SYS_rename, path, target) : syscall(SYS_unlink, path));
        caught += *race.at != letters(there("aa") ? "bb" : "aa");
        int used = there("aa");
        truth(
            "'op':'%s','syscall':'%s','ret':0,'source':'kernel','path':%s%s,'object':{'type':'file','inode':%"
            "lu}",
            op, op, quoted(here(names[used])), target ? json(",'path2':%s", quoted(here(target))) : "",
            inodes[used]);
    }
    end(&race, caught);
}

static void made(void) {
    char* path = path_ending("cc");
    struct race race;
    int caught = 0;

    start(&race, letters_of(path), letters("cc"), letters("dd"));
    for (int i = 0; i < AT_MOST && caught < ENOUGH; i++) {
        MUST(syscall(SYS_mkdir, path, 0700));
        const char* used = there("cc") ? "cc" : "dd";

        caught += *race.at != letters(used);
        truth(
            "'op':'mkdir','ret':0,'source':'kernel','path':%s,'object':{'type':'file','kind':'directory','"
            "inode':%lu}",
            quoted(here(used)), inode_of(used));
        MUST(syscall(SYS_rmdir, used));
    }
    end(&race, caught);
}

/* What the link says is exchanged. */
static void pointed(void) {
    char* text = path_ending("ee");
    char used[PATH_MAX];
    struct race race;
    int caught = 0;

    start(&race, letters_of(text), letters("ee"), letters("ff"));
    for (int i = 0; i < AT_MOST && caught < ENOUGH; i++) {
        MUST(syscall(SYS_symlink, text, "link"));
        used[MUST(readlink("link", used, sizeof(used) - 1))] = 0;
        caught += *race.at != letters(letters_of(used));
        truth(
            "'op':'symlink','ret':0,'source':'kernel','path':%s,'path2':%s,'object':{'kind':'symlink','inode'"
            ":%lu}",
            quoted(here("link")), quoted(used), inode_of("link"));
        MUST(unlinkat(AT_FDCWD, "link", 0));
    }
    end(&race, caught);
}

static void changed(void) {
    char* path = path_ending("gg");
    struct race race;
    struct stat status;
    int caught = 0;

    close(MUST(open("gg", O_WRONLY | O_CREAT, 0600)));
    close(MUST(open("hh", O_WRONLY | O_CREAT, 0600)));
    start(&race, letters_of(path), letters("gg"), letters("hh"));
    for (int i = 0; i < AT_MOST && caught < ENOUGH; i++) {
        MUST(syscall(SYS_chmod, path, i + 1)); /* a mode that neither has had */
        MUST(stat("gg", &status));
        const char* used = (status.st_mode & 07777) == (mode_t)i + 1 ? "gg" : "hh";

        caught += *race.at != letters(used);
        truth("'op':'chmod','syscall':'chmod','ret':0,'source':'kernel','path':%s,'object':%s",
              quoted(here(used)), file_object(here(used)));
    }
    end(&race, caught);
}

static struct sockaddr_in bound(int fd) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    MUST(bind(fd, (void*)&address, length));
    MUST(getsockname(fd, (void*)&address, &length));
    return address;
}

static const char* name_of(const struct sockaddr_in* address) {
    return json("127.0.0.1:%u", ntohs(address->sin_port));
}

/* Two sockets wait; the datagram arrives at one. */
static void sent(int by_message) {
    int from = MUST(socket(AF_INET, SOCK_DGRAM, 0)), waiting[2];
    struct sockaddr_in ends[2], to;
    struct race race;
    int caught = 0;
    char byte = 0;

    bound(from);
    for (int i = 0; i < 2; i++) ends[i] = bound(waiting[i] = MUST(socket(AF_INET, SOCK_DGRAM, 0)));
    to = ends[0];
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part, .msg_iovlen = 1};

    start(&race, &to.sin_port, ends[0].sin_port, ends[1].sin_port);
    for (int i = 0; i < AT_MOST && caught < ENOUGH; i++) {
        MUST(by_message ? sendmsg(from, &message, 0) : sendto(from, &byte, 1, 0, (void*)&to, sizeof(to)));
        uint16_t seen = *race.at;
        int used = recv(waiting[0], &byte, 1, MSG_DONTWAIT) != 1;

        if (used) MUST(recv(waiting[1], &byte, 1, MSG_DONTWAIT));
        caught += seen != ends[used].sin_port;
        truth("'op':'send','syscall':'%s','ret':1,'source':'kernel','object':%s",
              by_message ? "sendmsg" : "sendto", socket_towards(from, name_of(&ends[used])));
    }
    end(&race, caught);
}

/* Somebody listens at one address, nobody at the other. Who was refused had asked for that one. */
static void connected(void) {
    int listener = MUST(socket(AF_INET, SOCK_STREAM, 0)), silent = MUST(socket(AF_INET, SOCK_STREAM, 0));
    struct sockaddr_in ends[2] = {bound(listener), bound(silent)}, to = ends[0];
    struct race race;
    int caught = 0;

    MUST(listen(listener, 8));
    start(&race, &to.sin_port, ends[0].sin_port, ends[1].sin_port);
    for (int i = 0; i < AT_MOST && caught < ENOUGH; i++) {
        int fd = MUST(socket(AF_INET, SOCK_STREAM, 0));
        int used = connect(fd, (void*)&to, sizeof(to)) < 0;

        if (used && errno != ECONNREFUSED) truth_die(__FILE__, __LINE__, "connect");
        caught += used && *race.at != ends[1].sin_port;
        truth("'op':'connect','ret':%d,'source':'kernel','object':{'type':'socket','remote':%s}",
              used ? -ECONNREFUSED : 0, quoted(name_of(&ends[used])));
        if (!used) close(MUST(accept(listener, NULL, NULL)));
        close(fd);
    }
    end(&race, caught);
}

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "";

    if (sysconf(_SC_NPROCESSORS_ONLN) < 2) truth_skip("one processor: nobody comes in between");
    exhaustive(json("'%s'", what));
    if (strcmp(what, "unlink") == 0) removed("unlink", NULL);
    if (strcmp(what, "rename") == 0) removed("rename", "target");
    if (strcmp(what, "mkdir") == 0) made();
    if (strcmp(what, "symlink") == 0) pointed();
    if (strcmp(what, "chmod") == 0) changed();
    if (strcmp(what, "connect") == 0) connected();
    if (strcmp(what, "send") == 0) {
        sent(0);
        sent(1);
    }
    return truth_end();
}
