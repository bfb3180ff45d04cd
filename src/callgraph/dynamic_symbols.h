// DynamicSymbols: the symbols by which objects find each other (.dynsym), with their versions.
//
// The file's own hash tables are asked only how many symbols there are; look-ups go through a table of ours,
// so that no chain can be endless. Does not change after it was made; any number of threads may read it.
// Views live as long as the Image.
#pragma once

#include <elf.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "callgraph/dynamic.h"
#include "elf/image.h"

namespace catena::callgraph {

// A version that a symbol has or that a reference asks for.
struct Version {
    std::string_view name;  // empty: none
    std::uint32_t hash = 0;
    std::string_view file;  // of a reference: the library that has to have it
    bool hidden = false;    // of a reference: this version or nothing
};

// How a reference asks for a name: by the kind of its relocation (ld.so's "type class").
enum class ReferenceKind : std::uint8_t {
    Address,  // takes the address; the PLT stub of a program at a fixed address is good enough
    Call,     // jump slots and thread-local variables: only a definition
    Copy,     // a variable that moves into the program: any but the program's own
};

class DynamicSymbols {
  public:
    DynamicSymbols() = default;
    DynamicSymbols(const elf::Image& image, const Dynamic& dynamic);

    // A symbol by its index in the file's table, as relocations have it: those beyond `count`, too, as long
    // as they are in the file. Nothing for the others.
    [[nodiscard]] std::optional<Elf64_Sym> at(std::uint32_t index) const;
    [[nodiscard]] std::string_view name(const Elf64_Sym& symbol) const;
    // How many there are by the hash table, cut to the file.
    [[nodiscard]] std::uint32_t count() const { return count_; }
    // The version of a symbol: of a definition, the one that it is; of a reference, the one that it asks for.
    // Nothing: it has none (local, global and base versions count as none).
    [[nodiscard]] const Version* version(std::uint32_t index) const;
    // A definition that only those find who ask for its version ("f@V1", where the default is "f@@V2").
    [[nodiscard]] bool hidden_version(std::uint32_t index) const;

    // The definition that glibc's loader takes from this object for a reference, by its rules for versions;
    // nothing where it looks on in the next object. `version` is nullptr for a reference without one;
    // `newest` is for dlsym, which takes the default version.
    struct Wanted {
        std::string_view name;
        std::uint32_t hash = 0;  // symbol_hash(name)
        const Version* version = nullptr;
        ReferenceKind kind = ReferenceKind::Address;
        bool newest = false;
    };
    [[nodiscard]] std::optional<std::uint32_t> find(const Wanted& wanted) const;
    // As musl's loader does: any version but hidden ones.
    [[nodiscard]] std::optional<std::uint32_t> find_musl(const Wanted& wanted) const;
    // All definitions of this name that others can bind to, of any version: what dlvsym may find.
    [[nodiscard]] std::vector<std::uint32_t> definitions(std::string_view name) const;

  private:
    struct Entry {
        std::uint32_t hash = 0;
        std::uint32_t symbol = 0;
    };
    void read_definitions(const elf::Image& image, const Dynamic& dynamic);
    void read_needs(const elf::Image& image, const Dynamic& dynamic);
    void set_version(std::uint32_t index, Version version);
    void make_index(std::uint32_t first);
    [[nodiscard]] std::span<const Entry> bucket(std::uint32_t hash) const;
    [[nodiscard]] std::uint16_t versym(std::uint32_t index) const;
    [[nodiscard]] bool version_matches(std::uint32_t index, const Version& wanted) const;

    std::span<const std::byte> symbols_;  // to the end of their segment
    std::span<const std::byte> strings_;
    std::span<const std::byte> versyms_;
    std::uint32_t count_ = 0;
    std::vector<Version> versions_;      // by version index
    std::vector<std::uint32_t> starts_;  // by hash: where its entries begin
    std::vector<Entry> entries_;         // definitions, by hash, in the file's order
};

// The hash of .gnu.hash.
[[nodiscard]] std::uint32_t symbol_hash(std::string_view name);

}  // namespace catena::callgraph
