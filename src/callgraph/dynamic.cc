// PT_DYNAMIC is an array of tags and values. Offsets of names count from DT_STRTAB, which may come after
// them, so names are looked up when all tags are known. ld.so takes the last entry of a tag that occurs
// twice.
#include "callgraph/dynamic.h"

#include <elf.h>

#include <algorithm>

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxNameBytes = 4096;  // PATH_MAX: a longer name cannot be opened
// A list of folders can be longer.
constexpr std::size_t kMaxListBytes = 65536;
constexpr std::size_t kMaxTags = 65536;

// What stands in the entries before names and ranges are looked up.
struct Raw {
    std::vector<std::pair<std::int64_t, std::uint64_t>> names;  // tag, offset
    std::uint64_t strings = 0;
    std::uint64_t strings_bytes = 0;
    std::uint64_t plt_relocations_kind = DT_RELA;
    std::uint64_t flags_1 = 0;
};

bool is_name(std::int64_t tag) {
    switch (tag) {
        case DT_NEEDED:
        case DT_SONAME:
        case DT_RPATH:
        case DT_RUNPATH:
        case DT_FILTER:
        case DT_AUXILIARY:
        case DT_AUDIT:
        case DT_DEPAUDIT:
            return true;
        default:
            return false;
    }
}

// The place of a tag whose value is an address, a size or a count; nullptr for all others.
std::uint64_t* place_of(std::int64_t tag, Dynamic& dynamic, Raw& raw) {
    switch (tag) {
        case DT_STRTAB:
            return &raw.strings;
        case DT_STRSZ:
            return &raw.strings_bytes;
        case DT_PLTREL:
            return &raw.plt_relocations_kind;
        case DT_FLAGS_1:
            return &raw.flags_1;
        case DT_INIT:
            return &dynamic.init;
        case DT_FINI:
            return &dynamic.fini;
        case DT_HASH:
            return &dynamic.hash;
        case DT_GNU_HASH:
            return &dynamic.gnu_hash;
        case DT_VERSYM:
            return &dynamic.versym;
        case DT_VERNEED:
            return &dynamic.verneed;
        case DT_VERNEEDNUM:
            return &dynamic.verneed_count;
        case DT_VERDEF:
            return &dynamic.verdef;
        case DT_VERDEFNUM:
            return &dynamic.verdef_count;
        case DT_SYMTAB:
            return &dynamic.symbols;
        case DT_PREINIT_ARRAY:
            return &dynamic.preinit_array.address;
        case DT_PREINIT_ARRAYSZ:
            return &dynamic.preinit_array.size_bytes;
        case DT_INIT_ARRAY:
            return &dynamic.init_array.address;
        case DT_INIT_ARRAYSZ:
            return &dynamic.init_array.size_bytes;
        case DT_FINI_ARRAY:
            return &dynamic.fini_array.address;
        case DT_FINI_ARRAYSZ:
            return &dynamic.fini_array.size_bytes;
        case DT_RELA:
            return &dynamic.rela.address;
        case DT_RELASZ:
            return &dynamic.rela.size_bytes;
        case DT_JMPREL:
            return &dynamic.jmprel.address;
        case DT_PLTRELSZ:
            return &dynamic.jmprel.size_bytes;
        case DT_RELR:
            return &dynamic.relr.address;
        case DT_RELRSZ:
            return &dynamic.relr.size_bytes;
        default:
            return nullptr;
    }
}

void take(const Elf64_Dyn& entry, Dynamic& dynamic, Raw& raw) {
    if (is_name(entry.d_tag) && raw.names.size() < kMaxNeeded)
        raw.names.emplace_back(entry.d_tag, entry.d_un.d_val);
    if (entry.d_tag == DT_SYMBOLIC) dynamic.symbolic = true;
    if (entry.d_tag == DT_FLAGS && (entry.d_un.d_val & DF_SYMBOLIC) != 0) dynamic.symbolic = true;
    if (std::uint64_t* place = place_of(entry.d_tag, dynamic, raw)) *place = entry.d_un.d_val;
}

void take_name(std::int64_t tag, std::uint64_t offset, Dynamic& dynamic) {
    const bool list = tag == DT_RPATH || tag == DT_RUNPATH;
    const auto name = elf::string_at(dynamic.strings, offset, list ? kMaxListBytes : kMaxNameBytes);
    switch (tag) {
        case DT_SONAME:
            dynamic.soname = name;
            return;
        case DT_RPATH:
            dynamic.rpath = name;
            return;
        case DT_RUNPATH:
            dynamic.runpath = name;
            return;
        case DT_FILTER:
            dynamic.filters.push_back(name);
            return;
        case DT_AUXILIARY:
            dynamic.auxiliaries.push_back(name);
            return;
        case DT_NEEDED:
            dynamic.needed.push_back(name);
            return;
        default:
            dynamic.audits.push_back(name);
            return;
    }
}

// Cuts a table to what the file has of it.
void cut(const elf::Image& image, Dynamic::Range& range) {
    range.size_bytes = std::min<std::uint64_t>(range.size_bytes, image.bytes_from(range.address).size());
}

}  // namespace

Dynamic read_dynamic(const elf::Image& image) {
    Dynamic dynamic;
    const auto header = image.program_header(PT_DYNAMIC);
    if (!header) return dynamic;
    // The loader reads it from memory; without PT_LOAD around it there is nothing to read.
    auto entries = image.bytes_at(header->p_vaddr, header->p_filesz);
    if (entries.empty()) entries = image.file_bytes(header->p_offset, header->p_filesz);
    Raw raw;
    for (std::size_t i = 0; i < kMaxTags; ++i) {
        const auto entry = elf::read_at<Elf64_Dyn>(entries, i * sizeof(Elf64_Dyn));
        if (!entry || entry->d_tag == DT_NULL) break;
        take(*entry, dynamic, raw);
        dynamic.present = true;
    }
    const auto strings = image.bytes_from(raw.strings);
    dynamic.strings = strings.first(std::min<std::uint64_t>(raw.strings_bytes, strings.size()));
    for (const auto& [tag, offset] : raw.names) take_name(tag, offset, dynamic);
    if (raw.plt_relocations_kind != DT_RELA) dynamic.jmprel = {};
    dynamic.no_default_folders = (raw.flags_1 & DF_1_NODEFLIB) != 0;
    dynamic.position_independent = (raw.flags_1 & DF_1_PIE) != 0;
    for (Dynamic::Range* range : {&dynamic.preinit_array, &dynamic.init_array, &dynamic.fini_array,
                                  &dynamic.rela, &dynamic.jmprel, &dynamic.relr})
        cut(image, *range);
    return dynamic;
}

std::optional<std::string_view> interpreter(const elf::Image& image) {
    const auto header = image.program_header(PT_INTERP);
    if (!header) return std::nullopt;
    const auto bytes = image.file_bytes(header->p_offset, header->p_filesz);
    if (bytes.empty()) return std::nullopt;
    return elf::string_at(bytes, 0, kMaxNameBytes);
}

}  // namespace catena::callgraph
