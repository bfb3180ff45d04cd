// Relocations are read as the loader reads them (PT_DYNAMIC), and from sections of relocations that are in
// memory: a static program has no PT_DYNAMIC, yet relocates its IFUNCs itself.
//
// A program that is linked to a fixed address has its pointers to itself filled in by the linker, and nothing
// says where they are: every aligned word whose value is an address of the file counts as one.
#include "callgraph/data_pointers.h"

#include <elf.h>

#include <algorithm>
#include <optional>
#include <span>
#include <tuple>

namespace catena::callgraph {
namespace {

constexpr std::uint64_t kWord = 8;

class Reader {
  public:
    explicit Reader(const elf::Image& image) : image_(image) {}

    std::vector<PlacedPointer> run() {
        read_dynamic();
        for (const elf::Section& each : image_.sections()) {
            if (each.type == SHT_RELA && (each.flags & SHF_ALLOC) != 0) read_table(each.content);
        }
        if (image_.type() == elf::FileType::Executable) read_words();
        // What a relocation says goes before what a word looks like.
        const auto order = [](const PlacedPointer& each) {
            return std::tuple(each.at, each.kind == PlacedKind::Address, each.target);
        };
        std::ranges::sort(pointers_, {}, order);
        const auto same = std::ranges::unique(pointers_, {}, &PlacedPointer::at);
        pointers_.erase(same.begin(), same.end());
        return std::move(pointers_);
    }

  private:
    void add(const PlacedPointer& pointer) {
        if (pointers_.size() < kMaxPointers) pointers_.push_back(pointer);
    }

    void read_dynamic() {
        const auto header = image_.program_header(PT_DYNAMIC);
        if (!header) return;
        std::uint64_t rela = 0, rela_bytes = 0, plt = 0, plt_bytes = 0, relr = 0, relr_bytes = 0;
        const auto entries = image_.file_bytes(header->p_offset, header->p_filesz);
        for (std::uint64_t at = 0; const auto entry = elf::read_at<Elf64_Dyn>(entries, at);
             at += sizeof(Elf64_Dyn)) {
            if (entry->d_tag == DT_NULL) break;
            if (entry->d_tag == DT_RELA) rela = entry->d_un.d_ptr;
            if (entry->d_tag == DT_RELASZ) rela_bytes = entry->d_un.d_val;
            if (entry->d_tag == DT_JMPREL) plt = entry->d_un.d_ptr;
            if (entry->d_tag == DT_PLTRELSZ) plt_bytes = entry->d_un.d_val;
            if (entry->d_tag == kRelr) relr = entry->d_un.d_ptr;
            if (entry->d_tag == kRelrBytes) relr_bytes = entry->d_un.d_val;
            if (entry->d_tag == DT_SYMTAB) symbols_ = image_.bytes_from(entry->d_un.d_ptr);
            if (entry->d_tag == DT_STRTAB) strings_ = image_.bytes_from(entry->d_un.d_ptr);
        }
        read_table(cut(rela, rela_bytes));
        read_table(cut(plt, plt_bytes));
        read_packed(cut(relr, relr_bytes));
    }

    [[nodiscard]] std::span<const std::byte> cut(std::uint64_t address, std::uint64_t size_bytes) const {
        if (address == 0) return {};
        const auto rest = image_.bytes_from(address);
        return rest.first(std::min<std::uint64_t>(rest.size(), size_bytes));
    }

    void read_table(std::span<const std::byte> table) {
        for (std::uint64_t at = 0; const auto entry = elf::read_at<Elf64_Rela>(table, at);
             at += sizeof(Elf64_Rela)) {
            const auto addend = static_cast<std::uint64_t>(entry->r_addend);
            switch (ELF64_R_TYPE(entry->r_info)) {
                case R_X86_64_RELATIVE:
                case R_X86_64_RELATIVE64:
                    add({.at = entry->r_offset, .target = addend});
                    break;
                case R_X86_64_IRELATIVE:
                    add({.at = entry->r_offset, .target = addend, .kind = PlacedKind::Resolver});
                    break;
                case R_X86_64_64:
                case R_X86_64_GLOB_DAT:
                case R_X86_64_JUMP_SLOT:
                    add({.at = entry->r_offset,
                         .kind = PlacedKind::Symbol,
                         .symbol = name_of(ELF64_R_SYM(entry->r_info))});
                    break;
                case R_X86_64_DTPMOD64:
                case R_X86_64_TLSDESC:
                    add({.at = entry->r_offset, .kind = PlacedKind::ThreadLocal});
                    break;
                default:
                    break;
            }
        }
    }

    [[nodiscard]] std::string_view name_of(std::uint64_t symbol) const {
        const auto entry = elf::read_at<Elf64_Sym>(symbols_, symbol * sizeof(Elf64_Sym));
        return entry ? elf::string_at(strings_, entry->st_name, kMaxSymbolBytes) : std::string_view{};
    }

    void add_word(std::uint64_t at) {
        const auto word = elf::read_at<std::uint64_t>(image_.bytes_at(at, kWord), 0);
        if (word) add({.at = at, .target = *word});
    }

    // DT_RELR: an even word is the address of a pointer, an odd one is a bitmap of which of the next 63 words
    // are pointers.
    void read_packed(std::span<const std::byte> table) {
        std::uint64_t next = 0;
        for (std::uint64_t at = 0; const auto entry = elf::read_at<std::uint64_t>(table, at); at += kWord) {
            if ((*entry & 1U) == 0) {
                add_word(*entry);
                next = *entry + kWord;
                continue;
            }
            for (unsigned bit = 1; bit < 64; ++bit) {
                if ((*entry >> bit & 1U) != 0) add_word(next + (bit - 1) * kWord);
            }
            next += 63 * kWord;
        }
    }

    void read_words() {
        for (const DataRange& range : data_ranges(image_)) {
            const auto content = cut(range.begin, range.end - range.begin);
            const std::uint64_t first = (kWord - range.begin % kWord) % kWord;
            for (std::uint64_t at = first; const auto word = elf::read_at<std::uint64_t>(content, at);
                 at += kWord) {
                if (*word != 0 && image_.file_offset(*word)) add({.at = range.begin + at, .target = *word});
            }
        }
    }

    static constexpr std::int64_t kRelr = 36;
    static constexpr std::int64_t kRelrBytes = 35;
    static constexpr std::size_t kMaxSymbolBytes = 4096;
    const elf::Image& image_;
    std::span<const std::byte> symbols_;
    std::span<const std::byte> strings_;
    std::vector<PlacedPointer> pointers_;
};

}  // namespace

bool is_in_any(std::span<const DataRange> ranges, std::uint64_t address) {
    return std::ranges::any_of(
        ranges, [&](const DataRange& each) { return address >= each.begin && address < each.end; });
}

std::vector<DataRange> data_ranges(const elf::Image& image) {
    std::vector<DataRange> ranges;
    for (const elf::Section& each : image.sections()) {
        const bool data = (each.flags & SHF_ALLOC) != 0 && (each.flags & SHF_EXECINSTR) == 0;
        if (data && each.size_bytes != 0 && each.size_bytes <= ~each.address && (each.flags & SHF_TLS) == 0)
            ranges.push_back({each.address, each.address + each.size_bytes, (each.flags & SHF_WRITE) != 0});
    }
    if (ranges.empty()) {
        for (const elf::Segment& each : image.segments())
            ranges.push_back({each.address, each.address + each.file_bytes, true});
    }
    std::ranges::sort(ranges, {}, &DataRange::begin);
    return ranges;
}

std::vector<PlacedPointer> placed_pointers(const elf::Image& image) { return Reader(image).run(); }

}  // namespace catena::callgraph
