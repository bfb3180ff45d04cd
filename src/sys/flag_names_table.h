// The tables behind flag_names.cc. Values are written out: they are the kernel's interface, which never changes, and
// older headers lack the newer ones.
#pragma once

#include <cstdint>
#include <string_view>

namespace catena::sys {

struct FlagRow {
    std::uint64_t bits;  // all of them must be set; rows with more bits come before rows with some of them
    std::string_view name;
};

// By the lowest two bits of open's flags.
inline constexpr std::string_view kAccessModes[] = {"O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"};

inline constexpr FlagRow kOpenFlags[] = {
    {00000100, "O_CREAT"},     {00000200, "O_EXCL"},      {00000400, "O_NOCTTY"},    {00001000, "O_TRUNC"},
    {00002000, "O_APPEND"},    {00004000, "O_NONBLOCK"},  {04010000, "O_SYNC"},      {00010000, "O_DSYNC"},
    {00020000, "O_ASYNC"},     {00040000, "O_DIRECT"},    {00100000, "O_LARGEFILE"}, {020200000, "O_TMPFILE"},
    {00200000, "O_DIRECTORY"}, {00400000, "O_NOFOLLOW"},  {01000000, "O_NOATIME"},   {02000000, "O_CLOEXEC"},
    {010000000, "O_PATH"},
};

inline constexpr FlagRow kMmapProt[] = {
    {0x1, "PROT_READ"},
    {0x2, "PROT_WRITE"},
    {0x4, "PROT_EXEC"},
    {0x8, "PROT_SEM"},
    {0x01000000, "PROT_GROWSDOWN"},
    {0x02000000, "PROT_GROWSUP"},
};

inline constexpr FlagRow kMmapFlags[] = {
    {0x03, "MAP_SHARED_VALIDATE"},
    {0x01, "MAP_SHARED"},
    {0x02, "MAP_PRIVATE"},
    {0x10, "MAP_FIXED"},
    {0x20, "MAP_ANONYMOUS"},
    {0x40, "MAP_32BIT"},
    {0x80, "MAP_ABOVE4G"},
    {0x100, "MAP_GROWSDOWN"},
    {0x800, "MAP_DENYWRITE"},
    {0x1000, "MAP_EXECUTABLE"},
    {0x2000, "MAP_LOCKED"},
    {0x4000, "MAP_NORESERVE"},
    {0x8000, "MAP_POPULATE"},
    {0x10000, "MAP_NONBLOCK"},
    {0x20000, "MAP_STACK"},
    {0x40000, "MAP_HUGETLB"},
    {0x80000, "MAP_SYNC"},
    {0x100000, "MAP_FIXED_NOREPLACE"},
};

inline constexpr FlagRow kCloneFlags[] = {
    {0x00000100, "CLONE_VM"},
    {0x00000200, "CLONE_FS"},
    {0x00000400, "CLONE_FILES"},
    {0x00000800, "CLONE_SIGHAND"},
    {0x00001000, "CLONE_PIDFD"},
    {0x00002000, "CLONE_PTRACE"},
    {0x00004000, "CLONE_VFORK"},
    {0x00008000, "CLONE_PARENT"},
    {0x00010000, "CLONE_THREAD"},
    {0x00020000, "CLONE_NEWNS"},
    {0x00040000, "CLONE_SYSVSEM"},
    {0x00080000, "CLONE_SETTLS"},
    {0x00100000, "CLONE_PARENT_SETTID"},
    {0x00200000, "CLONE_CHILD_CLEARTID"},
    {0x00400000, "CLONE_DETACHED"},
    {0x00800000, "CLONE_UNTRACED"},
    {0x01000000, "CLONE_CHILD_SETTID"},
    {0x02000000, "CLONE_NEWCGROUP"},
    {0x04000000, "CLONE_NEWUTS"},
    {0x08000000, "CLONE_NEWIPC"},
    {0x10000000, "CLONE_NEWUSER"},
    {0x20000000, "CLONE_NEWPID"},
    {0x40000000, "CLONE_NEWNET"},
    {0x80000000, "CLONE_IO"},
    {0x100000000, "CLONE_CLEAR_SIGHAND"},
    {0x200000000, "CLONE_INTO_CGROUP"},
};

inline constexpr FlagRow kSocketTypeFlags[] = {
    {04000, "SOCK_NONBLOCK"},
    {02000000, "SOCK_CLOEXEC"},
};

struct NumberRow {
    std::uint32_t number;
    std::string_view name;
};

inline constexpr NumberRow kSocketTypes[] = {
    {1, "SOCK_STREAM"}, {2, "SOCK_DGRAM"},     {3, "SOCK_RAW"}, {4, "SOCK_RDM"},
    {5, "SOCK_SEQPACKET"}, {6, "SOCK_DCCP"}, {10, "SOCK_PACKET"},
};

inline constexpr NumberRow kSocketFamilies[] = {
    {0, "AF_UNSPEC"},     {1, "AF_UNIX"},    {2, "AF_INET"},     {3, "AF_AX25"},    {4, "AF_IPX"},
    {5, "AF_APPLETALK"},  {6, "AF_NETROM"},  {7, "AF_BRIDGE"},   {8, "AF_ATMPVC"},  {9, "AF_X25"},
    {10, "AF_INET6"},     {11, "AF_ROSE"},   {12, "AF_DECnet"},  {13, "AF_NETBEUI"}, {14, "AF_SECURITY"},
    {15, "AF_KEY"},       {16, "AF_NETLINK"}, {17, "AF_PACKET"}, {18, "AF_ASH"},    {19, "AF_ECONET"},
    {20, "AF_ATMSVC"},    {21, "AF_RDS"},    {22, "AF_SNA"},     {23, "AF_IRDA"},   {24, "AF_PPPOX"},
    {25, "AF_WANPIPE"},   {26, "AF_LLC"},    {27, "AF_IB"},      {28, "AF_MPLS"},   {29, "AF_CAN"},
    {30, "AF_TIPC"},      {31, "AF_BLUETOOTH"}, {32, "AF_IUCV"}, {33, "AF_RXRPC"},  {34, "AF_ISDN"},
    {35, "AF_PHONET"},    {36, "AF_IEEE802154"}, {37, "AF_CAIF"}, {38, "AF_ALG"},   {39, "AF_NFC"},
    {40, "AF_VSOCK"},     {41, "AF_KCM"},    {42, "AF_QIPCRTR"}, {43, "AF_SMC"},    {44, "AF_XDP"},
    {45, "AF_MCTP"},
};

inline constexpr NumberRow kSignals[] = {
    {0, "0"},          {1, "SIGHUP"},     {2, "SIGINT"},     {3, "SIGQUIT"},  {4, "SIGILL"},   {5, "SIGTRAP"},
    {6, "SIGABRT"},    {7, "SIGBUS"},     {8, "SIGFPE"},     {9, "SIGKILL"},  {10, "SIGUSR1"}, {11, "SIGSEGV"},
    {12, "SIGUSR2"},   {13, "SIGPIPE"},   {14, "SIGALRM"},   {15, "SIGTERM"}, {16, "SIGSTKFLT"}, {17, "SIGCHLD"},
    {18, "SIGCONT"},   {19, "SIGSTOP"},   {20, "SIGTSTP"},   {21, "SIGTTIN"}, {22, "SIGTTOU"}, {23, "SIGURG"},
    {24, "SIGXCPU"},   {25, "SIGXFSZ"},   {26, "SIGVTALRM"}, {27, "SIGPROF"}, {28, "SIGWINCH"}, {29, "SIGIO"},
    {30, "SIGPWR"},    {31, "SIGSYS"},
};

inline constexpr NumberRow kPtraceRequests[] = {
    {0, "PTRACE_TRACEME"},
    {1, "PTRACE_PEEKTEXT"},
    {2, "PTRACE_PEEKDATA"},
    {3, "PTRACE_PEEKUSER"},
    {4, "PTRACE_POKETEXT"},
    {5, "PTRACE_POKEDATA"},
    {6, "PTRACE_POKEUSER"},
    {7, "PTRACE_CONT"},
    {8, "PTRACE_KILL"},
    {9, "PTRACE_SINGLESTEP"},
    {12, "PTRACE_GETREGS"},
    {13, "PTRACE_SETREGS"},
    {14, "PTRACE_GETFPREGS"},
    {15, "PTRACE_SETFPREGS"},
    {16, "PTRACE_ATTACH"},
    {17, "PTRACE_DETACH"},
    {18, "PTRACE_GETFPXREGS"},
    {19, "PTRACE_SETFPXREGS"},
    {21, "PTRACE_OLDSETOPTIONS"},
    {24, "PTRACE_SYSCALL"},
    {25, "PTRACE_GET_THREAD_AREA"},
    {26, "PTRACE_SET_THREAD_AREA"},
    {30, "PTRACE_ARCH_PRCTL"},
    {31, "PTRACE_SYSEMU"},
    {32, "PTRACE_SYSEMU_SINGLESTEP"},
    {33, "PTRACE_SINGLEBLOCK"},
    {0x4200, "PTRACE_SETOPTIONS"},
    {0x4201, "PTRACE_GETEVENTMSG"},
    {0x4202, "PTRACE_GETSIGINFO"},
    {0x4203, "PTRACE_SETSIGINFO"},
    {0x4204, "PTRACE_GETREGSET"},
    {0x4205, "PTRACE_SETREGSET"},
    {0x4206, "PTRACE_SEIZE"},
    {0x4207, "PTRACE_INTERRUPT"},
    {0x4208, "PTRACE_LISTEN"},
    {0x4209, "PTRACE_PEEKSIGINFO"},
    {0x420a, "PTRACE_GETSIGMASK"},
    {0x420b, "PTRACE_SETSIGMASK"},
    {0x420c, "PTRACE_SECCOMP_GET_FILTER"},
    {0x420d, "PTRACE_SECCOMP_GET_METADATA"},
    {0x420e, "PTRACE_GET_SYSCALL_INFO"},
    {0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"},
    {0x4210, "PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG"},
    {0x4211, "PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG"},
    {0x4212, "PTRACE_SET_SYSCALL_INFO"},
};

}  // namespace catena::sys
