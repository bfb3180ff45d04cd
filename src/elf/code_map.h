// CodeMap: where in an image code is, and which of it are stubs of the procedure linkage table. Stubs lead to
// functions of other files and are none themselves.
//
// By section headers where the file has them, since an executable segment can hold constants, too; by
// segments, and by what stubs look like, where it has none. Borrows the image. Immutable.
#pragma once

#include <cstdint>
#include <vector>

#include "elf/image.h"

namespace catena::elf {

class CodeMap {
  public:
    explicit CodeMap(const Image& image);

    [[nodiscard]] bool is_code(std::uint64_t address) const { return !code_from(address).empty(); }
    [[nodiscard]] bool is_plt(std::uint64_t address) const;
    // Where sections (or segments) of code begin, without those of stubs.
    [[nodiscard]] std::vector<std::uint64_t> begins() const;
    // The code from an address to the end of its section (or segment); empty where there is none.
    [[nodiscard]] std::span<const std::byte> code_from(std::uint64_t address) const;

  private:
    struct Range {
        std::uint64_t begin = 0;
        std::uint64_t end = 0;
        bool plt = false;
    };
    [[nodiscard]] const Range* range_of(std::uint64_t address) const;

    const Image& image_;
    std::vector<Range> ranges_;  // in order; empty where there are no section headers
};

}  // namespace catena::elf
