#include "import/tally.h"

namespace catena::import {

void Tally::count(std::string_view name) {
    ++total_;
    name = name.substr(0, kMaxNameBytes);
    const auto found = names_.find(name);
    if (found != names_.end()) {
        ++found->second;
    } else if (names_.size() < kMaxNames) {
        names_.emplace(name, 1);
    }
}

}  // namespace catena::import
