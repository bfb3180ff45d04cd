// Function: one function of an ELF file, as far as the file itself, or what belongs to it, tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace catena::elf {

// Where a function is known from; an earlier one is believed before a later one.
enum class FunctionSource : std::uint8_t {
    Symtab,         // .symtab of the file
    DebugFile,      // .symtab of its separate debug file, found by build id or .gnu_debuglink
    MiniDebugInfo,  // .symtab within .gnu_debugdata
    Dynsym,         // .dynsym of the file
    EhFrame,        // a range of .eh_frame: no name
    CallTarget,     // where a direct call leads, or where the program or library is entered: no name
};

enum class FunctionKind : std::uint8_t {
    Plain,
    // The loader calls it once, to learn which function its name stands for. The functions that it chooses
    // from are listed at their own addresses.
    IfuncResolver,
    // Not called but jumped to: what the compiler moved out of a function because it is seldom run, or where
    // a signal handler returns to. To count it is not to count calls.
    Part,
};

struct Function {
    std::uint64_t address = 0;         // virtual, as linked
    std::uint64_t size_bytes = 0;      // the largest that a name of it has; 0 where it is not known
    std::uint64_t file_offset = 0;     // of its first byte: what a uprobe is placed by
    std::string name;                  // mangled, without a version; empty where there is none
    std::vector<std::string> aliases;  // other names of the same address
    FunctionSource source = FunctionSource::Symtab;
    FunctionKind kind = FunctionKind::Plain;
};

// "symtab", "debug-file", "mini-debug-info", "dynsym", "eh-frame", "call-target".
[[nodiscard]] std::string_view to_string(FunctionSource source);
// "function", "ifunc-resolver", "part".
[[nodiscard]] std::string_view to_string(FunctionKind kind);

}  // namespace catena::elf
