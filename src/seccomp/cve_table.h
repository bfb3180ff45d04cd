// Past holes of the Linux kernel, and the system calls without which each could not be reached: public facts, in our words.
// Rows are in order of the CVE's number.
//
// `needs` names calls, with "|" between those of which one is enough; all of a row's needs have to be met. A need can ask for a
// value of an argument, by number: a socket's family is argument 0. What else it takes (privileges, kernel options) is left out:
// the question is only whether a profile takes the way away. Backed by the Linux Test Project's tests for CVEs, Docker's list of
// "security non-events", the advisories and public lists of kernel exploits.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace catena::seccomp {

struct CveNeed {
    std::string_view calls;  // empty: none
    int argument = -1;       // -1: any arguments
    std::uint64_t value = 0;
};

struct KernelCve {
    std::string_view id;
    int year;
    std::array<CveNeed, 2> needs;
    std::string_view text;
};

inline constexpr std::string_view kSendCalls = "sendto|sendmsg|sendmmsg|write|writev";
inline constexpr std::uint64_t kAfNetlink = 16, kAfPacket = 17, kAfRds = 21, kAfCan = 29, kAfTipc = 30, kAfAlg = 38, kAfVsock = 40;

inline constexpr std::uint64_t kTiocsetd = 0x5423;  // a request of ioctl

inline constexpr KernelCve kKernelCves[] = {
    {"CVE-2008-0600", 2008, {{{"vmsplice"}}}, "vmsplice does not check a pointer and writes into kernel memory"},
    {"CVE-2009-2692", 2009, {{{"sendfile|splice"}}}, "sock_sendpage calls a null pointer for protocols without the operation"},
    {"CVE-2010-2959", 2010, {{{"socket", 0, kAfCan}, {kSendCalls}}}, "an overflow in CAN's broadcast manager overwrites the heap"},
    {"CVE-2010-3904", 2010, {{{"socket", 0, kAfRds}}}, "RDS copies to an address from the program without checking it"},
    {"CVE-2013-2094", 2013, {{{"perf_event_open"}}}, "an event number is taken as signed and indexes outside of an array"},
    {"CVE-2014-3153", 2014, {{{"futex"}}}, "requeueing a futex onto itself leaves a waiter on a stack that is gone (Towelroot)"},
    {"CVE-2014-4699", 2014, {{{"ptrace"}}}, "a traced program returns to an address that is not canonical"},
    {"CVE-2014-9529", 2014, {{{"keyctl"}}}, "a race of garbage collection and keyctl corrupts memory"},
    {"CVE-2015-1328", 2015, {{{"mount"}}}, "overlayfs in a user namespace does not check permissions of the upper folder"},
    {"CVE-2015-3290", 2015, {{{"modify_ldt"}}}, "a nested NMI with a prepared stack segment gives away privileges"},
    {"CVE-2015-3636", 2015, {{{"connect"}}}, "a ping socket that is disconnected twice is used after it was freed"},
    {"CVE-2015-7550", 2015, {{{"keyctl"}}}, "keyctl reads a key while it is being revoked"},
    {"CVE-2016-0728", 2016, {{{"keyctl"}}}, "joining the same session keyring again and again overflows its reference count"},
    {"CVE-2016-2383", 2016, {{{"bpf"}}}, "jumps of BPF are computed wrongly, and programs read any kernel memory"},
    {"CVE-2016-4997", 2016, {{{"setsockopt"}}}, "a 32-bit rule set of netfilter is checked too little and corrupts memory"},
    {"CVE-2016-5195", 2016, {{{"madvise"}}}, "a race of copy-on-write lets a program write to files that it can only read (Dirty COW)"},
    {"CVE-2016-7117", 2016, {{{"recvmmsg"}}}, "recvmmsg uses a socket after it was released"},
    {"CVE-2016-8655", 2016, {{{"socket", 0, kAfPacket}, {"setsockopt"}}}, "changing the version of a packet ring races with making one"},
    {"CVE-2016-9793", 2016, {{{"setsockopt"}}}, "SO_SNDBUFFORCE takes negative sizes"},
    {"CVE-2017-2636", 2017, {{{"ioctl", 1, kTiocsetd}}}, "a line discipline (n_hdlc) frees a buffer twice; TIOCSETD selects it"},
    {"CVE-2017-5123", 2017, {{{"waitid"}}}, "waitid writes to an address that it does not check"},
    {"CVE-2017-6074", 2017, {{{"socket"}, {"setsockopt"}}}, "DCCP frees a packet twice where IPV6_RECVPKTINFO is set"},
    {"CVE-2017-6951", 2017, {{{"request_key"}}}, "asking for a key of type dead crashes the kernel"},
    {"CVE-2017-7308", 2017, {{{"socket", 0, kAfPacket}, {"setsockopt"}}}, "a signedness mistake in packet rings leads outside of the ring"},
    {"CVE-2017-7472", 2017, {{{"keyctl"}}}, "setting the default keyring again and again uses up memory"},
    {"CVE-2017-7616", 2017, {{{"set_mempolicy|mbind"}}}, "32-bit calls for memory policies leave kernel stack in their copy"},
    {"CVE-2017-10661", 2017, {{{"timerfd_settime"}}}, "two threads that set one timerfd corrupt a list"},
    {"CVE-2017-11176", 2017, {{{"mq_notify"}}}, "mq_notify keeps a pointer to a socket that it has released"},
    {"CVE-2017-12193", 2017, {{{"add_key|keyctl"}}}, "a full node of a keyring's tree leads to a null pointer"},
    {"CVE-2017-15274", 2017, {{{"add_key|keyctl"}}}, "a key with a length and no payload leads to a null pointer"},
    {"CVE-2017-15537", 2017, {{{"ptrace"}}}, "ptrace sets a register state that shows that of other programs"},
    {"CVE-2017-15649", 2017, {{{"socket", 0, kAfPacket}, {"setsockopt"}}}, "joining a packet fanout races with binding the socket"},
    {"CVE-2017-16995", 2017, {{{"bpf"}}}, "the verifier extends signs wrongly, and lets harmful programs pass"},
    {"CVE-2017-17712", 2017, {{{kSendCalls}}}, "sending on a raw socket races with IP_HDRINCL being set"},
    {"CVE-2017-17806", 2017, {{{"socket", 0, kAfAlg}}}, "nested keyed hashes overflow a stack buffer"},
    {"CVE-2017-18344", 2017, {{{"timer_create"}}}, "a timer's way of notifying is not checked, and kernel memory can be read"},
    {"CVE-2017-1000112", 2017, {{{"socket"}, {kSendCalls}}}, "switching fragmentation offload off in the middle of a datagram corrupts memory"},
    {"CVE-2017-1000405", 2017, {{{"madvise"}}}, "huge pages are marked dirty too early (Huge Dirty COW)"},
    {"CVE-2018-8897", 2018, {{{"ptrace"}}}, "a breakpoint on a load of the stack segment comes late, in the kernel; ptrace sets it"},
    {"CVE-2018-14634", 2018, {{{"execve|execveat"}}}, "enormous argument lists overflow a size in exec (Mutagen Astronomy)"},
    {"CVE-2018-18445", 2018, {{{"bpf"}}}, "32-bit shifts are not bounded by the verifier"},
    {"CVE-2018-18955", 2018, {{{"clone|clone3|unshare"}}}, "nested user namespaces with many mappings keep rights in the outer one"},
    {"CVE-2019-8912", 2019, {{{"socket", 0, kAfAlg}}}, "an AF_ALG socket is used after it was closed"},
    {"CVE-2019-13272", 2019, {{{"ptrace"}}}, "PTRACE_TRACEME records the parent's privileges wrongly"},
    {"CVE-2020-8835", 2020, {{{"bpf"}}}, "the verifier's bounds of 32-bit operations are wrong"},
    {"CVE-2020-14386", 2020, {{{"socket", 0, kAfPacket}}}, "an overflow of an offset writes before a packet ring's buffer"},
    {"CVE-2020-25704", 2020, {{{"perf_event_open"}}}, "setting a perf filter leaks memory"},
    {"CVE-2020-29373", 2020, {{{"io_uring_setup"}, {"io_uring_enter"}}}, "io_uring sends without regard to the chroot of the program"},
    {"CVE-2021-3347", 2021, {{{"futex"}}}, "a fault in a futex with priority inheritance leaves freed state in use"},
    {"CVE-2021-3444", 2021, {{{"bpf"}}}, "the verifier handles a 32-bit remainder by zero wrongly"},
    {"CVE-2021-3490", 2021, {{{"bpf"}}}, "bounds of 32-bit AND, OR and XOR are wrong in the verifier"},
    {"CVE-2021-3493", 2021, {{{"mount"}}}, "overlayfs in a user namespace keeps file capabilities (Ubuntu)"},
    {"CVE-2021-4154", 2021, {{{"fsconfig"}}}, "fsconfig confuses the types of a parameter of cgroup v1"},
    {"CVE-2021-22555", 2021, {{{"setsockopt"}}}, "translating a 32-bit netfilter rule writes zeros behind its buffer"},
    {"CVE-2021-22600", 2021, {{{"socket", 0, kAfPacket}, {"setsockopt"}}}, "setting up a packet ring frees memory twice"},
    {"CVE-2021-26708", 2021, {{{"socket", 0, kAfVsock}}}, "vsock's transports are changed without the lock"},
    {"CVE-2021-27365", 2021, {{{"socket", 0, kAfNetlink}}}, "attributes of iSCSI over netlink are longer than their buffer"},
    {"CVE-2021-41073", 2021, {{{"io_uring_setup"}, {"io_uring_enter"}}}, "io_uring advances a wrong pointer for provided buffers, and frees it"},
    {"CVE-2021-43267", 2021, {{{"socket", 0, kAfTipc}}}, "TIPC believes the size of a key message"},
    {"CVE-2022-0185", 2022, {{{"fsconfig"}}}, "a length of mount options underflows in fsconfig"},
    {"CVE-2022-0435", 2022, {{{"socket", 0, kAfTipc}}}, "TIPC's monitoring copies too many members onto the stack"},
    {"CVE-2022-0492", 2022, {{{"mount"}}}, "release_agent of cgroup v1 can be set without the right capability"},
    {"CVE-2022-0847", 2022, {{{"splice"}}}, "a pipe buffer keeps an old flag, and writes go into the page cache (Dirty Pipe)"},
    {"CVE-2022-1015", 2022, {{{"socket", 0, kAfNetlink}}}, "nf_tables does not bound register numbers"},
    {"CVE-2022-1786", 2022, {{{"io_uring_setup"}, {"io_uring_enter"}}}, "io_uring uses an identity of a thread after it was freed"},
    {"CVE-2022-2586", 2022, {{{"socket", 0, kAfNetlink}}}, "an nf_tables object points to a set of another table that can be deleted"},
    {"CVE-2022-2588", 2022, {{{"socket", 0, kAfNetlink}}}, "the route4 classifier frees a filter that it still lists"},
    {"CVE-2022-2602", 2022, {{{"io_uring_setup"}, {"io_uring_register"}}}, "collecting unix sockets frees files that io_uring uses"},
    {"CVE-2022-32250", 2022, {{{"socket", 0, kAfNetlink}}}, "an expression of an nf_tables set stays in a list after it was freed"},
    {"CVE-2022-34918", 2022, {{{"socket", 0, kAfNetlink}}}, "nf_tables confuses types of set elements and overflows the heap"},
    {"CVE-2023-0386", 2023, {{{"mount"}}}, "overlayfs copies setuid files up from a file system of the user"},
    {"CVE-2023-2598", 2023, {{{"io_uring_setup"}, {"io_uring_register"}}}, "fixed buffers of io_uring reach memory behind their pages"},
    {"CVE-2023-32233", 2023, {{{"socket", 0, kAfNetlink}}}, "nf_tables uses an anonymous set after it was freed"},
    {"CVE-2024-1086", 2024, {{{"socket", 0, kAfNetlink}}}, "a verdict of nf_tables is taken for a drop and a pass, and frees twice"},
};

}  // namespace catena::seccomp
