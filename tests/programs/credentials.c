/* Who a process acts as: every call that changes user or group, each in a child of its own. */
#include "truth.h"

static void changed(const char* op, const char* call, const char* more, long nr, long a, long b, long c) {
    pid_t child = MUST(fork());

    if (child == 0) {
        MUST(syscall(nr, a, b, c));
        truth("'op':'%s','syscall':'%s','ret':0,%s", op, call, fields(more));
        exhaustive("'setuid','setgid'");
        _exit(0);
    }
    if (reap(child) != 0) exit(99);
}

static void refused(void) {
    pid_t child = MUST(fork());

    if (child == 0) {
        MUST(syscall(SYS_setuid, 65534));
        truth(
            "'op':'setuid','syscall':'setuid','ret':0,'uid':65534,'euid':65534,'object':{'type':'user','"
            "label':'nobody'}");
        MUST_FAIL(EPERM, syscall(SYS_setuid, 0));
        truth("'op':'setuid','syscall':'setuid','ret':%d,'error':'EPERM'", -EPERM);
        MUST_FAIL(EPERM, syscall(SYS_setgid, 4242));
        truth("'op':'setgid','syscall':'setgid','ret':%d,'error':'EPERM'", -EPERM);
        exhaustive("'setuid','setgid'");
        _exit(0);
    }
    if (reap(child) != 0) exit(99);
}

int main(void) {
    changed("setuid", "setuid", "'uid':4242,'euid':4242,'object':{'type':'user','label':'4242'}", SYS_setuid,
            4242, 0, 0);
    changed("setuid", "setreuid", "'uid':0,'euid':65534,'object':{'type':'user','label':'nobody'}",
            SYS_setreuid, -1, 65534, 0);
    changed("setuid", "setresuid", "'uid':4141,'euid':4242,'object':{'type':'user','label':'4242'}",
            SYS_setresuid, 4141, 4242, 4343);
    changed("setgid", "setgid", "'gid':4242,'egid':4242", SYS_setgid, 4242, 0, 0);
    changed("setgid", "setregid", "'gid':0,'egid':4242", SYS_setregid, -1, 4242, 0);
    changed("setgid", "setresgid", "'gid':4141,'egid':4242", SYS_setresgid, 4141, 4242, 4343);
    changed("setuid", "setfsuid", "'uid':0,'euid':0,'object':{'type':'user','label':'root'}", SYS_setfsuid, 0,
            0, 0);
    changed("setgid", "setgroups", "'gid':0,'egid':0", SYS_setgroups, 0, 0, 0);
    refused();
    return truth_end();
}
