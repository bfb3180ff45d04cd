#include "sensor/directory_keys.h"

#include <algorithm>
#include <utility>

namespace catena::sensor {

void DirectoryKeys::insert(std::uint64_t key, std::string path) {
    Place& place = places_[key % CAT_DIRECTORIES];
    auto at = std::ranges::find(place.directories, key, &Directory::key);
    if (at == place.directories.end()) {
        at = place.directories.begin() + static_cast<std::ptrdiff_t>(place.next);
        place.next = (place.next + 1) % place.directories.size();
    }
    *at = {key, std::move(path)};
}

const std::string* DirectoryKeys::find(std::uint64_t key) const {
    const Place& place = places_[key % CAT_DIRECTORIES];
    const auto at = std::ranges::find(place.directories, key, &Directory::key);
    return at == place.directories.end() ? nullptr : &at->path;
}

}  // namespace catena::sensor
