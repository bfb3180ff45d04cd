// BranchTargets: the places behind a function's entry that direct branches lead to, from wherever in the
// file.
//
// A part that the compiler has moved out of a function, or a tail that two functions share, jumps into code
// of another function. Whoever places a probe behind an entry has to know. Immutable. Bounded: only what lies
// within kMostBehindEntry bytes behind an entry is kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "elf/function.h"
#include "elf/image.h"

namespace catena::functions {

class BranchTargets {
  public:
    static constexpr std::uint64_t kMostBehindEntry = 128;

    BranchTargets() = default;
    // Decodes all code of the image once. `functions` are all that it has, parts of them included.
    BranchTargets(const elf::Image& image, std::span<const elf::Function> functions);

    [[nodiscard]] bool contains(std::uint64_t address) const;

  private:
    std::vector<std::uint64_t> targets_;  // in order
};

}  // namespace catena::functions
