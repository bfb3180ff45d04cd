// A symbol table is an array of Elf64_Sym and a string table. .symtab is named by section headers alone. The
// loader finds .dynsym without them: PT_DYNAMIC has the addresses of the symbols and of their strings, and
// only a hash table tells how many symbols there are: the old one outright, the GNU one by the end of its
// last chain.
//
// Strings may overlap, and a file can make each symbol's name as long as the whole table. So the sum of all
// names is bounded by a multiple of the table: linkers share tails of names, which makes the sum larger than
// the table, though never by much.
#include "elf/symbols.h"

#include <elf.h>

#include <algorithm>
#include <optional>

namespace catena::elf {
namespace {

struct Table {
    std::span<const std::byte> symbols;
    std::span<const std::byte> strings;
};

constexpr std::size_t kNameBytesPerStringByte = 8;
constexpr std::size_t kMaxTableNameBytes = std::size_t{512} << 20U;

std::vector<FunctionSymbol> read_table(const Table& table, FunctionSource source) {
    const std::size_t count = std::min(table.symbols.size() / sizeof(Elf64_Sym), kMaxSymbols);
    std::size_t name_bytes_left =
        std::min(table.strings.size() * kNameBytesPerStringByte, kMaxTableNameBytes);
    std::vector<FunctionSymbol> functions;
    for (std::size_t i = 0; i < count; ++i) {
        const auto symbol = *read_at<Elf64_Sym>(table.symbols, i * sizeof(Elf64_Sym));
        const auto type = ELF64_ST_TYPE(symbol.st_info);
        if (type != STT_FUNC && type != STT_GNU_IFUNC) continue;
        // Undefined functions of a program that is not position-independent have the address of their PLT
        // stub.
        if (symbol.st_shndx == SHN_UNDEF || symbol.st_value == 0) continue;
        const auto name = string_at(table.strings, symbol.st_name, std::min(kMaxNameBytes, name_bytes_left));
        name_bytes_left -= name.size();
        // Linkers write a symbol's version behind its name in .symtab: "f@@LIB_1.0".
        const auto binding = ELF64_ST_BIND(symbol.st_info);
        const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
        functions.push_back(
            {.address = symbol.st_value,
             .size_bytes = symbol.st_size,
             .name = name.substr(0, name.find('@')),
             .source = source,
             .for_others = binding != STB_LOCAL && (visibility == STV_DEFAULT || visibility == STV_PROTECTED),
             .weak = binding == STB_WEAK,
             .ifunc = type == STT_GNU_IFUNC});
    }
    return functions;
}

std::optional<Table> table_by_section(const Image& image, std::uint32_t type) {
    const auto sections = image.sections();
    const auto found = std::ranges::find(sections, type, &Section::type);
    if (found == sections.end() || found->link >= sections.size()) return std::nullopt;
    return Table{found->content, sections[found->link].content};
}

// What PT_DYNAMIC says of the symbol table: addresses, and 0 for what it does not have.
struct Dynamic {
    std::uint64_t symbols = 0;
    std::uint64_t strings = 0;
    std::uint64_t strings_bytes = 0;
    std::uint64_t hash = 0;
    std::uint64_t gnu_hash = 0;
};

Dynamic read_dynamic(const Image& image) {
    Dynamic dynamic;
    const auto header = image.program_header(PT_DYNAMIC);
    if (!header) return dynamic;
    const auto entries = image.file_bytes(header->p_offset, header->p_filesz);
    for (std::uint64_t at = 0; const auto entry = read_at<Elf64_Dyn>(entries, at); at += sizeof(Elf64_Dyn)) {
        if (entry->d_tag == DT_NULL) break;
        if (entry->d_tag == DT_SYMTAB) dynamic.symbols = entry->d_un.d_ptr;
        if (entry->d_tag == DT_STRTAB) dynamic.strings = entry->d_un.d_ptr;
        if (entry->d_tag == DT_STRSZ) dynamic.strings_bytes = entry->d_un.d_val;
        if (entry->d_tag == DT_HASH) dynamic.hash = entry->d_un.d_ptr;
        if (entry->d_tag == DT_GNU_HASH) dynamic.gnu_hash = entry->d_un.d_ptr;
    }
    return dynamic;
}

// How many symbols a GNU hash table tells of; 0 where it cannot be read.
std::uint64_t count_by_gnu_hash(std::span<const std::byte> table) {
    struct Header {
        std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
    };
    const auto header = read_at<Header>(table, 0);
    if (!header) return 0;
    const std::uint64_t buckets_at = sizeof(Header) + std::uint64_t{header->bloom_words} * 8;
    const std::uint64_t chains_at = buckets_at + std::uint64_t{header->buckets} * 4;
    std::uint32_t last = 0;
    for (std::uint64_t i = 0; i < header->buckets; ++i) {
        const auto bucket = read_at<std::uint32_t>(table, buckets_at + i * 4);
        if (!bucket) return 0;
        last = std::max(last, *bucket);
    }
    if (last < header->first_symbol) return header->first_symbol;  // it has undefined symbols alone
    for (std::uint64_t symbol = last;; ++symbol) {
        const auto chain = read_at<std::uint32_t>(table, chains_at + (symbol - header->first_symbol) * 4);
        if (!chain) return 0;
        if ((*chain & 1U) != 0) return symbol + 1;
    }
}

std::optional<Table> table_by_dynamic(const Image& image) {
    const Dynamic dynamic = read_dynamic(image);
    std::uint64_t count = 0;
    if (dynamic.gnu_hash != 0) count = count_by_gnu_hash(image.bytes_from(dynamic.gnu_hash));
    if (count == 0 && dynamic.hash != 0) {
        const auto chains = read_at<std::uint32_t>(image.bytes_from(dynamic.hash), 4);
        count = chains.value_or(0);
    }
    const auto symbols = image.bytes_from(dynamic.symbols);
    const auto strings = image.bytes_from(dynamic.strings);
    if (count == 0 || count > symbols.size() / sizeof(Elf64_Sym)) return std::nullopt;
    return Table{symbols.first(count * sizeof(Elf64_Sym)),
                 strings.first(std::min<std::uint64_t>(dynamic.strings_bytes, strings.size()))};
}

}  // namespace

std::vector<FunctionSymbol> symtab_functions(const Image& image, FunctionSource source) {
    const auto table = table_by_section(image, SHT_SYMTAB);
    return table ? read_table(*table, source) : std::vector<FunctionSymbol>{};
}

std::vector<FunctionSymbol> dynsym_functions(const Image& image) {
    auto table = table_by_dynamic(image);
    if (!table) table = table_by_section(image, SHT_DYNSYM);
    return table ? read_table(*table, FunctionSource::Dynsym) : std::vector<FunctionSymbol>{};
}

}  // namespace catena::elf
