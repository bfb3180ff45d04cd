// Pointers in the data of a file: the places where an address will be when the program runs, by relocations
// and, where a program is linked to a fixed address, by what words look like.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "elf/image.h"

namespace catena::callgraph {

// ThreadLocal: not a pointer but where a thread-local variable is, for code that asks the loader for it.
enum class PlacedKind : std::uint8_t { Address, Resolver, Symbol, ThreadLocal };

struct PlacedPointer {
    std::uint64_t at = 0;
    std::uint64_t target = 0;  // for Address and Resolver
    PlacedKind kind = PlacedKind::Address;
    std::string_view symbol;  // for Symbol: what the loader looks up; a view into the image
};

// A part of the file that is in memory and holds no code.
struct DataRange {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    bool writable = false;
};

[[nodiscard]] bool is_in_any(std::span<const DataRange> ranges, std::uint64_t address);

inline constexpr std::size_t kMaxPointers = std::size_t{1} << 23U;

// In order of address.
[[nodiscard]] std::vector<DataRange> data_ranges(const elf::Image& image);

// In order of address, one a place. Copies that the loader makes (R_X86_64_COPY) are not among them.
[[nodiscard]] std::vector<PlacedPointer> placed_pointers(const elf::Image& image);

}  // namespace catena::callgraph
