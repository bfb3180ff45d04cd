// ld.so's look-up: each scope in order, each object of it in order; the first definition that fits ends it.
// Weak definitions count like others (LD_DYNAMIC_WEAK is not set). Then a protected symbol of the one who
// asks wins, if a definition elsewhere would have: the file itself was linked to its own.
#include "callgraph/binder.h"

#include <algorithm>
#include <array>
#include <span>

namespace catena::callgraph {

struct Binder::Query {
    DynamicSymbols::Wanted wanted;
    std::uint32_t reference = 0;  // the symbol that asks, of the program where it is a copy
    bool musl = false;
};

Definition Binder::definition(ObjectId id, std::uint32_t index) const {
    const auto symbol = loaded_.object(id).symbols.at(index).value_or(Elf64_Sym{});
    return {.object = id,
            .symbol = index,
            .address = symbol.st_value,
            .size_bytes = symbol.st_size,
            .type = static_cast<std::uint8_t>(ELF64_ST_TYPE(symbol.st_info))};
}

std::optional<Definition> Binder::find_in(ObjectId id, const Query& query) {
    const Object& object = loaded_.object(id);
    // The program's own copy is what a copy relocation fills.
    if (query.wanted.kind == ReferenceKind::Copy && id == kProgram) return std::nullopt;
    const auto index =
        query.musl ? object.symbols.find_musl(query.wanted) : object.symbols.find(query.wanted);
    if (!index) return std::nullopt;
    Definition found = definition(id, *index);
    const auto symbol = object.symbols.at(*index).value_or(Elf64_Sym{});
    if (query.musl || ELF64_ST_BIND(symbol.st_info) != STB_GNU_UNIQUE) return found;
    if (query.wanted.kind == ReferenceKind::Copy) {
        unique_[query.wanted.name] = definition(kProgram, query.reference);
        return found;
    }
    return unique_.try_emplace(object.symbols.name(symbol), found).first->second;
}

std::optional<Definition> Binder::find_in_scopes(ObjectId from, const Query& query) {
    const Object& asking = loaded_.object(from);
    const std::array<ObjectId, 1> itself = {from};
    const bool symbolic = asking.dynamic.symbolic && from != kProgram && !query.musl;
    const std::array<std::span<const ObjectId>, 3> scopes = {
        symbolic ? std::span<const ObjectId>(itself) : std::span<const ObjectId>{}, loaded_.scope(kProgram),
        asking.additional() ? loaded_.scope(asking.opened_with) : std::span<const ObjectId>{}};
    for (const auto& scope : scopes) {
        for (const ObjectId each : scope) {
            if (auto found = find_in(each, query)) return found;
        }
    }
    return std::nullopt;
}

std::optional<Definition> Binder::bind(ObjectId from, std::uint32_t index, ReferenceKind kind) {
    const Object& asking = loaded_.object(from);
    const auto symbol = asking.symbols.at(index);
    if (index == 0 || !symbol) return std::nullopt;
    const auto visibility = ELF64_ST_VISIBILITY(symbol->st_other);
    const bool own =
        ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || visibility == STV_HIDDEN || visibility == STV_INTERNAL;
    if (own && symbol->st_shndx == SHN_UNDEF) return std::nullopt;
    if (own) return definition(from, index);
    const std::string_view name = asking.symbols.name(*symbol);
    Query query{.wanted = {.name = name,
                           .hash = symbol_hash(name),
                           .version = asking.symbols.version(index),
                           .kind = kind},
                .reference = index,
                .musl = loaded_.loader_kind() == LoaderKind::Musl};
    const auto found = find_in_scopes(from, query);
    if (!found || found->object == from || visibility != STV_PROTECTED || query.musl) return found;
    if (kind != ReferenceKind::Call) {
        query.wanted.kind = ReferenceKind::Call;
        const auto code = find_in_scopes(from, query);
        if (!code || code->object == from) return found;
    }
    return definition(from, index);
}

std::optional<Definition> Binder::default_symbol(std::string_view name, ObjectId caller) {
    return find_in_scopes(caller, {.wanted = {.name = name, .hash = symbol_hash(name), .newest = true},
                                   .musl = loaded_.loader_kind() == LoaderKind::Musl});
}

std::optional<Definition> Binder::symbol_of_handle(std::string_view name, ObjectId opened) {
    const Query query{.wanted = {.name = name, .hash = symbol_hash(name), .newest = true},
                      .musl = loaded_.loader_kind() == LoaderKind::Musl};
    for (const ObjectId each : loaded_.scope(opened)) {
        if (auto found = find_in(each, query)) return found;
    }
    return std::nullopt;
}

std::vector<Definition> Binder::definitions(std::string_view name) const {
    std::vector<Definition> found;
    for (const ObjectId id : loaded_.ids()) {
        for (const std::uint32_t index : loaded_.object(id).symbols.definitions(name))
            found.push_back(definition(id, index));
    }
    return found;
}

}  // namespace catena::callgraph
