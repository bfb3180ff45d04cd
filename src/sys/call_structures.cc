#include "sys/call_structures.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>

#include "sys/call_structure_fields.h"
#include "sys/call_values.h"
#include "sys/flag_names.h"

namespace catena::sys {
namespace {

constexpr std::uint32_t kUnix = 1;
constexpr std::uint32_t kInet = 2;
constexpr std::uint32_t kInet6 = 10;
constexpr std::uint32_t kNetlink = 16;

std::uint32_t big_endian16(const Piece& piece, std::size_t offset) {
    return static_cast<std::uint32_t>(piece.number(offset, 1) << 8U | piece.number(offset + 1, 1));
}

std::string inet_text(int family, const Piece& piece, std::size_t offset, std::size_t length) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const Piece address = piece.from(offset, length);
    if (address.size() < length) return "";
    ::inet_ntop(family, address.bytes.data(), text.data(), text.size());
    return text.data();
}

std::string unix_path_text(const Piece& piece) {
    const std::string_view path = piece.from(2, 108).text();
    if (path.empty()) return "";
    if (path.front() == '\0') return ", sun_path=@" + quoted(path.substr(1));
    return ", sun_path=" + quoted(path.substr(0, path.find('\0')));
}

template <class Each>
std::string list_text(const Piece& piece, std::size_t element, Each&& each) {
    std::string text = "[";
    for (std::size_t offset = 0; offset + element <= piece.size(); offset += element) {
        if (offset > 0) text += ", ";
        text += each(piece.from(offset, element));
    }
    if (piece.cut) text += text.size() > 1 ? ", ..." : "...";
    return text + ']';
}

std::string epoll_text(const Piece& piece) {
    return fmt::format("{{events={}, data={:#x}}}", flag_names(piece.number(0, 4), Names::EpollEvents),
                       piece.number(4, 8));
}

std::string ids_text(const Piece& piece, std::size_t width) {
    return list_text(piece, width, [&](const Piece& one) { return fmt::format("{}", one.number(0, width)); });
}

std::string semaphore_text(const Piece& piece) {
    const std::uint64_t flags = piece.number(4, 2);
    std::string names = (flags & 0x1000U) != 0 ? "SEM_UNDO" : "";
    if ((flags & 04000U) != 0) names += names.empty() ? "IPC_NOWAIT" : "|IPC_NOWAIT";
    return fmt::format("{{sem_num={}, sem_op={}, sem_flg={}}}", piece.number(0, 2), piece.signed_number(2, 2),
                       names.empty() ? "0" : names);
}

std::string strings_text(const Piece& piece) {
    std::string text = "[";
    std::string_view rest = piece.text();
    while (!rest.empty()) {
        if (text.size() > 1) text += ", ";
        const auto end = rest.find('\0');
        text += quoted(rest.substr(0, end));
        if (end == std::string_view::npos) break;
        rest.remove_prefix(end + 1);
    }
    if (piece.cut) text += text.size() > 1 ? ", ..." : "...";
    return text + ']';
}

std::string numbers_text(const Piece& piece) {
    return list_text(piece, 4, [](const Piece& one) {
        const std::uint64_t value = one.number(0, 4);
        return value < 1024 ? fmt::format("{}", value) : fmt::format("{:#x}", value);
    });
}

std::string message_entry_text(const Piece& piece, Abi abi) {
    const std::size_t header = pointer_width(abi) == 8 ? 56 : 28;
    return fmt::format("{{msg_hdr={}, msg_len={}}}",
                       message_text(piece.from(0, header), nullptr, nullptr, abi), piece.number(header, 4));
}

std::optional<std::string> array_text(Kind kind, const Piece& piece, Abi abi) {
    switch (kind) {
        case Kind::Vectors:
            return vectors_text(piece, abi);
        case Kind::PollFds:
            return poll_text(piece);
        case Kind::EpollEvents:
            return list_text(piece, 12, epoll_text);
        case Kind::Ids:
            return ids_text(piece, 4);
        case Kind::SmallIds:
            return ids_text(piece, 2);
        case Kind::SemaphoreOps:
            return list_text(piece, 6, semaphore_text);
        case Kind::Strings:
            return strings_text(piece);
        case Kind::Numbers:
            return numbers_text(piece);
        case Kind::Messages:
            return list_text(piece, pointer_width(abi) == 8 ? 64 : 32,
                             [&](const Piece& one) { return message_entry_text(one, abi); });
        default:
            return std::nullopt;
    }
}

}  // namespace

std::string socket_address_text(const Piece& piece) {
    const auto family = static_cast<std::uint32_t>(piece.number(0, 2));
    std::string text = "{sa_family=" + socket_family(family);
    switch (family) {
        case kUnix:
            text += unix_path_text(piece);
            break;
        case kInet:
            text += fmt::format(", sin_port=htons({}), sin_addr=inet_addr(\"{}\")", big_endian16(piece, 2),
                                inet_text(AF_INET, piece, 4, 4));
            break;
        case kInet6:
            text += fmt::format(
                ", sin6_port=htons({}), sin6_flowinfo=htonl({}), inet_pton(AF_INET6, \"{}\", &sin6_addr), "
                "sin6_scope_id={}",
                big_endian16(piece, 2), ntohl(static_cast<std::uint32_t>(piece.number(4, 4))),
                inet_text(AF_INET6, piece, 8, 16), piece.number(24, 4));
            break;
        case kNetlink:
            text += fmt::format(", nl_pid={}, nl_groups={:08x}", piece.number(4, 4), piece.number(8, 4));
            break;
        default:
            if (piece.size() > 2) text += ", sa_data=" + quoted(piece.from(2, 14).text());
    }
    return text + '}';
}

std::string vectors_text(const Piece& piece, Abi abi) {
    const std::size_t width = pointer_width(abi);
    return list_text(piece, 2 * width, [&](const Piece& one) {
        return fmt::format("{{iov_base={}, iov_len={}}}", address_text(one.number(0, width)),
                           one.number(width, width));
    });
}

std::string message_text(const Piece& header, const Piece* address, const Piece* vectors, Abi abi) {
    const std::size_t width = pointer_width(abi);
    const std::uint64_t flags = header.number(6 * width, 4);
    return fmt::format(
        "{{msg_name={}, msg_namelen={}, msg_iov={}, msg_iovlen={}, msg_controllen={}, msg_flags={}}}",
        address != nullptr ? socket_address_text(*address) : address_text(header.number(0, width)),
        header.number(width, 4),
        vectors != nullptr ? vectors_text(*vectors, abi) : address_text(header.number(2 * width, width)),
        header.number(3 * width, width), header.number(5 * width, width),
        flag_names(flags, Names::MessageFlags));
}

std::string poll_text(const Piece& piece) {
    return list_text(piece, 8, [](const Piece& one) {
        const std::int64_t fd = one.signed_number(0, 4);
        if (fd < 0) return fmt::format("{{fd={}}}", fd);
        return fmt::format("{{fd={}, events={}}}", fd, flag_names(one.number(4, 2), Names::PollEvents));
    });
}

std::string poll_result_text(const Piece& piece) {
    std::string text;
    for (std::size_t offset = 0; offset + 8 <= piece.size(); offset += 8) {
        const std::uint64_t events = piece.number(offset + 6, 2);
        if (events == 0 || piece.signed_number(offset, 4) < 0) continue;
        text += fmt::format("{}{{fd={}, revents={}}}", text.empty() ? "" : ", ",
                            piece.signed_number(offset, 4), flag_names(events, Names::PollEvents));
    }
    return "[" + text + "]";
}

std::string fd_set_text(const Piece& piece, std::uint64_t count) {
    std::string text = "[";
    for (std::uint64_t fd = 0; fd < count && fd / 8 < piece.size(); ++fd) {
        if ((piece.number(fd / 8, 1) >> fd % 8 & 1U) == 0) continue;
        text += fmt::format("{}{}", text.size() > 1 ? " " : "", fd);
    }
    return text + ']';
}

std::optional<std::string> structure_text(Kind kind, const Piece& piece, Abi abi) {
    switch (kind) {
        case Kind::Path:
        case Kind::String:
            return quoted(piece.string()) + (piece.cut ? "..." : "");
        case Kind::Sockaddr:
            return socket_address_text(piece);
        case Kind::EpollEvent:
            return epoll_text(piece);
        default:
            break;
    }
    if (auto list = array_text(kind, piece, abi)) return list;
    return fields_text(kind, piece, abi);
}

}  // namespace catena::sys
