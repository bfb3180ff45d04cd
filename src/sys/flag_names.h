// Numbers of system-call arguments as text, the way strace writes them: "O_RDONLY|O_CLOEXEC". Bits without a
// name come last, in hexadecimal; a number without a name is written as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace catena::sys {

std::string open_flags(std::uint32_t flags);
std::string mmap_prot(std::uint32_t prot);
std::string mmap_flags(std::uint32_t flags);
std::string clone_flags(
    std::uint64_t flags);  // clone's lowest byte is the signal that the parent gets: "CLONE_VM|SIGCHLD"
std::string signal_name(int number);  // "SIGTERM", "SIGRT_2" (32 is SIGRT_0)
std::string socket_family(std::uint32_t family);
std::string socket_type(std::uint32_t type);  // with SOCK_NONBLOCK and SOCK_CLOEXEC
std::string ptrace_request(std::uint32_t request);

// What the functions above made `text` of; nothing where they would never write it.
enum class FlagSet : std::uint8_t { Open, MmapProt, MmapFlags, Clone, Signal, Family, SocketType, Ptrace };
std::optional<std::uint64_t> flags_from(FlagSet set, std::string_view text);

}  // namespace catena::sys
