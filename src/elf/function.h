// Function: one function of an ELF file, as far as the file itself, or what belongs to it, tells.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace catena::elf {

// Where a function is known from; an earlier one is believed before a later one.
enum class FunctionSource : std::uint8_t {
    Symtab,         // .symtab of the file
    DebugFile,      // .symtab of its separate debug file, found by build id
    MiniDebugInfo,  // .symtab within .gnu_debugdata
    Dynsym,         // .dynsym of the file
    EhFrame,        // a range of .eh_frame: no name
    CallTarget,     // where a direct call leads: no name
};

struct Function {
    std::uint64_t address = 0;      // virtual, as linked
    std::uint64_t size_bytes = 0;   // 0 where it is not known
    std::uint64_t file_offset = 0;  // of its first byte: what a uprobe is placed by
    std::string name;               // as in the file, mangled; empty where there is none
    std::vector<std::string> aliases;  // other names of the same address
    FunctionSource source = FunctionSource::Symtab;
};

}  // namespace catena::elf
