// The rules by which glibc's loader takes a definition for a versioned or unversioned reference:
// - A reference with a version takes a definition of that version; one that has no version of its own (local,
// global and
//   base versions), unless it is hidden or the reference insists on its version; and anything of an object
//   that has no versions at all.
// - A reference without a version takes a definition without one, or of the oldest version that an object
// defines
//   (index 2, which old binaries meant); otherwise the default version, if the object has only one.
#include "callgraph/dynamic_symbols.h"

#include <algorithm>
#include <bit>

namespace catena::callgraph {
namespace {

constexpr std::size_t kMaxNameBytes = 1U << 16U;
constexpr std::uint32_t kMaxSymbols = 1U << 22U;
constexpr std::uint16_t kHidden = 0x8000;
constexpr std::uint16_t kVersionIndex = 0x7fff;
// The sum of all names that are hashed: strings of a file can overlap, and each symbol's name can be the
// whole table.
constexpr std::size_t kMaxHashedBytes = std::size_t{256} << 20U;

// Up to where .gnu.hash has symbols, and from which on; 0 for what cannot be read.
struct Hashed {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
};

Hashed hashed_by_gnu_hash(std::span<const std::byte> table) {
    struct Header {
        std::uint32_t buckets, first_symbol, bloom_words, bloom_shift;
    };
    const auto header = elf::read_at<Header>(table, 0);
    if (!header) return {};
    const std::uint64_t buckets_at = sizeof(Header) + std::uint64_t{header->bloom_words} * 8;
    const std::uint64_t chains_at = buckets_at + std::uint64_t{header->buckets} * 4;
    if (chains_at > table.size()) return {};
    std::uint32_t last = 0;
    for (std::uint64_t i = 0; i < header->buckets; ++i)
        last = std::max(last, *elf::read_at<std::uint32_t>(table, buckets_at + i * 4));
    if (last < header->first_symbol) return {header->first_symbol, header->first_symbol};
    for (std::uint64_t symbol = last; symbol < kMaxSymbols; ++symbol) {
        const auto chain =
            elf::read_at<std::uint32_t>(table, chains_at + (symbol - header->first_symbol) * 4);
        if (!chain) return {header->first_symbol, static_cast<std::uint32_t>(symbol)};
        if ((*chain & 1U) != 0) return {header->first_symbol, static_cast<std::uint32_t>(symbol + 1)};
    }
    return {header->first_symbol, kMaxSymbols};
}

Hashed hashed_symbols(const elf::Image& image, const Dynamic& dynamic) {
    if (dynamic.gnu_hash != 0) return hashed_by_gnu_hash(image.bytes_from(dynamic.gnu_hash));
    if (dynamic.hash == 0) return {};
    const auto count = elf::read_at<std::uint32_t>(image.bytes_from(dynamic.hash), 4).value_or(0);
    return {0, std::min(count, kMaxSymbols)};
}

// The classic hash of names, by which versions are compared.
std::uint32_t version_hash(std::string_view name) {
    std::uint32_t hash = 0;
    for (const char each : name) {
        hash = (hash << 4U) + static_cast<unsigned char>(each);
        hash = (hash ^ ((hash >> 24U) & 0xf0U)) & 0x0fffffffU;
    }
    return hash;
}

// What others can bind to: what the loader's own check lets through.
bool can_be_bound(const Elf64_Sym& symbol) {
    const auto type = ELF64_ST_TYPE(symbol.st_info);
    const auto binding = ELF64_ST_BIND(symbol.st_info);
    const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
    const bool known_type =
        type <= STT_FUNC || type == STT_COMMON || type == STT_TLS || type == STT_GNU_IFUNC;
    const bool has_value = symbol.st_value != 0 || symbol.st_shndx == SHN_ABS || type == STT_TLS;
    return known_type && has_value &&
           (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE) &&
           visibility != STV_HIDDEN && visibility != STV_INTERNAL;
}

}  // namespace

std::uint32_t symbol_hash(std::string_view name) {
    std::uint32_t hash = 5381;
    for (const char each : name) hash = hash * 33 + static_cast<unsigned char>(each);
    return hash;
}

DynamicSymbols::DynamicSymbols(const elf::Image& image, const Dynamic& dynamic)
    : symbols_(image.bytes_from(dynamic.symbols)), strings_(dynamic.strings) {
    if (dynamic.symbols == 0) symbols_ = {};
    if (dynamic.versym != 0) versyms_ = image.bytes_from(dynamic.versym);
    const Hashed hashed = hashed_symbols(image, dynamic);
    count_ =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(hashed.end, symbols_.size() / sizeof(Elf64_Sym)));
    read_definitions(image, dynamic);
    read_needs(image, dynamic);
    make_index(hashed.first);
}

void DynamicSymbols::set_version(std::uint32_t index, Version version) {
    if (index >= versions_.size()) versions_.resize(index + 1);
    versions_[index] = version;
}

void DynamicSymbols::read_definitions(const elf::Image& image, const Dynamic& dynamic) {
    if (dynamic.verdef == 0) return;
    const auto table = image.bytes_from(dynamic.verdef);
    std::uint64_t at = 0;
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(dynamic.verdef_count, kVersionIndex); ++i) {
        const auto version = elf::read_at<Elf64_Verdef>(table, at);
        if (!version) return;
        const auto name = elf::read_at<Elf64_Verdaux>(table, at + version->vd_aux);
        if (name && (version->vd_flags & VER_FLG_BASE) == 0) {
            const auto text = elf::string_at(strings_, name->vda_name, kMaxNameBytes);
            set_version(version->vd_ndx & kVersionIndex,
                        {.name = text, .hash = version_hash(text), .file = {}});
        }
        if (version->vd_next == 0) return;
        at += version->vd_next;
    }
}

void DynamicSymbols::read_needs(const elf::Image& image, const Dynamic& dynamic) {
    if (dynamic.verneed == 0) return;
    const auto table = image.bytes_from(dynamic.verneed);
    std::uint64_t at = 0;
    std::size_t left = kVersionIndex;  // of versions: each has an index of its own
    for (std::uint64_t i = 0; i < std::min<std::uint64_t>(dynamic.verneed_count, kVersionIndex); ++i) {
        const auto need = elf::read_at<Elf64_Verneed>(table, at);
        if (!need) return;
        const auto file = elf::string_at(strings_, need->vn_file, kMaxNameBytes);
        std::uint64_t next = at + need->vn_aux;
        for (; left > 0; --left) {
            const auto version = elf::read_at<Elf64_Vernaux>(table, next);
            if (!version) break;
            const auto text = elf::string_at(strings_, version->vna_name, kMaxNameBytes);
            set_version(version->vna_other & kVersionIndex, {.name = text,
                                                             .hash = version_hash(text),
                                                             .file = file,
                                                             .hidden = (version->vna_other & kHidden) != 0});
            if (version->vna_next == 0) break;
            next += version->vna_next;
        }
        if (need->vn_next == 0) return;
        at += need->vn_next;
    }
}

// A counting sort by hash: one pass to count, one to place.
void DynamicSymbols::make_index(std::uint32_t first) {
    std::vector<Entry> found;
    std::size_t bytes_left = kMaxHashedBytes;
    for (std::uint32_t i = first; i < count_; ++i) {
        const auto symbol = *at(i);
        if (!can_be_bound(symbol)) continue;
        const auto text = name(symbol);
        if (text.size() > bytes_left) break;
        bytes_left -= text.size();
        found.push_back({.hash = symbol_hash(text), .symbol = i});
    }
    if (found.empty()) return;
    starts_.assign(std::bit_ceil(found.size()) + 1, 0);
    const std::uint32_t mask = static_cast<std::uint32_t>(starts_.size()) - 2;
    for (const Entry& each : found) ++starts_[(each.hash & mask) + 1];
    for (std::size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
    entries_.resize(found.size());
    std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
    for (const Entry& each : found) entries_[next[each.hash & mask]++] = each;
}

std::span<const DynamicSymbols::Entry> DynamicSymbols::bucket(std::uint32_t hash) const {
    if (entries_.empty()) return {};
    const std::uint32_t at = hash & (static_cast<std::uint32_t>(starts_.size()) - 2);
    return std::span(entries_).subspan(starts_[at], starts_[at + 1] - starts_[at]);
}

std::optional<Elf64_Sym> DynamicSymbols::at(std::uint32_t index) const {
    return elf::read_at<Elf64_Sym>(symbols_, std::uint64_t{index} * sizeof(Elf64_Sym));
}

std::string_view DynamicSymbols::name(const Elf64_Sym& symbol) const {
    return elf::string_at(strings_, symbol.st_name, kMaxNameBytes);
}

std::uint16_t DynamicSymbols::versym(std::uint32_t index) const {
    return elf::read_at<std::uint16_t>(versyms_, std::uint64_t{index} * 2).value_or(VER_NDX_GLOBAL);
}

const Version* DynamicSymbols::version(std::uint32_t index) const {
    if (versyms_.empty()) return nullptr;
    const std::uint16_t version = versym(index) & kVersionIndex;
    if (version >= versions_.size() || versions_[version].hash == 0) return nullptr;
    return &versions_[version];
}

bool DynamicSymbols::hidden_version(std::uint32_t index) const {
    return !versyms_.empty() && (versym(index) & kHidden) != 0;
}

bool DynamicSymbols::version_matches(std::uint32_t index, const Version& wanted) const {
    if (versyms_.empty()) return true;
    const Version* own = version(index);
    if (own != nullptr && own->hash == wanted.hash && own->name == wanted.name) return true;
    return !wanted.hidden && own == nullptr && !hidden_version(index);
}

std::optional<std::uint32_t> DynamicSymbols::find(const Wanted& wanted) const {
    std::optional<std::uint32_t> default_version;
    std::size_t defaults = 0;
    for (const Entry& each : bucket(wanted.hash)) {
        if (each.hash != wanted.hash) continue;
        const auto symbol = *at(each.symbol);
        if (wanted.kind == ReferenceKind::Call && symbol.st_shndx == SHN_UNDEF) continue;
        if (name(symbol) != wanted.name) continue;
        if (wanted.version != nullptr) {
            if (version_matches(each.symbol, *wanted.version)) return each.symbol;
            continue;
        }
        if (versyms_.empty() || (versym(each.symbol) & kVersionIndex) < (wanted.newest ? 2 : 3))
            return each.symbol;
        if (!hidden_version(each.symbol) && defaults++ == 0) default_version = each.symbol;
    }
    return defaults == 1 ? default_version : std::nullopt;
}

std::optional<std::uint32_t> DynamicSymbols::find_musl(const Wanted& wanted) const {
    for (const Entry& each : bucket(wanted.hash)) {
        if (each.hash != wanted.hash || hidden_version(each.symbol)) continue;
        const auto symbol = *at(each.symbol);
        if (wanted.kind == ReferenceKind::Call && symbol.st_shndx == SHN_UNDEF) continue;
        if (name(symbol) == wanted.name) return each.symbol;
    }
    return std::nullopt;
}

std::vector<std::uint32_t> DynamicSymbols::definitions(std::string_view wanted) const {
    std::vector<std::uint32_t> found;
    const std::uint32_t hash = symbol_hash(wanted);
    for (const Entry& each : bucket(hash)) {
        if (each.hash == hash && at(each.symbol)->st_shndx != SHN_UNDEF && name(*at(each.symbol)) == wanted)
            found.push_back(each.symbol);
    }
    return found;
}

}  // namespace catena::callgraph
