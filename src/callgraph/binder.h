// Binder: which definition a reference gets, as the loader binds it.
//
// The order is that of ld.so: the object itself first where it is linked -Bsymbolic, the global scope, then
// the objects that came with the same dlopen. Unique symbols (STB_GNU_UNIQUE) have one definition in the
// process: the first that was looked up. One thread. The Loaded must outlive it and get no more objects
// meanwhile.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "callgraph/loaded.h"
#include "callgraph/object.h"

namespace catena::callgraph {

// A definition: a symbol of an object.
struct Definition {
    ObjectId object = kProgram;
    std::uint32_t symbol = 0;  // index in its .dynsym
    std::uint64_t address =
        0;  // as linked; of an IFUNC, of its resolver; of a thread-local variable, its offset
    std::uint64_t size_bytes = 0;
    std::uint8_t type = 0;  // STT_…
    bool operator==(const Definition&) const = default;
};

class Binder {
  public:
    explicit Binder(const Loaded& loaded) : loaded_(loaded) {}

    // What the symbol `index` of an object refers to. Nothing: it stays undefined (a weak one is 0; any other
    // would end the program, or is never asked for). Local and hidden symbols are the object's own.
    [[nodiscard]] std::optional<Definition> bind(ObjectId from, std::uint32_t index, ReferenceKind kind);

    // dlsym(RTLD_DEFAULT, name) in an object, or dlsym(handle, name) with the object that was opened.
    [[nodiscard]] std::optional<Definition> default_symbol(std::string_view name, ObjectId caller);
    [[nodiscard]] std::optional<Definition> symbol_of_handle(std::string_view name, ObjectId opened);
    // Every definition of a name, in all objects and versions, in the order in which they are loaded: for
    // where it is not known which one is asked.
    [[nodiscard]] std::vector<Definition> definitions(std::string_view name) const;

  private:
    struct Query;
    [[nodiscard]] std::optional<Definition> find_in(ObjectId id, const Query& query);
    [[nodiscard]] std::optional<Definition> find_in_scopes(ObjectId from, const Query& query);
    [[nodiscard]] Definition definition(ObjectId id, std::uint32_t index) const;

    const Loaded& loaded_;
    std::unordered_map<std::string_view, Definition> unique_;
};

}  // namespace catena::callgraph
