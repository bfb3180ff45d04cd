// Names of the values that arguments of system calls can have. They are the kernel's interface, which never changes, so
// the values are written out: headers differ in age. Flags: rows with more bits come before rows with some of them.
// Which list is flags and which is numbers says the argument's kind.
#pragma once

#include "sys/flag_names_table.h"

namespace catena::sys {

inline constexpr FlagRow kAtFlags[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x400, "AT_SYMLINK_FOLLOW"}, {0x800, "AT_NO_AUTOMOUNT"},
    {0x1000, "AT_EMPTY_PATH"}, {0x2000, "AT_STATX_FORCE_SYNC"}, {0x4000, "AT_STATX_DONT_SYNC"},
    {0x8000, "AT_RECURSIVE"},
};

inline constexpr FlagRow kUnlinkFlags[] = {
    {0x200, "AT_REMOVEDIR"},
};

inline constexpr FlagRow kFaccessFlags[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_EACCESS"}, {0x1000, "AT_EMPTY_PATH"},
};

inline constexpr FlagRow kAccessChecks[] = {
    {1, "X_OK"}, {2, "W_OK"}, {4, "R_OK"},
};

inline constexpr FlagRow kMremapFlags[] = {
    {1, "MREMAP_MAYMOVE"}, {2, "MREMAP_FIXED"}, {4, "MREMAP_DONTUNMAP"},
};

inline constexpr FlagRow kMsyncFlags[] = {
    {1, "MS_ASYNC"}, {2, "MS_INVALIDATE"}, {4, "MS_SYNC"},
};

inline constexpr FlagRow kMadviseAdvice[] = {
    {0, "MADV_NORMAL"}, {1, "MADV_RANDOM"}, {2, "MADV_SEQUENTIAL"}, {3, "MADV_WILLNEED"}, {4, "MADV_DONTNEED"},
    {8, "MADV_FREE"}, {9, "MADV_REMOVE"}, {0xa, "MADV_DONTFORK"}, {0xb, "MADV_DOFORK"}, {0xc, "MADV_MERGEABLE"},
    {0xd, "MADV_UNMERGEABLE"}, {0xe, "MADV_HUGEPAGE"}, {0xf, "MADV_NOHUGEPAGE"}, {0x10, "MADV_DONTDUMP"},
    {0x11, "MADV_DODUMP"}, {0x12, "MADV_WIPEONFORK"}, {0x13, "MADV_KEEPONFORK"}, {0x14, "MADV_COLD"},
    {0x15, "MADV_PAGEOUT"}, {0x16, "MADV_POPULATE_READ"}, {0x17, "MADV_POPULATE_WRITE"},
    {0x18, "MADV_DONTNEED_LOCKED"}, {0x19, "MADV_COLLAPSE"}, {0x64, "MADV_HWPOISON"}, {0x66, "MADV_GUARD_INSTALL"},
    {0x67, "MADV_GUARD_REMOVE"},
};

inline constexpr FlagRow kFadviseAdvice[] = {
    {0, "POSIX_FADV_NORMAL"}, {1, "POSIX_FADV_RANDOM"}, {2, "POSIX_FADV_SEQUENTIAL"}, {3, "POSIX_FADV_WILLNEED"},
    {4, "POSIX_FADV_DONTNEED"}, {5, "POSIX_FADV_NOREUSE"},
};

inline constexpr FlagRow kMlockFlags[] = {
    {1, "MLOCK_ONFAULT"},
};

inline constexpr FlagRow kMlockallFlags[] = {
    {1, "MCL_CURRENT"}, {2, "MCL_FUTURE"}, {4, "MCL_ONFAULT"},
};

inline constexpr FlagRow kMessageFlags[] = {
    {1, "MSG_OOB"}, {2, "MSG_PEEK"}, {4, "MSG_DONTROUTE"}, {8, "MSG_CTRUNC"}, {0x10, "MSG_PROXY"},
    {0x20, "MSG_TRUNC"}, {0x40, "MSG_DONTWAIT"}, {0x80, "MSG_EOR"}, {0x100, "MSG_WAITALL"}, {0x800, "MSG_CONFIRM"},
    {0x2000, "MSG_ERRQUEUE"}, {0x4000, "MSG_NOSIGNAL"}, {0x8000, "MSG_MORE"}, {0x10000, "MSG_WAITFORONE"},
    {0x40000, "MSG_BATCH"}, {0x4000000, "MSG_ZEROCOPY"}, {0x8000000, "MSG_SPLICE_PAGES"},
    {0x20000000, "MSG_FASTOPEN"}, {0x40000000, "MSG_CMSG_CLOEXEC"}, {0x80000000, "MSG_CMSG_COMPAT"},
};

inline constexpr FlagRow kSocketLevels[] = {
    {0, "SOL_IP"}, {1, "SOL_SOCKET"}, {6, "SOL_TCP"}, {0x11, "SOL_UDP"}, {0x29, "SOL_IPV6"}, {0x3a, "SOL_ICMPV6"},
    {0xff, "SOL_RAW"}, {0x105, "SOL_DECNET"}, {0x106, "SOL_X25"}, {0x107, "SOL_PACKET"}, {0x108, "SOL_ATM"},
    {0x109, "SOL_AAL"}, {0x10a, "SOL_IRDA"}, {0x10b, "SOL_NETBEUI"}, {0x10c, "SOL_LLC"}, {0x10d, "SOL_DCCP"},
    {0x10e, "SOL_NETLINK"}, {0x10f, "SOL_TIPC"}, {0x110, "SOL_RXRPC"}, {0x111, "SOL_PPPOL2TP"},
    {0x112, "SOL_BLUETOOTH"}, {0x113, "SOL_PNPIPE"}, {0x114, "SOL_RDS"}, {0x115, "SOL_IUCV"}, {0x116, "SOL_CAIF"},
    {0x117, "SOL_ALG"}, {0x118, "SOL_NFC"}, {0x119, "SOL_KCM"}, {0x11a, "SOL_TLS"}, {0x11b, "SOL_XDP"},
    {0x11c, "SOL_MPTCP"}, {0x11d, "SOL_MCTP"}, {0x11e, "SOL_SMC"}, {0x11f, "SOL_VSOCK"},
};

inline constexpr FlagRow kSocketOptions[] = {
    {1, "SO_DEBUG"}, {2, "SO_REUSEADDR"}, {3, "SO_TYPE"}, {4, "SO_ERROR"}, {5, "SO_DONTROUTE"}, {6, "SO_BROADCAST"},
    {7, "SO_SNDBUF"}, {8, "SO_RCVBUF"}, {9, "SO_KEEPALIVE"}, {0xa, "SO_OOBINLINE"}, {0xb, "SO_NO_CHECK"},
    {0xc, "SO_PRIORITY"}, {0xd, "SO_LINGER"}, {0xe, "SO_BSDCOMPAT"}, {0xf, "SO_REUSEPORT"}, {0x10, "SO_PASSCRED"},
    {0x11, "SO_PEERCRED"}, {0x12, "SO_RCVLOWAT"}, {0x13, "SO_SNDLOWAT"}, {0x14, "SO_RCVTIMEO"}, {0x15, "SO_SNDTIMEO"},
    {0x16, "SO_SECURITY_AUTHENTICATION"}, {0x17, "SO_SECURITY_ENCRYPTION_TRANSPORT"},
    {0x18, "SO_SECURITY_ENCRYPTION_NETWORK"}, {0x19, "SO_BINDTODEVICE"}, {0x1a, "SO_ATTACH_FILTER"},
    {0x1b, "SO_DETACH_FILTER"}, {0x1c, "SO_PEERNAME"}, {0x1d, "SO_TIMESTAMP"}, {0x1e, "SO_ACCEPTCONN"},
    {0x1f, "SO_PEERSEC"}, {0x20, "SO_SNDBUFFORCE"}, {0x21, "SO_RCVBUFFORCE"}, {0x22, "SO_PASSSEC"},
    {0x23, "SO_TIMESTAMPNS"}, {0x24, "SO_MARK"}, {0x25, "SO_TIMESTAMPING"}, {0x26, "SO_PROTOCOL"},
    {0x27, "SO_DOMAIN"}, {0x28, "SO_RXQ_OVFL"}, {0x29, "SO_WIFI_STATUS"}, {0x2a, "SO_PEEK_OFF"}, {0x2b, "SO_NOFCS"},
    {0x2c, "SO_LOCK_FILTER"}, {0x2d, "SO_SELECT_ERR_QUEUE"}, {0x2e, "SO_BUSY_POLL"}, {0x30, "SO_BPF_EXTENSIONS"},
    {0x31, "SO_INCOMING_CPU"}, {0x32, "SO_ATTACH_BPF"}, {0x33, "SO_ATTACH_REUSEPORT_CBPF"},
    {0x34, "SO_ATTACH_REUSEPORT_EBPF"}, {0x35, "SO_CNX_ADVICE"}, {0x37, "SO_MEMINFO"}, {0x38, "SO_INCOMING_NAPI_ID"},
    {0x39, "SO_COOKIE"}, {0x3b, "SO_PEERGROUPS"}, {0x3c, "SO_ZEROCOPY"}, {0x3d, "SO_TXTIME"},
    {0x3e, "SO_BINDTOIFINDEX"}, {0x3f, "SO_TIMESTAMP_NEW"}, {0x40, "SO_TIMESTAMPNS_NEW"},
    {0x41, "SO_TIMESTAMPING_NEW"}, {0x42, "SO_RCVTIMEO_NEW"}, {0x43, "SO_SNDTIMEO_NEW"},
    {0x44, "SO_DETACH_REUSEPORT_BPF"}, {0x45, "SO_PREFER_BUSY_POLL"}, {0x46, "SO_BUSY_POLL_BUDGET"},
    {0x47, "SO_NETNS_COOKIE"}, {0x48, "SO_BUF_LOCK"}, {0x49, "SO_RESERVE_MEM"}, {0x4a, "SO_TXREHASH"},
    {0x4b, "SO_RCVMARK"},
};

inline constexpr FlagRow kTcpOptions[] = {
    {1, "TCP_NODELAY"}, {3, "TCP_CORK"}, {4, "TCP_KEEPIDLE"}, {5, "TCP_KEEPINTVL"}, {6, "TCP_KEEPCNT"},
    {7, "TCP_SYNCNT"}, {8, "TCP_LINGER2"}, {9, "TCP_DEFER_ACCEPT"}, {0xa, "TCP_WINDOW_CLAMP"}, {0xb, "TCP_INFO"},
    {0xc, "TCP_QUICKACK"}, {0xd, "TCP_CONGESTION"}, {0xe, "TCP_MD5SIG"}, {0x10, "TCP_THIN_LINEAR_TIMEOUTS"},
    {0x11, "TCP_THIN_DUPACK"}, {0x12, "TCP_USER_TIMEOUT"}, {0x13, "TCP_REPAIR"}, {0x14, "TCP_REPAIR_QUEUE"},
    {0x15, "TCP_QUEUE_SEQ"}, {0x17, "TCP_FASTOPEN"}, {0x18, "TCP_TIMESTAMP"}, {0x19, "TCP_NOTSENT_LOWAT"},
    {0x1a, "TCP_CC_INFO"}, {0x1b, "TCP_SAVE_SYN"}, {0x1c, "TCP_SAVED_SYN"}, {0x1d, "TCP_REPAIR_WINDOW"},
    {0x1e, "TCP_FASTOPEN_CONNECT"}, {0x1f, "TCP_ULP"}, {0x21, "TCP_FASTOPEN_KEY"}, {0x23, "TCP_ZEROCOPY_RECEIVE"},
    {0x24, "TCP_INQ"}, {0x25, "TCP_TX_DELAY"}, {0x200, "TCP_MSS"},
};

inline constexpr FlagRow kIpOptions[] = {
    {1, "IP_TOS"}, {2, "IP_TTL"}, {3, "IP_HDRINCL"}, {4, "IP_OPTIONS"}, {5, "IP_ROUTER_ALERT"}, {6, "IP_RECVOPTS"},
    {7, "IP_RECVRETOPTS"}, {8, "IP_PKTINFO"}, {9, "IP_PKTOPTIONS"}, {0xa, "IP_MTU_DISCOVER"}, {0xb, "IP_RECVERR"},
    {0xc, "IP_RECVTTL"}, {0xd, "IP_RECVTOS"}, {0xe, "IP_MTU"}, {0xf, "IP_FREEBIND"}, {0x10, "IP_IPSEC_POLICY"},
    {0x11, "IP_XFRM_POLICY"}, {0x12, "IP_PASSSEC"}, {0x13, "IP_TRANSPARENT"}, {0x14, "IP_RECVORIGDSTADDR"},
    {0x15, "IP_MINTTL"}, {0x16, "IP_NODEFRAG"}, {0x17, "IP_CHECKSUM"}, {0x18, "IP_BIND_ADDRESS_NO_PORT"},
    {0x19, "IP_RECVFRAGSIZE"}, {0x1a, "IP_RECVERR_RFC4884"}, {0x20, "IP_MULTICAST_IF"}, {0x21, "IP_MULTICAST_TTL"},
    {0x22, "IP_MULTICAST_LOOP"}, {0x23, "IP_ADD_MEMBERSHIP"}, {0x24, "IP_DROP_MEMBERSHIP"},
    {0x25, "IP_UNBLOCK_SOURCE"}, {0x26, "IP_BLOCK_SOURCE"}, {0x27, "IP_ADD_SOURCE_MEMBERSHIP"},
    {0x28, "IP_DROP_SOURCE_MEMBERSHIP"}, {0x29, "IP_MSFILTER"}, {0x31, "IP_MULTICAST_ALL"}, {0x32, "IP_UNICAST_IF"},
};

inline constexpr FlagRow kIp6Options[] = {
    {1, "IPV6_ADDRFORM"}, {2, "IPV6_2292PKTINFO"}, {3, "IPV6_2292HOPOPTS"}, {4, "IPV6_2292DSTOPTS"},
    {5, "IPV6_2292RTHDR"}, {6, "IPV6_2292PKTOPTIONS"}, {7, "IPV6_CHECKSUM"}, {8, "IPV6_2292HOPLIMIT"},
    {9, "IPV6_NEXTHOP"}, {0xa, "IPV6_AUTHHDR"}, {0x10, "IPV6_UNICAST_HOPS"}, {0x11, "IPV6_MULTICAST_IF"},
    {0x12, "IPV6_MULTICAST_HOPS"}, {0x13, "IPV6_MULTICAST_LOOP"}, {0x14, "IPV6_ADD_MEMBERSHIP"},
    {0x15, "IPV6_DROP_MEMBERSHIP"}, {0x16, "IPV6_ROUTER_ALERT"}, {0x17, "IPV6_MTU_DISCOVER"}, {0x18, "IPV6_MTU"},
    {0x19, "IPV6_RECVERR"}, {0x1a, "IPV6_V6ONLY"}, {0x1b, "IPV6_JOIN_ANYCAST"}, {0x1c, "IPV6_LEAVE_ANYCAST"},
    {0x1d, "IPV6_MULTICAST_ALL"}, {0x1e, "IPV6_ROUTER_ALERT_ISOLATE"}, {0x1f, "IPV6_RECVERR_RFC4884"},
    {0x22, "IPV6_IPSEC_POLICY"}, {0x23, "IPV6_XFRM_POLICY"}, {0x24, "IPV6_HDRINCL"}, {0x31, "IPV6_RECVPKTINFO"},
    {0x32, "IPV6_PKTINFO"}, {0x33, "IPV6_RECVHOPLIMIT"}, {0x34, "IPV6_HOPLIMIT"}, {0x35, "IPV6_RECVHOPOPTS"},
    {0x36, "IPV6_HOPOPTS"}, {0x37, "IPV6_RTHDRDSTOPTS"}, {0x38, "IPV6_RECVRTHDR"}, {0x39, "IPV6_RTHDR"},
    {0x3a, "IPV6_RECVDSTOPTS"}, {0x3b, "IPV6_DSTOPTS"}, {0x3c, "IPV6_RECVPATHMTU"}, {0x3d, "IPV6_PATHMTU"},
    {0x3e, "IPV6_DONTFRAG"}, {0x42, "IPV6_RECVTCLASS"}, {0x43, "IPV6_TCLASS"}, {0x46, "IPV6_AUTOFLOWLABEL"},
    {0x48, "IPV6_ADDR_PREFERENCES"}, {0x49, "IPV6_MINHOPCOUNT"}, {0x4a, "IPV6_RECVORIGDSTADDR"},
    {0x4b, "IPV6_TRANSPARENT"}, {0x4c, "IPV6_UNICAST_IF"}, {0x4d, "IPV6_RECVFRAGSIZE"}, {0x4e, "IPV6_FREEBIND"},
};

inline constexpr FlagRow kNetlinkOptions[] = {
    {1, "NETLINK_ADD_MEMBERSHIP"}, {2, "NETLINK_DROP_MEMBERSHIP"}, {3, "NETLINK_PKTINFO"},
    {4, "NETLINK_BROADCAST_ERROR"}, {5, "NETLINK_NO_ENOBUFS"}, {6, "NETLINK_RX_RING"}, {7, "NETLINK_TX_RING"},
    {8, "NETLINK_LISTEN_ALL_NSID"}, {9, "NETLINK_LIST_MEMBERSHIPS"}, {0xa, "NETLINK_CAP_ACK"},
    {0xb, "NETLINK_EXT_ACK"}, {0xc, "NETLINK_GET_STRICT_CHK"},
};

inline constexpr FlagRow kPacketOptions[] = {
    {1, "PACKET_ADD_MEMBERSHIP"}, {2, "PACKET_DROP_MEMBERSHIP"}, {3, "PACKET_RECV_OUTPUT"}, {5, "PACKET_RX_RING"},
    {6, "PACKET_STATISTICS"}, {7, "PACKET_COPY_THRESH"}, {8, "PACKET_AUXDATA"}, {9, "PACKET_ORIGDEV"},
    {0xa, "PACKET_VERSION"}, {0xb, "PACKET_HDRLEN"}, {0xc, "PACKET_RESERVE"}, {0xd, "PACKET_TX_RING"},
    {0xe, "PACKET_LOSS"}, {0xf, "PACKET_VNET_HDR"}, {0x10, "PACKET_TX_TIMESTAMP"}, {0x11, "PACKET_TIMESTAMP"},
    {0x12, "PACKET_FANOUT"}, {0x13, "PACKET_TX_HAS_OFF"}, {0x14, "PACKET_QDISC_BYPASS"},
    {0x15, "PACKET_ROLLOVER_STATS"}, {0x17, "PACKET_IGNORE_OUTGOING"},
};

inline constexpr FlagRow kInetProtocols[] = {
    {0, "IPPROTO_IP"}, {1, "IPPROTO_ICMP"}, {2, "IPPROTO_IGMP"}, {4, "IPPROTO_IPIP"}, {6, "IPPROTO_TCP"},
    {8, "IPPROTO_EGP"}, {0xc, "IPPROTO_PUP"}, {0x11, "IPPROTO_UDP"}, {0x16, "IPPROTO_IDP"}, {0x1d, "IPPROTO_TP"},
    {0x21, "IPPROTO_DCCP"}, {0x29, "IPPROTO_IPV6"}, {0x2e, "IPPROTO_RSVP"}, {0x2f, "IPPROTO_GRE"},
    {0x32, "IPPROTO_ESP"}, {0x33, "IPPROTO_AH"}, {0x3a, "IPPROTO_ICMPV6"}, {0x5c, "IPPROTO_MTP"},
    {0x5e, "IPPROTO_BEETPH"}, {0x62, "IPPROTO_ENCAP"}, {0x67, "IPPROTO_PIM"}, {0x6c, "IPPROTO_COMP"},
    {0x84, "IPPROTO_SCTP"}, {0x88, "IPPROTO_UDPLITE"}, {0x89, "IPPROTO_MPLS"}, {0x8f, "IPPROTO_ETHERNET"},
    {0xff, "IPPROTO_RAW"}, {0x106, "IPPROTO_MPTCP"},
};

inline constexpr FlagRow kNetlinkProtocols[] = {
    {0, "NETLINK_ROUTE"}, {1, "NETLINK_UNUSED"}, {2, "NETLINK_USERSOCK"}, {3, "NETLINK_FIREWALL"},
    {4, "NETLINK_SOCK_DIAG"}, {5, "NETLINK_NFLOG"}, {6, "NETLINK_XFRM"}, {7, "NETLINK_SELINUX"}, {8, "NETLINK_ISCSI"},
    {9, "NETLINK_AUDIT"}, {0xa, "NETLINK_FIB_LOOKUP"}, {0xb, "NETLINK_CONNECTOR"}, {0xc, "NETLINK_NETFILTER"},
    {0xd, "NETLINK_IP6_FW"}, {0xe, "NETLINK_DNRTMSG"}, {0xf, "NETLINK_KOBJECT_UEVENT"}, {0x10, "NETLINK_GENERIC"},
    {0x12, "NETLINK_SCSITRANSPORT"}, {0x13, "NETLINK_ECRYPTFS"}, {0x14, "NETLINK_RDMA"}, {0x15, "NETLINK_CRYPTO"},
    {0x16, "NETLINK_SMC"},
};

inline constexpr FlagRow kShutdownHow[] = {
    {0, "SHUT_RD"}, {1, "SHUT_WR"}, {2, "SHUT_RDWR"},
};

inline constexpr FlagRow kEpollOps[] = {
    {1, "EPOLL_CTL_ADD"}, {2, "EPOLL_CTL_DEL"}, {3, "EPOLL_CTL_MOD"},
};

inline constexpr FlagRow kEpollEvents[] = {
    {1, "EPOLLIN"}, {2, "EPOLLPRI"}, {4, "EPOLLOUT"}, {8, "EPOLLERR"}, {0x10, "EPOLLHUP"}, {0x40, "EPOLLRDNORM"},
    {0x80, "EPOLLRDBAND"}, {0x100, "EPOLLWRNORM"}, {0x200, "EPOLLWRBAND"}, {0x400, "EPOLLMSG"},
    {0x2000, "EPOLLRDHUP"}, {0x10000000, "EPOLLEXCLUSIVE"}, {0x20000000, "EPOLLWAKEUP"}, {0x40000000, "EPOLLONESHOT"},
    {0x80000000, "EPOLLET"},
};

inline constexpr FlagRow kEpollFlags[] = {
    {0x80000, "EPOLL_CLOEXEC"},
};

inline constexpr FlagRow kEventfdFlags[] = {
    {1, "EFD_SEMAPHORE"}, {0x800, "EFD_NONBLOCK"}, {0x80000, "EFD_CLOEXEC"},
};

inline constexpr FlagRow kSignalfdFlags[] = {
    {0x800, "SFD_NONBLOCK"}, {0x80000, "SFD_CLOEXEC"},
};

inline constexpr FlagRow kTimerfdFlags[] = {
    {0x800, "TFD_NONBLOCK"}, {0x80000, "TFD_CLOEXEC"},
};

inline constexpr FlagRow kTimerfdSetFlags[] = {
    {1, "TFD_TIMER_ABSTIME"}, {2, "TFD_TIMER_CANCEL_ON_SET"},
};

inline constexpr FlagRow kInotifyFlags[] = {
    {0x800, "IN_NONBLOCK"}, {0x80000, "IN_CLOEXEC"},
};

inline constexpr FlagRow kInotifyMask[] = {
    {1, "IN_ACCESS"}, {2, "IN_MODIFY"}, {4, "IN_ATTRIB"}, {8, "IN_CLOSE_WRITE"}, {0x10, "IN_CLOSE_NOWRITE"},
    {0x20, "IN_OPEN"}, {0x40, "IN_MOVED_FROM"}, {0x80, "IN_MOVED_TO"}, {0x100, "IN_CREATE"}, {0x200, "IN_DELETE"},
    {0x400, "IN_DELETE_SELF"}, {0x800, "IN_MOVE_SELF"}, {0x2000, "IN_UNMOUNT"}, {0x1000000, "IN_ONLYDIR"},
    {0x2000000, "IN_DONT_FOLLOW"}, {0x4000000, "IN_EXCL_UNLINK"}, {0x10000000, "IN_MASK_CREATE"},
    {0x20000000, "IN_MASK_ADD"}, {0x40000000, "IN_ISDIR"}, {0x80000000, "IN_ONESHOT"},
};

inline constexpr FlagRow kFanotifyFlags[] = {
    {1, "FAN_CLOEXEC"}, {2, "FAN_NONBLOCK"}, {4, "FAN_CLASS_CONTENT"}, {8, "FAN_CLASS_PRE_CONTENT"},
    {0x10, "FAN_UNLIMITED_QUEUE"}, {0x20, "FAN_UNLIMITED_MARKS"}, {0x40, "FAN_ENABLE_AUDIT"},
    {0x80, "FAN_REPORT_PIDFD"}, {0x100, "FAN_REPORT_TID"}, {0x200, "FAN_REPORT_FID"}, {0x400, "FAN_REPORT_DIR_FID"},
    {0x800, "FAN_REPORT_NAME"}, {0x1000, "FAN_REPORT_TARGET_FID"},
};

inline constexpr FlagRow kFanotifyMarkFlags[] = {
    {1, "FAN_MARK_ADD"}, {2, "FAN_MARK_REMOVE"}, {4, "FAN_MARK_DONT_FOLLOW"}, {8, "FAN_MARK_ONLYDIR"},
    {0x10, "FAN_MARK_MOUNT"}, {0x20, "FAN_MARK_IGNORED_MASK"}, {0x40, "FAN_MARK_IGNORED_SURV_MODIFY"},
    {0x80, "FAN_MARK_FLUSH"}, {0x100, "FAN_MARK_FILESYSTEM"}, {0x200, "FAN_MARK_EVICTABLE"},
    {0x400, "FAN_MARK_IGNORE"},
};

inline constexpr FlagRow kFanotifyMask[] = {
    {1, "FAN_ACCESS"}, {2, "FAN_MODIFY"}, {4, "FAN_ATTRIB"}, {8, "FAN_CLOSE_WRITE"}, {0x10, "FAN_CLOSE_NOWRITE"},
    {0x20, "FAN_OPEN"}, {0x40, "FAN_MOVED_FROM"}, {0x80, "FAN_MOVED_TO"}, {0x100, "FAN_CREATE"},
    {0x200, "FAN_DELETE"}, {0x400, "FAN_DELETE_SELF"}, {0x800, "FAN_MOVE_SELF"}, {0x1000, "FAN_OPEN_EXEC"},
    {0x4000, "FAN_Q_OVERFLOW"}, {0x8000, "FAN_FS_ERROR"}, {0x10000, "FAN_OPEN_PERM"}, {0x20000, "FAN_ACCESS_PERM"},
    {0x40000, "FAN_OPEN_EXEC_PERM"}, {0x8000000, "FAN_EVENT_ON_CHILD"}, {0x10000000, "FAN_RENAME"},
    {0x40000000, "FAN_ONDIR"},
};

inline constexpr FlagRow kPollEvents[] = {
    {1, "POLLIN"}, {2, "POLLPRI"}, {4, "POLLOUT"}, {8, "POLLERR"}, {0x10, "POLLHUP"}, {0x20, "POLLNVAL"},
    {0x40, "POLLRDNORM"}, {0x80, "POLLRDBAND"}, {0x100, "POLLWRNORM"}, {0x200, "POLLWRBAND"}, {0x400, "POLLMSG"},
    {0x1000, "POLLREMOVE"}, {0x2000, "POLLRDHUP"},
};

inline constexpr FlagRow kFcntlCommands[] = {
    {0, "F_DUPFD"}, {1, "F_GETFD"}, {2, "F_SETFD"}, {3, "F_GETFL"}, {4, "F_SETFL"}, {5, "F_GETLK"}, {6, "F_SETLK"},
    {7, "F_SETLKW"}, {8, "F_SETOWN"}, {9, "F_GETOWN"}, {0xa, "F_SETSIG"}, {0xb, "F_GETSIG"}, {0xc, "F_GETLK64"},
    {0xd, "F_SETLK64"}, {0xe, "F_SETLKW64"}, {0xf, "F_SETOWN_EX"}, {0x10, "F_GETOWN_EX"}, {0x24, "F_OFD_GETLK"},
    {0x25, "F_OFD_SETLK"}, {0x26, "F_OFD_SETLKW"}, {0x400, "F_SETLEASE"}, {0x401, "F_GETLEASE"}, {0x402, "F_NOTIFY"},
    {0x403, "F_DUPFD_QUERY"}, {0x404, "F_CREATED_QUERY"}, {0x406, "F_DUPFD_CLOEXEC"}, {0x407, "F_SETPIPE_SZ"},
    {0x408, "F_GETPIPE_SZ"}, {0x409, "F_ADD_SEALS"}, {0x40a, "F_GET_SEALS"}, {0x40b, "F_GET_RW_HINT"},
    {0x40c, "F_SET_RW_HINT"}, {0x40d, "F_GET_FILE_RW_HINT"}, {0x40e, "F_SET_FILE_RW_HINT"},
};

inline constexpr FlagRow kFdFlags[] = {
    {1, "FD_CLOEXEC"},
};

inline constexpr FlagRow kLockTypes[] = {
    {0, "F_RDLCK"}, {1, "F_WRLCK"}, {2, "F_UNLCK"},
};

inline constexpr FlagRow kSealFlags[] = {
    {1, "F_SEAL_SEAL"}, {2, "F_SEAL_SHRINK"}, {4, "F_SEAL_GROW"}, {8, "F_SEAL_WRITE"}, {0x10, "F_SEAL_FUTURE_WRITE"},
    {0x20, "F_SEAL_EXEC"},
};

inline constexpr FlagRow kFlockOps[] = {
    {1, "LOCK_SH"}, {2, "LOCK_EX"}, {4, "LOCK_NB"}, {8, "LOCK_UN"},
};

inline constexpr FlagRow kSeekWhence[] = {
    {0, "SEEK_SET"}, {1, "SEEK_CUR"}, {2, "SEEK_END"}, {3, "SEEK_DATA"}, {4, "SEEK_MAX"},
};

inline constexpr FlagRow kRenameFlags[] = {
    {1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"},
};

inline constexpr FlagRow kStatxMask[] = {
    {0xfff, "STATX_ALL"}, {0x7ff, "STATX_BASIC_STATS"}, {1, "STATX_TYPE"}, {2, "STATX_MODE"}, {4, "STATX_NLINK"},
    {8, "STATX_UID"}, {0x10, "STATX_GID"}, {0x20, "STATX_ATIME"}, {0x40, "STATX_MTIME"}, {0x80, "STATX_CTIME"},
    {0x100, "STATX_INO"}, {0x200, "STATX_SIZE"}, {0x400, "STATX_BLOCKS"}, {0x800, "STATX_BTIME"},
    {0x1000, "STATX_MNT_ID"}, {0x2000, "STATX_DIOALIGN"}, {0x4000, "STATX_MNT_ID_UNIQUE"}, {0x8000, "STATX_SUBVOL"},
    {0x10000, "STATX_WRITE_ATOMIC"},
};

inline constexpr FlagRow kMountFlags[] = {
    {1, "MS_RDONLY"}, {2, "MS_NOSUID"}, {4, "MS_NODEV"}, {8, "MS_NOEXEC"}, {0x10, "MS_SYNCHRONOUS"},
    {0x20, "MS_REMOUNT"}, {0x40, "MS_MANDLOCK"}, {0x80, "MS_DIRSYNC"}, {0x100, "MS_NOSYMFOLLOW"},
    {0x400, "MS_NOATIME"}, {0x800, "MS_NODIRATIME"}, {0x1000, "MS_BIND"}, {0x2000, "MS_MOVE"}, {0x4000, "MS_REC"},
    {0x8000, "MS_SILENT"}, {0x10000, "MS_POSIXACL"}, {0x20000, "MS_UNBINDABLE"}, {0x40000, "MS_PRIVATE"},
    {0x80000, "MS_SLAVE"}, {0x100000, "MS_SHARED"}, {0x200000, "MS_RELATIME"}, {0x400000, "MS_KERNMOUNT"},
    {0x800000, "MS_I_VERSION"}, {0x1000000, "MS_STRICTATIME"}, {0x2000000, "MS_LAZYTIME"},
};

inline constexpr FlagRow kUmountFlags[] = {
    {1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"},
};

inline constexpr FlagRow kPrctlOptions[] = {
    {0, "PR_SET_VMA_ANON_NAME"}, {1, "PR_SET_PDEATHSIG"}, {2, "PR_GET_PDEATHSIG"}, {3, "PR_GET_DUMPABLE"},
    {4, "PR_SET_DUMPABLE"}, {5, "PR_GET_UNALIGN"}, {6, "PR_SET_UNALIGN"}, {7, "PR_GET_KEEPCAPS"},
    {8, "PR_SET_KEEPCAPS"}, {9, "PR_GET_FPEMU"}, {0xa, "PR_SET_FPEMU"}, {0xb, "PR_GET_FPEXC"}, {0xc, "PR_SET_FPEXC"},
    {0xd, "PR_GET_TIMING"}, {0xe, "PR_SET_TIMING"}, {0xf, "PR_SET_NAME"}, {0x10, "PR_GET_NAME"},
    {0x13, "PR_GET_ENDIAN"}, {0x14, "PR_SET_ENDIAN"}, {0x15, "PR_GET_SECCOMP"}, {0x16, "PR_SET_SECCOMP"},
    {0x19, "PR_GET_TSC"}, {0x1a, "PR_SET_TSC"}, {0x1b, "PR_GET_SECUREBITS"}, {0x1c, "PR_SET_SECUREBITS"},
    {0x1d, "PR_SET_TIMERSLACK"}, {0x1e, "PR_GET_TIMERSLACK"}, {0x1f, "PR_TASK_PERF_EVENTS_DISABLE"},
    {0x20, "PR_TASK_PERF_EVENTS_ENABLE"}, {0x21, "PR_MCE_KILL"}, {0x23, "PR_SET_MM"},
    {0x24, "PR_SET_CHILD_SUBREAPER"}, {0x25, "PR_GET_CHILD_SUBREAPER"}, {0x26, "PR_SET_NO_NEW_PRIVS"},
    {0x27, "PR_GET_NO_NEW_PRIVS"}, {0x28, "PR_GET_TID_ADDRESS"}, {0x29, "PR_SET_THP_DISABLE"},
    {0x2a, "PR_GET_THP_DISABLE"}, {0x2b, "PR_MPX_ENABLE_MANAGEMENT"}, {0x2c, "PR_MPX_DISABLE_MANAGEMENT"},
    {0x2d, "PR_SET_FP_MODE"}, {0x2e, "PR_GET_FP_MODE"}, {0x2f, "PR_CAP_AMBIENT"}, {0x32, "PR_SVE_SET_VL"},
    {0x33, "PR_SVE_GET_VL"}, {0x34, "PR_GET_SPECULATION_CTRL"}, {0x35, "PR_SET_SPECULATION_CTRL"},
    {0x36, "PR_PAC_RESET_KEYS"}, {0x37, "PR_SET_TAGGED_ADDR_CTRL"}, {0x38, "PR_GET_TAGGED_ADDR_CTRL"},
    {0x39, "PR_SET_IO_FLUSHER"}, {0x3a, "PR_GET_IO_FLUSHER"}, {0x3b, "PR_SET_SYSCALL_USER_DISPATCH"},
    {0x3c, "PR_PAC_SET_ENABLED_KEYS"}, {0x3d, "PR_PAC_GET_ENABLED_KEYS"}, {0x3e, "PR_SCHED_CORE"},
    {0x3f, "PR_SME_SET_VL"}, {0x40, "PR_SME_GET_VL"}, {0x41, "PR_SET_MDWE"}, {0x42, "PR_GET_MDWE"},
    {0x43, "PR_SET_MEMORY_MERGE"}, {0x44, "PR_GET_MEMORY_MERGE"}, {0x4a, "PR_GET_SHADOW_STACK_STATUS"},
    {0x4b, "PR_SET_SHADOW_STACK_STATUS"}, {0x4c, "PR_LOCK_SHADOW_STACK_STATUS"},
    {0x4d, "PR_TIMER_CREATE_RESTORE_IDS"}, {0x4e, "PR_FUTEX_HASH"}, {0x53564d41, "PR_SET_VMA"},
    {0x59616d61, "PR_SET_PTRACER"},
};

inline constexpr FlagRow kArchPrctlCodes[] = {
    {0x1001, "ARCH_SET_GS"}, {0x1002, "ARCH_SET_FS"}, {0x1003, "ARCH_GET_FS"}, {0x1004, "ARCH_GET_GS"},
    {0x1011, "ARCH_GET_CPUID"}, {0x1012, "ARCH_SET_CPUID"}, {0x1021, "ARCH_GET_XCOMP_SUPP"},
    {0x1022, "ARCH_GET_XCOMP_PERM"}, {0x1023, "ARCH_REQ_XCOMP_PERM"}, {0x1024, "ARCH_GET_XCOMP_GUEST_PERM"},
    {0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"}, {0x2001, "ARCH_MAP_VDSO_X32"}, {0x2002, "ARCH_MAP_VDSO_32"},
    {0x2003, "ARCH_MAP_VDSO_64"}, {0x5001, "ARCH_SHSTK_ENABLE"}, {0x5002, "ARCH_SHSTK_DISABLE"},
    {0x5003, "ARCH_SHSTK_LOCK"}, {0x5005, "ARCH_SHSTK_STATUS"},
};

inline constexpr FlagRow kFutexOps[] = {
    {0, "FUTEX_WAIT"}, {1, "FUTEX_WAKE"}, {2, "FUTEX_FD"}, {3, "FUTEX_REQUEUE"}, {4, "FUTEX_CMP_REQUEUE"},
    {5, "FUTEX_WAKE_OP"}, {6, "FUTEX_LOCK_PI"}, {7, "FUTEX_UNLOCK_PI"}, {8, "FUTEX_TRYLOCK_PI"},
    {9, "FUTEX_WAIT_BITSET"}, {0xa, "FUTEX_WAKE_BITSET"}, {0xb, "FUTEX_WAIT_REQUEUE_PI"},
    {0xc, "FUTEX_CMP_REQUEUE_PI"}, {0xd, "FUTEX_LOCK_PI2"},
};

inline constexpr FlagRow kFutexFlags[] = {
    {0x80, "FUTEX_PRIVATE_FLAG"}, {0x100, "FUTEX_CLOCK_REALTIME"},
};

inline constexpr FlagRow kFutex2Flags[] = {
    {2, "FUTEX_32"}, {4, "FUTEX2_NUMA"}, {0x80, "FUTEX2_PRIVATE"},
};

inline constexpr FlagRow kClockIds[] = {
    {0, "CLOCK_REALTIME"}, {1, "CLOCK_MONOTONIC"}, {2, "CLOCK_PROCESS_CPUTIME_ID"}, {3, "CLOCK_THREAD_CPUTIME_ID"},
    {4, "CLOCK_MONOTONIC_RAW"}, {5, "CLOCK_REALTIME_COARSE"}, {6, "CLOCK_MONOTONIC_COARSE"}, {7, "CLOCK_BOOTTIME"},
    {8, "CLOCK_REALTIME_ALARM"}, {9, "CLOCK_BOOTTIME_ALARM"}, {0xb, "CLOCK_TAI"},
};

inline constexpr FlagRow kTimerFlags[] = {
    {1, "TIMER_ABSTIME"},
};

inline constexpr FlagRow kRlimitResources[] = {
    {0, "RLIMIT_CPU"}, {1, "RLIMIT_FSIZE"}, {2, "RLIMIT_DATA"}, {3, "RLIMIT_STACK"}, {4, "RLIMIT_CORE"},
    {5, "RLIMIT_RSS"}, {6, "RLIMIT_NPROC"}, {7, "RLIMIT_OFILE"}, {8, "RLIMIT_MEMLOCK"}, {9, "RLIMIT_AS"},
    {0xa, "RLIMIT_LOCKS"}, {0xb, "RLIMIT_SIGPENDING"}, {0xc, "RLIMIT_MSGQUEUE"}, {0xd, "RLIMIT_NICE"},
    {0xe, "RLIMIT_RTPRIO"}, {0xf, "RLIMIT_RTTIME"},
};

inline constexpr FlagRow kRusageWho[] = {
    {0, "RUSAGE_SELF"}, {1, "RUSAGE_THREAD"}, {0xffffffff, "RUSAGE_CHILDREN"},
};

inline constexpr FlagRow kItimerWhich[] = {
    {0, "ITIMER_REAL"}, {1, "ITIMER_VIRTUAL"}, {2, "ITIMER_PROF"},
};

inline constexpr FlagRow kWaitOptions[] = {
    {1, "WNOHANG"}, {2, "WSTOPPED"}, {4, "WEXITED"}, {8, "WCONTINUED"}, {0x1000000, "WNOWAIT"},
    {0x20000000, "__WNOTHREAD"}, {0x40000000, "__WALL"}, {0x80000000, "__WCLONE"},
};

inline constexpr FlagRow kWait4Options[] = {
    {1, "WNOHANG"}, {2, "WUNTRACED"}, {4, "WEXITED"}, {8, "WCONTINUED"}, {0x1000000, "WNOWAIT"},
    {0x20000000, "__WNOTHREAD"}, {0x40000000, "__WALL"}, {0x80000000, "__WCLONE"},
};

inline constexpr FlagRow kWaitIdTypes[] = {
    {0, "P_ALL"}, {1, "P_PID"}, {2, "P_PGID"}, {3, "P_PIDFD"},
};

inline constexpr FlagRow kSigmaskHow[] = {
    {0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {2, "SIG_SETMASK"},
};

inline constexpr FlagRow kSigactionFlags[] = {
    {1, "SA_NOCLDSTOP"}, {2, "SA_NOCLDWAIT"}, {4, "SA_SIGINFO"}, {0x4000000, "SA_RESTORER"},
    {0x8000000, "SA_ONSTACK"}, {0x10000000, "SA_RESTART"}, {0x40000000, "SA_NODEFER"}, {0x80000000, "SA_RESETHAND"},
};

inline constexpr FlagRow kSigaltstackFlags[] = {
    {1, "SS_ONSTACK"}, {2, "SS_DISABLE"}, {0x80000000, "SS_AUTODISARM"},
};

inline constexpr FlagRow kSchedPolicies[] = {
    {0, "SCHED_OTHER"}, {1, "SCHED_FIFO"}, {2, "SCHED_RR"}, {3, "SCHED_BATCH"}, {4, "SCHED_ISO"}, {5, "SCHED_IDLE"},
    {6, "SCHED_DEADLINE"}, {7, "SCHED_EXT"},
};

inline constexpr FlagRow kSchedFlags[] = {
    {1, "SCHED_FLAG_RESET_ON_FORK"}, {2, "SCHED_FLAG_RECLAIM"}, {4, "SCHED_FLAG_DL_OVERRUN"},
    {8, "SCHED_FLAG_KEEP_POLICY"}, {0x10, "SCHED_FLAG_KEEP_PARAMS"}, {0x20, "SCHED_FLAG_UTIL_CLAMP_MIN"},
    {0x40, "SCHED_FLAG_UTIL_CLAMP_MAX"},
};

inline constexpr FlagRow kPriorityWhich[] = {
    {0, "PRIO_PROCESS"}, {1, "PRIO_PGRP"}, {2, "PRIO_USER"},
};

inline constexpr FlagRow kIoprioWho[] = {
    {1, "IOPRIO_WHO_PROCESS"}, {2, "IOPRIO_WHO_PGRP"}, {3, "IOPRIO_WHO_USER"},
};

inline constexpr FlagRow kKeyctlOps[] = {
    {0, "KEYCTL_GET_KEYRING_ID"}, {1, "KEYCTL_JOIN_SESSION_KEYRING"}, {2, "KEYCTL_UPDATE"}, {3, "KEYCTL_REVOKE"},
    {4, "KEYCTL_CHOWN"}, {5, "KEYCTL_SETPERM"}, {6, "KEYCTL_DESCRIBE"}, {7, "KEYCTL_CLEAR"}, {8, "KEYCTL_LINK"},
    {9, "KEYCTL_UNLINK"}, {0xa, "KEYCTL_SEARCH"}, {0xb, "KEYCTL_READ"}, {0xc, "KEYCTL_INSTANTIATE"},
    {0xd, "KEYCTL_NEGATE"}, {0xe, "KEYCTL_SET_REQKEY_KEYRING"}, {0xf, "KEYCTL_SET_TIMEOUT"},
    {0x10, "KEYCTL_ASSUME_AUTHORITY"}, {0x11, "KEYCTL_GET_SECURITY"}, {0x12, "KEYCTL_SESSION_TO_PARENT"},
    {0x13, "KEYCTL_REJECT"}, {0x14, "KEYCTL_INSTANTIATE_IOV"}, {0x15, "KEYCTL_INVALIDATE"},
    {0x16, "KEYCTL_GET_PERSISTENT"}, {0x17, "KEYCTL_DH_COMPUTE"}, {0x18, "KEYCTL_PKEY_QUERY"},
    {0x19, "KEYCTL_PKEY_ENCRYPT"}, {0x1a, "KEYCTL_PKEY_DECRYPT"}, {0x1b, "KEYCTL_PKEY_SIGN"},
    {0x1c, "KEYCTL_PKEY_VERIFY"}, {0x1d, "KEYCTL_RESTRICT_KEYRING"}, {0x1e, "KEYCTL_MOVE"},
    {0x1f, "KEYCTL_CAPABILITIES"}, {0x20, "KEYCTL_WATCH_KEY"},
};

inline constexpr FlagRow kKeySpecs[] = {
    {0xfffffff8, "KEY_SPEC_REQUESTOR_KEYRING"}, {0xfffffff9, "KEY_SPEC_REQKEY_AUTH_KEY"},
    {0xfffffffa, "KEY_SPEC_GROUP_KEYRING"}, {0xfffffffb, "KEY_SPEC_USER_SESSION_KEYRING"},
    {0xfffffffc, "KEY_SPEC_USER_KEYRING"}, {0xfffffffd, "KEY_SPEC_SESSION_KEYRING"},
    {0xfffffffe, "KEY_SPEC_PROCESS_KEYRING"}, {0xffffffff, "KEY_SPEC_THREAD_KEYRING"},
};

inline constexpr FlagRow kBpfCommands[] = {
    {0, "BPF_MAP_CREATE"}, {1, "BPF_MAP_LOOKUP_ELEM"}, {2, "BPF_MAP_UPDATE_ELEM"}, {3, "BPF_MAP_DELETE_ELEM"},
    {4, "BPF_MAP_GET_NEXT_KEY"}, {5, "BPF_PROG_LOAD"}, {6, "BPF_OBJ_PIN"}, {7, "BPF_OBJ_GET"}, {8, "BPF_PROG_ATTACH"},
    {9, "BPF_PROG_DETACH"}, {0xa, "BPF_PROG_TEST_RUN"}, {0xb, "BPF_PROG_GET_NEXT_ID"}, {0xc, "BPF_MAP_GET_NEXT_ID"},
    {0xd, "BPF_PROG_GET_FD_BY_ID"}, {0xe, "BPF_MAP_GET_FD_BY_ID"}, {0xf, "BPF_OBJ_GET_INFO_BY_FD"},
    {0x10, "BPF_PROG_QUERY"}, {0x11, "BPF_RAW_TRACEPOINT_OPEN"}, {0x12, "BPF_BTF_LOAD"},
    {0x13, "BPF_BTF_GET_FD_BY_ID"}, {0x14, "BPF_TASK_FD_QUERY"}, {0x15, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"},
    {0x16, "BPF_MAP_FREEZE"}, {0x17, "BPF_BTF_GET_NEXT_ID"}, {0x18, "BPF_MAP_LOOKUP_BATCH"},
    {0x19, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"}, {0x1a, "BPF_MAP_UPDATE_BATCH"}, {0x1b, "BPF_MAP_DELETE_BATCH"},
    {0x1c, "BPF_LINK_CREATE"}, {0x1d, "BPF_LINK_UPDATE"}, {0x1e, "BPF_LINK_GET_FD_BY_ID"},
    {0x1f, "BPF_LINK_GET_NEXT_ID"}, {0x20, "BPF_ENABLE_STATS"}, {0x21, "BPF_ITER_CREATE"}, {0x22, "BPF_LINK_DETACH"},
    {0x23, "BPF_PROG_BIND_MAP"}, {0x24, "BPF_TOKEN_CREATE"}, {0x25, "BPF_PROG_STREAM_READ_BY_FD"},
};

inline constexpr FlagRow kPerfFlags[] = {
    {1, "PERF_FLAG_FD_NO_GROUP"}, {2, "PERF_FLAG_FD_OUTPUT"}, {4, "PERF_FLAG_PID_CGROUP"},
    {8, "PERF_FLAG_FD_CLOEXEC"},
};

inline constexpr FlagRow kPidfdFlags[] = {
    {0x80, "PIDFD_THREAD"},
};

inline constexpr FlagRow kPidfdSignalFlags[] = {
    {1, "PIDFD_SIGNAL_THREAD"}, {2, "PIDFD_SIGNAL_THREAD_GROUP"}, {4, "PIDFD_SIGNAL_PROCESS_GROUP"},
};

inline constexpr FlagRow kMemfdFlags[] = {
    {1, "MFD_CLOEXEC"}, {2, "MFD_ALLOW_SEALING"}, {4, "MFD_HUGETLB"}, {8, "MFD_NOEXEC_SEAL"}, {0x10, "MFD_EXEC"},
};

inline constexpr FlagRow kGetrandomFlags[] = {
    {1, "GRND_NONBLOCK"}, {2, "GRND_RANDOM"}, {4, "GRND_INSECURE"},
};

inline constexpr FlagRow kSpliceFlags[] = {
    {1, "SPLICE_F_MOVE"}, {2, "SPLICE_F_NONBLOCK"}, {4, "SPLICE_F_MORE"}, {8, "SPLICE_F_GIFT"},
    {0x80000000, "SPLICE_F_FD_IN_FIXED"},
};

inline constexpr FlagRow kCloseRangeFlags[] = {
    {2, "CLOSE_RANGE_UNSHARE"}, {4, "CLOSE_RANGE_CLOEXEC"},
};

inline constexpr FlagRow kResolveFlags[] = {
    {1, "RESOLVE_NO_XDEV"}, {2, "RESOLVE_NO_MAGICLINKS"}, {4, "RESOLVE_NO_SYMLINKS"}, {8, "RESOLVE_BENEATH"},
    {0x10, "RESOLVE_IN_ROOT"}, {0x20, "RESOLVE_CACHED"},
};

inline constexpr FlagRow kSeccompOps[] = {
    {0, "SECCOMP_SET_MODE_STRICT"}, {1, "SECCOMP_SET_MODE_FILTER"}, {2, "SECCOMP_GET_ACTION_AVAIL"},
    {3, "SECCOMP_GET_NOTIF_SIZES"},
};

inline constexpr FlagRow kSeccompFlags[] = {
    {1, "SECCOMP_FILTER_FLAG_TSYNC"}, {2, "SECCOMP_FILTER_FLAG_LOG"}, {4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
    {8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"}, {0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"},
    {0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
};

inline constexpr FlagRow kSeccompModes[] = {
    {0, "SECCOMP_MODE_DISABLED"}, {1, "SECCOMP_MODE_STRICT"}, {2, "SECCOMP_MODE_FILTER"},
};

inline constexpr FlagRow kMembarrierCommands[] = {
    {0, "MEMBARRIER_CMD_QUERY"}, {1, "MEMBARRIER_CMD_GLOBAL"}, {2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"},
    {4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"}, {8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"},
    {0x10, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"}, {0x20, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"},
    {0x40, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"}, {0x80, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"},
    {0x100, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"}, {0x200, "MEMBARRIER_CMD_GET_REGISTRATIONS"},
};

inline constexpr FlagRow kUserfaultfdFlags[] = {
    {1, "UFFD_USER_MODE_ONLY"},
};

inline constexpr FlagRow kUringEnterFlags[] = {
    {1, "IORING_ENTER_GETEVENTS"}, {2, "IORING_ENTER_SQ_WAKEUP"}, {4, "IORING_ENTER_SQ_WAIT"},
    {8, "IORING_ENTER_EXT_ARG"}, {0x10, "IORING_ENTER_REGISTERED_RING"},
};

inline constexpr FlagRow kUringSetupFlags[] = {
    {1, "IORING_SETUP_IOPOLL"}, {2, "IORING_SETUP_SQPOLL"}, {4, "IORING_SETUP_SQ_AFF"}, {8, "IORING_SETUP_CQSIZE"},
    {0x10, "IORING_SETUP_CLAMP"}, {0x20, "IORING_SETUP_ATTACH_WQ"}, {0x40, "IORING_SETUP_R_DISABLED"},
    {0x80, "IORING_SETUP_SUBMIT_ALL"}, {0x100, "IORING_SETUP_COOP_TASKRUN"}, {0x200, "IORING_SETUP_TASKRUN_FLAG"},
    {0x400, "IORING_SETUP_SQE128"}, {0x800, "IORING_SETUP_CQE32"}, {0x1000, "IORING_SETUP_SINGLE_ISSUER"},
    {0x2000, "IORING_SETUP_DEFER_TASKRUN"},
};

inline constexpr FlagRow kUringRegisterOps[] = {
    {0, "IORING_REGISTER_BUFFERS"}, {1, "IORING_UNREGISTER_BUFFERS"}, {2, "IORING_REGISTER_FILES"},
    {3, "IORING_UNREGISTER_FILES"}, {4, "IORING_REGISTER_EVENTFD"}, {5, "IORING_UNREGISTER_EVENTFD"},
    {6, "IORING_REGISTER_FILES_UPDATE"}, {7, "IORING_REGISTER_EVENTFD_ASYNC"}, {8, "IORING_REGISTER_PROBE"},
    {9, "IORING_REGISTER_PERSONALITY"}, {0xa, "IORING_UNREGISTER_PERSONALITY"}, {0xb, "IORING_REGISTER_RESTRICTIONS"},
    {0xc, "IORING_REGISTER_ENABLE_RINGS"}, {0xd, "IORING_REGISTER_FILES2"}, {0xe, "IORING_REGISTER_FILES_UPDATE2"},
    {0xf, "IORING_REGISTER_BUFFERS2"}, {0x10, "IORING_REGISTER_BUFFERS_UPDATE"}, {0x11, "IORING_REGISTER_IOWQ_AFF"},
    {0x12, "IORING_UNREGISTER_IOWQ_AFF"}, {0x13, "IORING_REGISTER_IOWQ_MAX_WORKERS"},
    {0x14, "IORING_REGISTER_RING_FDS"}, {0x15, "IORING_UNREGISTER_RING_FDS"}, {0x16, "IORING_REGISTER_PBUF_RING"},
    {0x17, "IORING_UNREGISTER_PBUF_RING"}, {0x18, "IORING_REGISTER_SYNC_CANCEL"},
    {0x19, "IORING_REGISTER_FILE_ALLOC_RANGE"},
};

inline constexpr FlagRow kRwFlags[] = {
    {1, "RWF_HIPRI"}, {2, "RWF_DSYNC"}, {4, "RWF_SYNC"}, {8, "RWF_NOWAIT"}, {0x10, "RWF_APPEND"},
    {0x20, "RWF_NOAPPEND"}, {0x40, "RWF_ATOMIC"}, {0x80, "RWF_DONTCACHE"},
};

inline constexpr FlagRow kSyncFileRangeFlags[] = {
    {1, "SYNC_FILE_RANGE_WAIT_BEFORE"}, {2, "SYNC_FILE_RANGE_WRITE"}, {4, "SYNC_FILE_RANGE_WAIT_AFTER"},
};

inline constexpr FlagRow kFallocateModes[] = {
    {1, "FALLOC_FL_KEEP_SIZE"}, {2, "FALLOC_FL_PUNCH_HOLE"}, {4, "FALLOC_FL_NO_HIDE_STALE"},
    {8, "FALLOC_FL_COLLAPSE_RANGE"}, {0x10, "FALLOC_FL_ZERO_RANGE"}, {0x20, "FALLOC_FL_INSERT_RANGE"},
    {0x40, "FALLOC_FL_UNSHARE_RANGE"},
};

inline constexpr FlagRow kXattrFlags[] = {
    {1, "XATTR_CREATE"}, {2, "XATTR_REPLACE"},
};

inline constexpr FlagRow kKcmpTypes[] = {
    {0, "KCMP_FILE"}, {1, "KCMP_VM"}, {2, "KCMP_FILES"}, {3, "KCMP_FS"}, {4, "KCMP_SIGHAND"}, {5, "KCMP_IO"},
    {6, "KCMP_SYSVSEM"}, {7, "KCMP_EPOLL_TFD"},
};

inline constexpr FlagRow kPersonalityFlags[] = {
    {0x20000, "UNAME26"}, {0x40000, "ADDR_NO_RANDOMIZE"}, {0x80000, "FDPIC_FUNCPTRS"}, {0x100000, "MMAP_PAGE_ZERO"},
    {0x200000, "ADDR_COMPAT_LAYOUT"}, {0x400000, "READ_IMPLIES_EXEC"}, {0x800000, "ADDR_LIMIT_32BIT"},
    {0x1000000, "SHORT_INODE"}, {0x2000000, "WHOLE_SECONDS"}, {0x4000000, "STICKY_TIMEOUTS"},
    {0x8000000, "ADDR_LIMIT_3GB"},
};

inline constexpr FlagRow kRebootCommands[] = {
    {0, "LINUX_REBOOT_CMD_CAD_OFF"}, {0x1234567, "LINUX_REBOOT_CMD_RESTART"},
    {0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"}, {0x45584543, "LINUX_REBOOT_CMD_KEXEC"},
    {0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"}, {0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"},
    {0xcdef0123, "LINUX_REBOOT_CMD_HALT"}, {0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"},
};

inline constexpr FlagRow kIpcFlags[] = {
    {0x200, "IPC_CREAT"}, {0x400, "IPC_EXCL"}, {0x800, "IPC_NOWAIT"},
};

inline constexpr FlagRow kIpcCommands[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {0xb, "SHM_LOCK"}, {0xc, "SHM_UNLOCK"},
    {0xd, "SHM_STAT"}, {0xe, "SHM_INFO"}, {0xf, "SHM_STAT_ANY"},
};

inline constexpr FlagRow kSemaphoreCommands[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {0xb, "GETPID"}, {0xc, "GETVAL"},
    {0xd, "GETALL"}, {0xe, "GETNCNT"}, {0xf, "GETZCNT"}, {0x10, "SETVAL"}, {0x11, "SETALL"}, {0x12, "SEM_STAT"},
    {0x13, "SEM_INFO"}, {0x14, "SEM_STAT_ANY"},
};

inline constexpr FlagRow kMessageQueueCommands[] = {
    {0, "IPC_RMID"}, {1, "IPC_SET"}, {2, "IPC_STAT"}, {3, "IPC_INFO"}, {0xb, "MSG_STAT"}, {0xc, "MSG_INFO"},
    {0xd, "MSG_STAT_ANY"},
};

inline constexpr FlagRow kMessageQueueFlags[] = {
    {0x800, "IPC_NOWAIT"}, {0x1000, "MSG_NOERROR"}, {0x2000, "MSG_EXCEPT"}, {0x4000, "MSG_COPY"},
};

inline constexpr FlagRow kShmFlags[] = {
    {0x200, "IPC_CREAT"}, {0x400, "IPC_EXCL"}, {0x800, "SHM_HUGETLB"}, {0x1000, "SHM_NORESERVE"},
};

inline constexpr FlagRow kShmatFlags[] = {
    {0x1000, "SHM_RDONLY"}, {0x2000, "SHM_RND"}, {0x4000, "SHM_REMAP"}, {0x8000, "SHM_EXEC"},
};

inline constexpr FlagRow kSwapFlags[] = {
    {0x8000, "SWAP_FLAG_PREFER"}, {0x10000, "SWAP_FLAG_DISCARD"},
};

inline constexpr FlagRow kModuleFlags[] = {
    {1, "MODULE_INIT_IGNORE_MODVERSIONS"}, {2, "MODULE_INIT_IGNORE_VERMAGIC"}, {4, "MODULE_INIT_COMPRESSED_FILE"},
};

inline constexpr FlagRow kMountAttrs[] = {
    {1, "MOUNT_ATTR_RDONLY"}, {2, "MOUNT_ATTR_NOSUID"}, {4, "MOUNT_ATTR_NODEV"}, {8, "MOUNT_ATTR_NOEXEC"},
    {0x10, "MOUNT_ATTR_NOATIME"}, {0x20, "MOUNT_ATTR_STRICTATIME"}, {0x80, "MOUNT_ATTR_NODIRATIME"},
    {0x100000, "MOUNT_ATTR_IDMAP"}, {0x200000, "MOUNT_ATTR_NOSYMFOLLOW"},
};

inline constexpr FlagRow kFsopenFlags[] = {
    {1, "FSOPEN_CLOEXEC"},
};

inline constexpr FlagRow kFsmountFlags[] = {
    {1, "FSMOUNT_CLOEXEC"},
};

inline constexpr FlagRow kFspickFlags[] = {
    {1, "FSPICK_CLOEXEC"}, {2, "FSPICK_SYMLINK_NOFOLLOW"}, {4, "FSPICK_NO_AUTOMOUNT"}, {8, "FSPICK_EMPTY_PATH"},
};

inline constexpr FlagRow kFsconfigCommands[] = {
    {0, "FSCONFIG_SET_FLAG"}, {1, "FSCONFIG_SET_STRING"}, {2, "FSCONFIG_SET_BINARY"}, {3, "FSCONFIG_SET_PATH"},
    {4, "FSCONFIG_SET_PATH_EMPTY"}, {5, "FSCONFIG_SET_FD"}, {6, "FSCONFIG_CMD_CREATE"},
    {7, "FSCONFIG_CMD_RECONFIGURE"},
};

inline constexpr FlagRow kMoveMountFlags[] = {
    {1, "MOVE_MOUNT_F_SYMLINKS"}, {2, "MOVE_MOUNT_F_AUTOMOUNTS"}, {4, "MOVE_MOUNT_F_EMPTY_PATH"},
    {0x10, "MOVE_MOUNT_T_SYMLINKS"}, {0x20, "MOVE_MOUNT_T_AUTOMOUNTS"}, {0x40, "MOVE_MOUNT_T_EMPTY_PATH"},
    {0x100, "MOVE_MOUNT_SET_GROUP"},
};

inline constexpr FlagRow kOpenTreeFlags[] = {
    {1, "OPEN_TREE_CLONE"}, {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x800, "AT_NO_AUTOMOUNT"}, {0x1000, "AT_EMPTY_PATH"},
    {0x8000, "AT_RECURSIVE"}, {0x80000, "OPEN_TREE_CLOEXEC"},
};

inline constexpr FlagRow kLandlockFlags[] = {
    {1, "LANDLOCK_CREATE_RULESET_VERSION"}, {2, "LANDLOCK_CREATE_RULESET_ERRATA"},
};

inline constexpr FlagRow kLandlockRules[] = {
    {1, "LANDLOCK_RULE_PATH_BENEATH"}, {2, "LANDLOCK_RULE_NET_PORT"},
};

inline constexpr FlagRow kNumaModes[] = {
    {0, "MPOL_DEFAULT"}, {1, "MPOL_PREFERRED"}, {2, "MPOL_BIND"}, {3, "MPOL_INTERLEAVE"}, {4, "MPOL_LOCAL"},
    {5, "MPOL_PREFERRED_MANY"}, {6, "MPOL_WEIGHTED_INTERLEAVE"},
};

inline constexpr FlagRow kMbindFlags[] = {
    {1, "MPOL_MF_STRICT"}, {2, "MPOL_MF_MOVE"}, {4, "MPOL_MF_MOVE_ALL"},
};

inline constexpr FlagRow kMempolicyFlags[] = {
    {1, "MPOL_F_NODE"}, {2, "MPOL_F_ADDR"}, {4, "MPOL_F_MEMS_ALLOWED"},
};

inline constexpr FlagRow kRseqFlags[] = {
    {1, "RSEQ_FLAG_UNREGISTER"},
};

inline constexpr FlagRow kKexecFlags[] = {
    {1, "KEXEC_ON_CRASH"}, {2, "KEXEC_PRESERVE_CONTEXT"},
};

inline constexpr FlagRow kKexecFileFlags[] = {
    {1, "KEXEC_FILE_UNLOAD"}, {2, "KEXEC_FILE_ON_CRASH"}, {4, "KEXEC_FILE_NO_INITRAMFS"},
};

inline constexpr FlagRow kHandleFlags[] = {
    {0x200, "AT_HANDLE_FID"}, {0x400, "AT_SYMLINK_FOLLOW"}, {0x1000, "AT_EMPTY_PATH"},
};

inline constexpr FlagRow kSocketCalls[] = {
    {1, "SYS_SOCKET"}, {2, "SYS_BIND"}, {3, "SYS_CONNECT"}, {4, "SYS_LISTEN"}, {5, "SYS_ACCEPT"},
    {6, "SYS_GETSOCKNAME"}, {7, "SYS_GETPEERNAME"}, {8, "SYS_SOCKETPAIR"}, {9, "SYS_SEND"}, {0xa, "SYS_RECV"},
    {0xb, "SYS_SENDTO"}, {0xc, "SYS_RECVFROM"}, {0xd, "SYS_SHUTDOWN"}, {0xe, "SYS_SETSOCKOPT"},
    {0xf, "SYS_GETSOCKOPT"}, {0x10, "SYS_SENDMSG"}, {0x11, "SYS_RECVMSG"}, {0x12, "SYS_ACCEPT4"},
    {0x13, "SYS_RECVMMSG"}, {0x14, "SYS_SENDMMSG"},
};

inline constexpr FlagRow kSyslogActions[] = {
    {0, "SYSLOG_ACTION_CLOSE"}, {1, "SYSLOG_ACTION_OPEN"}, {2, "SYSLOG_ACTION_READ"}, {3, "SYSLOG_ACTION_READ_ALL"},
    {4, "SYSLOG_ACTION_READ_CLEAR"}, {5, "SYSLOG_ACTION_CLEAR"}, {6, "SYSLOG_ACTION_CONSOLE_OFF"},
    {7, "SYSLOG_ACTION_CONSOLE_ON"}, {8, "SYSLOG_ACTION_CONSOLE_LEVEL"}, {9, "SYSLOG_ACTION_SIZE_UNREAD"},
    {0xa, "SYSLOG_ACTION_SIZE_BUFFER"},
};

inline constexpr FlagRow kIpcCalls[] = {
    {1, "SEMOP"}, {2, "SEMGET"}, {3, "SEMCTL"}, {4, "SEMTIMEDOP"}, {0xb, "MSGSND"}, {0xc, "MSGRCV"}, {0xd, "MSGGET"},
    {0xe, "MSGCTL"}, {0x15, "SHMAT"}, {0x16, "SHMDT"}, {0x17, "SHMGET"}, {0x18, "SHMCTL"},
};

inline constexpr FlagRow kDescriptorFlags[] = {
    {0x80, "O_EXCL"}, {0x200, "O_TRUNC"}, {0x800, "O_NONBLOCK"}, {0x4000, "O_DIRECT"}, {0x80000, "O_CLOEXEC"},
};

inline constexpr FlagRow kSocketFlags[] = {
    {0x800, "SOCK_NONBLOCK"}, {0x80000, "SOCK_CLOEXEC"},
};

}  // namespace catena::sys
