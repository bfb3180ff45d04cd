// Lines: which source line an address comes from, and through which inlined functions, by the DWARF of a file
// or of its separate debug file.
//
// Nothing is read before the first question, and of a file without DWARF nothing but its section headers and
// the places where its debug file would be. Answers are found by libdw, which has no bounds of its own for
// files that are made to take long (docs/decisions/0030): ask of files that are as trusted as programs one
// runs. Not thread-safe. Borrows the image.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "elf/image.h"

namespace catena::elf {

struct SourceLine {
    std::string file;  // as the compiler was given it, below its working directory
    std::uint32_t line = 0;

    friend bool operator==(const SourceLine&, const SourceLine&) = default;
};

// One function of which code is at an address: inlined ones, and the one that is there by itself.
struct SourceFrame {
    std::string function;  // mangled where DWARF has it so; empty where it is not known
    SourceLine
        at;  // of the innermost, the line of the address; of others, where the next inner one was inlined
};

class Lines {
  public:
    explicit Lines(const Image& image, std::vector<std::string> debug_roots = {"/usr/lib/debug"});
    Lines(Lines&&) noexcept;
    Lines& operator=(Lines&&) noexcept;
    Lines(const Lines&) = delete;
    Lines& operator=(const Lines&) = delete;
    ~Lines();

    // Whether there is DWARF at all.
    [[nodiscard]] bool available();
    // Of the instruction at an address.
    [[nodiscard]] std::optional<SourceLine> line_at(std::uint64_t address);
    // Where the function that has the address is declared; else the line of the address.
    [[nodiscard]] std::optional<SourceLine> function_line(std::uint64_t address);
    // The innermost function first. Empty where nothing is known of the address.
    [[nodiscard]] std::vector<SourceFrame> at(std::uint64_t address);

  private:
    class Dwarf;
    Dwarf* dwarf();

    const Image* image_;
    std::vector<std::string> debug_roots_;
    bool tried_ = false;
    std::unique_ptr<Dwarf> dwarf_;
};

}  // namespace catena::elf
