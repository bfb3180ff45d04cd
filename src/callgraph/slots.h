// Slots: what the loader writes into the memory of each object when it relocates it, as far as it can hold a
// pointer.
//
// Files at a fixed address (ET_EXEC) have pointers to themselves in their data that no relocation tells of:
// what has no slot there holds what the file holds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "callgraph/binder.h"
#include "callgraph/loaded.h"

namespace catena::callgraph {

enum class SlotKind : std::uint8_t {
    Relative,       // R_X86_64_RELATIVE, DT_RELR: an address of the same object
    Symbol,         // R_X86_64_64, GLOB_DAT: a symbol's address, and the addend
    JumpSlot,       // R_X86_64_JUMP_SLOT: what a PLT stub jumps to; filled at the first call, or at the start
    Irelative,      // R_X86_64_IRELATIVE: what the resolver at the target chooses
    Copied,         // R_X86_64_COPY moved a variable into the program, and this pointer with it
    TlsDescriptor,  // R_X86_64_TLSDESC: a function of the loader itself; two slots wide, without a target
};
[[nodiscard]] std::string_view to_string(SlotKind kind);

// The 8 bytes at `address` of the object hold `target`: an address of `object`, both as linked.
struct Slot {
    std::uint64_t address = 0;
    std::uint64_t target = 0;
    ObjectId object = kProgram;
    SlotKind kind = SlotKind::Relative;
    // The target is a resolver: the slot holds what that returns: a function of the same object, as a rule,
    // 0, or one of the kernel's vDSO (libc's time and gettimeofday do so), which calls the system itself
    // where it has to.
    bool ifunc = false;
    // The symbol stays undefined: a weak one, which is 0 then, or one that is missing. No target.
    bool undefined = false;
    // Of the symbol in the object's own .dynsym; 0 where there is none.
    std::uint32_t symbol = 0;
};

// R_X86_64_COPY: this variable of the program begins with what the library has at `source`.
struct Copy {
    std::uint64_t address = 0;
    std::uint64_t size_bytes = 0;
    Definition source;
};

// What is written into one object.
struct SlotTable {
    std::vector<Slot> slots;  // in order of address; of two at one address, only the last relocation
    std::vector<Copy> copies;
    // Relocations that were left out: of a kind that fills no pointer, other than those of thread-local
    // variables.
    std::uint64_t ignored = 0;
    // Symbols that nothing defines and that are not weak, by their index in .dynsym, each once.
    std::vector<std::uint32_t> undefined;

    // The slot at exactly this address; nullptr where there is none.
    [[nodiscard]] const Slot* at(std::uint64_t address) const;
    // Those in [address, address + size_bytes).
    [[nodiscard]] std::span<const Slot> range(std::uint64_t address, std::uint64_t size_bytes) const;
};

// At most so many relocations of an object are read. The largest programs have two million.
inline constexpr std::size_t kMaxRelocations = 1U << 24U;

// All objects in the order in which they are relocated: from the last one that was loaded to the first; what
// comes with an additional object, when that is opened.
[[nodiscard]] std::vector<ObjectId> relocation_order(const Loaded& loaded);

// The tables of all objects, by ObjectId. Relocated in the loader's order, which decides unique symbols.
// Static programs: their IRELATIVE relocations (between __rela_iplt_start and __rela_iplt_end) and, for a
// static-pie, its own.
[[nodiscard]] std::vector<SlotTable> resolve_slots(const Loaded& loaded, Binder& binder);

}  // namespace catena::callgraph
