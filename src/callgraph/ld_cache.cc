#include "callgraph/ld_cache.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include "elf/image.h"

namespace catena::callgraph {
namespace {

constexpr std::string_view kOldMagic = "ld.so-1.7.0";
constexpr std::string_view kMagic = "glibc-ld.so.cache1.1";
constexpr std::size_t kMaxStringBytes = 4096;
constexpr std::uint32_t kLibc6OfX8664 = 0x0303;
constexpr std::uint32_t kExtensionMagic = 0xeaa42174;
constexpr std::uint32_t kHwcapsSection = 1;
constexpr std::uint32_t kMaxHwcapsFolders = 1024;
constexpr std::uint32_t kMaxSections = 64;

struct Header {
    std::array<char, 20> magic;
    std::uint32_t entries, strings_bytes;
    std::uint8_t flags;
    std::array<std::uint8_t, 3> padding;
    std::uint32_t extension;  // its offset; 0 in caches of older versions
    std::array<std::uint32_t, 3> unused;
};
static_assert(sizeof(Header) == 48);

struct FileEntry {
    std::uint32_t flags, name, path, os_version;
    std::uint64_t hwcap;
};
static_assert(sizeof(FileEntry) == 24);

struct ExtensionSection {
    std::uint32_t tag, flags, offset, size_bytes;
};

std::string_view text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Where the table of this format begins: behind the old one, where there is one.
std::optional<std::span<const std::byte>> new_format(std::span<const std::byte> bytes) {
    if (text_of(bytes).starts_with(kMagic)) return bytes;
    if (!text_of(bytes).starts_with(kOldMagic)) return std::nullopt;
    const auto count = elf::read_at<std::uint32_t>(bytes, 12);  // behind the magic, aligned
    if (!count) return std::nullopt;
    const std::uint64_t end = 16 + std::uint64_t{*count} * 12;
    const std::uint64_t begin = (end + 7) & ~std::uint64_t{7};
    if (begin > bytes.size() || !text_of(bytes.subspan(begin)).starts_with(kMagic)) return std::nullopt;
    return bytes.subspan(begin);
}

// The names of folders that entries mean by a number.
std::vector<std::string> hwcaps_folders(std::span<const std::byte> bytes, std::uint32_t extension) {
    std::vector<std::string> names;
    if (extension == 0 || elf::read_at<std::uint32_t>(bytes, extension) != kExtensionMagic) return names;
    const auto sections = elf::read_at<std::uint32_t>(bytes, std::uint64_t{extension} + 4).value_or(0);
    for (std::uint32_t i = 0; i < std::min(sections, kMaxSections); ++i) {
        const auto section = elf::read_at<ExtensionSection>(bytes, std::uint64_t{extension} + 8 + i * 16UL);
        if (!section) break;
        if (section->tag != kHwcapsSection) continue;
        for (std::uint32_t at = 0; at < std::min(section->size_bytes / 4, kMaxHwcapsFolders); ++at) {
            const auto name = elf::read_at<std::uint32_t>(bytes, std::uint64_t{section->offset} + at * 4UL);
            if (!name) break;
            names.emplace_back(elf::string_at(bytes, *name, kMaxStringBytes));
        }
    }
    return names;
}

// The folder that an entry's hwcap means, empty for a plain entry; nothing for an entry of the old kind.
std::optional<std::string> folder_of(std::uint64_t hwcap, const std::vector<std::string>& folders) {
    constexpr std::uint64_t kIsaLevelBits = 0x3ff;
    if (hwcap == 0) return "";
    if (((hwcap >> 32U) & ~kIsaLevelBits) != std::uint64_t{1} << 30U) return std::nullopt;
    const std::uint64_t index = hwcap & 0xffffffffU;
    return index < folders.size() ? std::optional(folders[index]) : std::nullopt;
}

}  // namespace

unsigned isa_level_of(std::string_view hwcaps_folder) {
    if (hwcaps_folder == "x86-64-v2") return 2;
    if (hwcaps_folder == "x86-64-v3") return 3;
    return hwcaps_folder == "x86-64-v4" ? 4 : 0;
}

base::Result<LdCache> LdCache::parse(std::span<const std::byte> bytes) {
    const auto table = new_format(bytes);
    if (!table)
        return base::fail(base::ErrorCode::BadInput,
                          "it is no cache that ldconfig of glibc 2.2 or newer writes; run ldconfig");
    const auto header = elf::read_at<Header>(*table, 0);
    if (!header || header->entries > kMaxCacheEntries ||
        header->entries > (table->size() - sizeof(Header)) / sizeof(FileEntry))
        return base::fail(base::ErrorCode::BadInput, "its table is broken off; run ldconfig");
    const auto folders = hwcaps_folders(*table, header->extension);
    LdCache cache;
    std::size_t bytes_left = bytes.size() * 4;  // names may share bytes, though never by much
    for (std::uint32_t i = 0; i < header->entries; ++i) {
        const auto entry = *elf::read_at<FileEntry>(*table, sizeof(Header) + i * sizeof(FileEntry));
        if (entry.flags != kLibc6OfX8664) continue;
        const auto name = elf::string_at(*table, entry.name, kMaxStringBytes);
        const auto path = elf::string_at(*table, entry.path, kMaxStringBytes);
        auto folder = folder_of(entry.hwcap, folders);
        if (name.empty() || path.empty() || !folder) continue;
        if (name.size() + path.size() > bytes_left) break;
        bytes_left -= name.size() + path.size();
        cache.entries_[std::string(name)].push_back(
            {.path = std::string(path), .hwcaps = std::move(*folder)});
    }
    return cache;
}

std::span<const LdCache::Entry> LdCache::entries(const std::string& name) const {
    const auto found = entries_.find(name);
    return found == entries_.end() ? std::span<const Entry>{} : std::span(found->second);
}

const LdCache::Entry* LdCache::find(const std::string& name, unsigned isa_level) const {
    const Entry* best = nullptr;
    unsigned best_level = 0;
    for (const Entry& each : entries(name)) {
        const unsigned level = isa_level_of(each.hwcaps);
        if (!each.hwcaps.empty() && (level == 0 || level > isa_level)) continue;
        if (best != nullptr && level <= best_level) continue;
        best = &each;
        best_level = level;
    }
    return best;
}

}  // namespace catena::callgraph
