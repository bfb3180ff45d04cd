// LdCache: /etc/ld.so.cache, which ldconfig writes: names of libraries and where they are.
//
// The format is documented in ldconfig's sources alone: the magic "glibc-ld.so.cache1.1" (old files have
// "ld.so-1.7.0" and its table before it), counts, entries of 24 bytes with offsets of two strings each,
// strings, and an extension that names the folders of glibc-hwcaps. Each offset is checked; a string without
// an end is cut.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"

namespace catena::callgraph {

// Files with more entries than this are refused; an installation has a few thousand.
inline constexpr std::size_t kMaxCacheEntries = 1U << 20U;

class LdCache {
  public:
    struct Entry {
        std::string path;
        std::string hwcaps;  // the folder of glibc-hwcaps; empty for most
    };

    // BadInput: not a cache, or one whose table is broken off. Entries whose strings lie outside are left
    // out. Entries that are not of 64-bit x86 with glibc, or that need an old-style hardware capability, are
    // left out, too.
    [[nodiscard]] static base::Result<LdCache> parse(std::span<const std::byte> bytes);

    // The entry that glibc takes at this x86-64 level (1 to 4): the highest that fits, or the plain one.
    [[nodiscard]] const Entry* find(const std::string& name, unsigned isa_level) const;
    // All entries for a name.
    [[nodiscard]] std::span<const Entry> entries(const std::string& name) const;
    [[nodiscard]] std::size_t size() const { return entries_.size(); }

  private:
    std::unordered_map<std::string, std::vector<Entry>> entries_;
};

// 2 to 4 for "x86-64-v2" to "x86-64-v4"; 0 for what is no such folder.
[[nodiscard]] unsigned isa_level_of(std::string_view hwcaps_folder);

}  // namespace catena::callgraph
