#include "import/ids.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "wire/ids.h"

namespace catena::import {
namespace {

std::uint64_t absorb(std::uint64_t hash, std::string_view text) {
    hash = cat_hash(hash, text.size());
    while (!text.empty()) {
        const std::size_t size = std::min(text.size(), sizeof(std::uint64_t));
        std::uint64_t word = 0;
        std::memcpy(&word, text.data(), size);
        hash = cat_hash(hash, word);
        text.remove_prefix(size);
    }
    return hash;
}

}  // namespace

event::EntityId id_of(std::string_view space, std::string_view name) {
    return {absorb(absorb(0, space), name)};
}

}  // namespace catena::import
