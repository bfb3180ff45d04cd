// Three tables hold an object's relocations: DT_RELA, DT_JMPREL (jump slots) and DT_RELR (addresses alone, in
// which the file has what is to be moved: an even word is an address, an odd one a bitmap of the 63 words
// that follow the last one).
#include "callgraph/slots.h"

#include <algorithm>
#include <ranges>
#include <unordered_map>
#include <utility>

namespace catena::callgraph {
namespace {

// In order of address; of those at one address, the last one stays, as in memory.
void sort(std::vector<Slot>& slots) {
    std::vector<std::pair<std::uint64_t, std::size_t>> order;
    order.reserve(slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) order.emplace_back(slots[i].address, i);
    std::ranges::sort(order);
    std::vector<Slot> sorted;
    sorted.reserve(slots.size());
    for (const auto& [address, i] : order) {
        if (!sorted.empty() && sorted.back().address == address) sorted.pop_back();
        sorted.push_back(slots[i]);
    }
    slots = std::move(sorted);
}

// Relocates one object.
class Relocator {
  public:
    Relocator(const Loaded& loaded, Binder& binder, ObjectId id)
        : object_(loaded.object(id)), id_(id), binder_(binder) {}

    SlotTable run() {
        take_relr();
        take_table(object_.image.bytes_at(object_.dynamic.rela.address, object_.dynamic.rela.size_bytes));
        take_table(object_.image.bytes_at(object_.dynamic.jmprel.address, object_.dynamic.jmprel.size_bytes));
        if (!object_.dynamic.present) take_sections();
        finish();
        return std::move(table_);
    }

  private:
    void take_table(std::span<const std::byte> relocations) {
        const std::size_t count = relocations.size() / sizeof(Elf64_Rela);
        table_.slots.reserve(table_.slots.size() + std::min(count, left_));
        for (std::size_t i = 0; i < count && left_ > 0; ++i, --left_)
            take(*elf::read_at<Elf64_Rela>(relocations, i * sizeof(Elf64_Rela)));
    }

    // A static program's relocations are between two symbols that the linker makes; their section has the
    // same.
    void take_sections() {
        for (const elf::Section& each : object_.image.sections())
            if (each.type == SHT_RELA && (each.flags & SHF_ALLOC) != 0) take_table(each.content);
    }

    void take_relr() {
        constexpr std::uint64_t kWord = 8;
        constexpr std::uint64_t kBits = 63;
        const auto words =
            object_.image.bytes_at(object_.dynamic.relr.address, object_.dynamic.relr.size_bytes);
        std::uint64_t next = 0;
        for (std::uint64_t at = 0; const auto word = elf::read_at<std::uint64_t>(words, at); at += kWord) {
            if ((*word & 1U) == 0) {
                take_relative_in_place(*word);
                next = *word + kWord;
                continue;
            }
            for (std::uint64_t bit = 0; bit < kBits; ++bit)
                if (((*word >> (bit + 1)) & 1U) != 0) take_relative_in_place(next + bit * kWord);
            next += kBits * kWord;
        }
    }

    void take_relative_in_place(std::uint64_t address) {
        const auto value = elf::read_at<std::uint64_t>(object_.image.bytes_at(address, 8), 0);
        if (!value || left_ == 0) return;
        --left_;
        add({.address = address, .target = *value, .object = id_, .kind = SlotKind::Relative});
    }

    void add(const Slot& slot) {
        sorted_ = sorted_ && (table_.slots.empty() || table_.slots.back().address < slot.address);
        table_.slots.push_back(slot);
    }

    void take(const Elf64_Rela& relocation) {
        const auto symbol = static_cast<std::uint32_t>(ELF64_R_SYM(relocation.r_info));
        const auto addend = static_cast<std::uint64_t>(relocation.r_addend);
        switch (ELF64_R_TYPE(relocation.r_info)) {
            case R_X86_64_RELATIVE:
                add({.address = relocation.r_offset,
                     .target = addend,
                     .object = id_,
                     .kind = SlotKind::Relative});
                return;
            case R_X86_64_IRELATIVE:
                add({.address = relocation.r_offset,
                     .target = addend,
                     .object = id_,
                     .kind = SlotKind::Irelative,
                     .ifunc = true});
                return;
            case R_X86_64_GLOB_DAT:
            case R_X86_64_64:
                take_symbol(relocation, symbol, SlotKind::Symbol, ReferenceKind::Address);
                return;
            case R_X86_64_JUMP_SLOT:
                take_symbol(relocation, symbol, SlotKind::JumpSlot, ReferenceKind::Call);
                return;
            case R_X86_64_COPY:
                take_copy(relocation, symbol);
                return;
            case R_X86_64_TLSDESC:
                add({.address = relocation.r_offset,
                     .object = id_,
                     .kind = SlotKind::TlsDescriptor,
                     .symbol = symbol});
                return;
            case R_X86_64_NONE:
            case R_X86_64_DTPMOD64:
            case R_X86_64_DTPOFF64:
            case R_X86_64_TPOFF64:
                return;
            default:
                ++table_.ignored;
        }
    }

    const std::optional<Definition>& bound(std::uint32_t symbol, ReferenceKind kind) {
        const std::uint64_t key = std::uint64_t{symbol} * 4 + static_cast<std::uint64_t>(kind);
        const auto [found, is_new] = bound_.try_emplace(key);
        if (is_new) found->second = binder_.bind(id_, symbol, kind);
        return found->second;
    }

    void take_symbol(const Elf64_Rela& relocation, std::uint32_t symbol, SlotKind kind,
                     ReferenceKind reference) {
        Slot slot{.address = relocation.r_offset, .object = id_, .kind = kind, .symbol = symbol};
        if (const auto& found = bound(symbol, reference)) {
            slot.object = found->object;
            slot.target = found->address + static_cast<std::uint64_t>(relocation.r_addend);
            slot.ifunc = found->type == STT_GNU_IFUNC;
        } else {
            slot.undefined = true;
            note_undefined(symbol);
        }
        add(slot);
    }

    void take_copy(const Elf64_Rela& relocation, std::uint32_t symbol) {
        const auto& found = bound(symbol, ReferenceKind::Copy);
        const auto own = object_.symbols.at(symbol);
        if (found && own)
            table_.copies.push_back({.address = relocation.r_offset,
                                     .size_bytes = std::min(own->st_size, found->size_bytes),
                                     .source = *found});
        else
            note_undefined(symbol);
    }

    void note_undefined(std::uint32_t symbol) {
        const auto own = object_.symbols.at(symbol);
        if (symbol != 0 && own && ELF64_ST_BIND(own->st_info) != STB_WEAK) table_.undefined.push_back(symbol);
    }

    void finish() {
        if (!sorted_) sort(table_.slots);
        std::ranges::sort(table_.undefined);
        const auto rest = std::ranges::unique(table_.undefined);
        table_.undefined.erase(rest.begin(), rest.end());
    }

    const Object& object_;
    ObjectId id_;
    Binder& binder_;
    SlotTable table_;
    std::size_t left_ = kMaxRelocations;
    bool sorted_ = true;
    std::unordered_map<std::uint64_t, std::optional<Definition>> bound_;
};

// Pointers in variables that were copied into the program.
void copy_pointers(std::vector<SlotTable>& tables) {
    for (SlotTable& table : tables) {
        if (table.copies.empty()) continue;
        std::vector<Slot> copied;
        for (const Copy& copy : table.copies) {
            for (Slot slot :
                 tables[index_of(copy.source.object)].range(copy.source.address, copy.size_bytes)) {
                slot.address = copy.address + (slot.address - copy.source.address);
                slot.kind = SlotKind::Copied;
                slot.symbol = 0;
                copied.push_back(slot);
            }
        }
        table.slots.insert(table.slots.end(), copied.begin(), copied.end());
        sort(table.slots);
    }
}

}  // namespace

std::string_view to_string(SlotKind kind) {
    switch (kind) {
        case SlotKind::Relative:
            return "relative";
        case SlotKind::Symbol:
            return "symbol";
        case SlotKind::JumpSlot:
            return "jump-slot";
        case SlotKind::Irelative:
            return "irelative";
        case SlotKind::Copied:
            return "copied";
        case SlotKind::TlsDescriptor:
            return "tls-descriptor";
    }
    return "";
}

const Slot* SlotTable::at(std::uint64_t address) const {
    const auto found = std::ranges::lower_bound(slots, address, {}, &Slot::address);
    return found == slots.end() || found->address != address ? nullptr : &*found;
}

std::span<const Slot> SlotTable::range(std::uint64_t address, std::uint64_t size_bytes) const {
    const auto begin = std::ranges::lower_bound(slots, address, {}, &Slot::address);
    const auto end = std::find_if(begin, slots.end(),
                                  [&](const Slot& each) { return each.address - address >= size_bytes; });
    return {begin, end};
}

std::vector<ObjectId> relocation_order(const Loaded& loaded) {
    std::vector<ObjectId> order;
    std::vector<bool> done(loaded.size());
    const auto take = [&](ObjectId id) {
        if (!done[index_of(id)]) order.push_back(id);
        done[index_of(id)] = true;
    };
    for (const ObjectId opened : loaded.ids()) {
        for (const ObjectId each : std::views::reverse(loaded.scope(opened))) take(each);
    }
    for (const ObjectId id : loaded.ids()) take(id);
    return order;
}

std::vector<SlotTable> resolve_slots(const Loaded& loaded, Binder& binder) {
    std::vector<SlotTable> tables(loaded.size());
    for (const ObjectId id : relocation_order(loaded))
        tables[index_of(id)] = Relocator(loaded, binder, id).run();
    copy_pointers(tables);
    return tables;
}

}  // namespace catena::callgraph
