// Two indexes are made, each when it is first needed: which compilation unit has an address (.debug_aranges
// would say, but not every compiler writes it), and for each unit that is asked for, which function. Within a
// function the tree of blocks and inlined functions is followed down to the address.
#include "elf/lines.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <libelf.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

#include "elf/debug_files.h"

namespace catena::elf {
namespace {

constexpr int kMaxDepth = 64;  // of blocks within blocks; compilers do not get there
constexpr std::size_t kMaxEntries = 1U << 22U;
constexpr std::size_t kMaxSteps = 1U << 24U;  // siblings can be made to lead in circles
constexpr std::uint64_t kMaxUnpackedBytes = std::uint64_t{4} << 30U;

// Unpacked, sections would be as large as they claim; what is too large is not begun.
bool has_readable_dwarf(const Image& image) {
    std::uint64_t unpacked = 0;
    bool has = false;
    for (const Section& each : image.sections()) {
        if (each.name.starts_with(".zdebug")) return false;  // GNU's packing of before 2013
        has = has || (each.name == ".debug_info" && !each.content.empty());
        if ((each.flags & SHF_COMPRESSED) == 0) continue;
        const auto header = read_at<Elf64_Chdr>(each.content, 0);
        if (!header || header->ch_size > kMaxUnpackedBytes - unpacked) return false;
        unpacked += header->ch_size;
    }
    return has;
}

struct Entry {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    Dwarf_Die die{};
};

void add_ranges(Dwarf_Die& die, std::vector<Entry>& entries) {
    Dwarf_Addr base = 0;
    Dwarf_Addr begin = 0;
    Dwarf_Addr end = 0;
    std::ptrdiff_t next = 0;
    while (entries.size() < kMaxEntries && (next = dwarf_ranges(&die, next, &base, &begin, &end)) > 0) {
        if (begin < end) entries.push_back({begin, end, die});
    }
}

// By where they begin, and the outer one of two first.
void sort(std::vector<Entry>& entries) {
    std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
}

// Of entries in order of `begin`: the last one that begins at or before the address and has it. Ranges of one
// kind do not overlap, but for functions within functions, of which the inner one begins later.
const Entry* entry_of(const std::vector<Entry>& entries, std::uint64_t address) {
    constexpr int kMaxStepsBack = 16;
    auto at = std::ranges::upper_bound(entries, address, {}, &Entry::begin);
    for (int i = 0; i < kMaxStepsBack && at != entries.begin(); ++i) {
        --at;
        if (address < at->end) return &*at;
    }
    return nullptr;
}

// Functions with code of their own, wherever they are in the tree of a unit.
void add_functions(Dwarf_Die& parent, std::vector<Entry>& entries, std::size_t& steps, int depth) {
    Dwarf_Die child{};
    if (depth > kMaxDepth || dwarf_child(&parent, &child) != 0) return;
    do {
        switch (dwarf_tag(&child)) {
            case DW_TAG_subprogram:
                add_ranges(child, entries);
                add_functions(child, entries, steps, depth + 1);
                break;
            case DW_TAG_namespace:
            case DW_TAG_module:
            case DW_TAG_class_type:
            case DW_TAG_structure_type:
            case DW_TAG_union_type:
            case DW_TAG_lexical_block:
                add_functions(child, entries, steps, depth + 1);
                break;
            default:
                break;
        }
    } while (entries.size() < kMaxEntries && ++steps < kMaxSteps && dwarf_siblingof(&child, &child) == 0);
}

// The functions inlined at an address, from the outside in.
std::vector<Dwarf_Die> inlined_at(Dwarf_Die function, std::uint64_t address) {
    std::vector<Dwarf_Die> inlined;
    Dwarf_Die inner = function;
    std::size_t steps = 0;
    for (int depth = 0; depth < kMaxDepth; ++depth) {
        Dwarf_Die child{};
        if (dwarf_child(&inner, &child) != 0) return inlined;
        bool found = false;
        do {
            const int tag = dwarf_tag(&child);
            if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) continue;
            found = dwarf_haspc(&child, address) > 0;
        } while (!found && ++steps < kMaxSteps && dwarf_siblingof(&child, &child) == 0);
        if (!found) return inlined;
        if (dwarf_tag(&child) == DW_TAG_inlined_subroutine) inlined.push_back(child);
        inner = child;
    }
    return inlined;
}

std::string text(const char* value) { return value == nullptr ? std::string() : std::string(value); }

std::string name_of(Dwarf_Die& die) {
    Dwarf_Attribute attribute{};
    for (const unsigned name : {DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name}) {
        if (dwarf_attr_integrate(&die, name, &attribute) != nullptr)
            if (const char* value = dwarf_formstring(&attribute); value != nullptr) return value;
    }
    return {};
}

Dwarf_Word number_of(Dwarf_Die& die, unsigned name) {
    Dwarf_Attribute attribute{};
    Dwarf_Word value = 0;
    if (dwarf_attr(&die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0) return 0;
    return value;
}

SourceLine call_site_of(Dwarf_Die& inlined, Dwarf_Die& unit) {
    Dwarf_Files* files = nullptr;
    std::size_t count = 0;
    const Dwarf_Word file = number_of(inlined, DW_AT_call_file);
    SourceLine site{.line = static_cast<std::uint32_t>(number_of(inlined, DW_AT_call_line))};
    if (dwarf_getsrcfiles(&unit, &files, &count) == 0 && file < count)
        site.file = text(dwarf_filesrc(files, file, nullptr, nullptr));
    return site;
}

SourceLine line_in(Dwarf_Die& unit, std::uint64_t address) {
    SourceLine found;
    Dwarf_Line* line = dwarf_getsrc_die(&unit, address);
    int number = 0;
    if (line == nullptr || dwarf_lineno(line, &number) != 0) return found;
    found.file = text(dwarf_linesrc(line, nullptr, nullptr));
    found.line = static_cast<std::uint32_t>(number);
    return found;
}

}  // namespace

// Owns what libdw has open, and the copy of the file that it reads.
class Lines::Dwarf {
  public:
    static std::unique_ptr<Dwarf> open(const Image& image, const std::vector<std::string>& roots) {
        auto dwarf = std::make_unique<Dwarf>();
        const Image* with_dwarf = &image;
        std::optional<Image> debug_file;
        if (!has_readable_dwarf(image)) {
            debug_file = open_debug_file(image, roots);
            if (!debug_file || !has_readable_dwarf(*debug_file)) return nullptr;
            with_dwarf = &*debug_file;
        }
        // libelf writes into what it is given: headers of sections that it has unpacked.
        auto copy = base::Mapping::anonymous(with_dwarf->bytes().size());
        if (!copy) return nullptr;
        dwarf->copy_ = std::move(*copy);
        std::ranges::copy(with_dwarf->bytes(), dwarf->copy_.writable().begin());
        elf_version(EV_CURRENT);
        dwarf->elf_ =
            elf_memory(reinterpret_cast<char*>(dwarf->copy_.writable().data()), dwarf->copy_.bytes().size());
        if (dwarf->elf_ == nullptr) return nullptr;
        dwarf->dwarf_ = dwarf_begin_elf(dwarf->elf_, DWARF_C_READ, nullptr);
        if (dwarf->dwarf_ == nullptr) return nullptr;
        dwarf->index_units();
        return dwarf;
    }

    Dwarf() = default;
    Dwarf(const Dwarf&) = delete;
    Dwarf& operator=(const Dwarf&) = delete;
    ~Dwarf() {
        if (dwarf_ != nullptr) dwarf_end(dwarf_);
        if (elf_ != nullptr) elf_end(elf_);
    }

    // The unit that has an address; nullptr where none has.
    Dwarf_Die* unit_of(std::uint64_t address) {
        const Entry* entry = entry_of(units_, address);
        if (entry == nullptr) return nullptr;
        unit_ = entry->die;
        return &unit_;
    }

    const Entry* function_of(Dwarf_Die& unit, std::uint64_t address) {
        auto [at, is_new] = functions_.try_emplace(dwarf_dieoffset(&unit));
        if (is_new) {
            std::size_t steps = 0;
            add_functions(unit, at->second, steps, 0);
            sort(at->second);
        }
        return entry_of(at->second, address);
    }

  private:
    void index_units() {
        Dwarf_CU* unit = nullptr;
        Dwarf_Die die{};
        std::uint8_t kind = 0;
        while (dwarf_get_units(dwarf_, unit, &unit, nullptr, &kind, &die, nullptr) == 0) {
            if (kind == DW_UT_compile) add_ranges(die, units_);
        }
        sort(units_);
    }

    base::Mapping copy_;
    Elf* elf_ = nullptr;
    ::Dwarf* dwarf_ = nullptr;
    std::vector<Entry> units_;
    std::unordered_map<Dwarf_Off, std::vector<Entry>> functions_;  // of units by their offset
    Dwarf_Die unit_{};
};

Lines::Lines(const Image& image, std::vector<std::string> debug_roots)
    : image_(&image), debug_roots_(std::move(debug_roots)) {}
Lines::Lines(Lines&&) noexcept = default;
Lines& Lines::operator=(Lines&&) noexcept = default;
Lines::~Lines() = default;

Lines::Dwarf* Lines::dwarf() {
    if (!std::exchange(tried_, true) && image_->check_supported())
        dwarf_ = Dwarf::open(*image_, debug_roots_);
    return dwarf_.get();
}

bool Lines::available() { return dwarf() != nullptr; }

std::optional<SourceLine> Lines::line_at(std::uint64_t address) {
    Dwarf_Die* unit = dwarf() == nullptr ? nullptr : dwarf()->unit_of(address);
    if (unit == nullptr) return std::nullopt;
    SourceLine line = line_in(*unit, address);
    return line.file.empty() ? std::nullopt : std::optional(std::move(line));
}

std::optional<SourceLine> Lines::function_line(std::uint64_t address) {
    Dwarf_Die* unit = dwarf() == nullptr ? nullptr : dwarf()->unit_of(address);
    const Entry* function = unit == nullptr ? nullptr : dwarf()->function_of(*unit, address);
    if (function == nullptr) return line_at(address);
    Dwarf_Die die = function->die;
    SourceLine declared{.file = text(dwarf_decl_file(&die))};
    int line = 0;
    if (declared.file.empty() || dwarf_decl_line(&die, &line) != 0) return line_at(address);
    declared.line = static_cast<std::uint32_t>(line);
    return declared;
}

std::vector<SourceFrame> Lines::at(std::uint64_t address) {
    Dwarf_Die* unit = dwarf() == nullptr ? nullptr : dwarf()->unit_of(address);
    if (unit == nullptr) return {};
    std::vector<SourceFrame> frames;
    SourceLine line = line_in(*unit, address);
    const Entry* function = dwarf()->function_of(*unit, address);
    if (function == nullptr) {
        if (!line.file.empty()) frames.push_back({.function = {}, .at = std::move(line)});
        return frames;
    }
    auto inlined = inlined_at(function->die, address);
    for (auto each = inlined.rbegin(); each != inlined.rend(); ++each) {
        frames.push_back({.function = name_of(*each), .at = std::move(line)});
        line = call_site_of(*each, *unit);
    }
    Dwarf_Die outermost = function->die;
    frames.push_back({.function = name_of(outermost), .at = std::move(line)});
    return frames;
}

}  // namespace catena::elf
