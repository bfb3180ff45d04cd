// Symbols: what a symbol table of an ELF file says of functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "elf/function.h"
#include "elf/image.h"

namespace catena::elf {

// A symbol of type FUNC or IFUNC that has an address in the file. The name is a view into the image that it
// was read from.
struct FunctionSymbol {
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;  // as the table says
    std::string_view name;
    FunctionSource source = FunctionSource::Symtab;
    bool for_others = false;  // neither local nor hidden
    bool weak = false;
    bool ifunc = false;
};

// A table with more symbols than this is read up to here; the largest programs of today have two million.
inline constexpr std::size_t kMaxSymbols = 1U << 22U;
// Names are cut to this. Those of C++ templates reach 20,000 characters.
inline constexpr std::size_t kMaxNameBytes = 1U << 16U;

// Function symbols of .symtab, in the table's order. `source` is what they are marked with: where the image
// itself comes from.
[[nodiscard]] std::vector<FunctionSymbol> symtab_functions(const Image& image, FunctionSource source);

// Function symbols of .dynsym, found as the loader does, through PT_DYNAMIC, and by its section header where
// that leads nowhere.
[[nodiscard]] std::vector<FunctionSymbol> dynsym_functions(const Image& image);

}  // namespace catena::elf
