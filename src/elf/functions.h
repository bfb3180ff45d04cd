// Functions of an ELF file, from all that names them or shows where they are.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "elf/function.h"
#include "elf/image.h"

namespace catena::elf {

struct FunctionOptions {
    // Folders with separate debug files; none: they are not looked for.
    std::vector<std::string> debug_roots = {"/usr/lib/debug"};
};

// In order of address, one an address, with all its names. Stubs of the PLT are not among them, nor is what
// has no place in an executable segment of the file. Where symbols name every range of .eh_frame, no debug
// file is looked for.
//
// NotSupported: the file is for another machine, 32-bit x86 among them. BadInput: it is an object file or the
// like. A file without any function gives an empty list.
[[nodiscard]] base::Result<std::vector<Function>> functions(const Image& image,
                                                            const FunctionOptions& options = {});

}  // namespace catena::elf
