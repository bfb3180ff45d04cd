// EhFrame: the ranges of code that .eh_frame describes. It has to be in every x86-64 program, stripped or
// not, since exceptions are unwound by it; so it is the best list of functions that a stripped program has.
#pragma once

#include <cstdint>
#include <vector>

#include "elf/image.h"

namespace catena::elf {

struct CodeRange {
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;
    // It is jumped to, not called: its frame is set up already where it begins, or it is the place where
    // signal handlers return to. Parts without a frame of their own cannot be told from functions.
    bool part = false;
};

inline constexpr std::size_t kMaxRanges = 1U << 22U;

// In order of address, one an address; only what is in executable segments and has a length.
[[nodiscard]] std::vector<CodeRange> eh_frame_ranges(const Image& image);

}  // namespace catena::elf
