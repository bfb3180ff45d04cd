// Whatever bytes /etc/ld.so.cache holds, it is refused, or its entries are no more than the file can hold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "callgraph/ld_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {  // NOLINT(readability-identifier-naming)
    const auto cache = catena::callgraph::LdCache::parse(std::as_bytes(std::span(data, size)));
    if (!cache) return 0;
    if (cache->size() > size) std::abort();
    for (const unsigned level : {1U, 2U, 3U, 4U}) {
        const auto* entry = cache->find("libc.so.6", level);
        if (entry != nullptr && catena::callgraph::isa_level_of(entry->hwcaps) > level) std::abort();
    }
    return 0;
}
