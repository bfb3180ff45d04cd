// Whatever an ELF file says of its symbols, versions and relocations, they are read in bounded time and
// memory; slots are in order, and each symbol that is bound is one of the file.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "callgraph/binder.h"
#include "callgraph/entries.h"
#include "callgraph/loaded.h"
#include "callgraph/slots.h"

using catena::callgraph::Binder;
using catena::callgraph::Loaded;

namespace {

void check(const Loaded& loaded) {
    Binder binder(loaded);
    const auto tables = catena::callgraph::resolve_slots(loaded, binder);
    const auto& slots = tables[0].slots;
    if (!std::ranges::is_sorted(slots, {}, &catena::callgraph::Slot::address)) std::abort();
    if (!slots.empty() && tables[0].at(slots.front().address) == nullptr) std::abort();
    for (const auto& each : catena::callgraph::entries(loaded, tables))
        if (each.object != catena::callgraph::kProgram) std::abort();
    const auto& symbols = loaded.program().symbols;
    for (const auto& each : binder.definitions("g"))
        if (symbols.name(*symbols.at(each.symbol)) != "g") std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    auto image = catena::elf::Image::from_bytes(std::as_bytes(std::span(data, size)), "fuzz");
    if (!image) return 0;
    const auto loaded = Loaded::alone(std::move(*image));
    if (loaded) check(*loaded);
    return 0;
}
