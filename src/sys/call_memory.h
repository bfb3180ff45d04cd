// What was captured of a program's memory with a call, piece by piece. Views of the call's data; nothing is
// trusted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace catena::sys {

enum class Part : std::uint8_t { Whole, Address, Vectors };  // as enum cat_part

struct Piece {
    std::uint8_t argument = 0;
    Part part = Part::Whole;
    bool at_exit = false;
    bool cut = false;  // there was more
    std::span<const std::byte> bytes;

    [[nodiscard]] std::size_t size() const { return bytes.size(); }
    // A number of 1 to 8 bytes, 0 where the piece ends before it does.
    [[nodiscard]] std::uint64_t number(std::size_t offset, std::size_t width) const;
    [[nodiscard]] std::int64_t signed_number(std::size_t offset, std::size_t width) const;
    [[nodiscard]] Piece from(std::size_t offset, std::size_t length) const;
    [[nodiscard]] std::string_view text() const;
    // text() without the NUL that ends it.
    [[nodiscard]] std::string_view string() const;
};

class Memory {
  public:
    explicit Memory(std::span<const std::byte> data);

    // The piece of an argument; nullptr where nothing was captured. With at_exit only what the kernel left
    // there.
    [[nodiscard]] const Piece* find(std::size_t argument, Part part = Part::Whole) const;
    [[nodiscard]] const Piece* find_at_exit(std::size_t argument) const;

  private:
    std::vector<Piece> pieces_;
};

// A C string literal: quotes, and escapes for what is not printable ASCII.
std::string quoted(std::string_view bytes);

// "NULL" or hexadecimal.
std::string address_text(std::uint64_t address);

}  // namespace catena::sys
