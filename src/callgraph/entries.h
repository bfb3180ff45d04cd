// Entries: where control comes into an object without being called by what is loaded: from the kernel, or
// from the loader.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "callgraph/loaded.h"
#include "callgraph/slots.h"

namespace catena::callgraph {

enum class EntryKind : std::uint8_t {
    Start,          // e_entry of the program and of its interpreter
    PreinitArray,   // DT_PREINIT_ARRAY, of the program alone
    EarlyInit,      // __libc_early_init of libc, which glibc's loader looks up by its name
    Init,           // DT_INIT
    InitArray,      // DT_INIT_ARRAY
    FiniArray,      // DT_FINI_ARRAY
    Fini,           // DT_FINI
    IfuncResolver,  // called while objects are relocated
};
[[nodiscard]] std::string_view to_string(EntryKind kind);

struct Entry {
    ObjectId object = kProgram;  // that holds the code
    std::uint64_t address = 0;   // as linked
    EntryKind kind = EntryKind::Start;
    ObjectId because_of = kProgram;  // whose header, table or relocation says so
    bool operator==(const Entry&) const = default;
};

// Of all objects, in the order in which they are loaded, each once. Static programs walk their arrays
// themselves, between symbols that are gone in stripped ones; they are found by their sections (.init_array,
// .fini_array, .preinit_array, .init, .fini). `tables` is what resolve_slots gave.
[[nodiscard]] std::vector<Entry> entries(const Loaded& loaded, std::span<const SlotTable> tables);

}  // namespace catena::callgraph
