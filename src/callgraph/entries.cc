#include "callgraph/entries.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace catena::callgraph {
namespace {

class Collector {
  public:
    Collector(const Loaded& loaded, std::span<const SlotTable> tables) : loaded_(loaded), tables_(tables) {}

    std::vector<Entry> run() {
        for (const ObjectId id : loaded_.ids()) take_object(id);
        return std::move(entries_);
    }

  private:
    void add(ObjectId object, std::uint64_t address, EntryKind kind, ObjectId because_of) {
        // Linkers end old-style lists with 0 or -1.
        if (address == 0 || address == ~std::uint64_t{0}) return;
        if (seen_.emplace(object, address, kind, because_of).second)
            entries_.push_back({object, address, kind, because_of});
    }

    void take_array(ObjectId id, Dynamic::Range array, EntryKind kind) {
        const Object& object = loaded_.object(id);
        const bool fixed = object.image.type() == elf::FileType::Executable;
        const auto content = object.image.bytes_at(array.address, array.size_bytes);
        for (std::uint64_t at = 0; const auto value = elf::read_at<std::uint64_t>(content, at); at += 8) {
            const Slot* slot = tables_[index_of(id)].at(array.address + at);
            if (slot != nullptr && !slot->undefined)
                add(slot->object, slot->target, kind, id);
            else if (slot == nullptr && fixed)
                add(id, *value, kind, id);
        }
    }

    // Without a dynamic section, only section headers say where these are.
    void take_sections(ObjectId id) {
        for (const elf::Section& each : loaded_.object(id).image.sections()) {
            const Dynamic::Range range{.address = each.address, .size_bytes = each.content.size()};
            if (each.name == ".preinit_array") take_array(id, range, EntryKind::PreinitArray);
            if (each.name == ".init") add(id, each.address, EntryKind::Init, id);
            if (each.name == ".init_array") take_array(id, range, EntryKind::InitArray);
            if (each.name == ".fini_array") take_array(id, range, EntryKind::FiniArray);
            if (each.name == ".fini") add(id, each.address, EntryKind::Fini, id);
        }
    }

    void take_object(ObjectId id) {
        const Object& object = loaded_.object(id);
        const Dynamic& dynamic = object.dynamic;
        const bool program = id == kProgram && loaded_.kind() != ProgramKind::Library;
        if (program || loaded_.interpreter() == id) add(id, object.image.entry(), EntryKind::Start, id);
        if (id == kProgram) take_array(id, dynamic.preinit_array, EntryKind::PreinitArray);
        if (loaded_.interpreter()) {
            for (const std::uint32_t each : object.symbols.definitions("__libc_early_init"))
                add(id, object.symbols.at(each)->st_value, EntryKind::EarlyInit, id);
        }
        add(id, dynamic.init, EntryKind::Init, id);
        take_array(id, dynamic.init_array, EntryKind::InitArray);
        take_array(id, dynamic.fini_array, EntryKind::FiniArray);
        add(id, dynamic.fini, EntryKind::Fini, id);
        if (!dynamic.present) take_sections(id);
        for (const Slot& slot : tables_[index_of(id)].slots)
            if (slot.ifunc && !slot.undefined) add(slot.object, slot.target, EntryKind::IfuncResolver, id);
    }

    const Loaded& loaded_;
    std::span<const SlotTable> tables_;
    std::vector<Entry> entries_;
    std::set<std::tuple<ObjectId, std::uint64_t, EntryKind, ObjectId>> seen_;
};

}  // namespace

std::string_view to_string(EntryKind kind) {
    switch (kind) {
        case EntryKind::Start:
            return "start";
        case EntryKind::PreinitArray:
            return "preinit-array";
        case EntryKind::EarlyInit:
            return "early-init";
        case EntryKind::Init:
            return "init";
        case EntryKind::InitArray:
            return "init-array";
        case EntryKind::FiniArray:
            return "fini-array";
        case EntryKind::Fini:
            return "fini";
        case EntryKind::IfuncResolver:
            return "ifunc-resolver";
    }
    return "";
}

std::vector<Entry> entries(const Loaded& loaded, std::span<const SlotTable> tables) {
    return Collector(loaded, tables).run();
}

}  // namespace catena::callgraph
