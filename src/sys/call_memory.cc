#include "sys/call_memory.h"

#include <fmt/format.h>

#include <algorithm>

namespace catena::sys {
namespace {

constexpr std::size_t kPieceHeader = 4;
constexpr unsigned kAtExit = 0x1;  // wire/capture.h: CAT_AT_EXIT, CAT_PIECE_LATE, CAT_PIECE_CUT
constexpr unsigned kLate = 0x10;
constexpr unsigned kCut = 0x20;

bool is_octal(char c) { return c >= '0' && c <= '7'; }

void append_escaped(std::string& out, std::string_view rest) {
    const char c = rest.front();
    switch (c) {
        case '\n':
            out += "\\n";
            return;
        case '\t':
            out += "\\t";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\v':
            out += "\\v";
            return;
        case '\f':
            out += "\\f";
            return;
        case '"':
        case '\\':
            out += '\\';
            out += c;
            return;
        default:
            break;
    }
    if (c >= ' ' && c <= '~') {
        out += c;
        return;
    }
    const auto value = static_cast<unsigned char>(c);
    // Short where no digit follows that would be taken for part of it.
    const bool digit_follows = rest.size() > 1 && is_octal(rest[1]);
    out += digit_follows ? fmt::format("\\{:03o}", value) : fmt::format("\\{:o}", value);
}

}  // namespace

std::uint64_t Piece::number(std::size_t offset, std::size_t width) const {
    if (offset > bytes.size() || width > bytes.size() - offset) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = width; i > 0; --i) {
        value = value << 8U | std::to_integer<std::uint64_t>(bytes[offset + i - 1]);
    }
    return value;
}

std::int64_t Piece::signed_number(std::size_t offset, std::size_t width) const {
    if (width == 0 || width > sizeof(std::uint64_t)) return 0;
    const std::uint64_t value = number(offset, width);
    const unsigned shift = 64 - 8 * static_cast<unsigned>(width);
    return static_cast<std::int64_t>(value << shift) >> shift;
}

Piece Piece::from(std::size_t offset, std::size_t length) const {
    Piece part = *this;
    offset = std::min(offset, bytes.size());
    part.bytes = bytes.subspan(offset, std::min(length, bytes.size() - offset));
    return part;
}

std::string_view Piece::text() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string_view Piece::string() const {
    const std::string_view all = text();
    return all.substr(0, all.find('\0'));
}

Memory::Memory(std::span<const std::byte> data) {
    while (data.size() >= kPieceHeader) {
        Piece piece;
        const auto argument = std::to_integer<unsigned>(data[0]);
        const auto when = std::to_integer<unsigned>(data[1]);
        const std::size_t length =
            std::to_integer<std::size_t>(data[2]) | std::to_integer<std::size_t>(data[3]) << 8U;
        data = data.subspan(kPieceHeader);
        if (length > data.size()) return;
        piece.argument = static_cast<std::uint8_t>(argument & 0xfU);
        piece.part = static_cast<Part>(argument >> 4U);
        piece.at_exit = (when & kAtExit) != 0 && (when & kLate) == 0;
        piece.cut = (when & kCut) != 0;
        piece.bytes = data.first(length);
        data = data.subspan(length);
        pieces_.push_back(piece);
    }
}

const Piece* Memory::find(std::size_t argument, Part part) const {
    const auto found = std::ranges::find_if(
        pieces_, [&](const Piece& piece) { return piece.argument == argument && piece.part == part; });
    return found == pieces_.end() ? nullptr : &*found;
}

const Piece* Memory::find_at_exit(std::size_t argument) const {
    const auto found = std::ranges::find_if(pieces_, [&](const Piece& piece) {
        return piece.argument == argument && piece.part == Part::Whole && piece.at_exit;
    });
    return found == pieces_.end() ? nullptr : &*found;
}

std::string quoted(std::string_view bytes) {
    std::string out = "\"";
    for (; !bytes.empty(); bytes.remove_prefix(1)) append_escaped(out, bytes);
    return out + '"';
}

std::string address_text(std::uint64_t address) {
    return address == 0 ? "NULL" : fmt::format("{:#x}", address);
}

}  // namespace catena::sys
