// Dynamic: what the dynamic section of an ELF file says (PT_DYNAMIC), as the loader reads it.
//
// Nothing in it is believed: addresses that lead out of the file give empty tables, counts are cut to what
// the file holds. Views live as long as the Image.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "elf/image.h"

namespace catena::callgraph {

// More names than this in one file are not read (DT_NEEDED, DT_AUXILIARY, DT_FILTER together).
inline constexpr std::size_t kMaxNeeded = 4096;

struct Dynamic {
    bool present = false;  // false: the file is static, or no ELF file of ours
    std::optional<std::string_view> soname;
    std::vector<std::string_view> needed;
    // DT_FILTER has to be there, DT_AUXILIARY may be missing; both come before what is needed.
    std::vector<std::string_view> filters;
    std::vector<std::string_view> auxiliaries;
    std::vector<std::string_view> audits;  // DT_AUDIT, DT_DEPAUDIT
    std::optional<std::string_view> rpath;
    std::optional<std::string_view> runpath;
    bool symbolic = false;              // DT_SYMBOLIC or DF_SYMBOLIC
    bool no_default_folders = false;    // DF_1_NODEFLIB
    bool position_independent = false;  // DF_1_PIE

    // Addresses as linked; 0 where there is none.
    std::uint64_t init = 0;
    std::uint64_t fini = 0;
    std::uint64_t hash = 0;
    std::uint64_t gnu_hash = 0;
    std::uint64_t versym = 0;
    std::uint64_t verneed = 0;
    std::uint64_t verneed_count = 0;  // not cut
    std::uint64_t verdef = 0;
    std::uint64_t verdef_count = 0;  // not cut
    std::uint64_t symbols = 0;
    std::span<const std::byte> strings;

    // Arrays in memory: an address and as many bytes as the file has of it.
    struct Range {
        std::uint64_t address = 0;
        std::uint64_t size_bytes = 0;
    };
    Range preinit_array;
    Range init_array;
    Range fini_array;
    Range rela;
    Range jmprel;  // only those with an addend, as all of x86-64 have
    Range relr;
};

// The dynamic section of an image; an empty one where there is none.
[[nodiscard]] Dynamic read_dynamic(const elf::Image& image);

// The interpreter that PT_INTERP names; nothing where there is none.
[[nodiscard]] std::optional<std::string_view> interpreter(const elf::Image& image);

}  // namespace catena::callgraph
