#include "import/id_set.h"

#include <iterator>

namespace catena::import {

bool IdSet::insert(std::int64_t number) {
    const auto after = ranges_.upper_bound(number);
    const auto before = after == ranges_.begin() ? ranges_.end() : std::prev(after);
    if (before != ranges_.end() && number <= before->second) return false;
    const bool joins_before = before != ranges_.end() && before->second == number - 1;
    const bool joins_after = after != ranges_.end() && after->first - 1 == number;
    if (joins_before) {
        before->second = joins_after ? after->second : number;
    } else if (joins_after) {
        ranges_.emplace(number, after->second);
    } else if (ranges_.size() < kMaxRanges) {
        ranges_.emplace(number, number);
    }
    if (joins_after) ranges_.erase(after);
    return true;
}

}  // namespace catena::import
